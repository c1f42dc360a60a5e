"""New items get into lists: which, for whom, with what chance; and what they were given."""

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
from daybreak.service.exploration.impressions import SECONDS_PER_DAY, Impressions
from daybreak.service.exploration.new_items import NewItemScorer, new_item_scorer
from daybreak.service.inputs.histories import Histories
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.ranker import QueryBatch, RankedLists
from daybreak.service.state.serving_state import ServingState
from daybreak.store import LoggedRecommendation, Store
from daybreak.types import Doubles, Floats, Mask, Rows

A = TypeVar("A", Rows, Floats)

MAX_NEW_ITEMS = 500
"""New items that are offered at a time, those that came first; others wait for them."""
REFRESH_INTERVAL_RATIO = 20.0
"""New items are looked for anew when so many times what it took has passed since."""
IMPRESSION_WINDOW_RATIO = 2.0
"""How long impressions are counted, in times of how long an item is new."""
MAX_CACHED_STATES = 4
"""Releases that may answer at a time."""


@dataclass(frozen=True, eq=False)
class BaseLists:
    """Answers as they would be without exploration: filtered, and in order."""

    state: ServingState
    """That answered."""
    histories: Histories
    """Of its users."""
    batch: QueryBatch
    lists: RankedLists
    candidates: Mask
    """(n_items,) or (n_users, n_items): what may be answered, beside what users have seen."""


@dataclass(frozen=True, eq=False)
class ExploredLists:
    """An answer after exploration: columns beside those of its places."""

    lists: RankedLists
    propensity: Doubles
    """(n_places,) chance that the item is in this list."""
    explored: Mask
    """(n_places,) whether it is there to be tried."""


@dataclass(frozen=True)
class ExposureStatus:
    """Whether the promises to new items can be kept."""

    new: int
    """Items that are new and still owed impressions."""
    needed: float
    """Impressions a day that would keep all promises."""
    given: float
    """Impressions that new items got in the last day."""
    missed: int
    """Items that did not get theirs, for as long again as they were new."""


class Explorer:
    """Puts new items into answers until each has had its impressions; thread-safe.

    Since when an item is new is its ``created_at``, else the moment at which an explorer first
    saw it in a catalogue; that is kept in the store.

    Args:
        store: Where recommendations are logged.
        budget: What new items are promised.
        options: Which places they may take.
        seed: With the id of an answer it makes its draws repeatable.
        clock: Returns epoch seconds.
    """

    refresh_interval_ratio = REFRESH_INTERVAL_RATIO
    """How long to wait, in times of what looking for new items takes; infinite: who asks never
    looks for them, :meth:`prepare` does."""

    def __init__(
        self,
        store: Store,
        *,
        budget: ExposureBudget | None = None,
        options: ExplorationConfig | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.budget = budget or ExposureBudget()
        self.options = options or ExplorationConfig()
        self.seed = seed
        self.impressions = Impressions(store, IMPRESSION_WINDOW_RATIO * self.budget.days, clock)
        self._clock = clock
        self._refresh_lock = threading.Lock()
        self._new_items: OrderedDict[int, _CachedNewItems] = OrderedDict()
        self.sync()

    def sync(self) -> None:
        """Count the answers that any process gave since the last time; call it now and then."""
        self.impressions.sync()

    def record(self, answers: Iterable[LoggedRecommendation]) -> None:
        """Count answers of this process at once; they go into the log as well."""
        self.impressions.record(answers)

    def forget(self, items: Iterable[str]) -> None:
        """Drop items that are gone."""
        self.impressions.forget(items)

    def prepare(
        self, shelf: ServingState, histories: Histories, *, always: bool = False
    ) -> None:
        """Get ready for a shelf before anybody asks: if anybody ever did, or always."""
        if self._new_items or always:
            self._current_new_items(
                shelf, histories, min(self.refresh_interval_ratio, REFRESH_INTERVAL_RATIO)
            )

    def explore(
        self, draft: BaseLists, k: int, keys: Sequence[str], wants: Mask | None = None
    ) -> ExploredLists:
        """Let new items take the open places of answers.

        Args:
            draft: The answers of before.
            k: Longest answer.
            keys: One for each user, such as the id of the answer; it makes draws repeatable.
            wants: (n_users,) whose answers may explore; default: all.
        """
        asked, places = draft.batch, draft.lists
        options = self.options.for_length(k)
        new, may = self.open_items(draft, wants) if options else (None, None)
        if options is None or new is None or may is None:
            return _unexplored(places)
        scores = new.scorer.score(asked.queries)
        spread = new.score_std(nearest_level(asked.queries.n_events))
        price = self.budget.bonus(self._age_days(new.since), self.impressions.counts(new.ids))
        hopes = ScorePosterior(scores + spread * price, spread.astype(np.float64))
        batch = _ExplorationBatch(places, new.rows, scores, hopes, may)
        rngs = [create_generator(self.seed, key) for key in keys]
        return _concatenate([batch.explored(n, k, options, rng) for n, rng in enumerate(rngs)])

    def open_items(
        self, draft: BaseLists, wants: Mask | None = None
    ) -> tuple[NewItemScorer, Mask] | tuple[None, None]:
        """Return the new items, and (n_users, n_new) which of them may be put into an answer.

        What is in the answer already, on its own merits, need not be put in.
        """
        asked, places = draft.batch, draft.lists
        wanted = np.ones(len(asked.users), dtype=bool) if wants is None else wants
        new = None
        if wanted.any():
            new = self._current_new_items(
                draft.state, draft.histories, self.refresh_interval_ratio
            )
        if new is None:
            return None, None
        still = self.budget.is_eligible(
            self._age_days(new.since), self.impressions.counts(new.ids)
        )
        if not still.any():
            return None, None
        may = _allowed_items(asked, draft.candidates, new.rows) & still & wanted[:, None]
        place = np.full(len(draft.state.catalogue.items), -1)
        place[new.rows] = np.arange(len(new.rows))
        mine = place[places.item]
        may[places.query[mine >= 0], mine[mine >= 0]] = False
        return new, may

    def exposure_status(self) -> ExposureStatus:
        """Return whether what is promised can be kept."""
        since = self.impressions.new_since(days=IMPRESSION_WINDOW_RATIO * self.budget.days)
        age = self._age_days(np.array(list(since.values())))
        given = self.impressions.counts(list(since))
        over = (age >= self.budget.days) & (given < self.budget.impressions)
        return ExposureStatus(
            int(self.budget.is_eligible(age, given).sum()),
            self.budget.required_per_day(age, given),
            float(self.impressions.count_last_day()),
            int(over.sum()),
        )

    def max_ndcg_loss(self, k: int) -> float:
        """Return the most NDCG@k that an answer can lose."""
        options = self.options.for_length(k)
        return max_ndcg_loss(k, options.ranks) if options else 0.0

    def _current_new_items(
        self, shelf: ServingState, histories: Histories, rest: float
    ) -> NewItemScorer | None:
        """Return the new items of a shelf; None: there are none, or they are being looked for.

        Who asks while another looks for them gets an answer without exploration, at once.
        """
        met = self._new_items.get(id(shelf.trained))
        if met is None or not met.is_current(shelf, rest):
            another = self._new_items and rest == math.inf
            if another or not self._refresh_lock.acquire(blocking=False):
                return None
            try:
                met = self._find_new_items(shelf, histories, met)
            finally:
                self._refresh_lock.release()
        still = met.scorer.since > self._clock() - self.budget.days * SECONDS_PER_DAY
        return met.scorer if still.any() else None

    def _find_new_items(
        self, shelf: ServingState, histories: Histories, before: "_CachedNewItems | None"
    ) -> "_CachedNewItems":
        """Look for the new items of a shelf: those that no model has learned from."""
        start = time.perf_counter()
        items = shelf.catalogue.items
        rows = np.flatnonzero(~shelf.ranker.is_known)
        created = (
            items.created_at[rows] if len(items.created_at) else np.full(len(rows), np.nan)
        )
        names = [items.ids.ids[row] for row in rows]
        self.impressions.register_new_items(dict(zip(names, created.tolist(), strict=True)))
        since = self.impressions.new_since(days=self.budget.days)
        given = self.impressions.counts(list(since))
        owed = given < self.budget.impressions
        open_ = {item: at for (item, at), one in zip(since.items(), owed, strict=True) if one}
        new = new_item_scorer(
            shelf, histories, open_, MAX_NEW_ITEMS, None if before is None else before.scorer
        )
        end = time.perf_counter()
        met = _CachedNewItems(
            new, shelf.catalogue, len(open_) > MAX_NEW_ITEMS, end, end - start
        )
        self._new_items[id(shelf.trained)] = met
        while len(self._new_items) > MAX_CACHED_STATES:
            self._new_items.popitem(last=False)
        return met

    def _age_days(self, since: Doubles) -> Doubles:
        """Return ages [days]."""
        return (self._clock() - since) / SECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class _CachedNewItems:
    """The new items of a shelf, and when they were looked for."""

    scorer: NewItemScorer
    catalogue: Catalogue
    has_more: bool
    """Whether there are more than can be offered at a time."""
    found_at: float
    took_s: float
    """[s]"""

    def is_current(self, shelf: ServingState, rest: float) -> bool:
        """Say whether they need not be looked for again.

        They must be when rows may have moved; otherwise only now and then.
        """
        mine, now = self.catalogue, shelf.catalogue
        if now is mine and not self.has_more:
            return True
        ids, rows = now.items.ids.ids, self.scorer.rows
        moved = len(ids) < len(mine.items) or any(
            ids[row] != item for row, item in zip(rows.tolist(), self.scorer.ids, strict=True)
        )
        return not moved and time.perf_counter() - self.found_at < rest * self.took_s


@dataclass(frozen=True, eq=False)
class _ExplorationBatch:
    """Answers before exploration, and the new items that may go into each."""

    places: RankedLists
    rows: Rows
    scores: Floats
    hopes: ScorePosterior
    allowed: Mask

    def explored(
        self, user: int, k: int, options: ExplorationConfig, rng: np.random.Generator
    ) -> tuple[RankedLists, Doubles, Mask]:
        """Return the answer of one user."""
        mine = np.flatnonzero(self.places.query == user)
        items, values = self.places.item[mine], self.places.score[mine]
        may = np.flatnonzero(self.allowed[user])
        if not len(may):
            length = len(mine)
            return _select(self.places, mine), np.ones(length), np.zeros(length, dtype=bool)
        hopes = ScorePosterior(self.hopes.mean[user, may], self.hopes.std[user, may])
        bars = [float(values[r - 1]) if r <= len(mine) else -np.inf for r in options.ranks]
        picks = sample_slots(hopes, bars, options, rng)
        done = merge_list(len(mine), k, picks)
        return (
            RankedLists(
                np.full(len(done.base_position), user),
                _merge_values(done, items, self.rows[may]),
                np.arange(1, len(done.base_position) + 1),
                _merge_values(done, values, self.scores[user, may]),
                self._moved(mine, done, len(may)),
            ),
            done.propensity,
            done.explored,
        )

    def _moved(self, mine: Rows, done: MergedList, n_new: int) -> list[str | None] | None:
        """Return which rules moved items; what is tried out was moved by none."""
        if self.places.moved_by is None:
            return None
        before = np.array([self.places.moved_by[row] for row in mine], dtype=object)
        moved: list[str | None] = _merge_values(done, before, np.full(n_new, None)).tolist()
        return moved


def _merge_values(done: MergedList, before: A, picked: A) -> A:
    """Return the values of what was there before and of the picks, in the order of the list."""
    both = np.concatenate([before, picked])
    return cast(
        A, both[np.where(done.explored, len(before) + done.new_item, done.base_position)]
    )


def _allowed_items(asked: QueryBatch, candidates: Mask, rows: Rows) -> Mask:
    """Return (n_users, n_new) which new items may be answered."""
    base = candidates[:, rows] if candidates.ndim == 2 else candidates[rows][None, :]
    allowed = np.repeat(base, len(asked.users), axis=0) if len(base) == 1 else base.copy()
    for pairs in asked.excluded:
        allowed[pairs[:, rows].nonzero()] = False
    return np.asarray(allowed, dtype=bool)


def _unexplored(places: RankedLists) -> ExploredLists:
    return ExploredLists(places, np.ones(len(places)), np.zeros(len(places), dtype=bool))


def _select(places: RankedLists, rows: Rows) -> RankedLists:
    moved = None if places.moved_by is None else [places.moved_by[row] for row in rows]
    return RankedLists(
        places.query[rows], places.item[rows], places.rank[rows], places.score[rows], moved
    )


def _concatenate(parts: Sequence[tuple[RankedLists, Doubles, Mask]]) -> ExploredLists:
    lists = [part[0] for part in parts]
    places = RankedLists(
        np.concatenate([one.query for one in lists]),
        np.concatenate([one.item for one in lists]),
        np.concatenate([one.rank for one in lists]),
        np.concatenate([one.score for one in lists]).astype(np.float32),
        [moved for one in lists for moved in one.moved_by or [None] * len(one)],
    )
    return ExploredLists(
        places,
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )
