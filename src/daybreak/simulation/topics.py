"""Simulated users with one topic: histories of items that share an attribute or a word.

Real histories are rarely about one topic only, so that a blend that is fitted on them learns
little about the people whose history is. :func:`topic_queries` makes such histories.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.simulation.queries import LabelledQueries
from daybreak.types import Doubles, Mask, Rows, Sparse

TOPIC = "topic"
"""Kind of the queries."""
TOPIC_EVENTS = (1, 3, 5, 10, 20)
"""Numbers of events of the simulated histories."""
N_TOPICS = 60
"""Maximum number of topics."""
MIN_TOPIC_ITEMS = (8, 15)
"""Bounds of the minimum number of items of a topic that have events."""
MIN_TOPIC_SHARE = 0.01
"""Minimum share of the items with events that a topic has, within these bounds."""
MIN_TARGETS = 7
"""Minimum number of items of a topic besides those of the history."""
MAX_TOPIC_SHARE = 0.1
"""Maximum share of these items that a topic has; a list about a larger one shows no taste."""

MAX_BLOCK_EVENTS = 2_000_000
"""Events of users on items with the terms that are counted at a time: 100 MB [events]."""


@dataclass(frozen=True, eq=False)
class Topic:
    """Items of a catalogue that share a term of a content block."""

    rows: Rows
    """Rows of the items with events, ascending."""
    strength: float
    """How much more its share differs between users than chance explains, see
    :func:`overdispersion`, times the root of its share of events."""


def topic_queries(visible: Dataset, rng: np.random.Generator) -> list[LabelledQueries]:
    """Return queries of simulated users with one topic, one set for each number of events.

    The topics are those in whose share the users differ most. The history is drawn from the
    items of the topic in proportion to their events; the other items of the topic are targets.

    Args:
        visible: Training data.
        rng: Draws the histories.
    """
    topics = find_topics(visible)
    query_sets = (_topic_queries(visible, topics, n, rng) for n in TOPIC_EVENTS)
    return [labelled for labelled in query_sets if len(labelled)]


def find_topics(data: Dataset) -> list[Topic]:
    """Return at most ``N_TOPICS`` topics, those of the largest strength first."""
    if not len(data.events):
        return []
    topics = [topic for terms in _iter_term_matrices(data) for topic in _topics_of(data, terms)]
    return sorted(topics, key=lambda topic: -topic.strength)[:N_TOPICS]


def overdispersion(interactions: Sparse, terms: Sparse) -> tuple[Doubles, Doubles]:
    """Return how much the users' shares of each term vary beyond chance, and the total shares.

    A user with ``n`` events has ``k`` on items with the term. With ``p`` the share of all
    events, the overdispersion is the ``ρ`` for which the variance of ``k`` is
    ``n p (1 - p) (1 + (n - 1) ρ)``: 0 if all users are alike, 1 if each has only items with the
    term or none.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        terms: (n_items, n_terms) CSR of ones.

    Source:
        Williams 1982, "Extra-binomial variation in logistic linear models", eq. 3 (moments).

    Example:
        >>> interactions = sp.csr_array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
        >>> rho, share = overdispersion(interactions, sp.csr_array([[1.0], [1], [0], [0]]))
        >>> rho.tolist(), share.tolist()
        ([1.0], [0.5])
    """
    n = np.asarray(interactions.sum(axis=1), dtype=np.float64).ravel()
    k = sp.csc_array(interactions @ terms, dtype=np.float64)
    share = np.asarray(k.sum(axis=0)).ravel() / max(n.sum(), 1)
    per_user = 1 / np.maximum(n, 1)  # every user counts, not only those with many events
    mean_square = (k * k).T @ per_user - 2 * share * np.asarray(k.sum(axis=0)).ravel()
    variance = mean_square + share**2 * n.sum()
    chance = share * (1 - share)
    rho = (variance - chance * np.count_nonzero(n)) / np.maximum(
        chance * (n - 1).clip(0).sum(), 1e-9
    )
    return np.asarray(rho, dtype=np.float64), share


def _iter_term_matrices(data: Dataset) -> Iterator[Sparse]:
    """Yield the (n_train_items, n_terms) CSR of ones of each sparse content block.

    Numbers and dates are no topics.
    """
    for block in data.train_items.blocks:
        if sp.issparse(block.matrix):
            terms = sp.csr_array(block.matrix, dtype=np.float32, copy=True)
            terms.data = (terms.data > 0).astype(np.float32)
            yield terms if block.quantities is None else terms[:, ~block.quantities]


def _topics_of(data: Dataset, terms: Sparse) -> Iterator[Topic]:
    n_items = np.asarray(terms.sum(axis=0)).ravel()
    least = np.clip(MIN_TOPIC_SHARE * terms.shape[0], *MIN_TOPIC_ITEMS)
    most = max(MAX_TOPIC_SHARE * terms.shape[0], MIN_TOPIC_ITEMS[1])
    usable = np.flatnonzero((n_items >= least) & (n_items <= most))
    if not len(usable):
        return
    columns = sp.csc_array(terms[:, usable])
    strengths = np.concatenate(
        [
            rho * np.sqrt(share)
            for rho, share in (
                overdispersion(data.interactions, sp.csr_array(columns[:, block]))
                for block in _iter_term_blocks(data, columns)
            )
        ]
    )
    for column in np.argsort(-strengths, kind="stable")[:N_TOPICS].tolist():
        span = slice(columns.indptr[column], columns.indptr[column + 1])
        yield Topic(np.sort(columns.indices[span]), float(strengths[column]))


def _iter_term_blocks(data: Dataset, terms: Sparse) -> Iterator[slice]:
    """Yield slices of terms whose items have at most ``MAX_BLOCK_EVENTS`` events together.

    Args:
        data: Training data.
        terms: (n_train_items, n_terms) CSC of ones.
    """
    n_events = np.r_[0, np.cumsum(data.user_counts.astype(np.int64) @ terms)]
    start, n_terms = 0, terms.shape[1]
    while start < n_terms:
        limit = n_events[start] + MAX_BLOCK_EVENTS
        stop = max(int(np.searchsorted(n_events, limit, side="right")) - 1, start + 1)
        yield slice(start, stop)
        start = stop


def _topic_queries(
    visible: Dataset, topics: list[Topic], n_events: int, rng: np.random.Generator
) -> LabelledQueries:
    """Return one query for each topic with enough items."""
    usable = [topic for topic in topics if len(topic.rows) >= n_events + MIN_TARGETS]
    histories = [_draw_history(visible, topic, n_events, rng) for topic in usable]
    n, n_items = len(usable), len(visible.items)
    train_rows = visible.train_item_rows
    user = np.repeat(np.arange(n), n_events)
    item = train_rows[np.concatenate(histories)] if n else np.empty(0, dtype=np.int64)
    history = Events.of(user, item, np.zeros(len(user)))
    profiles = sp.csr_array((n, visible.profiles.shape[1]), dtype=np.float32)
    users = Dataset(visible.items, visible.events, n, profiles)
    seen = history.to_matrix(n, n_items)
    sizes = [len(topic.rows) for topic in usable]
    columns = train_rows[np.concatenate([topic.rows for topic in usable])] if n else item
    ones = np.ones(len(columns), dtype=np.float32)
    topic_items = sp.csr_array(
        (ones, (np.repeat(np.arange(n), sizes), columns)), shape=(n, n_items)
    )
    candidates: Mask = np.zeros(n_items, dtype=bool)
    candidates[train_rows] = True
    return LabelledQueries(
        TOPIC,
        Queries.for_users(users, history, np.arange(n)),
        topic_items,
        seen,
        candidates,
        np.arange(n),
    )


def _draw_history(
    visible: Dataset, topic: Topic, n_events: int, rng: np.random.Generator
) -> Rows:
    """Draw items of a topic without replacement, in proportion to their events."""
    weights = visible.user_counts[topic.rows].astype(np.float64)
    chosen: Rows = rng.choice(
        topic.rows, size=n_events, replace=False, p=weights / weights.sum()
    )
    return chosen
