"""Rules as one catalogue understands them: which items, how much more, in which order."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.fields import Field
from daybreak.data.items import Items
from daybreak.errors import FilterError
from daybreak.ranking.arranging import Arrangement
from daybreak.ranking.facets import Facets
from daybreak.ranking.filters import Filters
from daybreak.ranking.quotas import Limit
from daybreak.ranking.rules import Boost, Quota, Rules
from daybreak.ranking.windows import Windows
from daybreak.types import Floats, Mask, Rows

CATEGORIES = ("categories", "category", "genres", "genre")
"""Columns of categories; the first of them that is there counts."""


@dataclass(frozen=True, eq=False)
class Ruling:
    """The rules of one list, over the rows of a catalogue."""

    rules: Rules
    open: Mask
    """(n_items,) what may be in the list, whatever its user has seen"""
    boosts: tuple[tuple[Boost, Mask], ...] = ()
    """With the (n_items,) items that each is for."""
    arrangement: Arrangement | None = None
    """None: the order of the scores is that of the list."""

    def added(self) -> Floats | None:
        """Return (n_items,) what boosts add to scores; None: nothing."""
        if not self.boosts:
            return None
        return np.asarray(sum(b.value * mask for b, mask in self.boosts), dtype=np.float32)

    def boosts_of(self, row: int) -> list[Boost]:
        """Return the boosts of one item."""
        return [boost for boost, mask in self.boosts if mask[row] and boost.value != 0]


class Rulebook:
    """Turns rules into rulings; what several requests ask for is worked out once.

    Args:
        frame: The catalogue, one row an item.
        items: The same, encoded.
        shown: (n_items,) whether an item may be recommended at all.
        fields: What the columns were found to be.
    """

    def __init__(
        self, frame: pl.DataFrame, items: Items, shown: Mask, fields: Iterable[Field] = ()
    ) -> None:
        self.facets = Facets(frame, fields)
        self.filters = Filters(self.facets)
        self.windows = Windows.of(self.facets)
        self._items = items
        self._shown = shown
        self._limits: dict[str, sp.csr_array] = {}
        self._codes: dict[str, Rows] = {}

    def shown(self, at: float | None = None) -> Mask:
        """Return (n_items,) what may be recommended at a time; None: now. Not to be changed."""
        if self.windows is None:
            return self._shown
        return self._shown & self.windows.open(time.time() if at is None else at)

    def ruling(self, rules: Rules) -> Ruling:
        """Return rules as this catalogue understands them.

        Raises:
            FilterError: A filter cannot be read, or a column is not there.
        """
        boosts = tuple((b, self.filters.mask(b.where, rules.at)) for b in rules.boosts)
        return Ruling(rules, self._open(rules), boosts, self._arrangement(rules))

    def _open(self, rules: Rules) -> Mask:
        found = self.shown(rules.at).copy()
        if rules.where.strip():
            found &= self.filters.mask(rules.where, rules.at)
        if rules.categories:
            found &= self.filters.having(self._categories(), rules.categories)
        if rules.items is not None:
            found &= self._marked(rules.items)
        if rules.exclude:
            found &= ~self._marked(rules.exclude)
        return found

    def _marked(self, ids: tuple[str, ...]) -> Mask:
        """Mark items; unknown ids are passed over."""
        rows = self._items.ids.rows(ids)
        mask = np.zeros(len(self._items), dtype=bool)
        mask[rows[rows >= 0]] = True
        return mask

    def _categories(self) -> str:
        found = next((name for name in CATEGORIES if name in self.facets.names), None)
        if found is None:
            raise FilterError(
                f"the catalogue has no column of categories: {', '.join(CATEGORIES)}; "
                "name another with where, as in has(shelf, 'tea')"
            )
        return found

    def _arrangement(self, rules: Rules) -> Arrangement | None:
        if not rules.arranges:
            return None
        return Arrangement(
            self._items.blocks,
            rules.diversity,
            tuple(self._limit(quota, rules) for quota in rules.quotas),
            None if rules.distinct is None else self._same(rules.distinct),
            rules.alike,
        )

    def _limit(self, quota: Quota, rules: Rules) -> Limit:
        if quota.each:
            if quota.each not in self._limits:
                self._limits[quota.each] = self.facets.need(quota.each).kinds()
            kinds = self._limits[quota.each]
        else:
            mask = self.filters.mask(quota.where, rules.at)
            kinds = sp.csr_array(mask.astype(np.float32)[:, None])
        return Limit(kinds, quota.at_most, quota.at_least, quota.of)

    def _same(self, name: str) -> Rows:
        if name not in self._codes:
            self._codes[name] = self.facets.need(name).codes()
        return self._codes[name]
