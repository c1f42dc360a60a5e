"""The application: routes, limits, errors, and how it starts and ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from daybreak.errors import DaybreakError
from daybreak.server.access import Gate
from daybreak.server.bodies import Body
from daybreak.server.describing import PROBLEMS
from daybreak.server.envelope import Envelope
from daybreak.server.gorse import BASE as GORSE
from daybreak.server.gorse import gorse_router
from daybreak.server.keys import KeyRing, Keys
from daybreak.server.metrics import Metrics
from daybreak.server.options import ServerOptions
from daybreak.server.problems import install_handlers
from daybreak.server.routes import ROUTERS
from daybreak.server.state import State
from daybreak.service.live import Live

log = logging.getLogger(__name__)

REFRESH_S = 2.0
"""How soon a server notices keys that others made or revoked [s]."""


def create_app(live: Live, options: ServerOptions | None = None) -> FastAPI:
    """Return the application that serves one shop.

    The caller owns ``live`` and closes it after the last request.

    Args:
        live: What answers.
        options: Limits, and who may use it.
    """
    options = options or ServerOptions()
    keys = Keys(live.journal)
    ring = KeyRing(keys) if options.needs_keys else None
    metrics = Metrics(live.status)
    state = State(
        live=live,
        options=options,
        gate=Gate(options, ring),
        body=Body(options.body_bytes, options.depth),
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
    app.include_router(gorse_router(), prefix=GORSE, responses=PROBLEMS)
    install_handlers(app)
    app.add_middleware(Envelope, options=options, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.daybreak
    ring = state.gate.ring
    watch = None if ring is None else asyncio.create_task(_watch(ring))
    yield
    state.leaving = True
    if watch is not None:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _watch(ring: KeyRing) -> None:
    """Read the keys again and again; while the store is away, those known last hold."""
    while True:
        await asyncio.sleep(REFRESH_S)
        try:
            await run_in_threadpool(ring.refresh)
        except DaybreakError as error:
            log.warning("keys cannot be read: %s", error)
