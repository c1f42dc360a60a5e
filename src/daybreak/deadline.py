"""Time limits: work that would exceed its limit is stopped early."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from daybreak.errors import OutOfTimeError


@dataclass
class Deadline:
    """A time limit, counted from the start of the work."""

    limit_s: float
    start: float
    steady_start: float | None = None
    """Time at which the measured part of the work starts; preparation is not extrapolated."""


_current: ContextVar[Deadline | None] = ContextVar("allowance", default=None)


@contextmanager
def time_limit(limit_s: float | None) -> Iterator[None]:
    """Limit the duration of the block [s]; None removes all limits."""
    token = _current.set(None if limit_s is None else Deadline(limit_s, perf_counter()))
    try:
        yield
    finally:
        _current.reset(token)


def report_progress(fraction_done: float) -> None:
    """Report the progress of the work; a training calls it once per epoch or round.

    Args:
        fraction_done: Share of the work that is done, from 0 to 1; 0: preparations are over and
            the measured part starts.

    Raises:
        OutOfTimeError: At the current speed the work would exceed its time limit.

    Example:
        >>> with time_limit(60):
        ...     report_progress(0.5)
        >>> with time_limit(0):
        ...     report_progress(0.5)
        Traceback (most recent call last):
        daybreak.errors.OutOfTimeError: it would take 1 s, 0 s are left
    """
    limit = _current.get()
    if limit is None:
        return
    now = perf_counter()
    if fraction_done <= 0:
        limit.steady_start = now
        return
    even = limit.start if limit.steady_start is None else limit.steady_start
    needed = even - limit.start + (now - even) / fraction_done
    if needed > limit.limit_s:
        raise OutOfTimeError(
            f"it would take {max(needed, 1):.0f} s, {limit.limit_s:.0f} s are left"
        )
