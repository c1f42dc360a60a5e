"""Sending: checked connection options, retries with backoff, and the final error."""

import math
import random
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import httpx

from daybreak.client.calls import ApiCall
from daybreak.client.errors import UnreachableError, retry_after_s
from daybreak.errors import ConfigError

API_PREFIX = "/api/v1"
"""Path prefix of every endpoint."""

T = TypeVar("T")
AttemptOutcome: TypeAlias = httpx.Response | httpx.TransportError

_NOT_SENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors after which the service has certainly not received the request."""
_NOT_PROCESSED_STATUS = frozenset({429})
"""Statuses of requests that the service has received but not processed."""
_TRANSIENT_STATUS = frozenset({502, 503, 504})
"""Statuses of temporary faults; the service may have processed the request."""


@dataclass(frozen=True)
class Retries:
    """Exponential backoff with full jitter.

    A repeatable request is sent again after every missing response and every temporary fault.
    Any other request is sent again only if the service has certainly not processed it.

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
    """Number of attempts after the first; 0: none."""
    base_s: float = 0.2
    """Upper bound of the wait before the second attempt [s]; it doubles with each attempt."""
    longest_s: float = 10.0
    """Upper bound of every wait [s]; after a ``Retry-After`` above it, there is no retry."""
    chance: random.Random = field(default_factory=random.SystemRandom, repr=False)
    """Source of the jitter; the default differs between processes, so that clients spread."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        if self.times < 0 or self.base_s < 0 or self.longest_s < 0:
            raise ConfigError(f"retries must not be negative, got {self}")

    def wait_s(
        self, outcome: AttemptOutcome, *, attempt: int, repeatable: bool
    ) -> float | None:
        """Return the wait before the next attempt [s]; None: do not send the request again.

        Args:
            outcome: The response, or the reason why there is none.
            attempt: Number of attempts before the one with this outcome, from 0.
            repeatable: Whether sending the request twice has the effect of sending it once.
        """
        if attempt >= self.times or not _is_retryable(outcome, repeatable=repeatable):
            return None
        requested = retry_after_s(outcome) if isinstance(outcome, httpx.Response) else None
        if requested is not None and requested > self.longest_s:
            return None
        jitter = self.chance.uniform(0.0, min(self.longest_s, self.base_s * 2.0**attempt))
        return min(self.longest_s, jitter + (requested or 0.0))


def validate_url(url: str) -> str:
    """Return the address of a service without a trailing slash.

    Raises:
        ConfigError: The address is not an HTTP URL, or holds a user name or password.

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
    """Return the timeout of each step of a request.

    Raises:
        ConfigError: The timeout is not a finite number above 0.
    """
    if not isinstance(timeout_s, int | float) or not 0 < timeout_s < math.inf:
        raise ConfigError(f"timeout_s must be a number above 0, got {timeout_s!r}")
    return httpx.Timeout(timeout_s)


def request_headers(api_key: str | None) -> dict[str, str]:
    """Return the headers of every request."""
    common = {"accept": "application/json", "user-agent": "daybreak-client"}
    return common if api_key is None else {**common, "x-api-key": api_key}


def request_arguments(call: ApiCall[Any]) -> dict[str, Any]:
    """Return the arguments of ``httpx.Client.build_request`` for a call."""
    content = call.content()
    return {
        "method": call.method,
        "url": API_PREFIX + call.path,
        "params": call.query(),
        "content": content,
        "headers": {} if content is None else {"content-type": "application/json"},
    }


def result_of(call: ApiCall[T], outcome: AttemptOutcome, attempt: int) -> T:
    """Return the result of the last attempt.

    Raises:
        UnreachableError: No response came.
        ResponseError: The service refused the request, or failed.
    """
    if isinstance(outcome, httpx.Response):
        return call.parse_response(outcome)
    attempts = f" after {attempt + 1} attempts" if attempt else ""
    effect = "" if call.repeatable else "; it may have been done nevertheless"
    reason = f"{type(outcome).__name__} {outcome}".strip()
    raise UnreachableError(
        f"no answer to {call.method} {call.path}{attempts}: {reason}{effect}"
    ) from outcome


def _is_retryable(outcome: AttemptOutcome, *, repeatable: bool) -> bool:
    if isinstance(outcome, httpx.Response):
        status = outcome.status_code
        return status in _NOT_PROCESSED_STATUS or (repeatable and status in _TRANSIENT_STATUS)
    return repeatable or isinstance(outcome, _NOT_SENT_ERRORS)
