"""Endpoints of Daybreak's API, one module for each group of paths.

Each handler validates the request with a model of ``server.schemas``, calls the service once,
and returns a JSON response. ``server.app`` lists the routers; start reading in ``items``.
"""
