"""One regression over joined histories: EASE from source items to items of the target."""

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
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_ridge import draw_rows
from daybreak.models.shared_sources import SharedUsers, find_shared_users
from daybreak.models.shared_statistics import (
    MAX_WEIGHTS_PER_ITEM,
    add_ridge,
    invert_spd_matrix,
    iter_blocks,
    top_per_column,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse

MAX_JOINED_USERS = 3_000
"""Shared users on which the regression is solved; others are drawn at random."""


@dataclass(frozen=True)
class SourceJoinedConfig:
    """Options of :class:`SourceJoinedModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    ridge: float = 30.0
    """Ridge, in interactions."""


@dataclass(frozen=True, eq=False)
class SourceJoinedState:
    """State of :class:`SourceJoinedModel`."""

    weights: Sparse
    """(n_columns, n_train_items) CSR; the 200 largest weights of each item; (0, 0): none"""


@models.register("source_joined")
class SourceJoinedModel(LinearModel[SourceJoinedConfig, SourceJoinedState]):
    """EASE over the joined histories of shared users, for source items as predictors.

    The histories of both domains are one row ``z = [s, x]``, and the weights that predict x are
    ``B_ij = (Z'QX)_ij / (1 - x_j'Q x_j)`` with ``Q = (ZZ' + λI)^-1``; no item predicts itself.
    The target's own items get their weights from the other strategies, so only the rows of
    source items are kept.

    Source:
        Steck 2019, eq. 8, in its dual form over users.
    """

    Config: ClassVar = SourceJoinedConfig
    State: ClassVar = SourceJoinedState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={"source/joined": {}},
        fitted_on="sources",
        search_space={"ridge": Range(3, 300, log=True)},
        inputs="source history",
        use="users known in another domain",
        formula="`(Z'QX)_ij / (1 - x_j'Q x_j)`, `Q = (ZZ' + λI)^-1`, `Z = [S, X]`",
        source="Steck 2019, eq. 8",
        cost="u³ of shared users",
        memory="u² + 400n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourceJoinedState:
        """Solve over the shared users; see :meth:`Model.learn`."""
        none = sp.csr_array((0, 0), dtype=np.float32)
        found = find_shared_users(data, self.config.source)
        if found is None or data.sources is None:
            return SourceJoinedState(none)
        domain, shared = found
        chosen = draw_rows(len(shared.rows), MAX_JOINED_USERS, rng)
        picked = SharedUsers(shared.source[chosen], shared.target[chosen], chosen)
        weights = fit_joined_weights(picked, self.config.ridge).tocoo()
        place = (domain.columns[weights.row], weights.col)
        shape = (len(data.sources.ids), weights.shape[1])
        return SourceJoinedState(sp.csr_array((weights.data, place), shape=shape))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        if not self.state.weights.shape[0]:
            return LinearScorer.unscored(len(items))
        matrix = WeightMatrix(sparse=self.state.weights)
        return make_known_item_scorer(train_items, items, matrix)


def fit_joined_weights(shared: SharedUsers, ridge: float) -> Sparse:
    """Return the (n_source_items, n_train_items) weights of source items, as CSR.

    Args:
        shared: Users with events in both domains.
        ridge: λ, above 0.

    Example:
        One user with one item on each side, λ = 1: Q = 1/3 and B = (1/3) / (1 - 1/3).

        >>> one = sp.csr_array(np.ones((1, 1), np.float32))
        >>> round(float(fit_joined_weights(SharedUsers(one, one, np.arange(1)), 1.0)[0, 0]), 4)
        0.5
    """
    source, target = shared.source, shared.target
    gram = (source @ source.T + target @ target.T).toarray().astype(np.float32)
    q: Floats = invert_spd_matrix(add_ridge(gram, ridge))
    by_item, by_source = sp.csr_array(target.T), sp.csr_array(source.T)
    parts = []
    for span in iter_blocks(target.shape[1], max(*source.shape, 1)):
        solved = np.asarray((by_item[span] @ q).T, dtype=np.float32)
        own = np.einsum("ij,ji->i", by_item[span].toarray(), solved)
        weights = np.asarray(by_source @ solved) / np.maximum(1 - own, 1e-6)
        parts.append(top_per_column(weights.astype(np.float32), MAX_WEIGHTS_PER_ITEM))
    return sp.csr_array(sp.hstack(parts), dtype=np.float32)
