"""What commands print: data on stdout, messages and errors on stderr."""

import json
import math
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daybreak.cli.language import current_language, message, read_messages, translate
from daybreak.errors import DaybreakError, NextStep

if TYPE_CHECKING:
    from rich.console import Console

    from daybreak.data import Finding


EXIT_FINDINGS = 1
"""A check of ``validate`` or ``doctor`` failed."""
EXIT_USAGE = 2
"""Unknown command, or invalid option or argument."""
EXIT_UNEXPECTED = 70
"""Unexpected error: a bug in Daybreak."""
EXIT_INTERRUPTED = 130
"""Interrupted by the keyboard."""

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
    "too_many_rejects": 12,
    "service": 10,
    "source_refused": 13,
    "out_of_budget": 14,
    "no_gain": 15,
    "busy": 16,
    "out_of_memory": 17,
}
"""Exit status of each error code."""

NEXT_STEPS = {NextStep(name): text for name, text in read_messages("en")["next_steps"].items()}
"""What to type for each next step of an error; braces hold parameters of the error."""

DEBUG_VARIABLE = "DAYBREAK_DEBUG"
"""Environment variable; if set, errors are printed with their traceback."""

PIPE_WIDTH_CHARS = 160
"""Width of tables if stdout is not a terminal [characters]."""
LEVEL_COLOURS = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red"}


def report_error(error: BaseException) -> int:
    """Print an error as one line on stderr and return the exit status.

    Errors of the argument parser have a status and a message of their own. Errors of Daybreak
    have a code. Every other exception is a bug.
    """
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, DaybreakError):
        print_message(describe_error(error))
        return EXIT_STATUSES[error.code]
    if hasattr(error, "format_message"):
        print_message(message("usage", message=translate(error.format_message())))
        return int(getattr(error, "exit_code", EXIT_USAGE))
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        print_message(message("interrupted"))
        return EXIT_INTERRUPTED
    outside = _describe_outside_cause(error)
    if outside is not None:
        text, status = outside
        print_message(text)
        return status
    kind = type(error).__name__
    print_message(message("unexpected", kind=kind, message=error, variable=DEBUG_VARIABLE))
    return EXIT_UNEXPECTED


def _describe_outside_cause(error: BaseException) -> tuple[str, int] | None:
    """Return message and exit status of an error that the machine or a file has caused.

    Example:
        >>> _describe_outside_cause(OSError(28, "No space left on device", "shop.csv"))
        ("'shop.csv' cannot be used: No space left on device", 1)
        >>> _describe_outside_cause(ValueError("a bug")) is None
        True
    """
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename!r}" if error.filename else message("some_file")
        text = message("unusable_file", name=name, reason=error.strerror)
        return text, EXIT_STATUSES["error"]
    if isinstance(error, MemoryError):
        return message("no_memory"), EXIT_STATUSES["error"]
    if isinstance(error, RecursionError):
        return message("too_deep"), EXIT_STATUSES["bad_data"]
    if type(error).__name__ == "PanicException":  # of Polars
        return message("damaged_file", message=error), EXIT_STATUSES["bad_data"]
    return None


def describe_error(error: DaybreakError) -> str:
    """Return the message of an error, followed by what to type next.

    Example:
        >>> from daybreak.errors import NotFoundError
        >>> describe_error(NotFoundError("nothing is trained", next_step=NextStep.TRAIN))
        'nothing is trained; run: daybreak train'
    """
    known = read_messages(current_language())
    title = known["errors"].get(error.code, error.code)
    line = known["messages"]["error_line"]
    text = line.format(title=title, message=translate(str(error)))
    if error.next_step is None:
        return text
    step = known["next_steps"][error.next_step].format(**error.parameters)
    return f"{text}; {step}" if current_language() == "en" else f"{text}；{step}"


def print_message(text: str) -> None:
    """Write one line on stderr."""
    line = translate(" ".join(text.split()))
    sys.stderr.write(f"daybreak: {line}\n")


def print_messages(messages: Sequence[str]) -> None:
    """Write lines on stderr."""
    for text in messages:
        print_message(text)


def show_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(to_plain(data), ensure_ascii=False, indent=2) + "\n")


def show_lines(lines: Sequence[str]) -> None:
    """Print lines as they are."""
    sys.stdout.write("".join(f"{translate(line)}\n" for line in lines))


def show_findings(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    """Print one line per check, and the number of checks per level."""
    counts = {level: sum(f.level == level for f in findings) for level in LEVEL_COLOURS}
    if as_json:
        show_json({"findings": list(findings), "counts": counts})
        return
    from rich.text import Text

    out = create_console()
    for finding in findings:
        line = Text(finding.level, style=LEVEL_COLOURS[finding.level])
        line.append(f" {finding.code}: {translate(finding.message)}", style="default")
        out.print(line, soft_wrap=True)
    print_message(", ".join(f"{n} {level}" for level, n in counts.items()))


def create_console(*, error: bool = False) -> "Console":
    """Return a console for stdout or stderr; wide and without colours if it is no terminal."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH_CHARS
    return Console(file=stream, width=width, highlight=False)


def to_plain(value: Any) -> Any:
    """Return a value as JSON types: frames become lists of rows, NaN becomes null."""
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
