"""EASE: linear item-to-item weights in closed form."""

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
from daybreak.models.shared_neighbour_ease import fit_neighbour_ease
from daybreak.models.shared_statistics import (
    DENSE_BLOCK_COLUMNS,
    MAX_WEIGHTS_PER_ITEM,
    add_ridge,
    cached,
    fits_dense,
    gram_matrix,
    invert_spd_matrix,
    iter_blocks,
    largest_per_column,
    needs_neighbour_form,
    scale_ridge,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse

EASE_RIDGE_RANGE = Range(0.3, 300, log=True)
"""Values that a search of ``ridge`` tries."""


@dataclass(frozen=True)
class EaseConfig:
    """Options of :class:`EaseModel`."""

    ridge: float = 2.5
    """Ridge, in units of the square root of the number of users."""


@dataclass(frozen=True, eq=False)
class EaseState:
    """State of :class:`EaseModel`: (n_train_items, n_train_items) weights with diagonal 0."""

    dense: Floats
    """All weights of a small catalogue, else empty."""
    sparse: Sparse
    """The largest weights of a larger catalogue, else empty."""

    @property
    def weight_matrix(self) -> WeightMatrix:
        """The weights; an empty matrix in releases from before the form of neighbours."""
        if self.dense.size:
            return WeightMatrix(dense=self.dense)
        return WeightMatrix(sparse=self.sparse) if self.sparse.shape[0] else WeightMatrix()


@models.register("ease")
class EaseModel(LinearModel[EaseConfig, EaseState]):
    """Score by learned weights of the items of the history, without popularity.

    Interactions are centred by the share of users of each item, so that the weights express
    what a history adds to popularity: with few events plain EASE is worse than the popular
    list.

    Source:
        Steck 2019, "Embarrassingly shallow autoencoders for sparse data", eq. 8, on centred
        data; for more items than ``MAX_DENSE_ITEMS`` the same weights by the Woodbury identity
        over users, with the 200 largest weights of each column. For more than
        ``MAX_DUAL_USERS`` users, too, :func:`.fit_neighbour_ease`.

    Memory: 8 n_train_items² bytes up to MAX_DENSE_ITEMS items, else 8 n_users² bytes up to
    MAX_DUAL_USERS users, else 3,200 n_train_items bytes.
    """

    Config: ClassVar = EaseConfig
    State: ClassVar = EaseState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"ease": {}},
        search_space={
            "ridge": EASE_RIDGE_RANGE,
        },
        inputs="history",
        use="many events",
        formula="`-P_ij / P_jj`, `P = (A'A + λI)^-1`, `A` is `X` minus the item shares",
        source="Steck 2019, eq. 8",
        cost="n³, or u³, or pairs",
        memory="2n², or 2u², or 800n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> EaseState:
        """Invert the smaller Gram matrix; see :meth:`Model.learn`."""
        return fit_ease_weights(data, self.config.ridge)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        matrix = self.state.weight_matrix
        if matrix.shape == (0, 0):
            return LinearScorer.unscored(len(items))
        return make_known_item_scorer(train_items, items, matrix)


def fit_ease_weights(data: Dataset, ridge: float) -> EaseState:
    """Return the weights of a data set, in the form that its size allows; computed once."""

    def compute() -> EaseState:
        none = sp.csr_array((0, 0), dtype=np.float32)
        if fits_dense(data):
            return EaseState(_solve_primal(data, ridge), none)
        solve = fit_neighbour_ease if needs_neighbour_form(data) else _solve_dual
        return EaseState(np.empty((0, 0), dtype=np.float32), solve(data, ridge))

    return cached(data, f"ease {ridge}", compute)


def _solve_primal(data: Dataset, ridge: float) -> Floats:
    n_users = max(float(data.pair_weights.sum()), 1.0)
    share = (data.weighted_counts / n_users).astype(np.float32)
    centred = gram_matrix(data) - n_users * np.outer(share, share)
    p = invert_spd_matrix(add_ridge(centred, scale_ridge(n_users, ridge)))
    weights: Floats = -p / p.diagonal()
    weights[np.diag_indices_from(weights)] = 0
    return weights


def _solve_dual(data: Dataset, ridge: float) -> Sparse:
    """Solve over users: ``P = (I - A'QA) / λ``, ``Q = (AA' + λI)^-1``, ``A = R(X - 1s')``.

    ``R`` are the roots of the weights of users. Hence ``B_ij = (A'QA)_ij / (1 - (A'QA)_jj)``;
    ``A`` is never written out: ``q`` below is ``RQR``.
    """
    x = data.interactions
    n_users = float(data.pair_weights.sum())
    if not x.shape[0]:
        return sp.csr_array((x.shape[1], x.shape[1]), dtype=np.float32)
    share = (data.weighted_counts / n_users).astype(np.float32)
    root = np.sqrt(data.pair_weights).astype(np.float32)
    gram = _weigh_rows_and_columns(_centred_user_gram(x, share), root)
    q = invert_spd_matrix(add_ridge(gram, scale_ridge(n_users, ridge)))
    q = _weigh_rows_and_columns(q, root)
    transposed = sp.csr_array(x.T)
    parts = []
    for span in iter_blocks(x.shape[1], max(x.shape), DENSE_BLOCK_COLUMNS):
        solved = np.ascontiguousarray((transposed[span] @ q).T)
        solved -= np.outer(q.sum(axis=1), share[span])
        weights = transposed @ solved
        weights -= np.outer(share, solved.sum(axis=0))
        at = (np.arange(span.start, span.stop), np.arange(weights.shape[1]))
        own = weights[at].copy()
        weights[at] = 0
        weights /= np.maximum(1 - own, 1e-6)
        parts.append(largest_per_column(weights, MAX_WEIGHTS_PER_ITEM))
    return sp.csr_array(sp.hstack(parts))


def _weigh_rows_and_columns(square: Floats, weights: Floats) -> Floats:
    """Multiply the rows and the columns of a square matrix by weights, in place."""
    square *= weights[:, None]
    square *= weights
    return square


def _centred_user_gram(x: Sparse, share: Floats) -> Floats:
    """Return ``AA'`` of the centred interactions."""
    outer: Floats = (x @ x.T).toarray().astype(np.float32, copy=False)
    towards = np.asarray(x @ share, dtype=np.float32)
    outer -= towards[:, None]
    outer -= towards[None, :]
    outer += float(share @ share)
    return outer
