"""Interests that move: what a user turns to over time, and where the audience goes.

:class:`InterestMap` groups the catalogue into topics and learns the chain of interest from all
events. Start reading at :meth:`InterestMap.of_user` and :meth:`InterestMap.flow`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.blas import SingleBlasThread
from daybreak.data.clock import current_times
from daybreak.data.dataset import Dataset, Events
from daybreak.errors import ConfigError, NotFoundError
from daybreak.models.shared_interests import (
    GroupedEvents,
    InterestChain,
    group_items,
    interests_before,
    learn_interest_chain,
    without_quantities,
)
from daybreak.rng import create_generator
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Doubles, Rows, Sparse

DEFAULT_TOPICS, MAX_TOPICS = 8, 30
"""Default and largest number of topics."""
DEFAULT_POINTS, MAX_POINTS = 12, 100
"""Default and largest number of points in time."""
NAMING_BLOCKS = ("attributes", "words")
"""Content blocks whose terms name topics: the first that has other terms than numbers."""
N_NAME_TERMS = 2
"""Terms in the name of a topic."""
N_TRIED_TERMS = 10
"""Most typical terms of a topic from which its name is made."""
MIN_TERM_CHARS = 3
"""Shortest term in a name, unless it is written in other letters than Latin ones."""
N_EXAMPLES = 3
"""Items that stand for a topic."""
N_MOVES = 10
"""Moves of the audience that are listed."""
MIN_MOVE_SHARE = 1e-4
"""Smallest share of the audience that a listed move has."""


@dataclass(frozen=True)
class InterestTopic:
    """A group of items of the catalogue."""

    topic: int
    """Position, from 0."""
    name: str
    """Its most typical terms, or titles of its most popular items."""
    n_items: int
    items: tuple[str, ...]
    """Ids of its most popular items."""


@dataclass(frozen=True)
class InterestPoint:
    """Shares of the topics at one time."""

    at: float | None
    """Epoch seconds; None: the time is unknown."""
    events: int
    """Number of events up to this time; of the audience, in the period that ends then."""
    shares: tuple[float, ...]
    """Share of each topic; they sum to 1."""


@dataclass(frozen=True)
class UserInterests:
    """The interests of a user over time."""

    user_id: str
    topics: tuple[InterestTopic, ...]
    points: tuple[InterestPoint, ...]
    """Interests over time, the last one now; empty without events."""
    expected: tuple[float, ...]
    """Shares that are expected of the next event."""
    step: float
    """By how much one event moves the interest; learned from all users."""
    beta: float
    """Share of the transitions between topics in what is expected next."""

    def to_dict(self) -> dict[str, Any]:
        """Return the interests as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class InterestMove:
    """People of one topic who turn to another."""

    source: int
    target: int
    share: float
    """Expected share of all next events that moves from one topic to the other, less the share
    that moves back."""


@dataclass(frozen=True)
class InterestFlow:
    """Where the interest of the audience is moving."""

    topics: tuple[InterestTopic, ...]
    points: tuple[InterestPoint, ...]
    """Shares of the events of periods with equally many events."""
    current: tuple[float, ...]
    """Mean interest of the users now."""
    expected: tuple[float, ...]
    """Mean interest that is expected next."""
    moves: tuple[InterestMove, ...]
    """The largest net moves between topics."""
    step: float
    beta: float

    def to_dict(self) -> dict[str, Any]:
        """Return the flow as plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class InterestMap:
    """Topics of a catalogue, and the chain of interest between them."""

    topics: tuple[InterestTopic, ...]
    group: Rows
    """(n_items,) topic of each item of the catalogue"""
    chain: InterestChain
    events: GroupedEvents
    """All positive events, by user and time."""

    @classmethod
    @SingleBlasThread()
    def from_state(cls, state: ServingState, n_topics: int = DEFAULT_TOPICS) -> "InterestMap":
        """Group the items and learn the chain from all events of a state.

        Args:
            state: Catalogue and histories.
            n_topics: Largest number of topics, from 2 to ``MAX_TOPICS``.

        Raises:
            ConfigError: The number of topics is out of range.
        """
        if not 2 <= n_topics <= MAX_TOPICS:
            raise ConfigError(f"topics must be from 2 to {MAX_TOPICS}, got {n_topics!r}")
        items = state.catalogue.items
        positive = state.histories.all_positive()
        positive = positive.filter(positive.item < len(items))
        at = current_times(positive.user, positive.item, positive.at)
        n_users = int(positive.user.max(initial=-1)) + 1
        events = Events.of(positive.user, positive.item, at)
        data = Dataset(items, events, n_users)
        group = group_items(data, n_topics, create_generator(0, "topics"))
        grouped = GroupedEvents(events.user, group[events.item], events.at)
        n_groups = int(group.max(initial=-1)) + 1
        chain = learn_interest_chain(grouped, n_groups)
        return cls(_describe(state, group, events, n_groups), group, chain, grouped)

    def of_user(self, user: str, events: Events, n_points: int) -> UserInterests:
        """Return the interests of a user.

        Args:
            user: Id of the user.
            events: The positive events of the user.
            n_points: Largest number of points in time, from 1 to ``MAX_POINTS``.

        Raises:
            ConfigError: The number of points is out of range.
        """
        _check_points(n_points)
        own = Events.of(events.user, events.item, _finite_times(events.at))
        interest, points = self.chain.base, []
        shown = set(_spaced(len(own), n_points))
        for position, (item, at) in enumerate(zip(own.item, own.at, strict=True)):
            interest = self.chain.add_event(interest, int(self.group[item]))
            if position in shown:
                points.append(_point(float(at), position + 1, interest))
        return UserInterests(
            user,
            self.topics,
            tuple(points),
            _shares(self.chain.move(interest)),
            self.chain.step,
            self.chain.beta,
        )

    def flow(self, n_points: int) -> InterestFlow:
        """Return where the audience is moving.

        Args:
            n_points: Largest number of periods, from 1 to ``MAX_POINTS``.

        Raises:
            ConfigError: The number of periods is out of range.
        """
        _check_points(n_points)
        current = self._current_interests()
        mean = current.mean(axis=0) if len(current) else self.chain.base
        moves = self.chain.beta * mean[:, None] * self.chain.transitions
        return InterestFlow(
            self.topics,
            tuple(self._periods(n_points)),
            _shares(mean),
            _shares(self.chain.move(mean)),
            _largest_moves(moves - moves.T),
            self.chain.step,
            self.chain.beta,
        )

    def _current_interests(self) -> Doubles:
        """Return (n_users, n_topics) the interest of every user after the last event."""
        user = self.events.user
        if not len(user):
            return np.zeros((0, len(self.topics)))
        last = np.flatnonzero(np.r_[user[1:] != user[:-1], True])
        return interests_before(self.events, last, self.chain.base, self.chain.step)

    def _periods(self, n_points: int) -> list[InterestPoint]:
        known = np.flatnonzero(self.events.at > 0)
        order = known[np.argsort(self.events.at[known], kind="stable")]
        n_topics = len(self.topics)
        points = []
        for rows in np.array_split(order, min(n_points, max(len(order), 1))):
            if len(rows):
                counts = np.bincount(self.events.group[rows], minlength=n_topics)
                end = float(self.events.at[rows[-1]])
                points.append(_point(end, len(rows), counts / len(rows)))
        return points


def topics_of(state: ServingState) -> Rows:
    """Return (n_items,) the topic of each item of the catalogue, as in drift scores."""
    events = state.histories.all_positive()
    known = events.filter(events.item < len(state.catalogue.items))
    n_users = int(known.user.max(initial=-1)) + 1
    data = Dataset(state.catalogue.items, known, n_users)
    return group_items(data, DEFAULT_TOPICS, create_generator(0, "topics"))


def user_interests(
    state: ServingState, interests: InterestMap, user: str, n_points: int
) -> UserInterests:
    """Return the interests of a known user.

    Args:
        state: Histories.
        interests: Topics of the same catalogue.
        user: Id of the user.
        n_points: Largest number of points in time.

    Raises:
        NotFoundError: Nothing is known about the user.
        ConfigError: The number of points is out of range.
    """
    context = state.user_context([user])
    if not len(context.log) and user not in state.profiles.rows:
        raise NotFoundError(f"no user {user!r}")
    events = context.events
    inside = events.item < len(interests.group)  # an item may be newer than the topics
    return interests.of_user(user, events.filter(inside), n_points)


def _describe(
    state: ServingState, group: Rows, events: Events, n_groups: int
) -> tuple[InterestTopic, ...]:
    counts = np.bincount(events.item, minlength=len(group))
    names = _topic_terms(state, group, n_groups)
    ids, titles = state.catalogue.items.ids.ids, state.catalogue.titles()
    topics = []
    for topic in range(n_groups):
        rows = np.flatnonzero(group == topic)
        best = rows[np.argsort(-counts[rows], kind="stable")][:N_EXAMPLES].tolist()
        name = names[topic] or ", ".join(str(titles[row]) for row in best[:N_NAME_TERMS])
        topics.append(InterestTopic(topic, name, len(rows), tuple(ids[row] for row in best)))
    return tuple(topics)


def _topic_terms(state: ServingState, group: Rows, n_groups: int) -> list[str]:
    """Return the most typical attribute or words of each topic; empty where there are none."""
    items = without_quantities(state.catalogue.items)
    terms = state.trained.content.block_terms
    blocks = [
        block
        for name in NAMING_BLOCKS
        for block in items.blocks
        if block.name == name and name in terms and abs(block.matrix).sum() > 0
    ]
    if not blocks:
        return [""] * n_groups
    block, named = blocks[0], terms[blocks[0].name]
    ones = np.ones(len(group))
    sizes = np.maximum(np.bincount(group, minlength=n_groups), 1)
    shape = (n_groups, len(group))
    belongs: Sparse = sp.csr_array((ones, (group, np.arange(len(group)))), shape=shape)
    matrix = sp.csr_array(block.matrix)[:, : len(named)]
    means = (belongs @ matrix).toarray() / sizes[:, None]
    lift = means - np.asarray(matrix.mean(axis=0)).ravel()
    names = []
    for row in lift:
        best = [column for column in np.argsort(-row)[:N_TRIED_TERMS] if row[column] > 0]
        names.append(", ".join(_distinct_terms([_plain_term(named[c]) for c in best])))
    return names


def _distinct_terms(terms: Sequence[str]) -> list[str]:
    """Return the first terms of which none is a part of another one, or a short word.

    Example:
        >>> _distinct_terms(["of", "candle", "candles", "glass", "red"])
        ['candle', 'glass']
    """
    chosen: list[str] = []
    for term in terms:
        is_long = len(term) >= MIN_TERM_CHARS or not term.isascii()
        if is_long and not any(term in one or one in term for one in chosen):
            chosen.append(term)
    return chosen[:N_NAME_TERMS] or list(terms[:1])


def _plain_term(term: str) -> str:
    """Return the value of a term such as ``genre=western``.

    Example:
        >>> _plain_term("genre=western"), _plain_term("tea")
        ('western', 'tea')
    """
    return term.rsplit("=", 1)[-1]


def _largest_moves(net: Doubles) -> tuple[InterestMove, ...]:
    source, target = np.nonzero(net > MIN_MOVE_SHARE)
    order = np.argsort(-net[source, target], kind="stable")[:N_MOVES]
    return tuple(
        InterestMove(int(source[n]), int(target[n]), float(net[source[n], target[n]]))
        for n in order
    )


def _point(at: float, events: int, shares: Doubles) -> InterestPoint:
    return InterestPoint(at if at > 0 else None, events, _shares(shares))


def _shares(values: Doubles) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _finite_times(at: Doubles) -> Doubles:
    """Return times in which an unknown latest time is that of the latest known event."""
    known = at[np.isfinite(at)]
    return np.where(np.isfinite(at), at, known.max(initial=0.0))


def _spaced(n: int, n_points: int) -> Sequence[int]:
    """Return at most ``n_points`` positions below ``n``, evenly spaced, the last one included.

    Example:
        >>> _spaced(5, 2), _spaced(2, 5), _spaced(5, 1), _spaced(0, 3)
        ([0, 4], [0, 1], [4], [])
    """
    if n and n_points == 1:
        return [n - 1]
    return np.unique(np.linspace(0, n - 1, min(n, n_points)).astype(int)).tolist() if n else []


def _check_points(n_points: int) -> None:
    if not 1 <= n_points <= MAX_POINTS:
        raise ConfigError(f"points must be from 1 to {MAX_POINTS}, got {n_points!r}")
