"""Access of requests: API keys with roles, rate limits, allowed host names and origins."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from daybreak.server.http.problems import HttpProblem
from daybreak.server.options import ServerOptions
from daybreak.server.origins import OriginPolicy, check_own_page
from daybreak.server.sessions import (
    CSRF_HEADER,
    SAFE_METHODS,
    BrowserSession,
    SessionStore,
    session_token,
)
from daybreak.service.api_keys import ApiKey, ApiKeyCache, Role

CALLER_KEY = "daybreak.caller"
"""Key of the ASGI scope that holds the caller for the log: id of the key, or the address."""
CHANGES_KEY = "daybreak.changes"
"""Key of the ASGI scope of a request for reading that also writes."""
MAX_CALLERS = 10_000
"""Largest number of callers with a token bucket; the least recently seen is dropped first."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="daybreak"'}


class LimitsRate(Protocol):
    """A limit of the rate of each caller."""

    def take_token(self, caller: str) -> float:
        """Take a token; return 0, or the wait until there is one [s]."""


class KeepsSessions(Protocol):
    """Sessions of browsers; see :class:`~daybreak.server.sessions.SessionStore`."""

    def create(self, key_id: str) -> tuple[str, BrowserSession]:
        """Begin a session; return the value of its cookie, and the session."""

    def find(self, token: str) -> BrowserSession | None:
        """Return the session of a cookie; None: there is none, or it has ended."""

    def end(self, token: str) -> None:
        """End a session."""


class AccessControl:
    """Checks that each request passes before its body is read.

    Args:
        options: Options of the server.
        key_cache: API keys; None: requests need no key.
        rate_limiter: Limit of the rate of each caller; default: one of this process.
        sessions: Sessions of browsers; default: those of this process.
    """

    def __init__(
        self,
        options: ServerOptions,
        key_cache: ApiKeyCache | None,
        rate_limiter: LimitsRate | None = None,
        sessions: KeepsSessions | None = None,
    ) -> None:
        self.key_cache = key_cache
        # An empty store is false, so that `or` would not do.
        self.sessions: KeepsSessions = SessionStore() if sessions is None else sessions
        self._rate_limiter: LimitsRate = rate_limiter or RateLimiter(options.rate)
        self._origin_policy = OriginPolicy(options.host, options.hosts, options.origins)
        self._is_local_only = key_cache is None and options.is_loopback

    def authorize(self, scope: Scope, role: Role) -> None:
        """Check key, role, host name, origin and rate of a request.

        Raises:
            HttpProblem: One of the checks failed.
        """
        self._authorize(scope, role, changes=scope.get("method") not in SAFE_METHODS)

    def admit(self, scope: Scope) -> None:
        """Check host name, origin and rate of a request that needs no key.

        Raises:
            HttpProblem: One of the checks failed.
        """
        headers = Headers(scope=scope)
        if self.key_cache is None:
            caller = self._authorize_by_address(scope, headers)
        else:
            check_own_page(headers)
            caller = _address(scope)
        scope[CALLER_KEY] = caller
        self._check_rate(caller)

    def log_in(self, scope: Scope, text: str) -> str:
        """Begin a session with the text of an API key.

        Returns:
            Value of the session cookie; empty: this server needs no key.

        Raises:
            HttpProblem: The key is invalid.
        """
        if self.key_cache is None:
            return ""
        key = self.key_cache.find(text)
        if key is None:
            raise HttpProblem("wrong_key", "the API key is invalid", headers=_CHALLENGE)
        scope[CALLER_KEY] = f"key {key.id}"
        return self.sessions.create(key.id)[0]

    def find_session(self, token: str) -> tuple[BrowserSession, ApiKey] | None:
        """Return a session and its key, which must not have been revoked; None: no session."""
        session = self.sessions.find(token)
        if session is None or self.key_cache is None:
            return None
        key = self.key_cache.get(session.key_id)
        if key is None:
            self.sessions.end(token)
            return None
        return session, key

    def authorize_change(self, scope: Scope) -> None:
        """Check a request for reading that shall also write; see :meth:`authorize`.

        Raises:
            HttpProblem: The key has not the role ``write``, or, on a server without keys, the
                request may come from an image in a page of another site.
        """
        self._authorize(scope, "write", changes=True)
        if self.key_cache is None:
            self._origin_policy.check_change(Headers(scope=scope))
        scope[CHANGES_KEY] = True

    def _authorize_by_address(self, scope: Scope, headers: Headers) -> str:
        """Return the caller; reject requests of other sites' pages in a local browser."""
        if self._is_local_only:
            self._origin_policy.check_host(scope, headers)
        self._origin_policy.check_site(scope, headers)
        return _address(scope)

    def _authorize(self, scope: Scope, role: Role, *, changes: bool) -> None:
        headers = Headers(scope=scope)
        if self.key_cache is None:
            caller = self._authorize_by_address(scope, headers)
        else:
            key = self._key_of(self.key_cache, scope, headers, changes=changes)
            if not key.allows(role):
                detail = f"this request needs a key with the role {role}, not {key.role}"
                raise HttpProblem("forbidden", detail)
            caller = f"key {key.id}"
        scope[CALLER_KEY] = caller
        self._check_rate(caller)

    def _key_of(
        self, key_cache: ApiKeyCache, scope: Scope, headers: Headers, *, changes: bool
    ) -> ApiKey:
        """Return the key that a request presents, or that of its session."""
        presented = _presented_key(headers)
        if presented:
            key = key_cache.find(presented)
        else:
            key = self._key_of_session(scope, headers, changes=changes)
        if key is None:
            self._check_rate(_address(scope))
            code, detail = (
                ("wrong_key", "the API key is invalid")
                if presented
                else ("no_key", "an API key is required: X-API-Key: KEY")
            )
            raise HttpProblem(code, detail, headers=_CHALLENGE)
        return key

    def _key_of_session(
        self, scope: Scope, headers: Headers, *, changes: bool
    ) -> ApiKey | None:
        """Return the key of the session of a request; None: it has no session.

        Raises:
            HttpProblem: A change has not the CSRF token of the session.
        """
        found = self.find_session(session_token(scope, headers))
        if found is None:
            return None
        session, key = found
        if changes and not session.accepts(headers.get(CSRF_HEADER, "")):
            detail = "a change by a session needs its token in the header X-CSRF-Token"
            raise HttpProblem("forbidden", detail)
        return key

    def _check_rate(self, caller: str) -> None:
        wait_s = self._rate_limiter.take_token(caller)
        if wait_s:
            raise HttpProblem("too_many_requests", "too many requests", retry_after_s=wait_s)


class RateLimiter:
    """One token bucket for each caller; it holds the tokens of one second, and at least ten.

    Args:
        rate: Mean rate of each caller [1/s]; 0: no limit.
        clock: Function that returns the time [s].
        max_callers: Largest number of buckets.

    Example:
        >>> now = [0.0]
        >>> limiter = RateLimiter(10, clock=lambda: now[0])
        >>> [limiter.take_token("ann") for _ in range(11)][-2:]
        [0.0, 0.1]
        >>> now[0] = 0.2
        >>> limiter.take_token("ann")
        0.0
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        max_callers: int = MAX_CALLERS,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._max_callers = max_callers
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take_token(self, caller: str) -> float:
        """Take a token; return 0, or the wait until there is one [s]."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, updated_at = self._buckets.pop(caller, (None, now))
        tokens, wait_s = refill_bucket(tokens, now - updated_at, self._rate)
        self._buckets[caller] = (tokens, now)
        if len(self._buckets) > self._max_callers:
            self._buckets.popitem(last=False)
        return wait_s


def refill_bucket(tokens: float | None, elapsed_s: float, rate: float) -> tuple[float, float]:
    """Refill a token bucket and take a token; return what is left, and the wait for one [s].

    Args:
        tokens: Tokens at the last request; None: the bucket is new and full.
        elapsed_s: Time since then [s].
        rate: Tokens that are added per second, above 0 [1/s].

    Example:
        >>> refill_bucket(None, 0.0, 20.0), refill_bucket(0.0, 0.01, 20.0)
        ((19.0, 0.0), (0.2, 0.04))
    """
    capacity = max(10.0, rate)
    filled = capacity if tokens is None else min(capacity, tokens + elapsed_s * rate)
    if filled >= 1.0:
        return filled - 1.0, 0.0
    return filled, (1.0 - filled) / rate


def _presented_key(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return f"address {client[0]}" if client else "address unknown"
