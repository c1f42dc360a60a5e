"""Exit statuses: what a shell script can tell from the number alone."""

import os
import sys
import traceback

from daybreak.errors import DaybreakError

FINDINGS = 1
"""``validate`` or ``doctor`` found something that fails."""
USAGE = 2
"""A command or an option is wrong."""
UNEXPECTED = 70
"""A bug."""
INTERRUPTED = 130
"""Stopped by the keyboard."""

STATUS = {
    "error": 1,
    "bad_config": USAGE,
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

DEBUG = "DAYBREAK_DEBUG"
"""Environment variable: when set, errors come with their traceback."""


def status_of(error: BaseException) -> int:
    """Say in one line what went wrong, on stderr; return the exit status.

    Errors of the argument parser know their own status and words, whichever library they are
    of; errors that Daybreak raises on purpose have a code; anything else is a bug.
    """
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    if isinstance(error, DaybreakError):
        tell(str(error))
        return STATUS[error.code]
    if hasattr(error, "format_message"):
        tell(f"{error.format_message()} (see --help)")
        return int(getattr(error, "exit_code", USAGE))
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        tell("stopped")
        return INTERRUPTED
    kind = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    tell(f"unexpected {kind}: {error}; {DEBUG}=1 shows where")
    return UNEXPECTED


def tell(message: str) -> None:
    """Write one line on stderr."""
    line = " ".join(message.split())
    sys.stderr.write(f"daybreak: {line}\n")
