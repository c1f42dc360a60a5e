"""Short ways to the busiest endpoints, past the routers and the injection of FastAPI.

FastAPI asks one router after the other for a route, and solves dependencies that the endpoints
of Daybreak do not have; together they take longer than everything else in a short request. The
routes stay registered: their description, rules and endpoints are the same. Whatever is not a
plain, valid request takes the usual way, so that errors are the same as well.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_type_hints

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daybreak.server.http.bodies import CheckedRequest
from daybreak.server.http.problems import EXPECTED_ERRORS, respond_to_error
from daybreak.server.routing import AUTHORIZED_KEY, RouteRules, authorize, call_limited

BODY = "body"
"""Name of the argument of an endpoint that gets the validated body."""
_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})


class DirectRoutesMiddleware:
    """Calls the endpoints of some routes itself; all other requests go to the routers.

    Args:
        app: Next application, which has all routes.
        routes: Routes whose endpoints take the request, ids of the path, and a body.
    """

    def __init__(self, app: ASGIApp, *, routes: Iterable[APIRoute]) -> None:
        self._app = app
        self._by_path: dict[tuple[str, str], DirectRoute] = {}
        self._with_ids: list[DirectRoute] = []
        for route in routes:
            direct = DirectRoute(route)
            if route.param_convertors:
                self._with_ids.append(direct)
                continue
            for method in route.methods or ():
                self._by_path[method, route.path] = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        direct, ids = found
        try:
            response = await direct.respond(scope, receive, ids)
        except NotPlainError as error:
            await self._app(scope, error.receive, send)
            return
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> "tuple[DirectRoute, Mapping[str, str]] | None":
        """Return the route of a request and the ids in its path; None: the routers find it."""
        if scope.get("root_path"):
            return None
        method, path = scope["method"], scope["path"]
        exact = self._by_path.get((method, path))
        if exact is not None:
            return (exact, {}) if exact.takes(scope["headers"]) else None
        for direct in self._with_ids:
            ids = direct.match(method, path)
            if ids is not None:
                return (direct, ids) if direct.takes(scope["headers"]) else None
        return None


class NotPlainError(Exception):
    """A request that must take the usual way; its body has been read.

    Args:
        body: The body.
        receive: Returns the messages after the body.
    """

    def __init__(self, body: bytes, receive: Receive) -> None:
        super().__init__()
        self._body: bytes | None = body
        self._receive = receive

    async def receive(self) -> Message:
        """Return the body, then the later messages of the request."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class DirectRoute:
    """A route whose endpoint is called without FastAPI.

    Args:
        route: The route.
    """

    def __init__(self, route: APIRoute) -> None:
        self._route = route
        self._rules = RouteRules.of(route)
        self._endpoint: Any = route.endpoint
        hints = get_type_hints(route.endpoint, include_extras=True)
        arguments = list(inspect.signature(route.endpoint).parameters)
        if arguments[0] != "request" or set(arguments[1:]) - {BODY, *route.param_convertors}:
            raise TypeError(f"{route.path} has parts that only FastAPI can fill")
        self._body: TypeAdapter[Any] | None = (
            TypeAdapter(hints[BODY]) if BODY in hints else None
        )

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """Return the ids in the path of a request; None: it is for another route."""
        if method not in (self._route.methods or ()):
            return None
        found = self._route.path_regex.match(path)
        if found is None:
            return None
        convertors = self._route.param_convertors
        return {
            name: convertors[name].convert(part) for name, part in found.groupdict().items()
        }

    def takes(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Return whether the body of a request has the usual form, if the endpoint has one."""
        return self._body is None or has_json_body(headers)

    async def respond(self, scope: Scope, receive: Receive, ids: Mapping[str, str]) -> Response:
        """Return the response to a request.

        Raises:
            NotPlainError: The body is invalid; FastAPI says why.
        """
        scope["route"], scope["endpoint"] = self._route, self._endpoint
        scope["path_params"] = ids

        async def call(request: CheckedRequest) -> Response:
            if self._body is None:
                response: Response = await self._endpoint(request, **ids)
            else:
                body = await self._valid_body(self._body, request, receive)
                response = await self._endpoint(request, **ids, body=body)
            return response

        try:
            authorize(scope, self._rules)
            scope[AUTHORIZED_KEY] = True
            return await call_limited(scope, receive, call, self._rules)
        except EXPECTED_ERRORS as error:
            return await respond_to_error(CheckedRequest(scope), error)

    async def _valid_body(
        self, adapter: TypeAdapter[Any], request: CheckedRequest, receive: Receive
    ) -> Any:
        try:
            data = await request.body()
        except ClientDisconnect as error:
            raise HTTPException(400, "the connection ended within the body") from error
        if not data:
            raise NotPlainError(data, receive)
        try:
            return adapter.validate_python(await request.json())
        except ValidationError:
            raise NotPlainError(data, receive) from None


def has_json_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the headers of a request say that its body is JSON, not compressed.

    Example:
        >>> json, gzip = (b"content-type", b"application/json"), (b"content-encoding", b"gzip")
        >>> [has_json_body(headers) for headers in ([], [json], [json, gzip])]
        [False, True, False]
    """
    is_json = False
    for name, value in headers:
        if name == b"content-encoding":
            return False
        if name == b"content-type":
            if value not in _JSON_TYPES:
                return False
            is_json = True
    return is_json
