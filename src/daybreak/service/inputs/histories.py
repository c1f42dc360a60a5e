"""Histories of users by catalogue row, and the events that are added to them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EVENT_COLUMNS
from daybreak.data.columns import RATING_TYPE, find_value_column, is_rating_column
from daybreak.data.dataset import Events
from daybreak.data.event_log import EventLog, slice_owners
from daybreak.data.exclusion import SignedType
from daybreak.data.rules import ResolvedRules
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import DataError
from daybreak.service.inputs.frames import as_frame
from daybreak.types import Doubles, Mask, Rows, Sparse

UnsortedEvent: TypeAlias = tuple[int, float, SignedType]
"""Item row, time, and type with sign of an event."""
MAX_ROWWISE_EVENTS = 200
"""Largest number of events that are read one by one; a polars query would take longer."""
MAX_UNSORTED_EVENTS = 2_000
"""Largest number of events that are added without sorting."""


@dataclass(frozen=True, eq=False)
class EventRows:
    """Events on items of the catalogue, as parallel columns in order of arrival."""

    users: list[str]
    item: Rows
    at: Doubles
    """Epoch seconds; infinite if unknown, as the event is then the latest."""
    kinds: list[SignedType]
    """Type and sign of each event."""

    @cached_property
    def is_positive(self) -> Mask:
        """(n_events,) whether the event is positive."""
        return np.array([sign > 0 for _, sign in self.kinds], dtype=bool)

    def __len__(self) -> int:
        return len(self.users)


class RequestEvents(NamedTuple):
    """Events of a batch of requests, as parallel columns."""

    query: Rows
    """Positions in the batch."""
    item: Rows
    at: Doubles
    """Epoch seconds."""
    kinds: list[SignedType]
    """Type and sign of each event."""


def positive_events(events: pl.DataFrame, rules: ResolvedRules) -> pl.DataFrame:
    """Return the events that are positive.

    Args:
        events: Frame of ``user_id, item_id`` and, if known, ``value, event_type``.
        rules: Decide which events are positive.
    """
    frame = _with_value(events)
    missing = [name for name in ("event_type", "value") if name not in frame.columns]
    frame = frame.with_columns(
        pl.lit(None, EVENT_COLUMNS[name]).alias(name) for name in missing
    )
    return events.filter(rules.signs(frame) > 0)


def event_rows(events: Any, items: Vocabulary, rules: ResolvedRules) -> EventRows:
    """Return the events on items of the catalogue; others are left out.

    Args:
        events: Frame, mapping or records of ``user_id, item_id`` and, if known, ``timestamp,
            value, event_type``. An event without a timestamp is the latest.
        items: Ids of the catalogue.
        rules: Decide which events are positive.

    Raises:
        DataError: A column or an id is missing.
    """
    if (
        isinstance(events, pl.DataFrame)
        and events.height <= MAX_ROWWISE_EVENTS
        and _has_event_schema(events)
    ):
        return _read_rowwise(events, items, rules)
    is_checked = isinstance(events, pl.DataFrame) and _has_event_schema(events)
    frame = events if is_checked else as_frame(events, "user_id", "item_id")
    missing = frame.filter(pl.col("user_id").is_null() | pl.col("item_id").is_null())
    if missing.height:
        raise _missing_ids_error(missing.height, frame.height)
    frame = _with_value(frame)
    full = frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(kind, strict=False).alias(c)
        for c, kind in EVENT_COLUMNS.items()
    )
    row = items.rows(full["item_id"].to_list())
    known = row >= 0
    users = full["user_id"].to_list()
    at = full["timestamp"].fill_nan(None).fill_null(float("inf")).to_numpy()
    signs = rules.signs(full).to_list()
    kinds = list(zip(full["event_type"].to_list(), signs, strict=True))
    return _known_rows(known, users, row, at, kinds)


def _known_rows(
    known: Mask, users: list[str], item: Rows, at: Doubles, kinds: list[SignedType]
) -> EventRows:
    positions = np.flatnonzero(known).tolist()
    return EventRows(
        [users[position] for position in positions],
        item[known],
        at[known],
        [kinds[position] for position in positions],
    )


def _with_value(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose column that says how much is called ``value``, as in files."""
    name = None if "value" in frame.columns else find_value_column(frame.columns)
    if name is None or not (frame[name].dtype.is_numeric() or frame[name].dtype == pl.Boolean):
        return frame
    frame = frame.with_columns(value=pl.col(name).cast(pl.Float64))
    if "event_type" in frame.columns or not is_rating_column(name):
        return frame
    return frame.with_columns(event_type=pl.lit(RATING_TYPE))


def _has_event_schema(frame: pl.DataFrame) -> bool:
    """Return whether a frame has exactly the event columns of a store."""
    return dict(frame.schema) == EVENT_COLUMNS


def _read_rowwise(frame: pl.DataFrame, items: Vocabulary, rules: ResolvedRules) -> EventRows:
    users, ids, kinds, values, times = (
        frame[name].to_list()
        for name in ("user_id", "item_id", "event_type", "value", "timestamp")
    )
    missing = sum(None in pair for pair in zip(users, ids, strict=True))
    if missing:
        raise _missing_ids_error(missing, frame.height)
    row = items.rows(ids)
    known = row >= 0
    at = np.array([np.inf if _is_missing(time) else time for time in times], dtype=np.float64)
    signs = rules.signs_of_kinds(list(zip(kinds, values, strict=True)))
    return _known_rows(known, users, row, at, list(zip(kinds, signs, strict=True)))


def _is_missing(time: float | None) -> bool:
    return time is None or math.isnan(time)


def _missing_ids_error(count: int, total: int) -> DataError:
    return DataError(f"{count} of {total} events have no user_id or no item_id")


@dataclass(eq=False)
class Histories:
    """Events of users by catalogue row: sorted ones, and later ones that are not sorted yet."""

    users: Vocabulary
    positive: Events
    """Positive events, sorted by user; ``user`` are rows of ``users``."""
    seen_only: Sparse
    """(n_users, n_items) CSR of the pairs with non-positive events; may lack later items."""
    unsorted: dict[str, list[UnsortedEvent]] = field(default_factory=dict)
    """User id to later events."""
    log: EventLog = None  # type: ignore[assignment]
    """All sorted events, with repeated pairs and their types; default: those of the pairs."""
    _items_with_events: set[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.log is None:
            self.log = _log_of_pairs(self.positive, self.seen_only)
        self._items_with_events = set(np.unique(self.positive.item).tolist())
        for events in self.unsorted.values():
            self._items_with_events.update(item for item, _, (_, sign) in events if sign > 0)

    @classmethod
    def empty(cls) -> "Histories":
        """Return histories without users."""
        none = sp.csr_array((0, 0), dtype=np.float32)
        return cls(Vocabulary(()), Events.of([], [], []), none)

    def with_events(self, rows: EventRows) -> "Histories":
        """Return histories with further events; a few are added to the same object."""
        if len(rows) > MAX_UNSORTED_EVENTS:
            return self._merge_sorted(rows)
        columns = (rows.users, rows.item.tolist(), rows.at.tolist(), rows.kinds)
        for user, item, at, kind in zip(*columns, strict=True):
            self.unsorted.setdefault(user, []).append((item, at, kind))
            if kind[1] > 0:
                self._items_with_events.add(item)
        return self

    @classmethod
    def of_log(cls, users: Vocabulary, log: EventLog) -> "Histories":
        """Return histories of sorted events; ``user`` are rows of ``users``."""
        is_positive = log.sign > 0
        seen = (log.user[~is_positive], log.item[~is_positive])
        shape = (len(users), int(log.item.max(initial=-1)) + 1)
        seen_only = sp.csr_array((np.ones(len(seen[0]), np.float32), seen), shape=shape)
        has_dislikes = (log.sign < 0).any()
        positive = log.filter(is_positive)
        events = (
            log.opinions()[0]
            if has_dislikes
            else Events.of(positive.user, positive.item, positive.at)
        )
        return cls(users, events, seen_only, log=log)

    def copy(self) -> "Histories":
        """Return histories that do not get the events that are added to this object."""
        unsorted = {user: list(events) for user, events in self.unsorted.items()}
        return Histories(self.users, self.positive, self.seen_only, unsorted, self.log)

    def without(self, users: Sequence[str]) -> "Histories":
        """Return histories without some users and their ids."""
        names = set(users)
        removed = [user for user in names if user in self.users]
        added = {user: rows for user, rows in self.unsorted.items() if user not in names}
        if not removed:
            return Histories(self.users, self.positive, self.seen_only, added, self.log)
        is_kept = np.ones(len(self.users), dtype=bool)
        is_kept[self.users.rows(removed)] = False
        new_user = np.cumsum(is_kept) - 1
        positive = self.positive.filter(is_kept[self.positive.user])
        named = Vocabulary(user for user, keep in zip(self.users, is_kept, strict=True) if keep)
        seen_only = self.seen_only[is_kept] if self.seen_only.shape[0] else self.seen_only
        log = self.log.filter(is_kept[self.log.user])
        return Histories(
            named,
            Events(new_user[positive.user], positive.item, positive.at),
            seen_only,
            added,
            log.rename_users(new_user[log.user].astype(np.int32)),
        )

    def without_pairs(self, pairs: Iterable[tuple[str, int]]) -> "Histories":
        """Return histories without the events of pairs of a user id and a row of an item."""
        removed = set(pairs)
        users = list(dict.fromkeys(user for user, row in removed if row >= 0))
        log = self.log_of(users)
        entries = [
            (users[user], item, at, log.kinds[kind])
            for user, item, at, kind in zip(
                log.user.tolist(),
                log.item.tolist(),
                log.at.tolist(),
                log.kind.tolist(),
                strict=True,
            )
            if (users[user], item) not in removed
        ]
        kept, item, at, kinds = zip(*entries, strict=True) if entries else ((), (), (), ())
        rows = EventRows(list(kept), np.array(item, np.int64), np.array(at), list(kinds))
        return self.without(users).with_events(rows)

    def without_items(self, items: Rows) -> "Histories":
        """Return histories without the events of some items."""
        positive = self.positive.filter(~np.isin(self.positive.item, items))
        removed = set(items.tolist())
        added = {
            user: [event for event in events if event[0] not in removed]
            for user, events in self.unsorted.items()
        }
        pairs = self.seen_only.tocoo()
        stay = ~np.isin(pairs.col, items)
        seen_only = sp.csr_array(
            (pairs.data[stay], (pairs.row[stay], pairs.col[stay])), shape=self.seen_only.shape
        )
        return Histories(
            self.users,
            positive,
            seen_only,
            {u: rows for u, rows in added.items() if rows},
            self.log.filter(~np.isin(self.log.item, items)),
        )

    def events_of(self, users: Sequence[str], extra: "Histories | None" = None) -> Events:
        """Return the positive events of some users.

        Args:
            users: Ids.
            extra: Further histories.

        Returns:
            Events whose ``user`` is the position in ``users``.
        """
        sources = [self] if extra is None else [self, extra]
        sorted_events = [source._sorted_events(users) for source in sources]
        sorted_events = [events for events in sorted_events if len(events)] or sorted_events[:1]
        unsorted = [
            entry for source in sources for entry in source._unsorted_events(users) if entry[3]
        ]
        if not unsorted and len(sorted_events) == 1:
            return sorted_events[0]
        if any(source._has_dislikes(users) for source in sources):
            log = EventLog.concatenate([source.log_of(users) for source in sources])
            return log.opinions()[0]
        query, item, at, _ = zip(*unsorted, strict=True) if unsorted else ((), (), (), ())
        return Events.of(
            np.concatenate([*(events.user for events in sorted_events), query]),
            np.concatenate([*(events.item for events in sorted_events), item]),
            np.concatenate([*(events.at for events in sorted_events), at]),
        )

    def _has_dislikes(self, users: Sequence[str]) -> bool:
        """Return whether one of the users has a negative event that is not sorted yet."""
        return any(
            sign < 0 for user in users for _, _, (_, sign) in self.unsorted.get(user, ())
        )

    def log_of(self, users: Sequence[str]) -> EventLog:
        """Return all events of some users; ``user`` is the position in ``users``."""
        stored = self.log.of_users(self.users.rows(users))
        if not self.unsorted:
            return stored
        added = [
            (row, item, at, kind)
            for row, user in enumerate(users)
            for item, at, kind in self.unsorted.get(user, ())
        ]
        if not added:
            return stored
        query, item, at, kinds = zip(*added, strict=True)
        return EventLog.concatenate([stored, EventLog.of(query, item, at, kinds)])

    def seen_without_liking(self, users: Sequence[str]) -> tuple[Rows, Rows]:
        """Return the pairs with non-positive events: positions in ``users``, rows of items."""
        pairs = self._sorted_seen_only(users)
        unsorted = [
            (row, item)
            for row, item, _, is_positive in self._unsorted_events(users)
            if not is_positive
        ]
        if unsorted:
            pairs = np.concatenate([pairs, np.array(unsorted, dtype=np.int64).T], axis=1)
        return pairs[0], pairs[1]

    def count_events(self, user: str) -> int:
        """Return the number of events of a user."""
        return len(self.events_of([user])) + len(self.seen_without_liking([user])[0])

    def all_positive(self) -> Events:
        """Return all positive events; each user has a row, in arbitrary order."""
        unsorted = list(self.unsorted)
        if not unsorted:
            return self.positive
        # The last entry stands for row -1, which users without sorted events have.
        is_other = np.ones(len(self.users) + 1, dtype=bool)
        is_other[self.users.rows(unsorted)] = False
        remaining, added = (
            self.positive.filter(is_other[self.positive.user]),
            self.events_of(unsorted),
        )
        return Events(
            np.r_[remaining.user, added.user + len(self.users)],
            np.r_[remaining.item, added.item],
            np.r_[remaining.at, added.at],
        )

    @property
    def n_events(self) -> int:
        """Number of events; a pair with positive and other events may count twice."""
        return len(self.positive) + int(self.seen_only.nnz) + self.n_unsorted

    @property
    def n_unsorted(self) -> int:
        """Number of events that are not sorted yet."""
        return sum(map(len, list(self.unsorted.values())))

    def compacted(self) -> "Histories":
        """Return histories with all events sorted."""
        nothing = np.empty(0)
        return self._merge_sorted(EventRows([], nothing.astype(np.int64), nothing, []))

    def user_ids(self) -> list[str]:
        """Return the ids of all users."""
        return [*self.users.ids, *(u for u in self.unsorted if u not in self.users)]

    def add_items_with_events(self, items: Iterable[int]) -> None:
        """Count rows of the catalogue as items with a positive event, of users elsewhere."""
        self._items_with_events.update(items)

    def have_events(self, items: Rows) -> Mask:
        """Return for each row of the catalogue whether it has a positive event."""
        known = self._items_with_events
        return np.fromiter((row in known for row in items.tolist()), dtype=bool)

    def _sorted_events(self, users: Sequence[str]) -> Events:
        index, user = slice_owners(self.positive.user, self.users.rows(users))
        return Events(user, self.positive.item[index], self.positive.at[index])

    def _sorted_seen_only(self, users: Sequence[str]) -> Rows:
        """Return the (2, n_pairs) sorted pairs: positions in ``users``, rows of items."""
        rows = self.users.rows(users)
        known = np.flatnonzero(rows >= 0)
        if not self.seen_only.nnz or not len(known):
            return np.empty((2, 0), dtype=np.int64)
        pairs = self.seen_only[rows[known]].tocoo()
        return np.stack([known[pairs.row], pairs.col]).astype(np.int64)

    def _unsorted_events(self, users: Sequence[str]) -> list[tuple[int, int, float, bool]]:
        if not self.unsorted:
            return []
        return [
            (row, item, at, sign > 0)
            for row, user in enumerate(users)
            for item, at, (_, sign) in self.unsorted.get(user, ())
        ]

    def _merge_sorted(self, rows: EventRows) -> "Histories":
        unsorted = [
            (user, *event) for user, events in self.unsorted.items() for event in events
        ]
        names = [*(entry[0] for entry in unsorted), *rows.users]
        users = self.users.with_ids(names)
        user_rows = users.rows(names)
        item = np.r_[np.array([entry[1] for entry in unsorted], dtype=np.int64), rows.item]
        at = np.r_[np.array([entry[2] for entry in unsorted]), rows.at]
        kinds = [*(entry[3] for entry in unsorted), *rows.kinds]
        is_positive = np.array([sign > 0 for _, sign in kinds], dtype=bool)
        sorted_positive = self.positive
        positive = Events.of(
            np.r_[sorted_positive.user, user_rows[is_positive]],
            np.r_[sorted_positive.item, item[is_positive]],
            np.r_[sorted_positive.at, at[is_positive]],
        )
        stored_seen = self.seen_only.tocoo()
        pairs = (
            np.r_[stored_seen.row, user_rows[~is_positive]],
            np.r_[stored_seen.col, item[~is_positive]],
        )
        shape = (len(users), int(max(pairs[1].max(initial=-1) + 1, stored_seen.shape[1])))
        merged_seen = sp.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=shape)
        log = EventLog.concatenate([self.log, EventLog.of(user_rows, item, at, kinds)])
        if (log.sign < 0).any():
            positive, _ = log.opinions()
        return Histories(users, positive, merged_seen, log=log)


def _log_of_pairs(positive: Events, seen_only: Sparse) -> EventLog:
    """Return the log of pairs whose further events are unknown."""
    seen = seen_only.tocoo()
    kinds: list[SignedType] = [(None, 1) for _ in range(len(positive))]
    kinds += [(None, 0) for _ in range(seen.nnz)]
    return EventLog.of(
        np.r_[positive.user, seen.row],
        np.r_[positive.item, seen.col],
        np.r_[positive.at, np.zeros(seen.nnz)],
        kinds,
    )
