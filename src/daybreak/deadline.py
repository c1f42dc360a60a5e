"""How long a piece of work may take; work that would take longer is told early."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from daybreak.errors import OutOfTimeError


@dataclass
class Deadline:
    """Seconds for a piece of work, counted from its start."""

    limit_s: float
    start: float
    steady_start: float | None = None
    """Since when the work goes on evenly; what came before is not multiplied."""


_current: ContextVar[Deadline | None] = ContextVar("allowance", default=None)


@contextmanager
def time_limit(limit_s: float | None) -> Iterator[None]:
    """Let the work inside take so many seconds; None lifts every limit."""
    token = _current.set(None if limit_s is None else Deadline(limit_s, perf_counter()))
    try:
        yield
    finally:
        _current.reset(token)


def report_progress(fraction_done: float) -> None:
    """Say how much of the work is done; called by whoever trains, once a round.

    Args:
        fraction_done: Share of the work that is done, from 0 to 1; 0: preparations are over and
            the measured part starts.

    Raises:
        OutOfTimeError: At this speed the whole would take longer than allowed.

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
