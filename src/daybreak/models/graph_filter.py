"""GF-CF: a low-pass filter on the graph of users and items."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard
from daybreak.models.shared_statistics import (
    cached,
    dense_product,
    fits_dense,
    normalised_interactions,
    sparse_cooccurrence,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse


@dataclass(frozen=True)
class GraphFilterConfig:
    """Options of :class:`GraphFilterModel`: none."""


@dataclass(frozen=True, eq=False)
class GraphFilterState:
    """State of :class:`GraphFilterModel`."""

    dense: Floats
    """(n_train_items, n_train_items) of a small catalogue, else empty"""
    sparse: Sparse
    """The same of a larger catalogue, with the 200 largest weights of each column"""

    @property
    def weight_matrix(self) -> WeightMatrix:
        """The weights."""
        return (
            WeightMatrix(dense=self.dense)
            if self.dense.size
            else WeightMatrix(sparse=self.sparse)
        )


@models.register("graph_filter")
class GraphFilterModel(LinearModel[GraphFilterConfig, GraphFilterState]):
    """Score by a two-step walk over normalised interactions; strong with 1 to 5 events.

    Source:
        Shen et al. 2021, "How powerful is graph convolution for recommendation?" (GF-CF),
        eq. 8, the linear filter: ``x Di^-1/2 (Xh'Xh) Di^1/2`` with ``Xh = Du^-1/2 X Di^-1/2``.
    """

    Config: ClassVar = GraphFilterConfig
    State: ClassVar = GraphFilterState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"graph_filter": {}},
        inputs="history",
        use="1 to 5 events",
        formula="`x Di^-1/2 Xh'Xh Di^1/2`, `Xh = Du^-1/2 X Di^-1/2`",
        source="Shen et al. 2021, eq. 8",
        cost="u n², or pairs",
        memory="n², or 400n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> GraphFilterState:
        """Multiply interactions; see :meth:`Model.learn`."""
        return fit_graph_filter(data)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        return make_known_item_scorer(train_items, items, self.state.weight_matrix)


def fit_graph_filter(data: Dataset) -> GraphFilterState:
    """Return the filter of a data set, in the form that its size allows; computed once."""
    root = np.sqrt(np.maximum(data.weighted_counts, 1)).astype(np.float32)

    def compute() -> GraphFilterState:
        x = normalised_interactions(data)
        if fits_dense(data):
            weights = dense_product(x, x)
            weights *= root[None, :] / root[:, None]
            return GraphFilterState(weights, sp.csr_array((0, 0), dtype=np.float32))
        kept = sparse_cooccurrence(x, lambda c, row, column: c * (root[column] / root[row]))
        return GraphFilterState(np.empty((0, 0), dtype=np.float32), kept)

    return cached(data, "graph filter", compute)
