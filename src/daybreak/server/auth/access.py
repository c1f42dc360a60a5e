"""How often one caller may ask: a bucket of tokens each, for a bounded number of callers.

Who may do what: keys and roles, how often, and through which names.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from daybreak.server.auth.keys import ApiKeyCache, Role
from daybreak.server.http.problems import HttpProblem
from daybreak.server.options import ServerOptions

MAX_CALLERS = 10_000
"""Remembered at once; whoever asked longest ago is forgotten first, with a full bucket."""


class RateLimiter:
    """One bucket a caller; it holds a second's worth of requests, and at least ten.

    Args:
        rate: Requests a second, over time; 0: any number.
        clock: Time [s], for tests.

    Example:
        >>> now = [0.0]
        >>> rates = RateLimiter(10, clock=lambda: now[0])
        >>> [rates.wait_s("ann") for _ in range(11)][-2:]
        [0.0, 0.1]
        >>> now[0] = 0.2
        >>> rates.wait_s("ann")
        0.0
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._capacity = max(10.0, rate)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take_token(self, caller: str) -> float:
        """Take one token; return how long to wait if there is none, else 0."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, at = self._buckets.pop(caller, (self._capacity, now))
        tokens = min(self._capacity, tokens + (now - at) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / self._rate


CALLER_KEY = "daybreak.caller"
"""In the scope: who asks, for the log; the id of a key, never the key."""
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="daybreak"'}


class AccessControl:
    """What every request has to pass before its body is read.

    Args:
        options: Of the server.
        ring: The keys; None: everybody may do everything.
    """

    def __init__(self, options: ServerOptions, key_cache: ApiKeyCache | None) -> None:
        self.key_cache = key_cache
        self._rate_limiter = RateLimiter(options.rate)
        self._allowed_hosts = (
            _LOCAL_HOSTS | {name.lower() for name in options.hosts} | {options.host}
        )
        self._is_local_only = key_cache is None and options.is_loopback

    def authorize(self, scope: Scope, role: Role) -> None:
        """Let a request in.

        Raises:
            Refused: The key is missing, wrong or not enough, or it comes too often.
        """
        headers = Headers(scope=scope)
        caller = self._authorize_by_address(scope, headers) if self.key_cache is None else ""
        if not caller:
            caller = self._authorize_by_key(headers, role, scope)
        scope[CALLER_KEY] = caller
        self._check_rate(caller)

    def _check_rate(self, caller: str) -> None:
        wait = self._rate_limiter.take_token(caller)
        if wait:
            raise HttpProblem("too_many_requests", "too many requests", retry_after_s=wait)

    def _authorize_by_address(self, scope: Scope, headers: Headers) -> str:
        """Let anybody in, but no page of somebody else in a browser of this machine."""
        if (
            self._is_local_only
            and _hostname(f"//{headers.get('host', '')}") not in self._allowed_hosts
        ):
            raise HttpProblem(
                "bad_host", "this server is not known by that name; see --allow-host"
            )
        origin = headers.get("origin")
        if origin is not None and _hostname(origin) not in self._allowed_hosts:
            raise HttpProblem("bad_origin", "pages of other sites may not use this server")
        return _address(scope)

    def _authorize_by_key(self, headers: Headers, role: Role, scope: Scope) -> str:
        assert self.key_cache is not None  # noqa: S101 - there is one wherever keys are needed
        text = _presented_key(headers)
        if not text:
            self._check_rate(_address(scope))
            raise HttpProblem(
                "no_key", "an API key is needed: X-API-Key: KEY", headers=_CHALLENGE
            )
        key = self.key_cache.find(text)
        if key is None:
            self._check_rate(_address(scope))
            raise HttpProblem("wrong_key", "the API key is not valid", headers=_CHALLENGE)
        if not key.allows(role):
            raise HttpProblem(
                "forbidden", f"this needs a key with the role {role}, not {key.role}"
            )
        return f"key {key.id}"


def _presented_key(headers: Headers) -> str:
    bearer = headers.get("authorization", "")
    scheme, _, token = bearer.partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return f"address {client[0]}" if client else "address unknown"


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
