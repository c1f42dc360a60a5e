"""Bridge over shared items: the item weights of a source as the prior of the target."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_sources import domain_cached, find_domain
from daybreak.models.shared_statistics import (
    MAX_DENSE_ITEMS,
    MAX_WEIGHTS_PER_ITEM,
    add_ridge,
    dense_product,
    invert_spd_matrix,
    top_per_column,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows, Sparse

ItemWeightMethod = Literal["ease", "knn"]
MIN_SHARED_ITEMS = 5
"""Smallest number of items in common from which weights are taken over."""


@dataclass(frozen=True)
class SourceItemsConfig:
    """Options of :class:`SourceItemsModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    method: ItemWeightMethod = "ease"
    """Weights of the source: ``ease``, or ``knn``: shrunk cosines of the columns of items"""
    ridge: float = 10.0
    """Ridge of ``ease``, in units of the root of the number of users of the source."""
    shrinkage: float = 10.0
    """Added to the denominator of the cosines of ``knn``, in users."""
    prior: float = 100.0
    """Strength of the prior: users of an item in the target at which both count the same."""


@dataclass(frozen=True, eq=False)
class SourceItemsState:
    """State of :class:`SourceItemsModel`."""

    ids: Vocabulary
    """Ids of the shared items"""
    weights: Sparse
    """(n_columns, n_shared) CSR; the 200 largest weights of each shared item"""


@models.register("source_items")
class SourceItemsModel(InductiveModel[SourceItemsConfig, SourceItemsState]):
    """Item-item weights, shrunk to those that a source has learned for the same items.

    ``B = argmin ‖X - XB‖² + λ ‖B - B_s‖²`` with diagonal 0, where ``B_s`` are the EASE weights
    of the source. Without events in the target they are the weights of the source, and with
    many those of the target. Items that only the source sells are predictors as well. Nothing
    speaks for items that the source does not know: they score 0.

    Source:
        Ridge regression to a prior mean, with the Lagrange multipliers of Steck 2019, eq. 6 for
        the diagonal: ``B = C - P diag(C_jj / P_jj)``, ``P = (G + λI)^-1``,
        ``C = P (G + λ B_s)``.
    """

    Config: ClassVar = SourceItemsConfig
    State: ClassVar = SourceItemsState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={"source/items": {}, "source/items_knn": {"method": "knn"}},
        fitted_on="sources",
        search_space={
            "ridge": Range(0.3, 300, log=True),
            "prior": Range(3, 3_000, log=True),
        },
        inputs="history, source history",
        use="items that another shop or market sells as well",
        formula="`argmin ‖X - XB‖² + λ ‖B - B_s‖²`",
        source="ridge to a prior mean; Steck 2019, eq. 6",
        cost="n³ of source items",
        memory="2n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourceItemsState:
        """Learn the weights of the source, then shrink; see :meth:`Model.learn`."""
        none = SourceItemsState(Vocabulary(()), sp.csr_array((0, 0), dtype=np.float32))
        domain = find_domain(data, self.config.source)
        if domain is None or data.sources is None:
            return none
        shared = np.flatnonzero(data.sources.target_rows[domain.columns] >= 0)
        if len(shared) < MIN_SHARED_ITEMS:
            return none
        rows, prior = source_item_weights(domain, shared, self.config)
        own = _target_matrix(data, data.sources, domain.columns[shared])
        weights = prior.copy()
        at = np.searchsorted(rows, shared)
        weights[at] = shrink_weights(prior[at], own, self.config.prior)
        kept = top_per_column(weights, MAX_WEIGHTS_PER_ITEM).tocoo()
        place = (domain.columns[rows[kept.row]], kept.col)
        shape = (len(data.sources.ids), len(shared))
        ids = data.sources.ids.ids
        names = Vocabulary(ids[column] for column in domain.columns[shared].tolist())
        return SourceItemsState(names, sp.csr_array((kept.data, place), shape=shape))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights by id; see :meth:`LinearModel.linear_scorer`."""
        weights, ids = self.state.weights, self.state.ids
        rows = ids.rows(items.ids)
        known = rows >= 0
        if not weights.shape[0]:
            return LinearScorer.unscored(len(items))
        chosen = sp.csr_array(weights[:, np.where(known, rows, 0)])
        matrix = WeightMatrix(sparse=chosen).scale_columns(known.astype(np.float32))
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(matrix, bias, np.ones(len(items), dtype=bool))


def source_item_weights(
    domain: SourceDomain, shared: Rows, config: SourceItemsConfig
) -> tuple[Rows, Floats]:
    """Return the weights of a source from its items to the shared ones; computed once.

    Args:
        domain: The source.
        shared: (n_shared,) positions of the shared items among those of the source, ascending.
        config: Method, ridge and shrinkage.

    Returns:
        (n_rows,) positions of source items that are predictors, all of the shared ones among
        them, and the (n_rows, n_shared) weights.
    """

    def compute() -> tuple[Rows, Floats]:
        if domain.item_weights is not None:
            chosen: Any = domain.item_weights[:, shared]
            dense = chosen.toarray() if sp.issparse(chosen) else chosen
            return np.arange(dense.shape[0]), np.asarray(dense, dtype=np.float32)
        rows = _predictors(domain, shared)
        x = sp.csr_array(domain.histories[:, rows])
        if config.method == "knn":
            weights = cosine_weights(x, config.shrinkage)
        else:
            weights = centred_ease(x, config.ridge)
        return rows, weights[:, np.searchsorted(rows, shared)]

    key = f"items {config.method} {config.ridge} {config.shrinkage}"
    return domain_cached(domain, key, compute)


def centred_ease(x: Sparse, ridge: float) -> Floats:
    """Return the (n_items, n_items) EASE weights of centred interactions; diagonal 0.

    Args:
        x: (n_users, n_items) CSR of ones.
        ridge: Ridge in units of the root of the number of users.

    Source:
        Steck 2019, eq. 8.
    """
    n_users = max(x.shape[0], 1)
    p = invert_spd_matrix(add_ridge(_centred_gram(x), ridge * np.sqrt(n_users) + 1e-3))
    weights: Floats = -p / p.diagonal()
    weights[np.diag_indices_from(weights)] = 0
    return weights


def cosine_weights(x: Sparse, shrinkage: float) -> Floats:
    """Return the (n_items, n_items) shrunk cosines of the columns; diagonal 0.

    Args:
        x: (n_users, n_items) CSR of ones.
        shrinkage: Added to the denominator, in users.

    Example:
        Two items of the same two users: 2 / (2 + 2).

        >>> cosine_weights(sp.csr_array(np.ones((2, 2), np.float32)), 2.0).tolist()
        [[0.0, 0.5], [0.5, 0.0]]
    """
    gram = dense_product(x, x)
    root = np.sqrt(np.maximum(gram.diagonal(), 1))
    weights = gram / (np.outer(root, root) + shrinkage)
    weights[np.diag_indices_from(weights)] = 0
    return np.asarray(weights, dtype=np.float32)


def shrink_weights(prior: Floats, x: Sparse, strength: float) -> Floats:
    """Return item-item weights with diagonal 0, shrunk to those of a source.

    Args:
        prior: (n, n) weights of the source.
        x: (n_users, n) CSR of ones: events of the target on the same items.
        strength: λ, in users.

    Example:
        Without events the weights are those of the prior.

        >>> prior = np.array([[0.0, 0.3], [0.2, 0.0]], np.float32)
        >>> shrink_weights(prior, sp.csr_array((0, 2), dtype=np.float32), 5.0).round(3).tolist()
        [[0.0, 0.30000001192092896], [0.20000000298023224, 0.0]]
    """
    if not x.nnz:
        return prior.copy()
    gram = _centred_gram(x)
    p = invert_spd_matrix(add_ridge(gram, strength))
    free = p @ (gram + strength * prior)
    weights: Floats = free - p * (free.diagonal() / p.diagonal())
    weights[np.diag_indices_from(weights)] = 0
    return np.asarray(weights, dtype=np.float32)


def _centred_gram(x: Sparse) -> Floats:
    n_users = max(x.shape[0], 1)
    share = np.asarray(x.sum(axis=0), dtype=np.float32).ravel() / n_users
    return np.asarray(dense_product(x, x) - n_users * np.outer(share, share), dtype=np.float32)


def _predictors(domain: SourceDomain, shared: Rows) -> Rows:
    """Return the shared items and the most popular others, as many as fit in a dense matrix."""
    rank = np.argsort(-domain.popularity, kind="stable")
    others = rank[~np.isin(rank, shared)][: max(MAX_DENSE_ITEMS - len(shared), 0)]
    return np.sort(np.concatenate([shared, others]))


def _target_matrix(data: Dataset, sources: SourceData, columns: Rows) -> Sparse:
    """Return (n_active_users, n_columns) CSR of the target's events on shared items."""
    events = data.events.to_matrix(data.n_users, len(data.items))[data.active_user_rows]
    return sp.csr_array(events[:, sources.target_rows[columns]])
