"""Cold starts played on known data: users and items are hidden, then asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.rng import create_generator
from daybreak.types import Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class LabelledQueries:
    """Simulated queries with their answers."""

    kind: str
    """What was simulated: ``new_user``, ``user``, ``later``, ``new_item`` or ``arriving``."""
    queries: Queries
    targets: Sparse
    """(n_queries, n_items) CSR of ones: what these users chose next."""
    seen: Sparse
    """(n_queries, n_items) CSR of ones: never candidates."""
    candidates: Mask
    """(n_items,)"""
    users: Rows
    """(n_queries,) rows of the users who are asked"""

    def take(self, rows: Rows) -> "LabelledQueries":
        """Return the probe of some of its queries."""
        return LabelledQueries(
            self.kind,
            self.queries.take(rows),
            self.targets[rows],
            self.seen[rows],
            self.candidates,
            self.users[rows],
        )


SHOT_COUNTS = (0, 1, 3, 5, 10)
"""Events shown of a simulated new user."""
HOLDOUT_FRACTION = 0.2
"""Share of users and of items that a trial hides."""
NEWEST_ITEM_FRACTION = 0.15
"""Share of items that a trial by arrival hides: those whose first event came last."""
TIME_CUT_QUANTILE = 0.8
"""Share of the events before the moment at which the trial of later events stands."""
MIN_LONG_HISTORY_EVENTS = 15
"""Events of a history that allows ten to be shown and some to be asked for."""
RANDOM_SPLIT_LIMITS = (2, 3)
"""Least and most draws at random; what few hidden items teach differs from draw to draw."""
MIN_LONG_HISTORY_USERS = 50
"""Users with long histories below which short ones are asked too."""
MAX_QUERIES_PER_KIND = 500
"""Queries of one kind; more cost time and tell little."""


@dataclass(frozen=True, eq=False)
class HoldoutSplit:
    """One simulated cold start: what may be learned, and what is asked."""

    name: str
    """``random``: hidden at random; ``arrival``: items hidden by time, as they really come;
    ``later``: the future hidden."""
    data: Dataset
    query_sets: tuple[LabelledQueries, ...]
    asks_new_items: bool = True
    """Whether it asks for items without events."""


def iter_splits(data: Dataset, seed: int) -> Iterator[HoldoutSplit]:
    """Yield the trials that the data allow; small data are played more than once."""
    for repeat in range(_n_random_splits(data)):
        yield random_holdout(data, create_generator(seed, f"random trial {repeat}"))
    if data.events.has_time_order:
        yield newest_items_holdout(data, create_generator(seed, "arrival trial"))
        yield temporal_holdout(data, create_generator(seed, "later trial"))


def count_splits(data: Dataset) -> int:
    """Return how many trials :func:`iter_splits` yields."""
    return _n_random_splits(data) + 2 * data.events.has_time_order


def _n_random_splits(data: Dataset) -> int:
    return int(
        np.clip(
            np.ceil(
                MAX_QUERIES_PER_KIND / max(HOLDOUT_FRACTION * len(data.active_user_rows), 1)
            ),
            *RANDOM_SPLIT_LIMITS,
        )
    )


def random_holdout(data: Dataset, rng: np.random.Generator) -> HoldoutSplit:
    """Hide a fifth of users and items at random, and the last tenth of each history."""
    events = data.events
    new_user = _sample_mask(np.arange(data.n_users), HOLDOUT_FRACTION, data.n_users, rng)[
        events.user
    ]
    new_item = _sample_hidden_items(data, rng)[events.item]
    late = mark_last_events(events)
    visible = data.filter_events(~new_user & ~new_item & ~late)
    probes = [
        *_iter_new_user_queries(visible, events.filter(new_user), rng),
        *_iter_known_user_queries(
            visible, events.filter(~new_user), late[~new_user], new_item[~new_user], rng
        ),
    ]
    return HoldoutSplit("random", visible, tuple(probes))


def newest_items_holdout(data: Dataset, rng: np.random.Generator) -> HoldoutSplit:
    """Hide the items whose first event came last, as if they were still to come."""
    events = data.events
    new_item = mark_newest_items(data)[events.item]
    late = mark_last_events(events)
    visible = data.filter_events(~new_item & ~late)
    known = np.isin(events.item, visible.train_item_rows)
    wanted = events.filter(new_item | (late & known))
    arriving = _sample_queries(
        "arriving", visible, visible.events, wanted, rng, with_new_items=True
    )
    return HoldoutSplit("arrival", visible, (arriving,))


def temporal_holdout(data: Dataset, rng: np.random.Generator) -> HoldoutSplit:
    """Stand at a moment and ask what known users choose after it."""
    past = data.events.at < np.quantile(data.events.at, TIME_CUT_QUANTILE)
    visible = data.filter_events(past)
    known = np.isin(data.events.item, visible.train_item_rows)
    wanted = data.events.filter(~past & known)
    later = _sample_queries("later", visible, visible.events, wanted, rng)
    return HoldoutSplit("later", visible, (later,), asks_new_items=False)


def mark_newest_items(data: Dataset) -> Mask:
    """Mark the items of the catalogue whose first event came last."""
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.events.item, data.events.at)
    order = data.train_item_rows[np.argsort(first[data.train_item_rows], kind="stable")]
    newest = np.zeros(len(data.items), dtype=bool)
    newest[order[len(order) - round(NEWEST_ITEM_FRACTION * len(order)) :]] = True
    return newest


def mark_last_events(events: Events) -> Mask:
    """Mark the last tenth, at least one, of every history of three or more events."""
    sizes = np.bincount(events.user, minlength=1)[events.user]
    return (events.count_later() < np.maximum(1, sizes // 10)) & (sizes >= 3)


def _sample_hidden_items(data: Dataset, rng: np.random.Generator) -> Mask:
    if not data.items.blocks:
        return np.zeros(len(data.items), dtype=bool)
    return _sample_mask(data.train_item_rows, HOLDOUT_FRACTION, len(data.items), rng)


def _sample_mask(rows: Rows, share: float, size: int, rng: np.random.Generator) -> Mask:
    marked = np.zeros(size, dtype=bool)
    marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked


def _iter_new_user_queries(
    visible: Dataset, hidden: Events, rng: np.random.Generator
) -> Iterator[LabelledQueries]:
    """Yield a probe for each number of shown events, and two that ask for new items as well."""
    known = np.isin(hidden.item, visible.train_item_rows)
    old, position = hidden.filter(known), hidden.filter(known).count_earlier()
    sizes = np.bincount(old.user, minlength=visible.n_users)[old.user]
    # Targets after the tenth event are the same for every number of shown events; where hardly
    # anybody has so many, what follows the shown ones must do.
    enough = (
        len(np.unique(old.user[sizes >= MIN_LONG_HISTORY_EVENTS])) >= MIN_LONG_HISTORY_USERS
    )
    for shots in SHOT_COUNTS:
        asked = sizes >= (MIN_LONG_HISTORY_EVENTS if enough else shots + 2)
        after = SHOT_COUNTS[-1] if enough else shots
        shown = old.filter(asked & (position < shots))
        wanted = old.filter(asked & (position >= after))
        gap = old.filter(asked & (position >= shots) & (position < after))
        yield _sample_queries("new_user", visible, shown, wanted, rng, set_aside=gap)
    for shots in (0, 3):
        asked = sizes >= shots + 2
        wanted = _concat_events(old.filter(asked & (position >= shots)), hidden.filter(~known))
        shown = old.filter(asked & (position < shots))
        yield _sample_queries("new_item", visible, shown, wanted, rng, with_new_items=True)


def _iter_known_user_queries(
    visible: Dataset, events: Events, late: Mask, new_item: Mask, rng: np.random.Generator
) -> Iterator[LabelledQueries]:
    known = np.isin(events.item, visible.train_item_rows)
    yield _sample_queries(
        "user",
        visible,
        visible.events,
        events.filter(late & known & ~new_item),
        rng,
        sample_factor=3,
    )
    wanted = events.filter(new_item | (late & known))
    yield _sample_queries("new_item", visible, visible.events, wanted, rng, with_new_items=True)


def _concat_events(a: Events, b: Events) -> Events:
    """Return the events of two disjoint sets in one, still sorted by user."""
    parts = zip((a.user, a.item, a.at), (b.user, b.item, b.at), strict=True)
    user, item, at = (np.concatenate(pair) for pair in parts)
    order = np.argsort(user, kind="stable")
    return Events(user[order], item[order], at[order])


def _sample_queries(  # noqa: PLR0913 - the parts of one simulated question
    kind: str,
    visible: Dataset,
    history: Events,
    target_events: Events,
    rng: np.random.Generator,
    *,
    set_aside: Events | None = None,
    with_new_items: bool = False,
    sample_factor: int = 1,
) -> LabelledQueries:
    """Ask for a sample of the users of ``wanted``, knowing what is ``shown``."""
    users = np.sort(
        rng.permutation(np.unique(target_events.user))[: sample_factor * MAX_QUERIES_PER_KIND]
    )
    if kind != "new_user" and not (with_new_items and len(history) == 0):
        users = users[np.isin(users, np.unique(history.user))] if len(history) else users
    place = np.full(visible.n_users, -1)
    place[users] = np.arange(len(users))
    n_items = len(visible.items)

    def matrix(events: Events) -> Sparse:
        mine = events.filter(place[events.user] >= 0)
        return Events(place[mine.user], mine.item, mine.at).to_matrix(len(users), n_items)

    seen = matrix(history) if set_aside is None else matrix(history) + matrix(set_aside)
    candidates = np.zeros(n_items, dtype=bool)
    candidates[visible.train_item_rows] = True
    if with_new_items:
        candidates[np.unique(target_events.item)] = True
    queries = Queries.for_users(visible, history, users)
    return LabelledQueries(kind, queries, matrix(target_events), seen, candidates, users)
