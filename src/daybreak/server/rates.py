"""How often one caller may ask: a bucket of tokens each, for a bounded number of callers."""

import time
from collections import OrderedDict
from collections.abc import Callable

CALLERS = 10_000
"""Remembered at once; whoever asked longest ago is forgotten first, with a full bucket."""


class Rates:
    """One bucket a caller; it holds a second's worth of requests, and at least ten.

    Args:
        rate: Requests a second, over time; 0: any number.
        clock: Time [s], for tests.

    Example:
        >>> now = [0.0]
        >>> rates = Rates(10, clock=lambda: now[0])
        >>> [rates.wait_s("ann") for _ in range(11)][-2:]
        [0.0, 0.1]
        >>> now[0] = 0.2
        >>> rates.wait_s("ann")
        0.0
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._full = max(10.0, rate)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """Take one token; return how long to wait if there is none, else 0."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, at = self._buckets.pop(caller, (self._full, now))
        tokens = min(self._full, tokens + (now - at) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / self._rate
