"""Endpoints of gorse's API, one module for each group of paths.

Each handler converts the request, calls the service once, and converts the result. Start
reading in ``items``.
"""
