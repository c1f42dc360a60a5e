"""Sessions of browsers: after a login with an API key, a cookie stands for the key."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

CSRF_HEADER = "x-csrf-token"
"""Header that every change by a session must have; no page of another site can know it."""
MAX_SESSION_S = 12 * 3600.0
"""Time after the login at which a session ends [s]."""
MAX_SESSIONS = 1_000
"""Largest number of sessions; the oldest one ends first."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that need no CSRF token."""
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class BrowserSession:
    """One login; the key itself is not part of it."""

    key_id: str
    csrf_token: str
    ends_at: float
    """Time on the clock of the sessions [s]."""

    def accepts(self, csrf_token: str) -> bool:
        """Return whether a request has the token; the comparison takes constant time."""
        return hmac.compare_digest(csrf_token.encode(), self.csrf_token.encode())


class SessionStore:
    """Sessions in memory; they end when the server stops.

    Args:
        clock: Function that returns the time [s].

    Example:
        >>> now = [0.0]
        >>> sessions = SessionStore(clock=lambda: now[0])
        >>> token, session = sessions.create("k1")
        >>> sessions.find(token).key_id
        'k1'
        >>> now[0] = MAX_SESSION_S
        >>> sessions.find(token) is None
        True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, BrowserSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def create(self, key_id: str) -> tuple[str, BrowserSession]:
        """Begin a session; return the value of its cookie, and the session."""
        token, session = new_session(key_id, self._clock() + MAX_SESSION_S)
        self._sessions[token] = session
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return token, session

    def find(self, token: str) -> BrowserSession | None:
        """Return the session of a cookie; None: there is none, or it has ended."""
        session = self._sessions.get(token)
        if session is not None and session.ends_at <= self._clock():
            self.end(token)
            return None
        return session

    def end(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)


def new_session(key_id: str, ends_at: float) -> tuple[str, BrowserSession]:
    """Return the random value of a cookie, and its session.

    Args:
        key_id: Id of the API key.
        ends_at: Time on the clock of the sessions at which it ends [s].
    """
    token, csrf_token = (secrets.token_urlsafe(_TOKEN_BYTES) for _ in range(2))
    return token, BrowserSession(key_id, csrf_token, ends_at)


def session_token(scope: Scope, headers: Headers) -> str:
    """Return the value of the session cookie of a request; empty: it has none."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    found = cookies.get(cookie_name(scope))
    return "" if found is None else found.value


def cookie_name(scope: Scope) -> str:
    """Return the name of the session cookie.

    Browsers send a cookie to all ports of a host, so that the name contains the port: servers
    on one machine do not end each other's sessions.

    Example:
        >>> cookie_name({"server": ("127.0.0.1", 8000)})
        'daybreak_session_8000'
    """
    port = (scope.get("server") or ("", None))[1]
    return f"daybreak_session_{port or 0}"


def session_cookie(scope: Scope, headers: Headers, token: str) -> str:
    """Return the header ``Set-Cookie`` of a session; an empty token removes the cookie.

    Args:
        scope: ASGI scope of the login.
        headers: Its headers; the cookie is ``Secure`` if the page was loaded over TLS.
        token: Value of the cookie.

    Source:
        "Cookies: HTTP State Management Mechanism" (RFC 6265bis): ``HttpOnly`` hides the cookie
        from scripts; with ``SameSite=Strict`` no request that another site causes has it.

    Example:
        >>> session_cookie({"server": ("h", 80)}, Headers({"origin": "https://h"}), "t")
        'daybreak_session_80=t; Path=/; HttpOnly; SameSite=Strict; Secure'
    """
    parts = [f"{cookie_name(scope)}={token}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if headers.get("origin", "").startswith("https://"):
        parts.append("Secure")
    if not token:
        parts.append("Max-Age=0")
    return "; ".join(parts)
