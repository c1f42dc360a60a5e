"""The application: its state, middleware, routes, error handlers and background task."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from daybreak.deadline import limited_wait
from daybreak.deprecation import renamed_parameters
from daybreak.errors import DaybreakError
from daybreak.server.access import AccessControl
from daybreak.server.connections import ConnectionLimit, connections_of, descriptor_limit
from daybreak.server.direct import DirectRoutesMiddleware
from daybreak.server.follow import Follow, FollowWritesMiddleware
from daybreak.server.gorse import GORSE_PREFIX, gorse_router
from daybreak.server.http.bodies import BodyLimits
from daybreak.server.http.problems import install_handlers
from daybreak.server.links.worker_links import WorkerLinks
from daybreak.server.middleware import (
    ConcurrencyLimitMiddleware,
    CrossOriginMiddleware,
    InternalErrorMiddleware,
    RawPathMiddleware,
    RequestLogMiddleware,
)
from daybreak.server.openapi import PROBLEM_RESPONSES
from daybreak.server.ops.batches import CallBatcher
from daybreak.server.ops.metrics import ServerMetrics
from daybreak.server.ops.pools import WorkerPool, WorkerPools
from daybreak.server.options import ServerOptions
from daybreak.server.probe import StatusProbe
from daybreak.server.routes import (
    config,
    console,
    encoders,
    events,
    experiments,
    files,
    health,
    insights,
    interests,
    interview,
    items,
    keys,
    language,
    lists,
    models,
    onboarding,
    policy,
    recommend,
    session,
    users,
)
from daybreak.server.state import ServerState
from daybreak.service.api_keys import ApiKeyCache, ApiKeyStore
from daybreak.service.serving import RecommenderService

log = logging.getLogger(__name__)

ROUTE_MODULES = (
    health,
    recommend,
    onboarding,
    interview,
    lists,
    items,
    insights,
    users,
    interests,
    events,
    models,
    encoders,
    experiments,
    files,
    config,
    keys,
    language,
    policy,
    session,
    console,
)
"""Modules with the routes of Daybreak's API, in the order of the OpenAPI description."""

DIRECT_ENDPOINTS = frozenset(
    {
        *(events.add_events, recommend.recommend, recommend.recommend_to),
        *(recommend.recommend_next, recommend.rank, items.patch_item),
    }
)
"""The busiest endpoints, which are called without FastAPI."""

MAX_KEY_WAIT_S = 5.0
"""Longest wait for the store while the keys are read [s]."""
KEY_REFRESH_INTERVAL_S = 2.0
"""Interval at which a server reads the API keys again [s]."""


@renamed_parameters(live="service")
def create_app(
    service: RecommenderService,
    options: ServerOptions | None = None,
    links: WorkerLinks | None = None,
) -> FastAPI:
    """Return the ASGI application that serves one recommender service.

    The caller owns ``service`` and closes it after the last request.

    Args:
        service: Service that answers the requests.
        options: Limits and access; default: ``ServerOptions()``.
        links: Links to the other workers of the server; None: this process is the server.
    """
    options = options or ServerOptions()
    keys = ApiKeyStore(service.store)
    key_cache = ApiKeyCache(keys) if options.needs_keys else None
    pools = WorkerPools(options.concurrency)
    probe = StatusProbe(service, pools.of("probe"))
    metrics = ServerMetrics(
        probe.last_status, None if links is None else links.metrics_of_others
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
        middleware=[  # the first one is the outermost
            Middleware(RequestLogMiddleware, metrics=metrics),
            *_cross_origin_middleware(options),
            Middleware(InternalErrorMiddleware),
            Middleware(RawPathMiddleware),
            Middleware(ConcurrencyLimitMiddleware, max_requests=options.concurrency),
            *_follow_middleware(links, service, key_cache, pools),
            Middleware(DirectRoutesMiddleware, routes=_direct_routes()),
        ],
    )
    app.state.daybreak = ServerState(
        service=service,
        options=options,
        access=_create_access(options, key_cache, links),
        body_limits=BodyLimits(options.body_bytes, options.depth),
        metrics=metrics,
        pools=pools,
        probe=probe,
        keys=keys,
        connections=ConnectionLimit(connections_of(options.connections, descriptor_limit())),
        events=CallBatcher(
            service.events.add_many, pools.of("write"), options.concurrency // 2
        ),
        links=links,
    )
    for module in ROUTE_MODULES:
        app.include_router(module.router)
    app.include_router(gorse_router(), prefix=GORSE_PREFIX, responses=PROBLEM_RESPONSES)
    install_handlers(app)
    return app


def _direct_routes() -> list[APIRoute]:
    """Return the routes of the busiest endpoints."""
    routes = [route for module in ROUTE_MODULES for route in module.router.routes]
    return [
        route
        for route in routes
        if isinstance(route, APIRoute) and route.endpoint in DIRECT_ENDPOINTS
    ]


def _create_access(
    options: ServerOptions, key_cache: ApiKeyCache | None, links: WorkerLinks | None
) -> AccessControl:
    if links is None:
        return AccessControl(options, key_cache)
    return AccessControl(options, key_cache, links.rate_limiter(options.rate), links.sessions)


def _follow_middleware(
    links: WorkerLinks | None,
    service: RecommenderService,
    key_cache: ApiKeyCache | None,
    pools: WorkerPools,
) -> list[Middleware]:
    """Return the middleware that follows the writes of other workers; none without them."""
    if links is None:
        return []

    def follow_settings() -> None:
        service.experiments.refresh()
        if key_cache is not None:
            key_cache.refresh()

    follow: Follow = {"rows": service.releases.sync, "settings": follow_settings}
    pool = pools.of("cheap")
    return [Middleware(FollowWritesMiddleware, board=links.board, follow=follow, pool=pool)]


def _cross_origin_middleware(options: ServerOptions) -> list[Middleware]:
    """Return the middleware for pages of other origins; none if no origin is allowed."""
    if not options.origins:
        return []
    return [Middleware(CrossOriginMiddleware, origins=options.origins)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refresh the API keys while the application runs."""
    state: ServerState = app.state.daybreak
    key_cache = state.access.key_cache
    task = None
    if key_cache is not None:
        task = asyncio.create_task(_refresh_keys(key_cache, state.pools.of("probe")))
    yield
    state.shutting_down = True
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _refresh_keys(key_cache: ApiKeyCache, pool: WorkerPool) -> None:
    """Read the keys at intervals; while the store is unavailable, the last ones are valid."""
    while True:
        await asyncio.sleep(KEY_REFRESH_INTERVAL_S)
        try:
            with limited_wait(MAX_KEY_WAIT_S):
                await pool.run(key_cache.refresh)
        except DaybreakError as error:
            log.warning("API keys cannot be read: %s", error)
