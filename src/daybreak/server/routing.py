"""Routers of the API: role, rate and time limit are checked outside the route handlers."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from daybreak.deadline import limited_wait
from daybreak.server.http.bodies import CheckedRequest
from daybreak.server.http.paths import API_PREFIX
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import openapi_parameters
from daybreak.server.openapi import PROBLEM_RESPONSES
from daybreak.server.ops.pools import Cost, using_pool
from daybreak.server.state import state_of
from daybreak.service.api_keys import Role

ROLE_EXTENSION = "x-role"
"""OpenAPI extension that holds the role that a key needs."""
PUBLIC_EXTENSION = "x-public"
"""OpenAPI extension of a route that needs no key."""
COST_EXTENSION = "x-cost"
"""OpenAPI extension that holds the pool of threads of a route."""
TIMEOUT_EXTENSION = "x-patience"
"""OpenAPI extension that holds the factor of the usual time limit."""
AUTHORIZED_KEY = "daybreak.authorized"
"""Key of the ASGI scope of a request whose access has been checked."""
LONG_TIMEOUT_FACTOR = 10
"""Factor of the time limit of imports, exports, dumps and restores."""

RouteHandler = Callable[[CheckedRequest], Coroutine[Any, Any, Response]]


def api_router(tag: str) -> APIRouter:
    """Return a router for paths below ``/api/v1``."""
    return APIRouter(
        prefix=API_PREFIX,
        route_class=AuthenticatedRoute,
        tags=[tag],
        responses=PROBLEM_RESPONSES,
    )


def require_role(
    role: Role,
    *,
    query: type[BaseModel] | None = None,
    long: bool = False,
    cost: Cost | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route.

    Args:
        role: Smallest role that may use the route.
        query: Model of the query parameters; see :mod:`daybreak.server.http.query_params`.
        long: Whether the route has the long time limit.
        cost: Kind of work, which decides the pool of threads; default: ``bulk`` for a long one,
            ``cheap`` for the role ``read``, else ``write``.
        **fields: Other fields of the OpenAPI operation.
    """
    extra: dict[str, Any] = {
        ROLE_EXTENSION: role,
        COST_EXTENSION: cost or ("bulk" if long else "cheap" if role == "read" else "write"),
        "security": [{"ApiKey": []}, {"Bearer": []}],
    }
    if query is not None:
        extra["parameters"] = openapi_parameters(query)
    if long:
        extra[TIMEOUT_EXTENSION] = LONG_TIMEOUT_FACTOR
    return extra | fields


def without_role(**fields: Any) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route that needs no key; see :func:`require_role`."""
    return {PUBLIC_EXTENSION: True, COST_EXTENSION: "cheap", "security": []} | fields


@dataclass(frozen=True)
class RouteRules:
    """What a request of a route is checked for, and what it may take."""

    role: Role | None
    """Smallest role that may use the route; None: it needs no key."""
    cost: Cost
    """Pool of threads."""
    timeout_factor: float
    """Factor of the usual time limit."""

    @classmethod
    def of(cls, route: APIRoute) -> "RouteRules":
        """Return the rules of a route, from its ``openapi_extra``."""
        extra = route.openapi_extra or {}
        is_public = bool(extra.get(PUBLIC_EXTENSION))
        return cls(
            None if is_public else extra.get(ROLE_EXTENSION, "admin"),
            extra.get(COST_EXTENSION, "bulk"),
            extra.get(TIMEOUT_EXTENSION, 1),
        )


class AuthenticatedRoute(APIRoute):
    """An API route that checks key and role before reading the body, and has a time limit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with its checks."""
        handle = super().get_route_handler()
        rules = RouteRules.of(self)

        async def handle_checked(request: Request) -> Response:
            if not request.scope.get(AUTHORIZED_KEY):
                authorize(request.scope, rules)
            return await call_limited(request.scope, request.receive, handle, rules)

        return handle_checked


def authorize(scope: Scope, rules: RouteRules) -> None:
    """Check key, role, host name, origin and rate of a request.

    Raises:
        HttpProblem: One of the checks failed.
    """
    access = scope["app"].state.daybreak.access
    if rules.role is None:
        access.admit(scope)
    else:
        access.authorize(scope, rules.role)


async def call_limited(
    scope: Scope, receive: Receive, handle: RouteHandler, rules: RouteRules
) -> Response:
    """Return the response of a handler that has the limits of its route.

    Args:
        scope: Request that has been authorized.
        receive: Returns the messages of the request.
        handle: Handler of the route.
        rules: Rules of the route.

    Raises:
        HttpProblem: There was no response in time.
    """
    request = CheckedRequest(scope, receive)
    state = state_of(request)
    request.limits = state.body_limits
    timeout_s = state.options.timeout_s * rules.timeout_factor
    store_wait_s = None if rules.cost == "bulk" else state.options.store_wait_s
    try:
        with using_pool(state.pools.of(rules.cost)), limited_wait(store_wait_s):
            async with asyncio.timeout(timeout_s):
                return await handle(request)
    except asyncio.CancelledError as error:  # the grace of a stopping server is over
        detail = "the server is being stopped, and the request was not finished"
        raise HttpProblem("overloaded", detail) from error
    except TimeoutError as error:
        detail = f"no response within {timeout_s:g} seconds"
        raise HttpProblem("timeout", detail) from error
