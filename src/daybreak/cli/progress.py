"""Progress of commands on stderr: a bar in a terminal, else a line every few seconds.

The share that is done comes from the numbers of the steps ("simulated cold start 2 of 5"), and
the time to go from the share and the time so far.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from daybreak.cli.language import translate
from daybreak.cli.output import create_console, print_message

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 2.0
"""Minimum time between two progress lines if stderr is not a terminal [s]."""
MIN_ESTIMATE_S = 1.0
"""Time after which the time to go is estimated [s]."""
STEPS_AFTER_COUNTED = 3
"""Number of steps of a training that follow those with numbers."""
_COUNTED_STEP = re.compile(r"\b(\d+) of (\d+)\b")


class RemainingTime:
    """Estimates the time to go from the share of the work that is done.

    Args:
        clock: Returns the time [s].
        first: Share that was done at the start, as by a training that was interrupted.

    Example:
        >>> times = iter([0.0, 30.0])
        >>> estimate = RemainingTime(lambda: next(times))
        >>> estimate.describe(0.25)
        '25 % done, about 90 s to go'
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, first: float = 0.0) -> None:
        self._clock, self._first = clock, first
        self._start = clock()

    def describe(self, share: float) -> str:
        """Return the share that is done, from 0 to 1, and the time to go once it is known."""
        elapsed = self._clock() - self._start
        done = f"{share:.0%} done".replace("%", " %")
        if not self._first < share < 1 or elapsed < MIN_ESTIMATE_S:
            return done
        left = elapsed * (1 - share) / (share - self._first)
        return f"{done}, about {format_duration(left)} to go"


def format_duration(seconds: float) -> str:
    """Return a duration in the unit that people would use.

    Example:
        >>> format_duration(7.2), format_duration(300), format_duration(9_000)
        ('7 s', '5 min', '2.5 h')
    """
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"


class ProgressReporter:
    """Shows the current task, the share that is done, and the time to go.

    Args:
        bar: Bar of a terminal; None: lines.
        task: Task of the bar.
        counts_steps: Whether numbers in the names of steps are counted.
    """

    def __init__(
        self, bar: "Progress | None", task: "TaskID | None", *, counts_steps: bool
    ) -> None:
        self._bar = bar
        self._task = task
        self._counts_steps = counts_steps
        self._remaining = RemainingTime()
        self._last_line_at = time.monotonic()
        self._last_line = ""
        self._counted = 0
        self._after = 0
        self._last: tuple[int, int] | None = None
        """Numbers of done and of all steps of the last update."""

    def start(self, task: str) -> None:
        """Show a task; its number, as in "step 2 of 5", is the share that is done."""
        done, total = self._count(task)
        self._show(task, done, total)

    def update(self, done: int, total: int, task: str) -> None:
        """Show a task of which ``done`` of ``total`` steps are done.

        The time to go is estimated from the steps since the first update: those before an
        interruption took none of it.
        """
        if self._last is None or self._last[1] != total or done < self._last[0]:
            self._remaining = RemainingTime(first=done / max(total, 1))
        self._last = (done, total)
        self._show(task, done, total)

    def _count(self, task: str) -> tuple[int | None, int | None]:
        """Return the numbers of done and of all steps; None: unknown."""
        if not self._counts_steps:
            return None, None
        found = _COUNTED_STEP.search(task)
        if found:
            self._counted, self._after = int(found[2]), 0
            return int(found[1]) - 1, self._counted + STEPS_AFTER_COUNTED
        if not self._counted:
            return None, None
        total = self._counted + STEPS_AFTER_COUNTED
        done = min(self._counted + self._after, total - 1)
        self._after += 1
        return done, total

    def _show(self, task: str, done: int | None, total: int | None) -> None:
        left = self._remaining.describe(done / total) if done and total else ""
        task, estimate = translate(task), translate(left)
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task, description=task, completed=done, total=total, estimate=estimate
            )
        elif time.monotonic() - self._last_line_at >= LINE_INTERVAL_S:
            self._print_line(f"{task} ({estimate})" if estimate else task)

    def _print_line(self, line: str) -> None:
        if line != self._last_line:
            self._last_line_at = time.monotonic()
            self._last_line = line
            print_message(line)


@contextmanager
def show_progress(title: str, *, counts_steps: bool = True) -> Iterator[ProgressReporter]:
    """Show progress while the block runs.

    Args:
        title: Name of the first step.
        counts_steps: Whether numbers in the names of steps are counted; not if several
            computations report at the same time.
    """
    if not sys.stderr.isatty():
        print_message(title)
        yield ProgressReporter(None, None, counts_steps=counts_steps)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[estimate]}"),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=create_console(error=True), transient=True) as bar:
        task = bar.add_task(title, total=None, estimate="")
        yield ProgressReporter(bar, task, counts_steps=counts_steps)
