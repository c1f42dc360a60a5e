"""Routes that look at the key before the body, and stop when the time is over."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from daybreak.server.auth.keys import Role
from daybreak.server.http.bodies import CheckedRequest
from daybreak.server.http.paths import API_PREFIX
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import openapi_parameters
from daybreak.server.openapi import PROBLEM_RESPONSES
from daybreak.server.state import state_of

ROLE_EXTENSION = "x-role"
"""Extension of the OpenAPI description: what role a key needs."""
TIMEOUT_EXTENSION = "x-patience"
"""Extension: how many times the usual time a request may take."""
LONG_TIMEOUT_FACTOR = 10


def require_role(
    role: Role, *, query: type[BaseModel] | None = None, long: bool = False, **more: Any
) -> dict[str, Any]:
    """Return what a route says about itself, for ``openapi_extra``.

    Args:
        role: Of the key.
        query: Model of its options.
        long: Whether it may take longer than usual.
        **more: Anything else that OpenAPI knows of an operation.
    """
    said: dict[str, Any] = {ROLE_EXTENSION: role, "security": [{"ApiKey": []}, {"Bearer": []}]}
    if query is not None:
        said["parameters"] = openapi_parameters(query)
    if long:
        said[TIMEOUT_EXTENSION] = LONG_TIMEOUT_FACTOR
    return said | more


def api_router(tag: str) -> APIRouter:
    """Return a router for paths of the interface."""
    return APIRouter(
        prefix=API_PREFIX,
        route_class=AuthenticatedRoute,
        tags=[tag],
        responses=PROBLEM_RESPONSES,
    )


class AuthenticatedRoute(APIRoute):
    """A route of the interface; who has no right to use it is not listened to."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind the gate."""
        handle = super().get_route_handler()
        extra = self.openapi_extra or {}
        role: Role = extra.get(ROLE_EXTENSION, "admin")
        patience = extra.get(TIMEOUT_EXTENSION, 1)

        async def guarded(request: Request) -> Response:
            state = state_of(request)
            state.access.authorize(request.scope, role)
            limit = state.options.timeout_s * patience
            checked = CheckedRequest(request.scope, request.receive)
            checked.limits = state.body_limits
            try:
                async with asyncio.timeout(limit):
                    return await handle(checked)
            except TimeoutError as error:
                raise HttpProblem("timeout", f"no answer within {limit:g} seconds") from error

        return guarded
