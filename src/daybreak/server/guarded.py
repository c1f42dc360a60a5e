"""Routes that look at the key before the body, and stop when the time is over."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from daybreak.server.bodies import CheckedRequest
from daybreak.server.describing import PROBLEMS
from daybreak.server.keys import Role
from daybreak.server.paths import BASE
from daybreak.server.problems import Refused
from daybreak.server.queries import parameters
from daybreak.server.state import state_of

ROLE = "x-role"
"""Extension of the OpenAPI description: what role a key needs."""
PATIENCE = "x-patience"
"""Extension: how many times the usual time a request may take."""
LONG = 10


def needs(
    role: Role, *, query: type[BaseModel] | None = None, long: bool = False, **more: Any
) -> dict[str, Any]:
    """Return what a route says about itself, for ``openapi_extra``.

    Args:
        role: Of the key.
        query: Model of its options.
        long: Whether it may take longer than usual.
        **more: Anything else that OpenAPI knows of an operation.
    """
    said: dict[str, Any] = {ROLE: role, "security": [{"ApiKey": []}, {"Bearer": []}]}
    if query is not None:
        said["parameters"] = parameters(query)
    if long:
        said[PATIENCE] = LONG
    return said | more


def interface(tag: str) -> APIRouter:
    """Return a router for paths of the interface."""
    return APIRouter(prefix=BASE, route_class=Guarded, tags=[tag], responses=PROBLEMS)


class Guarded(APIRoute):
    """A route of the interface; who has no right to use it is not listened to."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind the gate."""
        handle = super().get_route_handler()
        extra = self.openapi_extra or {}
        role: Role = extra.get(ROLE, "admin")
        patience = extra.get(PATIENCE, 1)

        async def guarded(request: Request) -> Response:
            state = state_of(request)
            state.gate.admit(request.scope, role)
            limit = state.options.timeout_s * patience
            checked = CheckedRequest(request.scope, request.receive)
            checked.limits = state.body
            try:
                async with asyncio.timeout(limit):
                    return await handle(checked)
            except TimeoutError as error:
                raise Refused("timeout", f"no answer within {limit:g} seconds") from error

        return guarded
