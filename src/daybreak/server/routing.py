"""Routers of the API: role, rate and time limit are checked outside the route handlers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

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
LONG_TIMEOUT_FACTOR = 10
"""Factor of the time limit of imports, exports, dumps and restores."""


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


class AuthenticatedRoute(APIRoute):
    """An API route that checks key and role before reading the body, and has a time limit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with its checks."""
        handle = super().get_route_handler()
        extra = self.openapi_extra or {}
        is_public = bool(extra.get(PUBLIC_EXTENSION))
        role: Role = extra.get(ROLE_EXTENSION, "admin")
        timeout_factor = extra.get(TIMEOUT_EXTENSION, 1)
        cost: Cost = extra.get(COST_EXTENSION, "bulk")

        async def handle_checked(request: Request) -> Response:
            state = state_of(request)
            if is_public:
                state.access.admit(request.scope)
            else:
                state.access.authorize(request.scope, role)
            timeout_s = state.options.timeout_s * timeout_factor
            checked = CheckedRequest(request.scope, request.receive)
            checked.limits = state.body_limits
            store_wait_s = None if cost == "bulk" else state.options.store_wait_s
            try:
                with using_pool(state.pools.of(cost)), limited_wait(store_wait_s):
                    async with asyncio.timeout(timeout_s):
                        return await handle(checked)
            except asyncio.CancelledError as error:  # the grace of a stopping server is over
                detail = "the server is being stopped, and the request was not finished"
                raise HttpProblem("overloaded", detail) from error
            except TimeoutError as error:
                detail = f"no response within {timeout_s:g} seconds"
                raise HttpProblem("timeout", detail) from error

        return handle_checked
