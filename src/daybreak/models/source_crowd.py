"""Popularity among the people of another domain: the control of bridges over shared users."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_values,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_sources import find_shared_users
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats

SHARE_EXPONENT = 0.5
"""Exponent of shares before they are compared; few items would rule the shares themselves."""


@dataclass(frozen=True)
class SourceCrowdConfig:
    """Options of :class:`SourceCrowdModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    prior: float = 20.0
    """Strength of the popularity among all, in users."""


@dataclass(frozen=True, eq=False)
class SourceCrowdState:
    """State of :class:`SourceCrowdModel`."""

    scores: Floats
    """(n_train_items,) differences to the popularity among all; empty: too few people"""


@models.register("source_crowd")
class SourceCrowdModel(LinearModel[SourceCrowdConfig, SourceCrowdState]):
    """What people who also are in the source choose more often than others.

    The score is the same for all people with a source history, and nobody else has one. It
    says nothing about what somebody did there: a bridge must be better than this to count.
    """

    Config: ClassVar = SourceCrowdConfig
    State: ClassVar = SourceCrowdState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"source/crowd": {}},
        fitted_on="sources",
        search_space={"prior": Range(1, 300, log=True)},
        inputs="presence of a source history",
        use="people who come from another domain",
        formula="`√q_i - √p_i`, shares among shared users and among all",
        cost="e",
        memory="n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourceCrowdState:
        """Count among the shared users; see :meth:`Model.learn`."""
        found = find_shared_users(data, self.config.source)
        if found is None:
            return SourceCrowdState(np.zeros(0, np.float32))
        _, shared = found
        counts = np.asarray(shared.target.sum(axis=0), dtype=np.float32).ravel()
        return SourceCrowdState(crowd_scores(counts, data.user_counts, self.config.prior))

    def query_features(self, queries: Queries) -> Floats:
        """Return (n_queries, 1) 1 for queries with a source history."""
        if queries.source_history is None:
            return np.zeros((len(queries), 1), dtype=np.float32)
        has_history = np.diff(queries.source_history.indptr) > 0
        return np.asarray(has_history.astype(np.float32)[:, None])

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the scores; see :meth:`LinearModel.linear_scorer`."""
        if not len(self.state.scores):
            return LinearScorer.unscored(len(items))
        values, known = align_values(train_items, items, self.state.scores)
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(WeightMatrix(dense=values[None, :]), bias, known)


def crowd_scores(counts: Floats, everybody: Floats, prior: float) -> Floats:
    """Return the (n,) differences of the roots of two shares.

    Args:
        counts: (n,) users of each item among those of the source.
        everybody: (n,) users of each item among all.
        prior: Strength of the popularity among all, in users.

    Example:
        Both users of the source have the first of two items, like all others.

        >>> crowd_scores(np.array([2.0, 0.0]), np.array([4.0, 0.0]), 1.0).tolist()
        [0.0, 0.0]
    """
    total = max(float(everybody.sum()), 1.0)
    share = everybody / total
    among = (counts + prior * share) / (max(float(counts.sum()), 0.0) + prior)
    return np.asarray(among**SHARE_EXPONENT - share**SHARE_EXPONENT, dtype=np.float32)
