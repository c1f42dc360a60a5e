"""Login of the web page: ``/session``."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, without_role
from daybreak.server.schemas.session import LoginBody, SessionOut
from daybreak.server.sessions import session_cookie, session_token
from daybreak.server.state import state_of

router = api_router("session")


@router.get("/session", response_model=SessionOut, openapi_extra=without_role())
async def session(request: Request) -> Response:
    """Return whether requests need a key, and what this browser may do."""
    return _session_response(request)


@router.post("/session", response_model=SessionOut, openapi_extra=without_role())
async def log_in(request: Request, body: LoginBody) -> Response:
    """Begin a session with an API key: the response sets a cookie that stands for it."""
    access = state_of(request).access
    token = access.log_in(request.scope, body.key)
    response = _session_response(request, token)
    if token:
        cookie = session_cookie(request.scope, request.headers, token)
        response.headers["Set-Cookie"] = cookie
    return response


@router.delete("/session", response_model=SessionOut, openapi_extra=without_role())
async def log_out(request: Request) -> Response:
    """End the session of this browser."""
    access = state_of(request).access
    access.sessions.end(session_token(request.scope, request.headers))
    response = _session_response(request)
    response.headers["Set-Cookie"] = session_cookie(request.scope, request.headers, "")
    return response


def _session_response(request: Request, token: str = "") -> Response:
    """Return the rights of a session.

    Args:
        request: The request.
        token: Value of a cookie that the browser does not have yet.
    """
    access = state_of(request).access
    token = token or session_token(request.scope, request.headers)
    found = access.find_session(token)
    has_all = access.key_cache is None
    key = None if found is None else found[1]
    return json_response(
        {
            "needs_key": not has_all,
            "role": "admin" if has_all else None if key is None else key.role,
            "name": "" if key is None else key.name,
            "csrf_token": None if found is None else found[0].csrf_token,
            "version": request.app.version,
        }
    )
