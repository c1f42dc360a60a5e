"""Rules compiled for one catalogue: which items are allowed, boosts, and reranking."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.data.fields import CATEGORY_COLUMNS, ContentField, find_category_column
from daybreak.data.ids import lookup_id
from daybreak.errors import ConfigError, FilterError
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.ranking.filters.engine import FilterEngine
from daybreak.ranking.quantity_columns import QuantityColumns
from daybreak.ranking.reranking.availability import AvailabilityWindows
from daybreak.ranking.reranking.rerank import QuotaConstraint, Reranker
from daybreak.ranking.reranking.rules import Boost, ItemOffsets, Quota, Rules
from daybreak.service.state.stated_quantities import (
    PREFERENCE_SHARE,
    QuantityReader,
    StatedQuantities,
)
from daybreak.types import Floats, Mask, Rows, UnknownItems


@dataclass(frozen=True, eq=False)
class CompiledRules:
    """The rules of one list, in terms of the rows of a catalogue."""

    rules: Rules
    allowed: Mask
    """(n_items,) items that the list may contain, apart from what its user has seen."""
    boosts: tuple[tuple[Boost, Mask], ...] = ()
    """Boosts, each with the (n_items,) items that it applies to."""
    reranker: Reranker | None = None
    """None: the list is ordered by score."""
    offsets: tuple[tuple[ItemOffsets, Floats], ...] = ()
    """Values of single items, each with the (n_items,) values that it adds."""
    stated: StatedQuantities | None = None
    """What the user of the list says about prices, years and the like; None: nothing."""
    stated_weight: float = 0.0
    """What a preference of the user adds to a score at most."""

    def with_stated(
        self,
        stated: StatedQuantities,
        wish_weight: float,
        about: Mask | None = None,
        likeness: Floats | None = None,
    ) -> "CompiledRules":
        """Return the rules with what the user of a list says about quantities.

        Args:
            stated: What the user says.
            wish_weight: Weight of a full likeness to a wish.
            about: (n_items,) items that are about the topic of the user's words: "a cheap lamp"
                is cheap among lamps; None: all.
            likeness: (n_wishes, n_items) likeness of items and the topic; None: it has none.
        """
        restricted, allowed = stated.restrict(self.allowed, about)
        if likeness is not None:
            restricted = restricted.with_likeness(allowed, likeness)
        weight = PREFERENCE_SHARE * wish_weight
        return replace(self, allowed=allowed, stated=restricted, stated_weight=weight)

    def boost_values(self) -> Floats | None:
        """Return the (n_items,) values that boosts and offsets add; None without both."""
        added = [b.value * mask for b, mask in self.boosts]
        added += [values for _, values in self.offsets]
        return np.asarray(sum(added), dtype=np.float32) if added else None

    def stated_values(self) -> Floats | None:
        """Return the (n_items,) values that preferences of the user add; None: none."""
        found = [] if self.stated is None else self.stated.added_values()
        if not found:
            return None
        weight = np.float32(self.stated_weight)
        return np.asarray(weight * sum(values for _, values in found), dtype=np.float32)

    def added_values(self) -> Floats | None:
        """Return the (n_items,) values that rules and preferences add; None: none."""
        boosts, stated = self.boost_values(), self.stated_values()
        if boosts is None or stated is None:
            return stated if boosts is None else boosts
        return boosts + stated

    def boosts_of(self, row: int) -> list[Boost]:
        """Return the boosts that apply to one item."""
        return [boost for boost, mask in self.boosts if mask[row] and boost.value != 0]

    def offsets_of(self, row: int) -> list[tuple[ItemOffsets, float]]:
        """Return the offsets of one item that are not 0, with their values."""
        return [(one, float(added[row])) for one, added in self.offsets if added[row] != 0]


class RuleCompiler:
    """Compiles rules for a catalogue; filters and columns are evaluated once and cached.

    Args:
        frame: Catalogue, one row an item.
        items: The same catalogue, encoded.
        is_visible: (n_items,) whether an item may be recommended at all.
        fields: Types of the columns, as recognised at training.
        unlisted: (n_items,) items that are not in the catalogue; None: no item.
        unknown_items: Whether these may be in lists whose rules do not say.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        items: Items,
        is_visible: Mask,
        fields: Iterable[ContentField] = (),
        *,
        unlisted: Mask | None = None,
        unknown_items: UnknownItems = "exclude",
    ) -> None:
        self.filter_columns = FilterColumns(frame, fields)
        self.filter_engine = FilterEngine(self.filter_columns)
        self.quantity_reader = QuantityReader(QuantityColumns(self.filter_columns))
        self.availability = AvailabilityWindows.from_columns(self.filter_columns)
        self._items = items
        listed = is_visible if unlisted is None else is_visible & ~unlisted
        self._visible: dict[str, Mask] = {"exclude": listed, "recommend": is_visible}
        self._unknown_items: UnknownItems = unknown_items
        self._quota_columns: dict[str, sp.csr_array] = {}
        self._codes_by_column: dict[str, Rows] = {}

    def available(
        self, at: float | None = None, unknown_items: UnknownItems | None = None
    ) -> Mask:
        """Return the (n_items,) items that may be recommended at a time.

        Args:
            at: Epoch seconds; None: now.
            unknown_items: Whether items count that are not in the catalogue; None: as set for
                the catalogue.

        Returns:
            A shared mask that callers must not change.
        """
        visible = self._visible[unknown_items or self._unknown_items]
        if self.availability is None:
            return visible
        return visible & self.availability.available_at(time.time() if at is None else at)

    def compile(
        self, rules: Rules, self_information: Callable[[], Floats] | None = None
    ) -> CompiledRules:
        """Compile the rules of one list.

        Args:
            rules: The rules.
            self_information: Returns the (n_items,) self-information of the items, for the rule
                ``novelty``; None: 0 for all.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        boosts = tuple((b, self.filter_engine.mask(b.where, rules.at)) for b in rules.boosts)
        offsets = tuple((one, self._offset_values(one)) for one in rules.offsets)
        reranker = self._reranker(rules)
        if reranker is not None and rules.novelty > 0 and self_information is not None:
            reranker = replace(reranker, self_information=self_information())
        return CompiledRules(rules, self._allowed(rules), boosts, reranker, offsets)

    def _offset_values(self, offsets: ItemOffsets) -> Floats:
        """Return the (n_items,) values; ids that are not in the catalogue are ignored."""
        rows = self._items.ids.rows(list(offsets.values))
        added = np.array(list(offsets.values.values()), dtype=np.float32)
        values = np.zeros(len(self._items), dtype=np.float32)
        values[rows[rows >= 0]] = added[rows >= 0]
        return values

    def compile_each(
        self, rules: Sequence[Rules], self_information: Callable[[], Floats] | None = None
    ) -> list[CompiledRules]:
        """Compile the rules of several lists; equal rules give the same object.

        Args:
            rules: The rules.
            self_information: As for :meth:`compile`.

        Raises:
            FilterError: A filter cannot be parsed, or a column does not exist.
        """
        by_value: dict[Rules, CompiledRules] = {}
        by_id: dict[int, CompiledRules] = {}  # hashing rules with many items takes long
        for list_rules in rules:
            if id(list_rules) not in by_id:
                by_id[id(list_rules)] = by_value.get(list_rules) or by_value.setdefault(
                    list_rules, self.compile(list_rules, self_information)
                )
        return [by_id[id(list_rules)] for list_rules in rules]

    def _allowed(self, rules: Rules) -> Mask:
        allowed = self.available(rules.at, rules.unknown_items).copy()
        for mask in self._masks(rules).values():
            allowed &= mask
        return allowed

    def _masks(self, rules: Rules) -> dict[str, Mask]:
        """Return the (n_items,) allowed items of each rule that is used, by its name."""
        masks = {}
        if rules.where.strip():
            masks["where"] = self.filter_engine.mask(rules.where, rules.at)
        if rules.categories:
            column = self._category_column()
            masks["categories"] = self.filter_engine.mask_any_of(column, rules.categories)
        if rules.items is not None:
            masks["items"] = self._item_mask(rules.items)
        if rules.exclude:
            masks["exclude"] = ~self._item_mask(rules.exclude)
        return masks

    def obstacles(self, rules: Rules, row: int) -> list[str]:
        """Return the names of the rules that keep one item out of a list.

        Besides fields of :class:`Rules`: ``is_hidden``, ``availability`` (its period) and
        ``unknown_items`` (the catalogue does not have it).
        """
        found = []
        if not self._visible["recommend"][row]:
            found.append("is_hidden")
        elif not self._visible[rules.unknown_items or self._unknown_items][row]:
            found.append("unknown_items")
        elif not self.available(rules.at, rules.unknown_items)[row]:
            found.append("availability")
        return found + [name for name, mask in self._masks(rules).items() if not mask[row]]

    def _item_mask(self, ids: tuple[str, ...]) -> Mask:
        """Return the (n_items,) mask of some items; unknown ids are ignored."""
        rows = self._items.ids.rows(ids)
        unknown = np.flatnonzero(rows < 0)
        rows[unknown] = self._items.ids.rows(lookup_id(str(ids[at])) for at in unknown)
        mask = np.zeros(len(self._items), dtype=bool)
        mask[rows[rows >= 0]] = True
        return mask

    def _category_column(self) -> str:
        column = find_category_column(self.filter_columns.names)
        if column is None:
            raise FilterError(
                f"the catalogue has no category column ({', '.join(CATEGORY_COLUMNS)}); "
                "filter by another column with where, as in has(shelf, 'tea')"
            )
        return column

    def _reranker(self, rules: Rules) -> Reranker | None:
        if not rules.needs_reranking:
            return None
        return Reranker(
            self._items.blocks,
            rules.diversity,
            tuple(self._quota_constraint(quota, rules) for quota in rules.quotas),
            None if rules.distinct is None else self._value_codes(rules.distinct),
            rules.alike,
            rules.novelty,
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


def rules_of_users(
    rules: Rules | Sequence[Rules] | None,
    users: Sequence[str],
    items: Sequence[str] | None,
    where: str | None = "",
) -> dict[str, Rules]:
    """Return the rules of each user; of a user that is named twice, the first rules count.

    Args:
        rules: Rules for all users, or one for each of them; None: no rules.
        users: Ids.
        items: The only candidates; None: all that the rules allow.
        where: Filter that holds in addition to those of the rules; None: no filter.

    Raises:
        ConfigError: ``rules`` has another type or another length, or ``where`` is no text.
    """
    where = where or ""
    shared = Rules() if rules is None else rules
    if isinstance(shared, Rules):
        return dict.fromkeys(users, _restrict(shared, items, where))
    by_user: dict[str, Rules] = {}
    for user, user_rules in zip(users, _rules_per_user(shared, len(users)), strict=True):
        by_user.setdefault(user, _restrict(user_rules, items, where))
    return by_user


def candidates_of(rules: Iterable[Rules]) -> list[str]:
    """Return the items that rules name as candidates, each once."""
    distinct = {id(one): one.items for one in rules if one.items}
    return list(dict.fromkeys(item for items in distinct.values() for item in items))


def excluded_by(rules: Iterable[Rules]) -> list[str]:
    """Return the items that rules exclude by id, each once."""
    distinct = {id(one): one.exclude for one in rules if one.exclude}
    return list(dict.fromkeys(item for items in distinct.values() for item in items))


def with_popularity(rules: Mapping[str, Rules], popularity: float | None) -> dict[str, Rules]:
    """Return rules of which those without a ``popularity`` have the given one.

    Args:
        rules: Rules of each user.
        popularity: From 0 to 1; None changes nothing.

    Raises:
        ConfigError: ``popularity`` is not from 0 to 1.
    """
    if popularity is None:
        return dict(rules)
    changed = {
        id(one): replace(one, popularity=popularity) if one.popularity is None else one
        for one in rules.values()
    }
    return {user: changed[id(one)] for user, one in rules.items()}


def _rules_per_user(rules: Sequence[Rules], n_users: int) -> list[Rules]:
    if isinstance(rules, str | Mapping) or not isinstance(rules, Sequence):
        raise ConfigError(f"rules must be Rules, or a list of them, got {rules!r:.60}")
    for rule in rules:
        if not isinstance(rule, Rules):
            raise ConfigError(f"rules must be Rules values, got {rule!r:.60}")
    if len(rules) != n_users:
        raise ConfigError(
            f"rules must be one for all users or one for each: {len(rules)} rules for "
            f"{n_users} users"
        )
    return list(rules)


def _restrict(rules: Rules, items: Sequence[str] | None, where: str) -> Rules:
    """Return rules that allow only these items, of those that match the filter."""
    if Rules(where=where).where.strip():
        both = f"({rules.where}) and ({where})" if rules.where.strip() else where
        rules = replace(rules, where=both)
    if items is None:
        return rules
    allowed = items if rules.items is None else set(rules.items).intersection(items)
    return replace(rules, items=tuple(allowed))
