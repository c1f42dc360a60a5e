"""Popularity of shared items: counts of the target around those of a source."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_sources import find_domain
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats


@dataclass(frozen=True)
class SourcePopularConfig:
    """Options of :class:`SourcePopularModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    prior: float = 300.0
    """Strength of the prior: events of the target that count as much as the source."""


@dataclass(frozen=True, eq=False)
class SourcePopularState:
    """State of :class:`SourcePopularModel`."""

    ids: Vocabulary
    """Ids of the shared items"""
    scores: Floats
    """(n_shared,) logarithms of expected shares"""


@models.register("source_popular")
class SourcePopularModel(InductiveModel[SourcePopularConfig, SourcePopularState]):
    """Logarithm of the expected share of each shared item in the events of the target.

    ``log((c_i + κ s_i) / (Σ c + κ))`` with the counts c of the target and the shares s of the
    source: the posterior mean of a Dirichlet prior whose mean is the source.

    Source:
        Gelman et al. 2013, Bayesian Data Analysis, section 3.4 (multinomial model).
    """

    Config: ClassVar = SourcePopularConfig
    State: ClassVar = SourcePopularState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"source/popular": {}},
        fitted_on="sources",
        search_space={"prior": Range(10, 10_000, log=True)},
        inputs="nothing",
        use="a new market for known items",
        formula="`log((c_i + κ s_i) / (Σ c + κ))`",
        source="Gelman et al. 2013, section 3.4",
        cost="e",
        memory="n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourcePopularState:
        """Count; see :meth:`Model.learn`."""
        domain = find_domain(data, self.config.source)
        if domain is None or data.sources is None:
            return SourcePopularState(Vocabulary(()), np.zeros(0, np.float32))
        rows = data.sources.target_rows[domain.columns]
        shared = np.flatnonzero(rows >= 0)
        events = np.bincount(data.events.item, minlength=len(data.items))
        counts = events[rows[shared]].astype(np.float32)
        popularity = domain.popularity[shared] + 0.5
        scores = expected_log_shares(counts, popularity, self.config.prior)
        ids = data.sources.ids.ids
        names = Vocabulary(ids[column] for column in domain.columns[shared].tolist())
        return SourcePopularState(names, scores)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the scores by id; see :meth:`LinearModel.linear_scorer`."""
        rows = self.state.ids.rows(items.ids)
        known = rows >= 0
        bias = np.zeros(len(items), dtype=np.float32)
        if len(self.state.scores):
            # What the source does not know is as popular as its least popular item.
            bias[:] = self.state.scores.min()
            bias[known] = self.state.scores[rows[known]]
        return LinearScorer(
            WeightMatrix(), bias, np.full(len(items), len(self.state.scores) > 0)
        )


def expected_log_shares(counts: Floats, source: Floats, strength: float) -> Floats:
    """Return the (n,) logarithms of the expected shares of items.

    Args:
        counts: (n,) events in the target.
        source: (n,) events in the source, above 0.
        strength: κ, in events of the target.

    Example:
        Three events around a prior of one: (3 + 0.5) / 4 and (0 + 0.5) / 4.

        >>> np.exp(expected_log_shares(np.array([3, 0]), np.array([1.0, 1.0]), 1.0)).round(3)
        array([0.875, 0.125], dtype=float32)
    """
    if not len(counts):
        return np.zeros(0, dtype=np.float32)
    share = source / source.sum()
    expected = (counts + strength * share) / (counts.sum() + strength)
    return np.asarray(np.log(expected), dtype=np.float32)
