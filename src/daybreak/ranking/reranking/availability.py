"""When items are available."""

from dataclasses import dataclass

import numpy as np

from daybreak.ranking.filters.columns import FilterColumns
from daybreak.types import Doubles, Mask

FROM_COLUMN, UNTIL_COLUMN = "available_from", "available_until"
"""Columns of the first moment, and of the first one after; an empty one is no bound."""


@dataclass(frozen=True, eq=False)
class AvailabilityWindows:
    """Spans of time in which items may be recommended.

    Example:
        >>> import polars as pl
        >>> shop = pl.DataFrame({"available_from": ["2026-12-01", None]})
        >>> AvailabilityWindows.of(FilterColumns(shop)).open(1_780_000_000)
        array([False,  True])
    """

    start: Doubles
    """(n_items,) epoch seconds, ``-inf`` without a bound"""
    end: Doubles

    @classmethod
    def from_columns(cls, columns: FilterColumns) -> "AvailabilityWindows | None":
        """Return the windows of a catalogue; None: it has none, everything is available."""
        if not {FROM_COLUMN, UNTIL_COLUMN} & set(columns.names):
            return None
        return cls(
            _bounds(columns, FROM_COLUMN, -np.inf), _bounds(columns, UNTIL_COLUMN, np.inf)
        )

    def available_at(self, time: float) -> Mask:
        """Return (n_items,) whether each item is available at a time."""
        return np.asarray((self.start <= time) & (time < self.end))


def _bounds(columns: FilterColumns, name: str, otherwise: float) -> Doubles:
    if name not in columns.names:
        return np.full(len(columns), otherwise)
    bounds: Doubles = columns.require(name).values.fill_null(otherwise).to_numpy()
    return bounds
