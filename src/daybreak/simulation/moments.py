"""Queries at moments in time: newcomers, known users, and what people take again.

The targets are what people do within a short time after the moment, and the candidates are the
items that existed then.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.data.repeats import basket_numbers, choose_decay, repeat_frequencies
from daybreak.models.age import item_births
from daybreak.models.shared_decay import MOMENT_QUANTILES
from daybreak.simulation.pauses import pauses_before
from daybreak.simulation.queries import LabelledQueries
from daybreak.types import Mask, Rows, Sparse

NOW_KIND, NOW_NEW_KIND, AGAIN_KIND = "now", "now_new", "again"
"""Kinds of the queries of this module; candidates of ``now_new`` include unsold items."""
N_NEW_ITEM_MOMENTS = 3
"""Number of last moments at which items without events are candidates as well."""
MIN_UNSOLD_ITEMS = 3
"""Smallest number of such items."""
HORIZON_SHARES = (0.02, 0.05, 0.1)
"""Shares of all events after a moment among which the targets are; the first that gives enough
queries is used."""
MIN_NOW_QUERIES = 50
"""Number of queries that are enough."""
MAX_NOW_QUERIES = 500
"""Maximum number of queries of a moment and a number of known events."""
NOW_EVENTS = (0, 1, 3)
"""Numbers of known events of newcomers."""


def newcomer_moments(
    data: Dataset, rng: np.random.Generator
) -> Iterator[tuple[Dataset, LabelledQueries]]:
    """Yield the data before several moments, and queries of people about whom nothing is known.

    Args:
        data: The whole data set, with an order in time.
        rng: Random generator.
    """
    for moment, visible in _iter_visible(data, MOMENT_QUANTILES):
        (labelled,) = now_queries(data, visible, moment, rng, (0,))
        if len(labelled):
            yield visible, labelled


def new_item_moments(
    data: Dataset, rng: np.random.Generator
) -> Iterator[tuple[Dataset, LabelledQueries]]:
    """Yield the data before the last moments, and queries with unsold items as candidates.

    Args:
        data: The whole data set, with an order in time.
        rng: Random generator.
    """
    for moment, visible in _iter_visible(data, MOMENT_QUANTILES[-N_NEW_ITEM_MOMENTS:]):
        unsold = unsold_items(data, visible, moment)
        if unsold.sum() >= MIN_UNSOLD_ITEMS:
            labelled = _with_unsold(data, visible, moment, unsold, rng)
            if len(labelled):
                yield visible, labelled


def unsold_items(data: Dataset, visible: Dataset, moment: float) -> Mask:
    """Return (n_items,) which items probably existed at a moment without an event.

    An item exists from its creation on. If that is unknown, an item existed if it has never had
    an event, or if its first event comes next.
    """
    births = item_births(data)
    known = np.sort(data.events.at[data.events.at >= moment])
    soon = known[min(int(HORIZON_SHARES[0] * len(data.events)), len(known) - 1)]
    created = data.items.created_at
    is_known = np.isfinite(created) if len(created) else np.zeros(len(data.items), dtype=bool)
    unsold = np.where(is_known, births <= moment, ~(births > soon))
    unsold[visible.events.item] = False
    return np.asarray(unsold, dtype=bool)


def _iter_visible(
    data: Dataset, quantiles: tuple[float, ...]
) -> Iterator[tuple[float, Dataset]]:
    """Yield moments, each with the data before it."""
    known = np.sort(data.events.at[data.events.at > 0])
    for quantile in quantiles:
        moment = float(known[min(int(quantile * len(known)), len(known) - 1)])
        visible = data.filter_events(data.events.at < moment)
        if len(visible.events):
            yield moment, visible


def now_queries(
    data: Dataset,
    visible: Dataset,
    moment: float,
    rng: np.random.Generator,
    known_events: tuple[int, ...] = NOW_EVENTS,
) -> list[LabelledQueries]:
    """Return queries at a moment, for each number of known events and for whole histories.

    Queries with ``n`` known events are those of newcomers after their first ``n`` events and,
    where newcomers are few, of known users of whom only the last ``n`` events are known.

    Args:
        data: The whole data set.
        visible: Its events before the moment.
        moment: Epoch seconds.
        rng: Random generator.
        known_events: Numbers of known events; more than one number adds whole histories.
    """
    following = _events_after(data.events, visible, moment)
    is_newcomer = np.ones(data.n_users, dtype=bool)
    is_newcomer[visible.events.user] = False
    query_sets = [_few_events(visible, following, is_newcomer, n, rng) for n in known_events]
    if len(known_events) > 1:
        targets = following.filter(~is_newcomer[following.user])
        query_sets.append(_label(visible, visible.events, targets, visible.events, rng))
    return query_sets


def again_queries(
    data: Dataset, visible: Dataset, moment: float, rng: np.random.Generator
) -> LabelledQueries:
    """Return queries whose targets are the next baskets of known users, with what they have.

    Args:
        data: The whole data set.
        visible: Its events before the moment.
        moment: Epoch seconds.
        rng: Random generator.
    """
    events = data.all_events
    past = events.filter(events.at < moment)
    after = events.filter(events.at >= moment)
    earlier, _ = basket_numbers(after)
    is_known = np.zeros(data.n_users, dtype=bool)
    is_known[visible.events.user] = True
    in_catalogue = np.isin(after.item, visible.train_item_rows)
    targets = after.filter((earlier == 0) & is_known[after.user] & in_catalogue)
    nothing = events.filter(np.zeros(len(events), dtype=bool))
    labelled = _label(visible, visible.events, targets, nothing, rng, AGAIN_KIND)
    row = _rows_of(labelled.users, data.n_users)
    own = past.filter(row[past.user] >= 0)
    by_query = _sorted(Events(row[own.user], own.item, own.at))
    shape = (len(labelled.users), len(data.items))
    repeats = repeat_frequencies(by_query, choose_decay(past), *shape)
    queries = labelled.queries.with_repeats(repeats[:, visible.train_item_rows])
    return LabelledQueries(
        AGAIN_KIND,
        queries,
        labelled.targets,
        labelled.seen,
        labelled.candidates,
        labelled.users,
    )


def _with_unsold(
    data: Dataset, visible: Dataset, moment: float, unsold: Mask, rng: np.random.Generator
) -> LabelledQueries:
    """Return the queries of everybody, without events and with unsold items as candidates."""
    following = _events_after(data.events, visible, moment, unsold)
    nothing = following.filter(np.zeros(len(following), dtype=bool))
    labelled = _label(visible, nothing, following, visible.events, rng, NOW_NEW_KIND)
    return replace(labelled, candidates=labelled.candidates | unsold)


def _events_after(
    events: Events, visible: Dataset, moment: float, unsold: Mask | None = None
) -> Events:
    """Return the events on existing items within the shortest horizon with enough users."""
    known = np.sort(events.at[events.at >= moment])
    exists = np.isin(events.item, visible.train_item_rows)
    if unsold is not None:
        exists |= unsold[events.item]
    after = events.filter((events.at >= moment) & exists)
    for share in HORIZON_SHARES:
        end = known[min(int(share * len(events)), len(known) - 1)] if len(known) else moment
        following = after.filter(after.at <= end)
        if len(np.unique(following.user)) >= MIN_NOW_QUERIES:
            break
    return following


def _few_events(
    visible: Dataset,
    following: Events,
    is_newcomer: Mask,
    n_known: int,
    rng: np.random.Generator,
) -> LabelledQueries:
    """Return the queries of people of whom ``n_known`` events are known."""
    fresh = following.filter(is_newcomer[following.user])
    position = fresh.count_earlier()
    history, targets = fresh.filter(position < n_known), fresh.filter(position >= n_known)
    seen = history
    if len(np.unique(targets.user)) < MIN_NOW_QUERIES:
        past, known_targets = visible.events, following.filter(~is_newcomer[following.user])
        last = past.filter(past.count_later() < n_known)
        history, targets = _join(history, last), _join(targets, known_targets)
        seen = _join(seen, past)
    return _label(visible, history, targets, seen, rng)


def _label(
    visible: Dataset,
    history: Events,
    targets: Events,
    seen: Events,
    rng: np.random.Generator,
    kind: str = NOW_KIND,
) -> LabelledQueries:
    users = np.sort(rng.permutation(np.unique(targets.user))[:MAX_NOW_QUERIES])
    row = _rows_of(users, visible.n_users)
    n_items = len(visible.items)

    def to_matrix(events: Events) -> Sparse:
        own = events.filter(row[events.user] >= 0)
        matrix = Events(row[own.user], own.item, own.at).to_matrix(len(users), n_items)
        matrix.sum_duplicates()
        return (matrix > 0).astype(np.float32)

    candidates = np.zeros(n_items, dtype=bool)
    candidates[visible.train_item_rows] = True
    queries = Queries.for_users(visible, history, users)
    queries = replace(queries, pause_s=pauses_before(history, targets, users))
    return LabelledQueries(
        kind, queries, to_matrix(targets), to_matrix(seen), candidates, users
    )


def _rows_of(users: Rows, n_users: int) -> Rows:
    row = np.full(n_users, -1)
    row[users] = np.arange(len(users))
    return row


def _join(first: Events, second: Events) -> Events:
    """Return the events of two disjoint sets, sorted by user and then by time."""
    pairs = [(getattr(first, name), getattr(second, name)) for name in ("user", "item", "at")]
    return _sorted(Events(*(np.concatenate(pair) for pair in pairs)))


def _sorted(events: Events) -> Events:
    order = np.lexsort((events.at, events.user))
    return Events(events.user[order], events.item[order], events.at[order])
