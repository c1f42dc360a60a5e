"""When items are available."""

from dataclasses import dataclass

import numpy as np

from daybreak.ranking.facets import Facets
from daybreak.types import Doubles, Mask

FROM, UNTIL = "available_from", "available_until"
"""Columns of the first moment, and of the first one after; an empty one is no bound."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Spans of time in which items may be recommended.

    Example:
        >>> import polars as pl
        >>> shop = pl.DataFrame({"available_from": ["2026-12-01", None]})
        >>> Windows.of(Facets(shop)).open(1_780_000_000)
        array([False,  True])
    """

    start: Doubles
    """(n_items,) epoch seconds, ``-inf`` without a bound"""
    end: Doubles

    @classmethod
    def of(cls, facets: Facets) -> "Windows | None":
        """Return the windows of a catalogue; None: it has none, everything is available."""
        if not {FROM, UNTIL} & set(facets.names):
            return None
        return cls(_bounds(facets, FROM, -np.inf), _bounds(facets, UNTIL, np.inf))

    def open(self, at: float) -> Mask:
        """Return (n_items,) whether each item is available at a time."""
        return np.asarray((self.start <= at) & (at < self.end))


def _bounds(facets: Facets, name: str, otherwise: float) -> Doubles:
    if name not in facets.names:
        return np.full(len(facets), otherwise)
    bounds: Doubles = facets.need(name).values.fill_null(otherwise).to_numpy()
    return bounds
