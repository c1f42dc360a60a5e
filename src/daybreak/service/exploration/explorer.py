"""Exploration: puts new items into lists until each has had its impressions.

:meth:`Explorer.explore` is one step between ranking and the response. It changes ranked lists,
and adds the probability that each item is in its list.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np

from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import (
    ExplorationConfig,
    MergedList,
    ScorePosterior,
    max_ndcg_loss,
    merge_list,
    sample_slots,
)
from daybreak.rng import create_generator
from daybreak.service.exploration.impressions import (
    SECONDS_PER_DAY,
    ExposureStore,
    Impressions,
)
from daybreak.service.exploration.new_items import NewItemScorer, new_item_scorer
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.ranker import RankedLists
from daybreak.service.state.serving_state import ServingState
from daybreak.store import LoggedRecommendation
from daybreak.types import Doubles, Floats, Mask, Rows

A = TypeVar("A", Rows, Floats)

MAX_NEW_ITEMS = 500
"""Largest number of new items that are explored at a time; the earliest come first."""
REFRESH_INTERVAL_RATIO = 20.0
"""Time between two searches for new items, as a multiple of the duration of a search."""
IMPRESSION_WINDOW_RATIO = 2.0
"""Period in which impressions are counted, as a multiple of the days an item is new."""
MAX_CACHED_STATES = 4
"""Largest number of trained models whose new items are cached."""


@dataclass(frozen=True)
class ExposureStatus:
    """Impressions that new items need, and have had."""

    new: int
    """New items that have not had all their impressions."""
    needed: float
    """Impressions per day that would give every new item its impressions in time."""
    given: float
    """Impressions of new items in the last day."""
    missed: int
    """Items that did not get their impressions in time."""


class Explorer:
    """Puts new items into lists until each has had its impressions; thread-safe.

    An item is new since its ``created_at``, else since an explorer first saw it in a catalogue;
    that time is stored in the store.

    Args:
        store: Store that logs recommendations.
        budget: Impressions promised to new items.
        options: Ranks that new items may take.
        seed: Seed; together with the key of a list it determines the draws.
        clock: Returns epoch seconds.
        refresh_interval_ratio: Time between two searches for new items, as a multiple of the
            duration of a search. Infinite: requests never search, :meth:`prepare` does.
    """

    def __init__(
        self,
        store: ExposureStore,
        *,
        budget: ExposureBudget | None = None,
        options: ExplorationConfig | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        refresh_interval_ratio: float = REFRESH_INTERVAL_RATIO,
    ) -> None:
        self.budget = budget or ExposureBudget()
        self.options = options or ExplorationConfig()
        self.seed = seed
        self.refresh_interval_ratio = refresh_interval_ratio
        self.impressions = Impressions(store, IMPRESSION_WINDOW_RATIO * self.budget.days, clock)
        self._clock = clock
        self._refresh_lock = threading.Lock()
        self._new_items: OrderedDict[int, _CachedNewItems] = OrderedDict()
        self.sync()

    def explore(
        self,
        state: ServingState,
        batch: QueryBatch,
        lists: RankedLists,
        keys: Sequence[str],
        is_requested: Mask | None = None,
    ) -> RankedLists:
        """Let new items take the open ranks of lists.

        Args:
            state: State that ranked the lists.
            batch: Batch of the lists; all lists have the same length.
            lists: Ranked lists without exploration.
            keys: A key for each list, such as its id; it determines the draws.
            is_requested: (n_queries,) lists that may be explored; default: all.
        """
        k = max(batch.k, default=0)
        options = self.options.for_length(k) if k else None
        if options is None:
            return lists
        new_items, allowed = self.open_items(state, batch, lists, is_requested)
        if new_items is None or allowed is None:
            return lists
        scores = new_items.scorer.score(batch.queries)
        std = new_items.score_std(nearest_level(batch.queries.n_events))
        bonus = self.budget.bonus(
            self._age_days(new_items.since), self.impressions.counts(new_items.ids)
        )
        posterior = ScorePosterior(scores + std * bonus, std.astype(np.float64))
        exploration = _ExplorationBatch(lists, new_items.rows, scores, posterior, allowed)
        generators = [create_generator(self.seed, key) for key in keys]
        return RankedLists.concatenate(
            [exploration.explored(q, k, options, rng) for q, rng in enumerate(generators)]
        )

    def open_items(
        self,
        state: ServingState,
        batch: QueryBatch,
        lists: RankedLists,
        is_requested: Mask | None = None,
    ) -> tuple[NewItemScorer, Mask] | tuple[None, None]:
        """Return the new items, and (n_queries, n_new) which of them may be put into a list.

        An item that is in the list already is not put in again.
        """
        is_explored = np.ones(len(batch), dtype=bool) if is_requested is None else is_requested
        new_items = None
        if is_explored.any():
            new_items = self._current_new_items(state, self.refresh_interval_ratio)
        if new_items is None:
            return None, None
        is_eligible = self.budget.is_eligible(
            self._age_days(new_items.since), self.impressions.counts(new_items.ids)
        )
        if not is_eligible.any():
            return None, None
        allowed = _allowed_items(batch, new_items.rows) & is_eligible & is_explored[:, None]
        column = np.full(len(state.catalogue.items), -1)
        column[new_items.rows] = np.arange(len(new_items.rows))
        listed_columns = column[lists.item]
        allowed[lists.query[listed_columns >= 0], listed_columns[listed_columns >= 0]] = False
        return new_items, allowed

    def prepare(self, state: ServingState, *, always: bool = False) -> None:
        """Find the new items of a state before a request needs them.

        Args:
            state: State that answers.
            always: Whether to do so although no list was explored yet.
        """
        if self._new_items or always:
            self._current_new_items(
                state, min(self.refresh_interval_ratio, REFRESH_INTERVAL_RATIO)
            )

    def sync(self) -> None:
        """Count the logged impressions since the last call, of all processes."""
        self.impressions.sync()

    def record(self, answers: Iterable[LoggedRecommendation]) -> None:
        """Count the impressions of this process; they are written to the log as well."""
        self.impressions.record(answers)

    def forget(self, items: Iterable[str]) -> None:
        """Remove deleted items."""
        self.impressions.forget(items)

    def exposure_status(self) -> ExposureStatus:
        """Return whether the promised impressions can be given."""
        since = self.impressions.new_since(days=IMPRESSION_WINDOW_RATIO * self.budget.days)
        age = self._age_days(np.array(list(since.values())))
        counts = self.impressions.counts(list(since))
        over = (age >= self.budget.days) & (counts < self.budget.impressions)
        return ExposureStatus(
            int(self.budget.is_eligible(age, counts).sum()),
            self.budget.required_per_day(age, counts),
            float(self.impressions.count_last_day()),
            int(over.sum()),
        )

    def max_ndcg_loss(self, k: int) -> float:
        """Return the largest NDCG@k that exploration can cost one list."""
        options = self.options.for_length(k)
        return max_ndcg_loss(k, options.ranks) if options else 0.0

    def _current_new_items(
        self, state: ServingState, refresh_interval_ratio: float
    ) -> NewItemScorer | None:
        """Return the new items of a state; None: there are none, or a search is under way.

        A request that comes during a search is answered at once, without exploration.
        """
        cached = self._new_items.get(id(state.trained))
        if cached is None or not cached.is_current(state, refresh_interval_ratio):
            waits = self._new_items and refresh_interval_ratio == math.inf
            if waits or not self._refresh_lock.acquire(blocking=False):
                return None
            try:
                cached = self._find_new_items(state, cached)
            finally:
                self._refresh_lock.release()
        is_new = cached.scorer.since > self._clock() - self.budget.days * SECONDS_PER_DAY
        return cached.scorer if is_new.any() else None

    def _find_new_items(
        self, state: ServingState, last: "_CachedNewItems | None"
    ) -> "_CachedNewItems":
        """Find the new items of a state: those that no model was trained on."""
        start = time.perf_counter()
        items = state.catalogue.items
        rows = np.flatnonzero(~state.ranker.is_known)
        created = (
            items.created_at[rows] if len(items.created_at) else np.full(len(rows), np.nan)
        )
        names = [items.ids.ids[row] for row in rows]
        self.impressions.register_new_items(dict(zip(names, created.tolist(), strict=True)))
        since = self.impressions.new_since(days=self.budget.days)
        counts = self.impressions.counts(list(since))
        owed = counts < self.budget.impressions
        open_ = {
            item: at for (item, at), is_owed in zip(since.items(), owed, strict=True) if is_owed
        }
        new_items = new_item_scorer(
            state, open_, MAX_NEW_ITEMS, None if last is None else last.scorer
        )
        end = time.perf_counter()
        cached = _CachedNewItems(
            new_items, state.catalogue, len(open_) > MAX_NEW_ITEMS, end, end - start
        )
        self._new_items[id(state.trained)] = cached
        while len(self._new_items) > MAX_CACHED_STATES:
            self._new_items.popitem(last=False)
        return cached

    def _age_days(self, since: Doubles) -> Doubles:
        """Return ages in days."""
        return (self._clock() - since) / SECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class _CachedNewItems:
    """New items of a state, and when they were found."""

    scorer: NewItemScorer
    catalogue: Catalogue
    has_more: bool
    """Whether there are more than are explored at a time."""
    found_at: float
    """Reading of the performance counter [s]."""
    took_s: float
    """Duration of the search [s]."""

    def is_current(self, state: ServingState, refresh_interval_ratio: float) -> bool:
        """Return whether no new search is needed.

        A search is needed when rows of the catalogue may have changed, or when the interval
        is over.
        """
        cached, current = self.catalogue, state.catalogue
        if current is cached and not self.has_more:
            return True
        ids, rows = current.items.ids.ids, self.scorer.rows
        has_changed_rows = len(ids) < len(cached.items) or any(
            ids[row] != item for row, item in zip(rows.tolist(), self.scorer.ids, strict=True)
        )
        age_s = time.perf_counter() - self.found_at
        return not has_changed_rows and age_s < refresh_interval_ratio * self.took_s


@dataclass(frozen=True, eq=False)
class _ExplorationBatch:
    """Ranked lists, and the new items that may go into each."""

    lists: RankedLists
    rows: Rows
    """(n_new,) rows of the new items in the catalogue."""
    scores: Floats
    """(n_queries, n_new)"""
    posterior: ScorePosterior
    allowed: Mask
    """(n_queries, n_new)"""

    def explored(
        self, query: int, k: int, options: ExplorationConfig, rng: np.random.Generator
    ) -> RankedLists:
        """Return the list of one query after exploration."""
        base = self.lists.take(np.flatnonzero(self.lists.query == query))
        new_items = np.flatnonzero(self.allowed[query])
        if not len(new_items):
            return base
        posterior = ScorePosterior(
            self.posterior.mean[query, new_items], self.posterior.std[query, new_items]
        )
        thresholds = [
            float(base.score[rank - 1]) if rank <= len(base) else -np.inf
            for rank in options.ranks
        ]
        merged = merge_list(len(base), k, sample_slots(posterior, thresholds, options, rng))
        moved_by = np.array(base.moved_by, dtype=object)
        return RankedLists(
            np.full(len(merged.base_position), query),
            _merge_values(merged, base.item, self.rows[new_items]),
            np.arange(1, len(merged.base_position) + 1),
            _merge_values(merged, base.score, self.scores[query, new_items]),
            _merge_values(merged, moved_by, np.full(len(new_items), None)).tolist(),
            merged.propensity,
            merged.explored,
        )


def _merge_values(merged: MergedList, base: A, added: A) -> A:
    """Return values of the base list and of the new items, in the order of the merged list."""
    values = np.concatenate([base, added])
    return cast(
        A,
        values[np.where(merged.explored, len(base) + merged.new_item, merged.base_position)],
    )


def _allowed_items(batch: QueryBatch, rows: Rows) -> Mask:
    """Return the (n_queries, n_new) new items that rules and exclusions allow."""
    allowed = np.stack([rules.allowed[rows] for rules in batch.rules])
    allowed[batch.excluded[:, rows].nonzero()] = False
    return allowed
