"""Items that are like what the user says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content_columns import content_as_weights
from daybreak.types import Floats, Rows, Sparse

REFERENCE_RANK = 10
"""Rank of the item whose likeness to a wish counts as fully about it; what is a little more
alike counts the same, and the other strategies order it."""
MARKED_LIKENESS = 1.2
"""Scaled likeness from which an item is markedly more about a wish than others: "programmer in
Seville" has one answer, and many that share the city."""
MARKED_SLOPE = 1.25
"""What the likeness beyond that counts. On ml100k, 1 (from 1.3) and 1.5 (from 1.2) changed the
share of lists that is about a sentence from .90 to .92 and .90."""
MAX_LIKENESS = 2.0
"""Largest scaled likeness that counts."""
MIN_ITEMS_PER_RANK = 20
"""Items of the catalogue for each rank: in a small catalogue, fewer items are about a wish."""
SHORT_LIST_RANK = 5
"""Smallest reference rank: a short list is filled with what a wish is about."""
MIN_ITEMS_PER_SHORT_RANK = 4
"""Items of the catalogue for each of the first ranks."""
MIN_REFERENCE_SHARE = 0.5
"""Smallest reference, as a share of the likeness of the most similar item."""
MIN_REFERENCE = 0.02
"""Smallest reference for wishes that hardly any item matches."""
MIN_SHARED_LIKENESS = 0.5
"""Scaled likeness from which an item may take a place of a wish that shares the list."""
FULL_LIKENESS = 0.99
"""Scaled likeness from which an item is fully about a wish; 1 but for rounding."""
WEIGHT_MARGIN = 1.02
"""Factor on the weight with which an item about a wish and one that is not would be equal."""
TOLERATED_LIKENESS = 0.3
"""Likeness to what is unwanted, in multiples of the reference, that does not count against an
item; below it, likeness is mostly noise."""


@dataclass(frozen=True)
class WishConfig:
    """The model has no options."""


@dataclass(frozen=True, eq=False)
class WishState:
    """State of :class:`WishModel`: empty, the model only compares."""


@models.register("wish")
class WishModel(InductiveModel[WishConfig, WishState]):
    """Content similarity of an item and the wish of a query, for items with and without events.

    The score is the same sum over content blocks as :meth:`Items.similarity`. A blend applies
    :func:`scale_wishes` and :func:`saturate_wishes` to it.

    Source:
        Salton, Wong and Yang 1975, "A vector space model for automatic indexing": documents
        ranked by their cosine with a query.
    """

    Config: ClassVar = WishConfig
    State: ClassVar = WishState
    feature_kind: ClassVar[QueryFeatureKind] = "wish"
    card: ClassVar = ModelCard(
        strategies={"wish": {}},
        fitted_on="says",
        inputs="wish",
        use="users who say what they want",
        formula="similarity of the item to the text",
        source="Salton et al. 1975",
        memory="content",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> WishState:
        """Return an empty state; see :meth:`Model.learn`."""
        return WishState()

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the content of items as weights; see :meth:`LinearModel.linear_scorer`."""
        assert self.state  # noqa: S101 - raises NotFittedError before fit
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(content_as_weights(items), bias, np.ones(len(items), dtype=bool))


def combine_wishes(scores: Floats, owners: Rows) -> tuple[Rows, Floats]:
    """Return the queries that have wishes, and the best score of each item over their wishes.

    Args:
        scores: (n_wishes, n_items) scores.
        owners: (n_wishes,) query of each wish, ascending.

    Returns:
        (n,) queries and (n, n_items) scores.

    Example:
        >>> scores = np.array([[1.0, 0.0], [0.2, 0.8], [0.5, 0.5]])
        >>> combine_wishes(scores, np.array([0, 0, 2]))
        (array([0, 2]), array([[1. , 0.8],
               [0.5, 0.5]]))
    """
    queries, starts = np.unique(owners, return_index=True)
    if len(queries) == len(owners):
        return queries, scores
    return queries, np.maximum.reduceat(scores, starts, axis=0)


def balance_wishes(
    likeness: Floats, owners: Rows, others: Floats, weights: Floats, n_places: int
) -> Floats:
    """Return the factors of wishes with which each fills as many of the first places.

    What is about one wish may be more popular than what is about another. The factors make the
    last items that have a place equal.

    Args:
        likeness: (n_wishes, n_items) saturated likeness.
        owners: (n_wishes,) row of ``others`` of each wish, ascending.
        others: (n_queries, n_items) scores of the other strategies.
        weights: (n_queries,) weight of a likeness of 1, above 0.
        n_places: Places of a list.

    Returns:
        (n_wishes,) factors of at least 1.

    Example:
        >>> likeness = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float32)
        >>> others = np.array([[3, 2, 1, 0]], dtype=np.float32)
        >>> balance_wishes(likeness, np.array([0, 0]), others, np.array([8.0]), 4).tolist()
        [1.0, 1.25]
    """
    last = np.full(len(owners), -np.inf)
    n_wishes = np.bincount(owners, minlength=len(others))
    for wish, query in enumerate(owners.tolist()):
        is_about = likeness[wish] >= MIN_SHARED_LIKENESS
        own = others[query, is_about] + weights[query] * likeness[wish, is_about]
        place = min(-(-n_places // int(n_wishes[query])), len(own))
        if place:
            last[wish] = -np.partition(-own, place - 1)[place - 1]
    best = np.full(len(others), -np.inf)
    np.maximum.at(best, owners, last)
    has_place = np.isfinite(last)
    missing = np.where(has_place, best[owners], 0) - np.where(has_place, last, 0)
    return np.asarray(1 + missing / weights[owners], dtype=np.float32)


def sufficient_weights(likeness: Floats, others: Floats, n_places: int) -> Floats:
    """Return the weights of wishes with which what is about them comes first.

    A fitted weight holds for most users. A long history of one kind may speak more for its kind
    than any history of the measurements, and a wish for another kind would be lost.

    Args:
        likeness: (n_queries, n_items) saturated likeness of each item to the wish of the query
            that it fulfils best.
        others: (n_queries, n_items) scores of the other strategies.
        n_places: Places of a list: so many items that are fully about a wish come before all
            items that are less than half about it.

    Returns:
        (n_queries,) weights; 0 where no item is fully about the wish, or all are.

    Example:
        >>> likeness = np.array([[1, 1, 0.6, 0.2, 0]], dtype=np.float32)
        >>> others = np.array([[0, -1, 9, 7, 8]], dtype=np.float32)
        >>> sufficient_weights(likeness, others, 2).round(2).tolist()  # 8 / 0.8 from the fourth
        [10.199999809265137]
    """
    weights = np.zeros(len(likeness), dtype=np.float32)
    for query, (alike, score) in enumerate(zip(likeness, others, strict=True)):
        about = score[alike >= FULL_LIKENESS]
        is_other = alike < MIN_SHARED_LIKENESS
        place = min(n_places, len(about))
        if place and is_other.any():
            last = -np.partition(-about, place - 1)[place - 1]
            missing = (score[is_other] - last) / (1 - np.maximum(alike[is_other], 0))
            weights[query] = WEIGHT_MARGIN * max(missing.max(), 0)
    return weights


def scale_wishes(features: Sparse, scorer: LinearScorer) -> Sparse:
    """Return the features of wishes, scaled so that an item about a wish scores about 1.

    Wishes of many words are less similar to any item than wishes of one word. The likeness of
    the item at ``REFERENCE_RANK`` makes them comparable; for a text that only says what is
    unwanted, it is that of the items most like it.

    Args:
        features: (n_wishes, n_features) CSR of wishes.
        scorer: Scorer of the whole catalogue.
    """
    likeness = scorer.weights.apply(features)
    reference = np.full(features.shape[0], MIN_REFERENCE, dtype=np.float32)
    if likeness is not None and likeness.shape[1]:
        reference = reference_likeness(likeness)
    scaled = features.data / np.repeat(reference, np.diff(features.indptr))
    return sp.csr_array((scaled, features.indices, features.indptr), shape=features.shape)


def saturate_wishes(scores: Floats) -> Floats:
    """Return scaled likenesses, equal around 1 and without small negative ones.

    Example:
        >>> scores = np.array([[2.0, 1.2, 1.0, 0.5, -0.25, -1.25]], dtype=np.float32)
        >>> saturate_wishes(scores).astype(float).round(2).tolist()[0]
        [2.0, 1.0, 1.0, 0.5, 0.0, -0.95]
    """
    unwanted = np.minimum(scores + np.float32(TOLERATED_LIKENESS), 0)
    marked = np.clip(scores - np.float32(MARKED_LIKENESS), 0, MAX_LIKENESS - MARKED_LIKENESS)
    wanted = np.minimum(scores, np.float32(1)) + np.float32(MARKED_SLOPE) * marked
    return np.asarray(np.where(scores < 0, unwanted, wanted), dtype=np.float32)


def apply_wish_factors(likeness: Floats, factors: Floats) -> Floats:
    """Return (n_wishes, n_items) likeness times the factors of wishes, where it is positive."""
    return np.where(likeness > 0, likeness * factors[:, None], likeness)


def reference_rank(n_items: int) -> int:
    """Return the rank of the item whose likeness counts as fully about a wish.

    Example:
        >>> reference_rank(1_000), reference_rank(60), reference_rank(8)
        (10, 5, 2)
    """
    lowest = int(np.clip(n_items // MIN_ITEMS_PER_SHORT_RANK, 1, SHORT_LIST_RANK))
    return int(np.clip(n_items // MIN_ITEMS_PER_RANK, lowest, REFERENCE_RANK))


def reference_likeness(likeness: Floats) -> Floats:
    """Return (n_queries,) the likeness that counts as fully about a wish.

    Args:
        likeness: (n_queries, n_items) likeness of wishes and all items, at least one item.
    """
    has_wanted = likeness.max(axis=1, keepdims=True) > MIN_REFERENCE
    size = np.where(has_wanted, likeness, -likeness)
    rank = reference_rank(likeness.shape[1])
    top = -np.partition(-size, rank - 1, axis=1)[:, :rank]
    best = top.max(axis=1)
    reference = np.maximum(top.min(axis=1), MIN_REFERENCE_SHARE * best)
    return np.asarray(np.maximum(reference, MIN_REFERENCE), dtype=np.float32)
