"""Progress of a long computation in a notebook: one line that changes in place."""

import sys
import time
from html import escape
from typing import Any

from daybreak.types import Progress, ignore_progress


def default_progress() -> Progress:
    """Return what shows progress where nothing was asked for: in notebooks only.

    In a notebook the steps replace each other in one line below the cell; elsewhere nothing is
    shown. IPython is used if it runs this program, and is not imported.
    """
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if not hasattr(shell, "kernel"):
        return ignore_progress
    return NotebookProgress(ipython.display)


class NotebookProgress:
    """Shows the current step and the time that has passed.

    Args:
        display: Module ``IPython.display``.
    """

    def __init__(self, display: Any) -> None:
        self._html = display.HTML
        self._started = time.monotonic()
        self._line = display.display(self._html(""), display_id=True)

    def __call__(self, step: str) -> None:
        """Replace the line."""
        seconds = time.monotonic() - self._started
        self._line.update(self._html(f"<small>{escape(step)} · {seconds:.0f} s</small>"))
