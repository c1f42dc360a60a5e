"""New items get into lists: which, for whom, with what chance; and what they were given."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np

from daybreak.ranking.blend import level_of
from daybreak.ranking.exploration import (
    Arranged,
    Exploring,
    Hopes,
    arranged,
    most_lost,
    pick_all,
)
from daybreak.ranking.exposure import Budget
from daybreak.rng import stream
from daybreak.service.answers import Asked, Places
from daybreak.service.catalogue import Catalogue
from daybreak.service.histories import Histories
from daybreak.service.impressions import DAY, Impressions
from daybreak.service.newcomers import Newcomers, newcomers
from daybreak.service.shelf import Shelf
from daybreak.store.journal import Answer, Journal
from daybreak.types import Doubles, Floats, Mask, Rows

A = TypeVar("A", Rows, Floats)

MOST = 500
"""New items that are offered at a time, those that came first; others wait for them."""
REST = 20.0
"""New items are looked for anew when so many times what it took has passed since."""
KEPT = 2.0
"""How long impressions are counted, in times of how long an item is new."""
SHELVES = 4
"""Releases that may answer at a time."""


@dataclass(frozen=True, eq=False)
class Draft:
    """Answers as they would be without exploration: filtered, and in order."""

    shelf: Shelf
    """That answered."""
    histories: Histories
    """Of its users."""
    asked: Asked
    places: Places
    candidates: Mask
    """(n_items,) or (n_users, n_items): what may be answered, beside what users have seen."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """An answer after exploration: columns beside those of its places."""

    places: Places
    propensity: Doubles
    """(n_places,) chance that the item is in this list."""
    explored: Mask
    """(n_places,) whether it is there to be tried."""


@dataclass(frozen=True)
class Outlook:
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
    saw it in a catalogue; that is kept in the journal.

    Args:
        journal: Of the store.
        budget: What new items are promised.
        options: Which places they may take.
        seed: With the id of an answer it makes its draws repeatable.
        clock: Returns epoch seconds.
    """

    rest = REST
    """How long to wait, in times of what looking for new items takes; infinite: who asks never
    looks for them, :meth:`prepare` does."""

    def __init__(
        self,
        journal: Journal,
        *,
        budget: Budget | None = None,
        options: Exploring | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.budget = budget or Budget()
        self.options = options or Exploring()
        self.seed = seed
        self.impressions = Impressions(journal, KEPT * self.budget.days, clock)
        self._clock = clock
        self._turn = threading.Lock()
        self._new: OrderedDict[int, _Met] = OrderedDict()
        self.sync()

    def sync(self) -> None:
        """Count the answers that any process gave since the last time; call it now and then."""
        self.impressions.sync()

    def record(self, answers: Iterable[Answer]) -> None:
        """Count answers of this process at once; they go into the journal as well."""
        self.impressions.record(answers)

    def forget(self, items: Iterable[str]) -> None:
        """Drop items that are gone."""
        self.impressions.forget(items)

    def prepare(self, shelf: Shelf, histories: Histories, *, always: bool = False) -> None:
        """Get ready for a shelf before anybody asks: if anybody ever did, or always."""
        if self._new or always:
            self._newcomers(shelf, histories, min(self.rest, REST))

    def choose(
        self, draft: Draft, k: int, keys: Sequence[str], want: Mask | None = None
    ) -> Chosen:
        """Let new items take the open places of answers.

        Args:
            draft: The answers of before.
            k: Longest answer.
            keys: One for each user, such as the id of the answer; it makes draws repeatable.
            want: (n_users,) whose answers may explore; default: all.
        """
        asked, places = draft.asked, draft.places
        options = self.options.within(k)
        new, may = self.open(draft, want) if options else (None, None)
        if options is None or new is None or may is None:
            return _as_it_was(places)
        scores = new.scorer.score(asked.queries)
        spread = new.spreads(level_of(asked.queries.n_events))
        price = self.budget.price(self._age(new.since), self.impressions.given(new.ids))
        hopes = Hopes(scores + spread * price, spread.astype(np.float64))
        batch = _Batch(places, new.rows, scores, hopes, may)
        rngs = [stream(self.seed, key) for key in keys]
        return _joined([batch.explored(n, k, options, rng) for n, rng in enumerate(rngs)])

    def open(
        self, draft: Draft, want: Mask | None = None
    ) -> tuple[Newcomers, Mask] | tuple[None, None]:
        """Return the new items, and (n_users, n_new) which of them may be put into an answer.

        What is in the answer already, on its own merits, need not be put in.
        """
        asked, places = draft.asked, draft.places
        wanted = np.ones(len(asked.users), dtype=bool) if want is None else want
        new = None
        if wanted.any():
            new = self._newcomers(draft.shelf, draft.histories, self.rest)
        if new is None:
            return None, None
        still = self.budget.open(self._age(new.since), self.impressions.given(new.ids))
        if not still.any():
            return None, None
        may = _allowed(asked, draft.candidates, new.rows) & still & wanted[:, None]
        place = np.full(len(draft.shelf.catalogue.items), -1)
        place[new.rows] = np.arange(len(new.rows))
        mine = place[places.item]
        may[places.who[mine >= 0], mine[mine >= 0]] = False
        return new, may

    def outlook(self) -> Outlook:
        """Return whether what is promised can be kept."""
        since = self.impressions.since(days=KEPT * self.budget.days)
        age = self._age(np.array(list(since.values())))
        given = self.impressions.given(list(since))
        over = (age >= self.budget.days) & (given < self.budget.impressions)
        return Outlook(
            int(self.budget.open(age, given).sum()),
            self.budget.needed(age, given),
            float(self.impressions.lately()),
            int(over.sum()),
        )

    def most_lost(self, k: int) -> float:
        """Return the most NDCG@k that an answer can lose."""
        options = self.options.within(k)
        return most_lost(k, options.ranks) if options else 0.0

    def _newcomers(self, shelf: Shelf, histories: Histories, rest: float) -> Newcomers | None:
        """Return the new items of a shelf; None: there are none, or they are being looked for.

        Who asks while another looks for them gets an answer without exploration, at once.
        """
        met = self._new.get(id(shelf.learned))
        if met is None or not met.holds(shelf, rest):
            another = self._new and rest == math.inf
            if another or not self._turn.acquire(blocking=False):
                return None
            try:
                met = self._meet(shelf, histories, met)
            finally:
                self._turn.release()
        still = met.new.since > self._clock() - self.budget.days * DAY
        return met.new if still.any() else None

    def _meet(self, shelf: Shelf, histories: Histories, before: "_Met | None") -> "_Met":
        """Look for the new items of a shelf: those that no model has learned from."""
        start = time.perf_counter()
        items = shelf.catalogue.items
        rows = np.flatnonzero(~shelf.answers.learned)
        created = (
            items.created_at[rows] if len(items.created_at) else np.full(len(rows), np.nan)
        )
        names = [items.ids.ids[row] for row in rows]
        self.impressions.meet(dict(zip(names, created.tolist(), strict=True)))
        since = self.impressions.since(days=self.budget.days)
        given = self.impressions.given(list(since))
        owed = given < self.budget.impressions
        open_ = {item: at for (item, at), one in zip(since.items(), owed, strict=True) if one}
        new = newcomers(shelf, histories, open_, MOST, None if before is None else before.new)
        end = time.perf_counter()
        met = _Met(new, shelf.catalogue, len(open_) > MOST, end, end - start)
        self._new[id(shelf.learned)] = met
        while len(self._new) > SHELVES:
            self._new.popitem(last=False)
        return met

    def _age(self, since: Doubles) -> Doubles:
        """Return ages [days]."""
        return (self._clock() - since) / DAY


@dataclass(frozen=True, eq=False)
class _Met:
    """The new items of a shelf, and when they were looked for."""

    new: Newcomers
    catalogue: Catalogue
    waiting: bool
    """Whether there are more than can be offered at a time."""
    at: float
    took: float
    """[s]"""

    def holds(self, shelf: Shelf, rest: float) -> bool:
        """Say whether they need not be looked for again.

        They must be when rows may have moved; otherwise only now and then.
        """
        mine, now = self.catalogue, shelf.catalogue
        if now is mine and not self.waiting:
            return True
        ids, rows = now.items.ids.ids, self.new.rows
        moved = len(ids) < len(mine.items) or any(
            ids[row] != item for row, item in zip(rows.tolist(), self.new.ids, strict=True)
        )
        return not moved and time.perf_counter() - self.at < rest * self.took


@dataclass(frozen=True, eq=False)
class _Batch:
    """Answers before exploration, and the new items that may go into each."""

    places: Places
    rows: Rows
    scores: Floats
    hopes: Hopes
    allowed: Mask

    def explored(
        self, user: int, k: int, options: Exploring, rng: np.random.Generator
    ) -> tuple[Places, Doubles, Mask]:
        """Return the answer of one user."""
        mine = np.flatnonzero(self.places.who == user)
        items, values = self.places.item[mine], self.places.score[mine]
        may = np.flatnonzero(self.allowed[user])
        if not len(may):
            length = len(mine)
            return _some(self.places, mine), np.ones(length), np.zeros(length, dtype=bool)
        hopes = Hopes(self.hopes.mean[user, may], self.hopes.spread[user, may])
        bars = [float(values[r - 1]) if r <= len(mine) else -np.inf for r in options.ranks]
        picks = pick_all(hopes, bars, options, rng)
        done = arranged(len(mine), k, picks)
        return (
            Places(
                np.full(len(done.base), user),
                _either(done, items, self.rows[may]),
                np.arange(1, len(done.base) + 1),
                _either(done, values, self.scores[user, may]),
                self._moved(mine, done, len(may)),
            ),
            done.chance,
            done.explored,
        )

    def _moved(self, mine: Rows, done: Arranged, n_new: int) -> list[str | None] | None:
        """Return which rules moved items; what is tried out was moved by none."""
        if self.places.moved is None:
            return None
        before = np.array([self.places.moved[row] for row in mine], dtype=object)
        moved: list[str | None] = _either(done, before, np.full(n_new, None)).tolist()
        return moved


def _either(done: Arranged, before: A, picked: A) -> A:
    """Return the values of what was there before and of the picks, in the order of the list."""
    both = np.concatenate([before, picked])
    return cast(A, both[np.where(done.explored, len(before) + done.chosen, done.base)])


def _allowed(asked: Asked, candidates: Mask, rows: Rows) -> Mask:
    """Return (n_users, n_new) which new items may be answered."""
    base = candidates[:, rows] if candidates.ndim == 2 else candidates[rows][None, :]
    allowed = np.repeat(base, len(asked.users), axis=0) if len(base) == 1 else base.copy()
    for pairs in asked.without:
        allowed[pairs[:, rows].nonzero()] = False
    return np.asarray(allowed, dtype=bool)


def _as_it_was(places: Places) -> Chosen:
    return Chosen(places, np.ones(len(places)), np.zeros(len(places), dtype=bool))


def _some(places: Places, rows: Rows) -> Places:
    moved = None if places.moved is None else [places.moved[row] for row in rows]
    return Places(
        places.who[rows], places.item[rows], places.rank[rows], places.score[rows], moved
    )


def _joined(parts: Sequence[tuple[Places, Doubles, Mask]]) -> Chosen:
    lists = [part[0] for part in parts]
    places = Places(
        np.concatenate([one.who for one in lists]),
        np.concatenate([one.item for one in lists]),
        np.concatenate([one.rank for one in lists]),
        np.concatenate([one.score for one in lists]).astype(np.float32),
        [moved for one in lists for moved in one.moved or [None] * len(one)],
    )
    return Chosen(
        places,
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )
