"""Bridge over shared users: source histories to items of the target."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.sources import SourceDomain
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_ridge import draw_rows, solve_ridge, unit_sparse_rows
from daybreak.models.shared_sources import (
    MAX_DUAL_SHARED_USERS,
    BridgeState,
    SharedUsers,
    find_shared_users,
    place_rows,
    smooth_by_target,
    source_factors,
    source_item_scale,
    unit_rows,
)
from daybreak.models.shared_statistics import add_ridge, solve_spd_matrix
from daybreak.types import Floats


@dataclass(frozen=True)
class SourceUsersConfig:
    """Options of :class:`SourceUsersModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    dim: int = 64
    """Factors of the source in which histories are compared; 0: the items themselves."""
    ridge: float = 20.0
    """Ridge; similarities are cosines, so that it counts users."""
    smoothing: float = 3.0
    """Strength of the smoothing by the factors of the target; 0: none."""


@models.register("source_users")
class SourceUsersModel(LinearModel[SourceUsersConfig, BridgeState]):
    """Kernel ridge from the source histories of shared users to their items in the target.

    ``f(u) = k(u, O) (K_OO + λI)^-1 X_O``, where O are the users with events in both domains, k
    is the cosine of source histories, plain or in factors of all users of the source, and X_O
    are their interactions with the target. What is predicted is smoothed by the target's own
    factors. It maps to all items rather than to a few factors: low rank is what costs EMCDR its
    quality.

    Source:
        Saunders, Gammerman and Vovk 1998, eq. 8 (kernel ridge); the target of the mapping is
        the full row of items instead of the factors of Man et al. 2017 (EMCDR), eq. 7.
    """

    Config: ClassVar = SourceUsersConfig
    State: ClassVar = BridgeState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={"source/users": {}, "source/users_items": {"dim": 0}},
        fitted_on="sources",
        search_space={"ridge": Range(1, 300, log=True), "smoothing": Range(0, 10)},
        inputs="source history",
        use="users known in another domain",
        formula="`k(u, O) (K_OO + λI)^-1 X_O (I + a V V')`",
        source="Saunders et al. 1998, eq. 8",
        cost="dim² · shared users",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> BridgeState:
        """Solve the ridge regression of the shared users; see :meth:`Model.learn`."""
        found = find_shared_users(data, self.config.source)
        if found is None:
            return BridgeState.empty()
        domain, shared = found
        if self.config.dim:
            left, right = self._solve_factors(domain, shared)
        else:
            left, right = self._solve_items(domain, shared, rng)
        right = smooth_by_target(data, right, self.config.smoothing)
        assert data.sources is not None  # noqa: S101 - the domain is one of them
        return BridgeState(place_rows(left, domain.columns, len(data.sources.ids)), right)

    def _solve_factors(
        self, domain: SourceDomain, shared: SharedUsers
    ) -> tuple[Floats, Floats]:
        scale = source_item_scale(domain)
        left = source_factors(domain, self.config.dim) * scale[:, None]
        features = unit_rows(np.asarray(shared.source @ left, dtype=np.float32))
        return left, solve_ridge(features, shared.target, self.config.ridge)

    def _solve_items(
        self, domain: SourceDomain, shared: SharedUsers, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        chosen = draw_rows(shared.source.shape[0], MAX_DUAL_SHARED_USERS, rng)
        features = unit_sparse_rows(
            shared.source[chosen] @ sp.diags_array(source_item_scale(domain))
        )
        gram = (features @ features.T).toarray().astype(np.float32)
        targets = shared.target[chosen].toarray().astype(np.float32)
        right = solve_spd_matrix(add_ridge(gram, self.config.ridge), targets)
        scaled = sp.csr_array(features.T).toarray() * source_item_scale(domain)[:, None]
        return np.asarray(scaled, np.float32), np.asarray(right, np.float32)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        return self.state.linear_scorer(train_items, items)
