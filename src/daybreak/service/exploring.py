"""New items get into lists: which, for whom, with what chance; and what they were given."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from daybreak.service.histories import Histories
from daybreak.service.newcomers import Newcomers, newcomers
from daybreak.service.shelf import Shelf
from daybreak.store.journal import Answer, Journal
from daybreak.types import Doubles, Floats, Mask, Rows

A = TypeVar("A", Rows, Floats)

KIND = "exposure"
"""Of the records in which it is kept since when an item is new."""
DAY = 86_400.0
MOST = 500
"""New items that are offered at a time, those that came first; others wait for them."""
GRACE_S = 5.0
"""[s] Answers younger than this may still be on their way into the journal."""


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
    """Items that are not new any more and did not get theirs."""


@dataclass
class _Counts:
    """What items were given: read from the journal up to a moment, and own answers since."""

    upto: float = 0.0
    given: Counter[str] = field(default_factory=Counter)
    own: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)
    """By answer: when, and the new items in it."""
    late: list[tuple[float, int]] = field(default_factory=list)
    """When how many were given, for the last day."""


class Explorer:
    """Puts new items into answers until each has had its impressions; thread-safe.

    What an item was given is counted from the answers in the journal, so any process, started
    at any time, comes to the same counts. Since when an item is new is its ``created_at``, else
    the moment at which an explorer first saw it in a catalogue; that is kept in the journal.

    Args:
        journal: Of the store.
        budget: What new items are promised.
        options: Which places they may take.
        seed: With the id of an answer it makes its draws repeatable.
        clock: Returns epoch seconds.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        budget: Budget | None = None,
        options: Exploring | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.journal = journal
        self.budget = budget or Budget()
        self.options = options or Exploring()
        self.seed = seed
        self._clock = clock
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._counts = _Counts()
        self._new: Newcomers | None = None
        self._read_records()
        self.sync()

    def sync(self) -> None:
        """Count the answers that any process gave since the last time; call it now and then."""
        now = self._clock()
        since = self._counts.upto or now - self.budget.days * DAY
        until = now - GRACE_S
        if until <= since or not self._started:
            return
        answers = self.journal.answers(since=since, until=until)
        with self._lock:
            for answer in answers:
                self._add(answer)
            counts = self._counts
            counts.upto = until
            counts.own = {id_: one for id_, one in counts.own.items() if one[0] >= until}
            counts.late = [one for one in counts.late if one[0] >= now - DAY]

    def record(self, answers: Iterable[Answer]) -> None:
        """Count answers of this process at once; they go to the journal as well."""
        with self._lock:
            for answer in answers:
                shown = tuple(i.item_id for i in answer.shown if i.item_id in self._started)
                if shown and not answer.shadow:
                    self._counts.own[answer.id] = (answer.at, shown)

    def given(self, items: Sequence[str]) -> Doubles:
        """Return how many impressions items had since they are new."""
        with self._lock:
            own = Counter(item for _, shown in self._counts.own.values() for item in shown)
            return np.array([self._counts.given[i] + own[i] for i in items], dtype=np.float64)

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
        new, may = self.open(draft, want)
        if new is None or may is None:
            return _as_it_was(places)
        scores = new.scorer.score(asked.queries)
        spread = new.spreads(level_of(asked.queries.n_events))
        price = self.budget.price(self._age(new.since), self.given(new.ids))
        hopes = Hopes(scores + spread * price, spread.astype(np.float64))
        batch = _Batch(places, new.rows, scores, hopes, may)
        rngs = [stream(self.seed, key) for key in keys]
        return _joined([batch.explored(n, k, self.options, rng) for n, rng in enumerate(rngs)])

    def open(
        self, draft: Draft, want: Mask | None = None
    ) -> tuple[Newcomers, Mask] | tuple[None, None]:
        """Return the new items, and (n_users, n_new) which of them may be put into an answer.

        What is in the answer already, on its own merits, need not be put in.
        """
        asked, places = draft.asked, draft.places
        wanted = np.ones(len(asked.users), dtype=bool) if want is None else want
        new = self._newcomers(draft.shelf, draft.histories) if wanted.any() else None
        if new is None:
            return None, None
        still = self.budget.open(self._age(new.since), self.given(new.ids))
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
        with self._lock:
            started = dict(self._started)
            late = sum(n for at, n in self._counts.late if at >= self._clock() - DAY)
        items = list(started)
        age = self._age(np.array([started[i] for i in items]))
        given = self.given(items)
        over = (age >= self.budget.days) & (given < self.budget.impressions)
        return Outlook(
            int(self.budget.open(age, given).sum()),
            self.budget.needed(age, given),
            float(late),
            int(over.sum()),
        )

    def most_lost(self, k: int) -> float:
        """Return the most NDCG@k that an answer can lose."""
        return most_lost(k, self.options.ranks)

    def forget(self, items: Iterable[str]) -> None:
        """Drop items that are gone."""
        gone = {item: None for item in items if item in self._started}
        if gone:
            self.journal.put_records(KIND, gone)
            with self._lock:
                for item in gone:
                    self._started.pop(item, None)

    def _newcomers(self, shelf: Shelf, histories: Histories) -> Newcomers | None:
        with self._lock:
            new = self._new
            if new is None or not new.holds(shelf, self._clock() - self.budget.days * DAY):
                self._meet(shelf)
                new = newcomers(shelf, histories, self._open_since(), MOST, new)
                self._new = new
            return new if len(new.rows) else None

    def _age(self, since: Doubles) -> Doubles:
        """Return ages [days]."""
        return (self._clock() - since) / DAY

    def _open_since(self) -> Mapping[str, float]:
        """Return since when items are new that still are."""
        oldest = self._clock() - self.budget.days * DAY
        return {item: at for item, at in self._started.items() if at > oldest}

    def _meet(self, shelf: Shelf) -> None:
        """Remember since when the items are new that no model has learned from."""
        now = self._clock()
        ids = shelf.catalogue.items.ids.ids
        created = shelf.catalogue.items.created_at
        fresh = {}
        for row in np.flatnonzero(~shelf.answers.learned).tolist():
            if ids[row] not in self._started:
                at = float(created[row]) if row < len(created) else np.nan
                fresh[ids[row]] = now if np.isnan(at) else min(at, now)
        if fresh:
            self._started |= fresh
            if min(fresh.values()) < self._counts.upto:  # what they got before counts, too
                self._counts = _Counts(own=self._counts.own)
            self.journal.put_records(KIND, {i: {"since": at} for i, at in fresh.items()})

    def _read_records(self) -> None:
        records = self.journal.records(KIND)
        self._started = {item: float(one["since"]) for item, one in records.items()}

    def _add(self, answer: Answer) -> None:
        if answer.shadow:
            return
        since = self._started
        items = [one.item_id for one in answer.shown if one.item_id in since]
        shown = [item for item in items if answer.at >= since[item]]
        if shown:
            self._counts.given.update(shown)
            self._counts.late.append((answer.at, len(shown)))


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
        ranks = [rank for rank in options.ranks if rank <= k]
        bars = [float(values[r - 1]) if r <= len(mine) else -np.inf for r in ranks]
        picks = pick_all(hopes, bars, options, rng) if ranks else []
        done = arranged(len(mine), k, picks)
        return (
            Places(
                np.full(len(done.base), user),
                _either(done, items, self.rows[may]),
                np.arange(1, len(done.base) + 1),
                _either(done, values, self.scores[user, may]),
            ),
            done.chance,
            done.explored,
        )


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
    return Places(places.who[rows], places.item[rows], places.rank[rows], places.score[rows])


def _joined(parts: Sequence[tuple[Places, Doubles, Mask]]) -> Chosen:
    lists = [part[0] for part in parts]
    places = Places(
        np.concatenate([one.who for one in lists]),
        np.concatenate([one.item for one in lists]),
        np.concatenate([one.rank for one in lists]),
        np.concatenate([one.score for one in lists]).astype(np.float32),
    )
    return Chosen(
        places,
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )
