"""Progress on stderr: a bar in a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from daybreak.cli.output import console
from daybreak.cli.status import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


EVERY = 2.0
"""Time between two lines where there is no terminal [s]."""


class Working:
    """Is told of steps, with or without knowing how many there are."""

    def __init__(self, bar: "Progress | None", task: "TaskID | None") -> None:
        self._bar = bar
        self._task = task
        self._told = time.monotonic()

    def say(self, what: str) -> None:
        """Tell what is being done."""
        self._show(what, None, None)

    def step(self, done: int, total: int, what: str) -> None:
        """Tell how far it is, and what comes next."""
        self._show(what, done, total)

    def _show(self, what: str, done: int | None, total: int | None) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total)
        elif time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            tell(what if done is None else f"{what} ({done} of {total} done)")


@contextmanager
def working(title: str) -> Iterator[Working]:
    """Show that something is going on until it is done."""
    if not sys.stderr.isatty():
        tell(title)
        yield Working(None, None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(24), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console(error=True), transient=True) as bar:
        yield Working(bar, bar.add_task(title, total=None))
