"""Rules as one catalogue understands them: which items, how much more, in which order."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.data.fields import CATEGORY_COLUMNS, ContentField, find_category_column
from daybreak.errors import FilterError
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.ranking.filters.engine import FilterEngine
from daybreak.ranking.reranking.availability import AvailabilityWindows
from daybreak.ranking.reranking.rerank import QuotaConstraint, Reranker
from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.types import Floats, Mask, Rows


@dataclass(frozen=True, eq=False)
class CompiledRules:
    """The rules of one list, over the rows of a catalogue."""

    rules: Rules
    allowed: Mask
    """(n_items,) what may be in the list, whatever its user has seen"""
    boosts: tuple[tuple[Boost, Mask], ...] = ()
    """With the (n_items,) items that each is for."""
    reranker: Reranker | None = None
    """None: the order of the scores is that of the list."""

    def boost_values(self) -> Floats | None:
        """Return (n_items,) what boosts add to scores; None: nothing."""
        if not self.boosts:
            return None
        return np.asarray(sum(b.value * mask for b, mask in self.boosts), dtype=np.float32)

    def boosts_of(self, row: int) -> list[Boost]:
        """Return the boosts of one item."""
        return [boost for boost, mask in self.boosts if mask[row] and boost.value != 0]


class RuleCompiler:
    """Turns rules into rulings; what several requests ask for is worked out once.

    Args:
        frame: The catalogue, one row an item.
        items: The same, encoded.
        shown: (n_items,) whether an item may be recommended at all.
        fields: What the columns were found to be.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        items: Items,
        is_visible: Mask,
        fields: Iterable[ContentField] = (),
    ) -> None:
        self.filter_columns = FilterColumns(frame, fields)
        self.filter_engine = FilterEngine(self.filter_columns)
        self.availability = AvailabilityWindows.from_columns(self.filter_columns)
        self._items = items
        self._is_visible = is_visible
        self._quota_columns: dict[str, sp.csr_array] = {}
        self._codes_by_column: dict[str, Rows] = {}

    def available(self, at: float | None = None) -> Mask:
        """Return (n_items,) what may be recommended at a time; None: now. Not to be changed."""
        if self.availability is None:
            return self._is_visible
        return self._is_visible & self.availability.available_at(
            time.time() if at is None else at
        )

    def compile(self, rules: Rules) -> CompiledRules:
        """Return rules as this catalogue understands them.

        Raises:
            FilterError: A filter cannot be read, or a column is not there.
        """
        boosts = tuple((b, self.filter_engine.mask(b.where, rules.at)) for b in rules.boosts)
        return CompiledRules(rules, self._allowed(rules), boosts, self._reranker(rules))

    def _allowed(self, rules: Rules) -> Mask:
        found = self.available(rules.at).copy()
        if rules.where.strip():
            found &= self.filter_engine.mask(rules.where, rules.at)
        if rules.categories:
            found &= self.filter_engine.mask_any_of(self._category_column(), rules.categories)
        if rules.items is not None:
            found &= self._item_mask(rules.items)
        if rules.exclude:
            found &= ~self._item_mask(rules.exclude)
        return found

    def _item_mask(self, ids: tuple[str, ...]) -> Mask:
        """Mark items; unknown ids are passed over."""
        rows = self._items.ids.rows(ids)
        mask = np.zeros(len(self._items), dtype=bool)
        mask[rows[rows >= 0]] = True
        return mask

    def _category_column(self) -> str:
        found = find_category_column(self.filter_columns.names)
        if found is None:
            raise FilterError(
                f"the catalogue has no column of categories: {', '.join(CATEGORY_COLUMNS)}; "
                "name another with where, as in has(shelf, 'tea')"
            )
        return found

    def _reranker(self, rules: Rules) -> Reranker | None:
        if not rules.needs_reranking:
            return None
        return Reranker(
            self._items.blocks,
            rules.diversity,
            tuple(self._quota_constraint(quota, rules) for quota in rules.quotas),
            None if rules.distinct is None else self._value_codes(rules.distinct),
            rules.alike,
        )

    def _quota_constraint(self, quota: Quota, rules: Rules) -> QuotaConstraint:
        if quota.each:
            if quota.each not in self._quota_columns:
                self._quota_columns[quota.each] = self.filter_columns.require(
                    quota.each
                ).one_hot()
            kinds = self._quota_columns[quota.each]
        else:
            mask = self.filter_engine.mask(quota.where, rules.at)
            kinds = sp.csr_array(mask.astype(np.float32)[:, None])
        return QuotaConstraint(kinds, quota.at_most, quota.at_least, quota.of)

    def _value_codes(self, name: str) -> Rows:
        if name not in self._codes_by_column:
            self._codes_by_column[name] = self.filter_columns.require(name).value_codes()
        return self._codes_by_column[name]
