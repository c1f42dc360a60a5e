"""Availability windows of items."""

from dataclasses import dataclass

import numpy as np

from daybreak.ranking.filters.columns import FilterColumns
from daybreak.types import Doubles, Mask

FROM_COLUMN, UNTIL_COLUMN = "available_from", "available_until"
"""Columns of the first time at which an item is available, and of the first at which it is not
any more; an empty value sets no limit."""


@dataclass(frozen=True, eq=False)
class AvailabilityWindows:
    """Time spans in which items may be recommended.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"available_from": ["2026-12-01", None]})
        >>> windows = AvailabilityWindows.from_columns(FilterColumns(frame))
        >>> windows.available_at(1_780_000_000)
        array([False,  True])
    """

    start: Doubles
    """(n_items,) epoch seconds, inclusive; ``-inf`` without a limit"""
    end: Doubles
    """(n_items,) epoch seconds, exclusive; ``inf`` without a limit"""

    @classmethod
    def from_columns(cls, columns: FilterColumns) -> "AvailabilityWindows | None":
        """Return the windows of a catalogue; None if it has neither column."""
        if not {FROM_COLUMN, UNTIL_COLUMN} & set(columns.names):
            return None
        return cls(
            _read_limits(columns, FROM_COLUMN, -np.inf),
            _read_limits(columns, UNTIL_COLUMN, np.inf),
        )

    def available_at(self, time: float) -> Mask:
        """Return the (n_items,) mask of the items that are available at a time.

        Args:
            time: Epoch seconds.
        """
        return np.asarray((self.start <= time) & (time < self.end))


def _read_limits(columns: FilterColumns, name: str, default: float) -> Doubles:
    if name not in columns.names:
        return np.full(len(columns), default)
    limits: Doubles = columns.require(name).values.fill_null(default).to_numpy()
    return limits
