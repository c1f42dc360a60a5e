"""gorse's HTTP API over Daybreak's service, so that gorse's clients and dumps keep working.

The package imports the rest of the server but ``server.app``. Start reading in ``convert``.
"""

from fastapi import APIRouter

from daybreak.server.gorse.routes import bulk, feedback, health, items, lists, users

GORSE_PREFIX = "/api"
"""Prefix of every path, as in gorse."""


def gorse_router() -> APIRouter:
    """Return a router with all supported paths of gorse, without :data:`GORSE_PREFIX`."""
    router = APIRouter()
    for module in (health, bulk, items, users, feedback, lists):
        router.include_router(module.router)
    return router
