"""Attributes or words that a history has more often than chance explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.sparse_products import multiply_sparse
from daybreak.data.sparse_rows import build_csr, empty_csr, entry_indices, make_csr, row_sizes
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_terms import chosen_terms, term_matrix, term_names, term_scorer
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_TERMS = 1_000
"""Maximum number of terms whose rates are compared; the most frequent ones are kept."""
MIN_TERM_ITEMS = 3
"""Minimum number of items with events that have a term; rarer ones are no taste."""
MAX_RATE = 0.5
"""Base rate from which on a term is no taste: most events of everybody have it."""
TOPIC_EXPONENT = 2
"""Exponent of the share of the history that has a term; with 2, simulated users with one topic
gained most for the same loss of others, against 0 and 1."""
MAX_EVIDENCE = 10.0
"""Bound of the evidence for one term, which it approaches; odds of 20,000 to 1 are certain."""
N_PRIOR_EVENTS = 10.0
"""Number of events, drawn evenly from the catalogue, that are added to those of the data."""


_TERM_CACHE: "WeakKeyDictionary[TasteState, WeakKeyDictionary[Items, Sparse]]" = (
    WeakKeyDictionary()
)


@dataclass(frozen=True)
class TasteConfig:
    """Options of :class:`TasteModel`."""

    block: str = "attributes"
    """Content block whose terms are compared: ``attributes`` or ``words``."""


@dataclass(frozen=True, eq=False)
class TasteState:
    """State of :class:`TasteModel`."""

    columns: Rows
    """(n_terms,) columns of the content block, ascending"""
    rates: Floats
    """(n_terms,) share of the events of all users that are on items with the term"""


@models.register("taste")
class TasteModel(InductiveModel[TasteConfig, TasteState]):
    """Evidence that a user prefers a term, summed over the terms of an item.

    A user whose events are on items with a term at the base rate ``p`` of all users has no
    taste for it; the alternative is a rate of which nothing is known. The evidence of a history
    of ``n`` events, ``k`` of them on items with the term, is the logarithm of the Bayes factor
    of the alternative, plus that of the share of ``p`` in the base rates of all terms: people
    with one topic have it as often as all have, and many rare terms make no frequent one less
    likely. It is at least 0 and at most ``MAX_EVIDENCE``, which it approaches. Five of five
    events are overwhelming evidence at a base rate of 0.02 and none at 0.4. The evidence is
    multiplied by the squared share ``(k / n)²``, because a list can be about one topic only if
    the history is. Numbers and dates are no terms. An item has the sum of the evidence for its
    terms, minus that of disliked events.

    Source:
        Kass and Raftery 1995, "Bayes factors", section 3 (binomial against uniform rate); the
        share of the term enters as its prior odds.
    """

    Config: ClassVar = TasteConfig
    State: ClassVar = TasteState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={
            "taste/attributes": {"block": "attributes"},
            "taste/words": {"block": "words"},
        },
        inputs="history",
        use="histories with one topic",
        formula="sum over terms of log posterior odds times squared share of the history",
        source="Kass and Raftery 1995",
        cost="terms of all items",
        memory="terms of all items",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> TasteState:
        """Return the base rates of the most frequent terms; see :meth:`Model.learn`."""
        terms = term_matrix(data.train_items, self.config.block)
        n_items = len(data.train_items)
        n_with_term = np.asarray(terms.sum(axis=0), dtype=np.float64)
        counts = data.user_counts.astype(np.float64)
        n_prior = N_PRIOR_EVENTS / max(n_items, 1)
        rates = (counts @ terms + n_prior * n_with_term) / max(
            counts.sum() + n_prior * n_items, 1.0
        )
        is_usable = (n_with_term >= MIN_TERM_ITEMS) & (rates < MAX_RATE)
        usable = np.flatnonzero(is_usable & ~_quantities(data.train_items, self.config.block))
        frequent = usable[np.argsort(-n_with_term[usable], kind="stable")][:MAX_TERMS]
        columns = np.sort(frequent)
        return TasteState(columns.astype(np.int64), rates[columns].astype(np.float32))

    def query_features(self, queries: Queries) -> Sparse:
        """Return the (n_queries, n_terms) CSR evidence for each term."""
        history = queries.history
        if not len(self.state.columns):
            return empty_csr((len(queries), 0))
        root = np.sqrt(np.maximum(queries.n_events, 1e-6)).astype(np.float64)
        counts = history.data * np.repeat(root, row_sizes(history))
        terms = self._terms(queries.train_items)
        liked = self._evidence(_with_values(history, np.maximum(counts, 0)), terms)
        if not len(counts) or counts.min() >= 0:
            return liked
        disliked = self._evidence(_with_values(history, np.maximum(-counts, 0)), terms)
        return sp.csr_array(liked - disliked)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the terms of the items as weights; see :meth:`LinearModel.linear_scorer`."""
        return term_scorer(self._terms(items))

    def feature_names(self, terms: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return the names of the compared terms; see :class:`.SupportsFeatureNames`."""
        return term_names(terms, self.config.block, self.state.columns)

    def _terms(self, items: Items) -> Sparse:
        """Return the (n_items, n_terms) CSR of ones for the terms of the state."""
        state = self.state
        by_items = _TERM_CACHE.setdefault(state, WeakKeyDictionary())
        if items not in by_items:
            by_items[items] = chosen_terms(items, self.config.block, state.columns)
        return by_items[items]

    def _evidence(self, counts: Sparse, terms: Sparse) -> Sparse:
        """Return the (n_queries, n_terms) evidence of (n_queries, n_train_items) counts."""
        found = multiply_sparse(counts, terms)
        totals = np.add.reduceat(np.append(counts.data, 0), counts.indptr[:-1])
        totals[row_sizes(counts) == 0] = 0
        row, column = entry_indices(found)
        n = totals[row]
        k = np.minimum(found.data, n)
        rates = self.state.rates[column].astype(np.float64)
        usual = np.flatnonzero(~(k < n * rates))  # rarer than the base rate is no taste
        row, column = row[usual], column[usual]
        n, k, rates = n[usual], k[usual], rates[usual]
        prior = np.log(rates / max(float(self.state.rates.sum()), 1e-9))
        values = log_bayes_factor(k, n, rates) + prior
        values = MAX_EVIDENCE * -np.expm1(-np.maximum(values, 0) / MAX_EVIDENCE)
        values = (values * (k / np.maximum(n, 1e-9)) ** TOPIC_EXPONENT).astype(np.float32)
        known = values != 0
        return build_csr(row[known], column[known], values[known], found.shape)


def _with_values(matrix: Sparse, values: Doubles) -> Sparse:
    return make_csr(values, matrix.indices, matrix.indptr, matrix.shape)


def log_bayes_factor(k: Doubles, n: Doubles, rates: Doubles) -> Doubles:
    """Return the logarithm of the Bayes factor of an unknown rate against base rates.

    ``log B(k + 1, n - k + 1) - k log p - (n - k) log(1 - p)``; a uniform prior on the rate.

    Args:
        k: Number of events with a term.
        n: Number of events.
        rates: Base rates ``p``, between 0 and 1.

    Example:
        >>> five = np.array([5.0, 5.0])
        >>> log_bayes_factor(five, five, np.array([0.02, 0.4])).round(3)
        array([17.768,  2.79 ])
    """
    from scipy.special import betaln  # noqa: PLC0415 - slow to import, needed by histories only

    unlike = (n - k) * np.log1p(-rates)
    return np.asarray(betaln(k + 1, n - k + 1) - k * np.log(rates) - unlike, np.float64)


def _quantities(items: Items, block: str) -> Mask | np.bool_:
    """Return (n_columns,) which columns of a block are numbers or dates, which are no taste."""
    for found in items.blocks:
        if found.name == block and found.quantities is not None:
            return found.quantities
    return np.bool_(False)
