"""Queries for the next event: what a person takes next, within a sitting and after a pause."""

import numpy as np

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.simulation.queries import LabelledQueries
from daybreak.types import Mask, Rows, Sparse

NEXT_SPLIT = "next"
"""Name of the split with the queries of this module."""
NEXT_KINDS = ("next_first", "next_last", "next_other")
"""Kinds of the queries: about the first event of a known user after a moment, which mostly
follows a pause, about the last event of a user, and about all others."""
CUT_QUANTILE = 0.9
"""Share of the events before the moment at which the visible data end."""
MAX_NEXT_QUERIES = 500
"""Maximum number of queries of a kind."""


def next_event_queries(
    data: Dataset, rng: np.random.Generator
) -> tuple[Dataset, tuple[LabelledQueries, ...]]:
    """Return the data before a moment, and queries of each kind for single events after it.

    A query knows all earlier events of its user, also those after the moment.

    Args:
        data: The whole data set, with an order in time.
        rng: Random generator.
    """
    events = data.events
    moment = float(np.quantile(events.at[events.at > 0], CUT_QUANTILE))
    visible = data.filter_events(events.at < moment)
    in_catalogue = np.isin(events.item, visible.train_item_rows)
    known = events.filter(in_catalogue)
    samples = zip(NEXT_KINDS, _sample(known, moment, rng), strict=True)
    return visible, tuple(
        label_events(data, visible, known, rows, kind) for kind, rows in samples if len(rows)
    )


def label_events(
    data: Dataset, visible: Dataset, events: Events, rows: Rows, kind: str = NEXT_KINDS[-1]
) -> LabelledQueries:
    """Return one query for each event at some positions, with that event as its target.

    Args:
        data: The whole data set.
        visible: Its events that models may learn from.
        events: Events on items of the visible data, by user and time.
        rows: (n_queries,) positions of the targets.
        kind: Kind of the queries.
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
    return LabelledQueries(kind, queries, targets.to_matrix(*shape), seen, candidates, users)


def _sample(events: Events, moment: float, rng: np.random.Generator) -> list[Rows]:
    """Return the positions of targets of each kind."""
    is_late = (events.at >= moment) & (events.count_earlier() > 0)
    follows = np.r_[False, is_late[:-1] & (events.user[1:] == events.user[:-1])]
    is_first = is_late & ~follows & _known_before(events, moment)[events.user]
    is_last = is_late & ~is_first & (events.count_later() == 0)
    is_other = is_late & ~is_first & ~is_last
    return [
        np.sort(rng.permutation(np.flatnonzero(mask))[:MAX_NEXT_QUERIES])
        for mask in (is_first, is_last, is_other)
    ]


def _known_before(events: Events, moment: float) -> Mask:
    """Return (n_users,) who has an event before the moment."""
    known = np.zeros(int(events.user.max(initial=-1)) + 1, dtype=bool)
    known[events.user[events.at < moment]] = True
    return known
