"""How long a piece of work may take; work that would take longer is told early."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from daybreak.errors import OutOfTimeError


@dataclass
class Allowance:
    """Seconds for a piece of work, counted from its start."""

    seconds: float
    start: float
    even: float | None = None
    """Since when the work goes on evenly; what came before is not multiplied."""


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def allowed(seconds: float | None) -> Iterator[None]:
    """Let the work inside take so many seconds; None lifts every limit."""
    token = _current.set(None if seconds is None else Allowance(seconds, perf_counter()))
    try:
        yield
    finally:
        _current.reset(token)


def so_far(share: float) -> None:
    """Say how much of the work is done; called by whoever trains, once a round.

    Args:
        share: Done so far, from 0 to 1. 0 says that preparations are over.

    Raises:
        OutOfTimeError: At this speed the whole would take longer than allowed.

    Example:
        >>> with allowed(60):
        ...     so_far(0.5)
        >>> with allowed(0):
        ...     so_far(0.5)
        Traceback (most recent call last):
        daybreak.errors.OutOfTimeError: it would take 1 s, 0 s are left
    """
    limit = _current.get()
    if limit is None:
        return
    now = perf_counter()
    if share <= 0:
        limit.even = now
        return
    even = limit.start if limit.even is None else limit.even
    needed = even - limit.start + (now - even) / share
    if needed > limit.seconds:
        raise OutOfTimeError(
            f"it would take {max(needed, 1):.0f} s, {limit.seconds:.0f} s are left"
        )
