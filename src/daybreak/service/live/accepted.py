"""What became of rows that were posted."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rejected:
    """One row that was not taken; all others were."""

    row: int
    """Position in what was posted, from 0."""
    field: str
    """Empty: the row as a whole."""
    value: Any
    """What was found there; long texts are cut."""
    reason: str
    """What was expected."""
    code: str
    """Stable: ``missing``, ``empty``, ``not_text``, ``bad_text``, ``too_long``,
    ``not_a_number``, ``not_a_time``, ``in_the_future``, ``not_an_object`` or ``bad_value``."""


@dataclass(frozen=True)
class Accepted:
    """Counts of one call, and every row that was not taken."""

    accepted: int
    """Rows that are stored now, and were not before."""
    duplicates: int = 0
    """Events that were there already."""
    rejected: tuple[Rejected, ...] = ()
