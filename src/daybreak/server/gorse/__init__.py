"""gorse's HTTP interface over our service, so that its clients and dumps go on working."""

from fastapi import APIRouter

from daybreak.server.gorse.routes import bulk, catalogue, feedback, health, lists, users

GORSE_PREFIX = "/api"
"""Before every path, as in gorse."""


def gorse_router() -> APIRouter:
    """Return all paths of gorse that are covered, to be mounted at :data:`BASE`."""
    router = APIRouter()
    for part in (health, bulk, catalogue, users, feedback, lists):
        router.include_router(part.router)
    return router
