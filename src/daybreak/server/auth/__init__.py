"""API keys, roles, rate limits and allowed host names.

The package imports ``server.http`` and ``server.options``. Start reading in ``access``.
"""
