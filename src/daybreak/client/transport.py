"""When a request is sent again, and after which wait.

Requests on their way: send, wait, send again, read.
"""

import asyncio
import math
import random
import time
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import httpx

from daybreak.client.calls import ApiCall
from daybreak.client.errors import UnreachableError, retry_after_s
from daybreak.errors import ConfigError

AttemptOutcome: TypeAlias = httpx.Response | httpx.TransportError

_NOT_SENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The service has not seen the request."""
_NOT_PROCESSED_STATUS = frozenset({429})
"""The service has seen the request and left it alone."""
_TRANSIENT_STATUS = frozenset({502, 503, 504})
"""Faults of the moment; the service may have done what was asked."""


@dataclass(frozen=True)
class Retries:
    """Exponential backoff with full jitter.

    A request that may be repeated is sent again whenever an answer is missing or says that
    the fault will pass; any other only when the service surely did nothing.

    Source:
        M. Brooker 2015, Exponential Backoff and Jitter: waits uniform in [0, base · 2^n].

    Example:
        >>> slow = httpx.ReadTimeout("no answer")
        >>> Retries(times=0).wait_s(slow, attempt=0, repeatable=True) is None
        True
        >>> Retries(times=3).wait_s(slow, attempt=0, repeatable=False) is None
        True
        >>> 0 <= Retries(times=3).wait_s(slow, attempt=2, repeatable=True) <= 0.8
        True
    """

    times: int = 4
    """Further attempts after the first; 0: never again."""
    base_s: float = 0.2
    """Longest wait before the second attempt; doubles with each."""
    longest_s: float = 10.0
    """No wait is longer; a service that asks for more is not asked again."""
    chance: random.Random = field(default_factory=random.SystemRandom, repr=False)
    """Where jitter comes from: another one in every process, so that clients spread out."""

    def __post_init__(self) -> None:
        if self.times < 0 or self.base_s < 0 or self.longest_s < 0:
            raise ConfigError(f"retries must not be negative, got {self}")

    def wait_s(
        self, outcome: AttemptOutcome, *, attempt: int, repeatable: bool
    ) -> float | None:
        """Return how long to wait before sending the request again; None: do not.

        Args:
            outcome: The answer, or why there is none.
            attempt: How often the request was sent before this outcome's, from 0.
            repeatable: Whether doing it twice is the same as doing it once.
        """
        if attempt >= self.times or not _is_retryable(outcome, repeatable=repeatable):
            return None
        asked = retry_after_s(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is not None and asked > self.longest_s:
            return None
        jitter = self.chance.uniform(0.0, min(self.longest_s, self.base_s * 2.0**attempt))
        return min(self.longest_s, jitter + (asked or 0.0))


def _is_retryable(outcome: AttemptOutcome, *, repeatable: bool) -> bool:
    if isinstance(outcome, httpx.Response):
        status = outcome.status_code
        return status in _NOT_PROCESSED_STATUS or (repeatable and status in _TRANSIENT_STATUS)
    return repeatable or isinstance(outcome, _NOT_SENT_ERRORS)


T = TypeVar("T")

API_PREFIX = "/api/v1"


def validate_url(url: str) -> str:
    """Return the address of a service without a slash at its end.

    Raises:
        ConfigError: It is not one.

    Example:
        >>> validate_url("http://shop:8000/")
        'http://shop:8000'
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigError(f"url must look like http://shop:8000, got {url!r}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise ConfigError(f"url must look like http://shop:8000, got {parsed!r}")
    return url.rstrip("/")


def validate_timeout(timeout_s: float) -> httpx.Timeout:
    """Return the timeout of every step of a request.

    Raises:
        ConfigError: It is not a positive number.
    """
    if not isinstance(timeout_s, int | float) or not 0 < timeout_s < math.inf:
        raise ConfigError(f"timeout_s must be a number above 0, got {timeout_s!r}")
    return httpx.Timeout(timeout_s)


def request_headers(api_key: str | None) -> dict[str, str]:
    """Return the headers of every request."""
    common = {"accept": "application/json", "user-agent": "daybreak-client"}
    return common if api_key is None else {**common, "x-api-key": api_key}


def send(http: httpx.Client, call: ApiCall[T], retries: Retries) -> T:
    """Return the result of a request.

    Raises:
        UnreachableError: No answer came.
        AnsweredError: The service refused or failed.
    """
    request = _build_request(http, call)
    attempt = 0
    while True:
        try:
            outcome: AttemptOutcome = http.send(request)
        except httpx.TransportError as error:
            outcome = error
        wait = retries.wait_s(outcome, attempt=attempt, repeatable=call.repeatable)
        if wait is None:
            return _parse_outcome(call, outcome, attempt)
        time.sleep(wait)
        attempt += 1


async def send_async(http: httpx.AsyncClient, call: ApiCall[T], retries: Retries) -> T:
    """Do what :func:`send` does, beside other work."""
    request = _build_request(http, call)
    attempt = 0
    while True:
        try:
            outcome: AttemptOutcome = await http.send(request)
        except httpx.TransportError as error:
            outcome = error
        wait = retries.wait_s(outcome, attempt=attempt, repeatable=call.repeatable)
        if wait is None:
            return _parse_outcome(call, outcome, attempt)
        await asyncio.sleep(wait)
        attempt += 1


def _build_request(http: httpx.Client | httpx.AsyncClient, call: ApiCall[Any]) -> httpx.Request:
    content = call.content()
    kind = {} if content is None else {"content-type": "application/json"}
    return http.build_request(
        call.method, API_PREFIX + call.path, params=call.query(), content=content, headers=kind
    )


def _parse_outcome(call: ApiCall[T], outcome: AttemptOutcome, attempt: int) -> T:
    if isinstance(outcome, httpx.Response):
        return call.parse_response(outcome)
    times = f" after {attempt + 1} attempts" if attempt else ""
    known = "" if call.repeatable else "; it may have been done nevertheless"
    raise UnreachableError(
        f"no answer to {call.method} {call.path}{times}: {_describe_error(outcome)}{known}"
    ) from outcome


def _describe_error(error: httpx.TransportError) -> str:
    return f"{type(error).__name__} {error}".strip()
