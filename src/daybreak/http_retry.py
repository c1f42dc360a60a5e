"""When an HTTP request is sent again, and after which wait."""

import random
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from daybreak.errors import ConfigError

AttemptOutcome: TypeAlias = httpx.Response | httpx.TransportError

TRANSIENT_STATUS = frozenset({502, 503, 504})
"""Statuses of temporary faults; the server may have processed the request."""
_NOT_SENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors after which the server has certainly not received the request."""
_NOT_PROCESSED_STATUS = frozenset({429})
"""Statuses of requests that the server has received but not processed."""


@dataclass(frozen=True)
class Retries:
    """Exponential backoff with full jitter.

    A repeatable request is sent again after every missing response and every temporary fault.
    Any other request is sent again only if the server has certainly not processed it.

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
    transient_status: frozenset[int] = field(default=TRANSIENT_STATUS, repr=False)
    """Statuses after which a repeatable request is sent again."""

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
        if attempt >= self.times or not self._is_retryable(outcome, repeatable=repeatable):
            return None
        requested = retry_after_s(outcome) if isinstance(outcome, httpx.Response) else None
        if requested is not None and requested > self.longest_s:
            return None
        jitter = self.chance.uniform(0.0, min(self.longest_s, self.base_s * 2.0**attempt))
        return min(self.longest_s, jitter + (requested or 0.0))

    def _is_retryable(self, outcome: AttemptOutcome, *, repeatable: bool) -> bool:
        if isinstance(outcome, httpx.Response):
            status = outcome.status_code
            return status in _NOT_PROCESSED_STATUS or (
                repeatable and status in self.transient_status
            )
        return repeatable or isinstance(outcome, _NOT_SENT_ERRORS)


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the number of seconds in ``Retry-After``; None without one, or for a date."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
