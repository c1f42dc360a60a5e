"""All events of users: repeated ones, with their times, types and signs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from daybreak.data.dataset import Events
from daybreak.data.event_names import event_name_kind
from daybreak.data.event_order import has_repeated_pairs, order_events
from daybreak.data.exclusion import SignedType
from daybreak.types import Doubles, Mask, Rows


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events as parallel columns, sorted by user and then by time; pairs may repeat.

    Example:
        >>> log = EventLog.of([1, 0, 1], [7, 7, 7], [2.0, 1.0, 1.0], [("buy", 1)] * 3)
        >>> log.user.tolist(), log.at.tolist(), len(log.positive())
        ([0, 1, 1], [1.0, 1.0, 2.0], 3)
    """

    user: Rows
    item: Rows
    at: Doubles
    """Epoch seconds; 0: unknown, infinite: just now."""
    kind: Rows
    """(n_events,) positions in ``kinds``."""
    kinds: tuple[SignedType, ...] = ()
    """Distinct types of events with their signs."""

    @classmethod
    def empty(cls) -> "EventLog":
        """Return a log without events."""
        return cls.of([], [], [], [])

    @classmethod
    def of(cls, user: Any, item: Any, at: Any, events: Sequence[SignedType]) -> "EventLog":
        """Sort events.

        Args:
            user: (n,) rows of the users.
            item: (n,) rows of the items.
            at: (n,) epoch seconds.
            events: (n,) type and sign of each event.
        """
        kinds = tuple(dict.fromkeys(events))
        position = {kind: row for row, kind in enumerate(kinds)}
        codes = np.array([position[event] for event in events], dtype=np.int16)
        return cls.sort(user, item, at, codes, kinds)

    @classmethod
    def sort(
        cls, user: Any, item: Any, at: Any, kind: Any, kinds: tuple[SignedType, ...]
    ) -> "EventLog":
        """Return the log of unsorted columns; see the attributes."""
        user, item = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
        at = np.nan_to_num(np.asarray(at, dtype=np.float64), posinf=np.inf)
        kind = np.asarray(kind, dtype=np.int16)
        order = order_events(user, at, lambda rows: (kind[rows], item[rows]))
        return cls(
            user[order].astype(np.int32),
            item[order].astype(np.int32),
            at[order],
            kind[order],
            kinds,
        )

    @classmethod
    def concatenate(cls, logs: Sequence["EventLog"]) -> "EventLog":
        """Return the events of several logs with the same rows of users and items."""
        logs = [log for log in logs if len(log)] or list(logs[:1])
        if len(logs) == 1:
            return logs[0]
        kinds = tuple(dict.fromkeys(kind for log in logs for kind in log.kinds))
        position = {kind: row for row, kind in enumerate(kinds)}
        codes = [
            np.array([position[kind] for kind in log.kinds], dtype=np.int16)[log.kind]
            for log in logs
        ]
        columns = (
            np.concatenate([getattr(log, name) for log in logs])
            for name in ("user", "item", "at")
        )
        user, item, at = columns
        return cls.sort(user, item, at, np.concatenate(codes), kinds)

    @cached_property
    def sign(self) -> Rows:
        """(n_events,) 1 positive, 0 neutral, -1 negative."""
        signs = np.array([sign for _, sign in self.kinds] or [0], dtype=np.int8)
        return np.asarray(signs[self.kind])

    def filter(self, mask: Mask) -> "EventLog":
        """Return the events for which ``mask`` is true."""
        return EventLog(
            self.user[mask], self.item[mask], self.at[mask], self.kind[mask], self.kinds
        )

    def rename_users(self, rows: Rows) -> "EventLog":
        """Return the log with other rows of users, which must keep their order.

        Args:
            rows: (n_events,) row of the user of each event.
        """
        return EventLog(rows, self.item, self.at, self.kind, self.kinds)

    def of_users(self, rows: Rows) -> "EventLog":
        """Return the events of some users.

        Args:
            rows: Rows of the users; -1: no events.

        Returns:
            A log whose ``user`` is the position in ``rows``.
        """
        index, owner = slice_owners(self.user, rows)
        return EventLog(owner, self.item[index], self.at[index], self.kind[index], self.kinds)

    def positive(self) -> Events:
        """Return the positive events, with repeated pairs, sorted by user and then by time."""
        mask = self.sign > 0
        positive = self if mask.all() else self.filter(mask)
        return Events(
            positive.user.astype(np.int64), positive.item.astype(np.int64), positive.at
        )

    def first_positive(self) -> Events:
        """Return the earliest positive event of each pair; see :class:`Events`."""
        events = self.positive()
        if not has_repeated_pairs(events.user, events.item):
            return events
        return Events.of(events.user, events.item, events.at)

    def opinions(self) -> tuple[Events, Events]:
        """Return the liked and the disliked pairs, by the latest event that is not neutral.

        A return after a purchase makes a disliked pair, a purchase after a return a liked one;
        of events with equal times the negative one decides. A liked pair has the time of its
        earliest positive event, a disliked one that of its latest negative event.

        Example:
            >>> bought, returned = ("buy", 1), ("return", -1)
            >>> log = EventLog.of([0, 0, 0], [7, 7, 8], [1, 2, 3], [bought, returned, bought])
            >>> [events.item.tolist() for events in log.opinions()]
            [[8], [7]]
        """
        against = self.sign < 0
        if not against.any():
            return self.first_positive(), Events.empty()
        stated = self.filter(self.sign != 0)
        n_items = int(stated.item.max()) + 1
        pairs = stated.user.astype(np.int64) * n_items + stated.item
        order = np.lexsort((-stated.sign, stated.at, pairs))
        is_last = np.r_[pairs[order][1:] != pairs[order][:-1], True]
        last = order[is_last]
        disliked = np.sort(last[stated.sign[last] < 0])
        liked = self.first_positive()
        overruled = np.isin(liked.user * n_items + liked.item, pairs[disliked])
        return liked.filter(~overruled), Events(
            stated.user[disliked].astype(np.int64),
            stated.item[disliked].astype(np.int64),
            stated.at[disliked],
        )

    def interests(self) -> tuple[Events, Events]:
        """Return the liked and the disliked pairs; who likes nothing yet likes what was viewed.

        A visitor who has looked at five teapots has said more than nobody. Impressions say
        nothing, as nobody chose them.

        Example:
            >>> view, buy = ("view", 0), ("buy", 1)
            >>> log = EventLog.of([0, 1, 1], [7, 7, 9], [1, 1, 2], [view, view, buy])
            >>> [events.item.tolist() for events in log.interests()]
            [[7, 9], []]
        """
        liked, disliked = self.opinions()
        if not any(_is_view(kind) for kind in self.kinds):
            return liked, disliked
        views = self.filter(self.select_kinds(_is_view) & ~np.isin(self.user, liked.user))
        n_items = int(self.item.max(initial=-1)) + 1
        pairs = views.user.astype(np.int64) * n_items + views.item
        views = views.filter(~np.isin(pairs, disliked.user * n_items + disliked.item))
        if not len(views):
            return liked, disliked
        names = ("user", "item", "at")
        columns = (np.r_[getattr(liked, name), getattr(views, name)] for name in names)
        return Events.of(*columns), disliked

    def without_revised(self, disliked: Events) -> "EventLog":
        """Return the log without the negative events on pairs that are not disliked any more.

        Args:
            disliked: See :meth:`opinions`.
        """
        against = self.sign < 0
        if not against.any():
            return self
        n_items = int(self.item.max()) + 1
        pairs = self.user.astype(np.int64) * n_items + self.item
        is_disliked = np.isin(pairs, disliked.user * n_items + disliked.item)
        return self.filter(~against | is_disliked)

    def select_kinds(self, choose: Callable[[SignedType], bool]) -> Mask:
        """Return (n_events,) whether the type and sign of each event are chosen."""
        chosen = np.array([choose(kind) for kind in self.kinds] or [False], dtype=bool)
        return np.asarray(chosen[self.kind])

    def __len__(self) -> int:
        return len(self.user)


def _is_view(kind: SignedType) -> bool:
    """Return whether a neutral event is a view."""
    name, sign = kind
    return not sign and name is not None and event_name_kind(name) == "view"


def slice_owners(owner: Rows, wanted: Rows) -> tuple[Rows, Rows]:
    """Return the positions of the entries of some owners in a sorted column.

    Args:
        owner: (n,) sorted owner of each entry.
        wanted: Owners to look up; -1: none.

    Returns:
        Positions of the entries, owner by owner, and for each its position in ``wanted``.

    Example:
        >>> [part.tolist() for part in slice_owners(np.array([0, 0, 2]), np.array([2, -1, 0]))]
        [[2, 0, 1], [0, 2, 2]]
    """
    bounds = np.stack([wanted, wanted + 1])
    # With another type, the search would first convert the whole column.
    start, stop = np.searchsorted(owner, bounds.astype(owner.dtype, copy=False))
    sizes = np.where(wanted >= 0, stop - start, 0)
    offset = np.repeat(start - np.cumsum(sizes) + sizes, sizes)
    return np.arange(int(sizes.sum())) + offset, np.repeat(np.arange(len(wanted)), sizes)
