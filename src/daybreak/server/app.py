"""The application: routes, limits, errors, and how it starts and ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from daybreak.errors import DaybreakError
from daybreak.server.auth.access import AccessControl
from daybreak.server.auth.keys import ApiKeyCache, ApiKeyStore
from daybreak.server.gorse import GORSE_PREFIX as GORSE
from daybreak.server.gorse import gorse_router
from daybreak.server.http.bodies import BodyLimits
from daybreak.server.http.problems import install_handlers
from daybreak.server.middleware import RequestMiddleware
from daybreak.server.openapi import PROBLEM_RESPONSES
from daybreak.server.ops.metrics import ServerMetrics
from daybreak.server.options import ServerOptions
from daybreak.server.routes import ROUTERS
from daybreak.server.state import ServerState
from daybreak.service.serving import RecommenderService

log = logging.getLogger(__name__)

KEY_REFRESH_INTERVAL_S = 2.0
"""How soon a server notices keys that others made or revoked [s]."""


def create_app(live: RecommenderService, options: ServerOptions | None = None) -> FastAPI:
    """Return the application that serves one shop.

    The caller owns ``live`` and closes it after the last request.

    Args:
        live: What answers.
        options: Limits, and who may use it.
    """
    options = options or ServerOptions()
    keys = ApiKeyStore(live.journal)
    ring = ApiKeyCache(keys) if options.needs_keys else None
    metrics = ServerMetrics(live.status)
    state = ServerState(
        service=live,
        options=options,
        access=AccessControl(options, ring),
        body_limits=BodyLimits(options.body_bytes, options.depth),
        metrics=metrics,
        keys=keys,
    )
    app = FastAPI(
        title="Daybreak",
        version=version("daybreak"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan,
    )
    app.state.daybreak = state
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(gorse_router(), prefix=GORSE, responses=PROBLEM_RESPONSES)
    install_handlers(app)
    app.add_middleware(RequestMiddleware, options=options, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: ServerState = app.state.daybreak
    ring = state.access.key_cache
    watch = None if ring is None else asyncio.create_task(_refresh_keys(ring))
    yield
    state.shutting_down = True
    if watch is not None:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _refresh_keys(ring: ApiKeyCache) -> None:
    """Read the keys again and again; while the store is away, those known last hold."""
    while True:
        await asyncio.sleep(KEY_REFRESH_INTERVAL_S)
        try:
            await run_in_threadpool(ring.refresh)
        except DaybreakError as error:
            log.warning("keys cannot be read: %s", error)
