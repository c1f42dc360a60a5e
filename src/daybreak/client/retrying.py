"""When a request is sent again, and after which wait."""

import random
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from daybreak.client.errors import retry_after_s
from daybreak.errors import ConfigError

Outcome: TypeAlias = httpx.Response | httpx.TransportError

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The service has not seen the request."""
_REFUSED = frozenset({429})
"""The service has seen the request and left it alone."""
_PASSING = frozenset({502, 503, 504})
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

    def wait_s(self, outcome: Outcome, *, attempt: int, repeatable: bool) -> float | None:
        """Return how long to wait before sending the request again; None: do not.

        Args:
            outcome: The answer, or why there is none.
            attempt: How often the request was sent before this outcome's, from 0.
            repeatable: Whether doing it twice is the same as doing it once.
        """
        if attempt >= self.times or not _worth_it(outcome, repeatable=repeatable):
            return None
        asked = retry_after_s(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is not None and asked > self.longest_s:
            return None
        jitter = self.chance.uniform(0.0, min(self.longest_s, self.base_s * 2.0**attempt))
        return min(self.longest_s, jitter + (asked or 0.0))


def _worth_it(outcome: Outcome, *, repeatable: bool) -> bool:
    if isinstance(outcome, httpx.Response):
        status = outcome.status_code
        return status in _REFUSED or (repeatable and status in _PASSING)
    return repeatable or isinstance(outcome, _NOT_SENT)
