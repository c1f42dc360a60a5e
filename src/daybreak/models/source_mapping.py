"""Classical bridges over shared users: EMCDR and a personalised mapping, for comparison."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.sources import SourceDomain
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_ridge import solve_relative_ridge
from daybreak.models.shared_sources import (
    BridgeState,
    SharedUsers,
    find_shared_users,
    place_rows,
    source_factors,
    source_item_scale,
    target_factors,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats


@dataclass(frozen=True)
class SourceMappingConfig:
    """Options of :class:`SourceEmcdrModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    dim: int = 64
    """Factors of each domain."""
    ridge: float = 1.0
    """Ridge of the mapping, as a share of the mean eigenvalue of the source factors."""


@models.register("source_emcdr")
class SourceEmcdrModel(LinearModel[SourceMappingConfig, BridgeState]):
    """EMCDR: factors of each domain, and a linear mapping between those of shared users.

    Source:
        Man, Shen, Jin and Cheng 2017, "Cross-domain recommendation: an embedding and mapping
        approach", IJCAI, eq. 7 (linear mapping), on factors of the normalised interactions.
    """

    Config: ClassVar = SourceMappingConfig
    State: ClassVar = BridgeState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={"source/emcdr": {}},
        fitted_on="sources",
        is_default=False,
        search_space={"dim": Range(8, 128, is_integer=True)},
        inputs="source history",
        use="comparisons; `source_users` is better",
        formula="`f_s M V_t'`, `M` maps factors of shared users",
        source="Man et al. 2017, eq. 7",
        cost="dim² · shared users",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> BridgeState:
        """Fit the mapping; see :meth:`Model.learn`."""
        found = find_shared_users(data, self.config.source)
        if found is None:
            return BridgeState.empty()
        domain, shared = found
        left, features, factors, items = _both_factors(data, domain, shared, self.config.dim)
        mapping = solve_relative_ridge(features, factors, self.config.ridge)
        assert data.sources is not None  # noqa: S101 - the domain is one of them
        placed = place_rows(left @ mapping, domain.columns, len(data.sources.ids))
        return BridgeState(placed, items)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the factors; see :meth:`LinearModel.linear_scorer`."""
        return self.state.linear_scorer(train_items, items)


@dataclass(frozen=True)
class SourcePersonalisedConfig:
    """Options of :class:`SourcePersonalisedModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    dim: int = 16
    """Factors of each domain; the mapping has dim³ numbers."""
    ridge: float = 1.0
    """Ridge of the mapping, as a share of the mean eigenvalue of its features."""


@dataclass(frozen=True, eq=False)
class SourcePersonalisedState:
    """State of :class:`SourcePersonalisedModel`; empty where nothing was learned."""

    left: Floats
    """(n_columns, dim) factors of source items"""
    mapping: Floats
    """(dim + dim², dim) from factors and their products to those of the target"""
    right: Floats
    """(dim, n_train_items)"""


@models.register("source_personalised")
class SourcePersonalisedModel(LinearModel[SourcePersonalisedConfig, SourcePersonalisedState]):
    """A mapping of one's own for each user, made from what the user chose in the source.

    The bridge of a user is ``M_0 + Σ_k p_k M_k`` with the mean p of the factors of the chosen
    source items. PTUPCDR makes it by a network with attention over the same items; a bridge
    that is linear in p has a closed form.

    Source:
        Zhu et al. 2022, "Personalized transfer of user preferences for cross-domain
        recommendation", WSDM, eq. 4 to 7, with a linear meta network.
    """

    Config: ClassVar = SourcePersonalisedConfig
    State: ClassVar = SourcePersonalisedState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"source/personalised": {}},
        fitted_on="sources",
        is_default=False,
        search_space={"dim": Range(4, 24, is_integer=True)},
        inputs="source history",
        use="comparisons; `source_users` is better",
        formula="`f_s (M_0 + Σ p_k M_k) V_t'`",
        source="after Zhu et al. 2022, eq. 4 to 7",
        cost="dim⁴ · shared users",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SourcePersonalisedState:
        """Fit the mapping; see :meth:`Model.learn`."""
        found = find_shared_users(data, self.config.source)
        if found is None:
            none = np.zeros((0, 0), np.float32)
            return SourcePersonalisedState(none, none, none)
        domain, shared = found
        left, features, factors, items = _both_factors(data, domain, shared, self.config.dim)
        mapping = solve_relative_ridge(with_products(features), factors, self.config.ridge)
        assert data.sources is not None  # noqa: S101 - the domain is one of them
        placed = place_rows(left, domain.columns, len(data.sources.ids))
        # Rows in order, as a file has them: products are then the same to the last bit.
        return SourcePersonalisedState(
            *(np.ascontiguousarray(one) for one in (placed, mapping, items))
        )

    def query_features(self, queries: Queries) -> Floats:
        """Return the (n_queries, dim) factors in the target."""
        state = self.state
        if not state.left.size or queries.source_history is None:
            return np.zeros((len(queries), state.mapping.shape[1]), dtype=np.float32)
        factors = np.asarray(queries.source_history @ state.left, dtype=np.float32)
        return np.asarray(with_products(factors) @ state.mapping, dtype=np.float32)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the factors; see :meth:`LinearModel.linear_scorer`."""
        if not self.state.left.size:
            return LinearScorer.unscored(len(items))
        matrix = WeightMatrix(dense=self.state.right)
        return make_known_item_scorer(train_items, items, matrix)


def with_products(factors: Floats) -> Floats:
    """Return (n, dim + dim²) factors and the products of all pairs of them.

    Example:
        >>> with_products(np.array([[2.0, 3.0]], np.float32)).tolist()
        [[2.0, 3.0, 4.0, 6.0, 6.0, 9.0]]
    """
    products = factors[:, :, None] * factors[:, None, :]
    flat = products.reshape(len(factors), factors.shape[1] ** 2)
    return np.concatenate([factors, flat], axis=1).astype(np.float32)


def _both_factors(
    data: Dataset, domain: SourceDomain, shared: SharedUsers, dim: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return factors of source items, of shared users in both domains, and of target items."""
    left = source_factors(domain, dim) * source_item_scale(domain)[:, None]
    sizes = np.sqrt(np.maximum(np.diff(shared.source.indptr), 1))[:, None]
    features = np.asarray(shared.source @ left / sizes, dtype=np.float32)
    basis, root = target_factors(data, dim)
    scaled = shared.target @ sp.diags_array(1 / root)
    factors = np.asarray(scaled @ basis, dtype=np.float32)
    return left, features, factors, np.ascontiguousarray((basis * root[:, None]).T)
