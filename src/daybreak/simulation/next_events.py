"""Queries for the next event: what a person takes next, within a sitting and after a pause."""

import numpy as np

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.simulation.queries import LabelledQueries
from daybreak.types import Mask, Rows, Sparse

NEXT_KIND = "next"
"""Kind of the queries of this module."""
CUT_QUANTILE = 0.9
"""Share of the events before the moment at which the visible data end."""
MAX_NEXT_QUERIES = 500
"""Maximum number of queries about first events, about last ones, and about others."""


def next_event_queries(
    data: Dataset, rng: np.random.Generator
) -> tuple[Dataset, LabelledQueries]:
    """Return the data before a moment, and queries for single events after it.

    A query knows all earlier events of its user, also those after the moment. A third of the
    targets are the first events of known users after the moment, which mostly follow a pause, a
    third are the last events of users, and a third are drawn from all others.

    Args:
        data: The whole data set, with an order in time.
        rng: Random generator.
    """
    events = data.events
    moment = float(np.quantile(events.at[events.at > 0], CUT_QUANTILE))
    visible = data.filter_events(events.at < moment)
    in_catalogue = np.isin(events.item, visible.train_item_rows)
    known = events.filter(in_catalogue)
    return visible, label_events(data, visible, known, _sample(known, moment, rng))


def label_events(
    data: Dataset, visible: Dataset, events: Events, rows: Rows
) -> LabelledQueries:
    """Return one query for each event at some positions, with that event as its target.

    Args:
        data: The whole data set.
        visible: Its events that models may learn from.
        events: Events on items of the visible data, by user and time.
        rows: (n_queries,) positions of the targets.
    """
    n_known = events.count_earlier()[rows]
    owner = np.repeat(np.arange(len(rows)), n_known)
    back = np.arange(n_known.sum()) - np.repeat(np.cumsum(n_known) - n_known, n_known)
    earlier = np.repeat(rows - n_known, n_known) + back
    known = Events(owner, events.item[earlier], events.at[earlier])
    pause_s = np.full(len(rows), np.nan)
    has_history = n_known > 0
    last = rows[has_history]
    pause_s[has_history] = events.at[last] - events.at[last - 1]
    users = events.user[rows]
    queries = Queries.for_histories(visible, known, data.profiles[users], pause_s)
    shape = (len(rows), len(data.items))
    targets = Events(np.arange(len(rows)), events.item[rows], events.at[rows])
    candidates = np.zeros(len(data.items), dtype=bool)
    candidates[visible.train_item_rows] = True
    seen: Sparse = known.to_matrix(*shape)
    return LabelledQueries(
        NEXT_KIND, queries, targets.to_matrix(*shape), seen, candidates, users
    )


def _sample(events: Events, moment: float, rng: np.random.Generator) -> Rows:
    is_late = (events.at >= moment) & (events.count_earlier() > 0)
    first_late = is_late & ~np.r_[False, (is_late[:-1]) & (events.user[1:] == events.user[:-1])]
    first_late &= _known_before(events, moment)[events.user]
    last = is_late & (events.count_later() == 0)
    others = is_late & ~first_late & ~last
    parts = [
        rng.permutation(np.flatnonzero(mask))[:MAX_NEXT_QUERIES]
        for mask in (first_late, last, others)
    ]
    return np.unique(np.concatenate(parts))


def _known_before(events: Events, moment: float) -> Mask:
    """Return (n_users,) who has an event before the moment."""
    known = np.zeros(int(events.user.max(initial=-1)) + 1, dtype=bool)
    known[events.user[events.at < moment]] = True
    return known
