"""Time limits: work that would exceed its limit is stopped early, and waits are limited."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from time import monotonic, perf_counter

from daybreak.errors import OutOfTimeError


@dataclass
class Deadline:
    """A time limit, counted from the start of the work."""

    limit_s: float
    clock: Callable[[], float]
    start: float
    steady_start: float | None = None
    """Time at which the measured part of the work starts; preparation is not extrapolated."""


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def time_limit(
    limit_s: float | None, *, clock: Callable[[], float] = perf_counter
) -> Iterator[None]:
    """Limit the duration of the block.

    Args:
        limit_s: Time limit [s]; None: no limit, also not that of an enclosing block.
        clock: Returns the current time [s].
    """
    token = _current.set(None if limit_s is None else Deadline(limit_s, clock, clock()))
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
    deadline = _current.get()
    if deadline is None:
        return
    now = deadline.clock()
    if fraction_done <= 0:
        deadline.steady_start = now
        return
    start = deadline.start if deadline.steady_start is None else deadline.steady_start
    needed_s = start - deadline.start + (now - start) / fraction_done
    if needed_s > deadline.limit_s:
        raise OutOfTimeError(
            f"it would take {max(needed_s, 1):.0f} s, {deadline.limit_s:.0f} s are left"
        )


_waits_until: ContextVar[float] = ContextVar("waits_until", default=inf)


@contextmanager
def limited_wait(limit_s: float | None) -> Iterator[None]:
    """Limit how long the block waits for something that is away or locked, such as a store.

    Work that makes progress is not stopped. Threads get the limit with a copy of the context.

    Args:
        limit_s: Longest wait of the whole block [s]; None: no limit of its own.
    """
    until = inf if limit_s is None else monotonic() + limit_s
    token = _waits_until.set(min(until, _waits_until.get()))
    try:
        yield
    finally:
        _waits_until.reset(token)


def remaining_wait_s() -> float:
    """Return how long a call may still wait [s]; infinite without a limit.

    Example:
        >>> remaining_wait_s()
        inf
        >>> with limited_wait(60):
        ...     59 < remaining_wait_s() <= 60
        True
    """
    return max(0.0, _waits_until.get() - monotonic())
