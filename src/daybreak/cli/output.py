"""Exit statuses: what a shell script can tell from the number alone.

Data on stdout: tables for people, JSON for programs.

Progress on stderr: a bar in a terminal, elsewhere a line now and then.
"""

import json
import math
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daybreak.errors import DaybreakError, NextStep

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.progress import Progress, TaskID


EXIT_FINDINGS = 1
"""``validate`` or ``doctor`` found something that fails."""
EXIT_USAGE = 2
"""A command or an option is wrong."""
EXIT_UNEXPECTED = 70
"""A bug."""
EXIT_INTERRUPTED = 130
"""Stopped by the keyboard."""

EXIT_STATUSES = {
    "error": 1,
    "bad_config": EXIT_USAGE,
    "bad_data": 3,
    "not_fitted": 4,
    "not_found": 5,
    "store": 6,
    "missing_extra": 7,
    "out_of_time": 8,
    "gate_refused": 9,
    "bad_filter": 11,
    "service": 10,
}
"""Exit status of each error code."""

NEXT_STEPS = {
    NextStep.IMPORT_DATA: (
        "import data with: daybreak import FOLDER, or name another store with --store"
    ),
    NextStep.CHOOSE_STORE: "name another store with --store",
    NextStep.UPGRADE_STORE: "run: daybreak store upgrade --store {store}",
    NextStep.TRAIN: "run: daybreak train",
    NextStep.TRAIN_WITH_ENCODER: "train with a text model: daybreak train --encoder NAME",
    NextStep.ASSIGN_TABLES: "name the file of each table with --events, --items and --users",
    NextStep.MAP_COLUMN: "name the column with --column {column}=NAME",
    NextStep.DESCRIBE_ITEM: "describe a new item with --text",
    NextStep.CREATE_EXPERIMENT: "create one with: daybreak experiments create",
    NextStep.FORCE_RELEASE: "release it anyway with --force",
}
"""What to type for each next step of an error; braces hold parameters of the error."""

DEBUG_VARIABLE = "DAYBREAK_DEBUG"
"""Environment variable: when set, errors come with their traceback."""


def report_error(error: BaseException) -> int:
    """Say in one line what went wrong, on stderr; return the exit status.

    Errors of the argument parser know their own status and words, whichever library they are
    of; errors that Daybreak raises on purpose have a code; anything else is a bug.
    """
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, DaybreakError):
        print_message(describe_error(error))
        return EXIT_STATUSES[error.code]
    if hasattr(error, "format_message"):
        print_message(f"{error.format_message()} (see --help)")
        return int(getattr(error, "exit_code", EXIT_USAGE))
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        print_message("stopped")
        return EXIT_INTERRUPTED
    kind = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    print_message(f"unexpected {kind}: {error}; {DEBUG_VARIABLE}=1 shows where")
    return EXIT_UNEXPECTED


def describe_error(error: DaybreakError) -> str:
    """Return the message of an error, followed by what to type next.

    Example:
        >>> from daybreak.errors import NotFoundError
        >>> describe_error(NotFoundError("nothing is trained", next_step=NextStep.TRAIN))
        'nothing is trained; run: daybreak train'
    """
    if error.next_step is None:
        return str(error)
    return f"{error}; {NEXT_STEPS[error.next_step].format(**error.parameters)}"


def print_message(message: str) -> None:
    """Write one line on stderr."""
    line = " ".join(message.split())
    sys.stderr.write(f"daybreak: {line}\n")


PIPE_WIDTH_CHARS = 160
"""Columns of a table that does not go to a terminal."""


def show_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(to_plain(data), ensure_ascii=False, indent=2) + "\n")


def show_lines(lines: Sequence[str]) -> None:
    """Print lines as they are."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def show_frame(frame: "pl.DataFrame", title: str | None = None) -> None:
    """Print a frame as a table; numbers to the right, shares with three digits."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, kind in frame.schema.items():
        table.add_column(
            name.replace("_", " "),
            justify="right" if kind.is_numeric() else "left",
            overflow="fold",
        )
    for row in frame.iter_rows():
        table.add_row(*(Text(_format_cell(value)) for value in row))
    create_console().print(table)


def create_console(*, error: bool = False) -> "Console":
    """Return where to print; without a terminal, wide and without colours."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH_CHARS
    return Console(file=stream, width=width, highlight=False)


def to_plain(value: Any) -> Any:
    """Return a value as JSON can hold it: frames as lists of rows, NaN as null."""
    if hasattr(value, "to_dicts"):
        value = value.to_dicts()
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.3f}"
    return (
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )


LINE_INTERVAL_S = 2.0
"""Time between two lines where there is no terminal [s]."""


class ProgressReporter:
    """Is told of steps, with or without knowing how many there are."""

    def __init__(self, bar: "Progress | None", task: "TaskID | None") -> None:
        self._bar = bar
        self._task = task
        self._last_line_at = time.monotonic()

    def start(self, task: str) -> None:
        """Tell what is being done."""
        self._show(task, None, None)

    def update(self, done: int, total: int, task: str) -> None:
        """Tell how far it is, and what comes next."""
        self._show(task, done, total)

    def _show(self, what: str, done: int | None, total: int | None) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total)
        elif time.monotonic() - self._last_line_at >= LINE_INTERVAL_S:
            self._last_line_at = time.monotonic()
            print_message(what if done is None else f"{what} ({done} of {total} done)")


@contextmanager
def show_progress(title: str) -> Iterator[ProgressReporter]:
    """Show that something is going on until it is done."""
    if not sys.stderr.isatty():
        print_message(title)
        yield ProgressReporter(None, None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(24), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=create_console(error=True), transient=True) as bar:
        yield ProgressReporter(bar, bar.add_task(title, total=None))
