"""Transitions from an item to the items chosen after it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_columns,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_statistics import top_per_row
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Mask, Sparse


@dataclass(frozen=True)
class TransitionsConfig:
    """Options of :class:`TransitionsModel`."""

    reach: int = 10
    """Largest distance of a later event that counts [events]."""
    decay: float = 0.7
    """Factor of the weight for each further event ahead."""
    shrinkage: float = 5.0
    """Transitions added to the count of every item."""
    keep: int = 300
    """Largest weights kept for an item [items]."""


@dataclass(frozen=True, eq=False)
class TransitionsState:
    """State of :class:`TransitionsModel`."""

    weights: Sparse
    """(n_train_items, n_train_items) CSR from an item to the items that follow it"""
    dated: bool
    """False when the data have no time order; then nothing is scored."""


@models.register("transitions")
class TransitionsModel(LinearModel[TransitionsConfig, TransitionsState]):
    """Score by how often an item followed those of the recent history.

    Transitions are counted only between different times. Files often sort events of one time by
    identifier; a model that learns this order looks good on the file and is useless elsewhere.

    Source:
        Skip transitions with a gap decay, rows divided by the power 1/2 and columns by the
        power 0.3 of their sums (popular successors stay, damped), in the spirit of Garg
        et al. 2019, "Sequence and time aware neighborhood for session-based recommendations",
        eq. 5.
    """

    Config: ClassVar = TransitionsConfig
    State: ClassVar = TransitionsState
    feature_kind: ClassVar[QueryFeatureKind] = "recent"
    card: ClassVar = ModelCard(
        strategies={"transitions": {}},
        search_space={
            "reach": Range(1, 30, log=True, is_integer=True),
            "decay": Range(0.3, 1),
            "shrinkage": Range(0.5, 50, log=True),
        },
        inputs="recent history",
        use="the next event",
        formula="counts of later events, decayed by distance; never between events of one time",
        source="after Garg et al. 2019, eq. 5",
        cost="10 e",
        memory="600n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> TransitionsState:
        """Count transitions; see :meth:`Model.learn`."""
        n = len(data.train_item_rows)
        if not data.events.has_time_order:
            return TransitionsState(sp.csr_array((n, n), dtype=np.float32), False)
        steps = self._count_transitions(data)
        rows = np.asarray(steps.sum(axis=1)).ravel() + self.config.shrinkage
        into = np.asarray(steps.sum(axis=0)).ravel() + self.config.shrinkage
        weights = sp.diags_array(rows**-0.5) @ steps @ sp.diags_array(into**-0.3)
        kept = top_per_row(sp.csr_array(weights.T, dtype=np.float32), self.config.keep)
        return TransitionsState(sp.csr_array(kept.T), True)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        weights, known = align_columns(
            train_items, items, WeightMatrix(sparse=self.state.weights)
        )
        scored: Mask = known & self.state.dated
        return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), scored)

    def _count_transitions(self, data: Dataset) -> Sparse:
        events, n = data.events, len(data.train_item_rows)
        item = np.searchsorted(data.train_item_rows, events.item)
        total = sp.csr_array((n, n), dtype=np.float32)
        for gap in range(1, min(self.config.reach, len(events) - 1) + 1):
            same = events.user[gap:] == events.user[:-gap]
            later = same & (events.at[gap:] > events.at[:-gap])
            weight = np.full(int(later.sum()), self.config.decay ** (gap - 1), np.float32)
            at = (item[:-gap][later], item[gap:][later])
            total = total + sp.csr_array((weight, at), shape=(n, n))
        return total
