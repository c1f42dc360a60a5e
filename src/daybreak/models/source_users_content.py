"""Bridge over shared users that compares their source histories by content."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_ridge import solve_ridge
from daybreak.models.shared_sources import (
    BridgeState,
    find_shared_users,
    place_rows,
    shared_basis,
    smooth_by_target,
    unit_rows,
)
from daybreak.types import Floats


@dataclass(frozen=True)
class SourceUsersContentConfig:
    """Options of :class:`SourceUsersContentModel`."""

    source: str = ""
    """Name of the source; empty: the first one."""
    ridge: float = 30.0
    """Ridge; similarities are cosines, so that it counts users."""
    smoothing: float = 0.0
    """Strength of the smoothing by the factors of the target; 0: none."""


@models.register("source_users_content")
class SourceUsersContentModel(LinearModel[SourceUsersContentConfig, BridgeState]):
    """Ridge from the content of the source histories of shared users to the target's items.

    ``f(u) = s_u Z (P'P + λI)^-1 P'X_O``, where Z is the centred content of the items of the
    source, s_u are those that the user has chosen, P are the sums ``s_o Z`` of the users in
    both domains at length 1, and X_O are their interactions with the target. Items of the
    source that few people chose count by what their titles say, also those that none of the
    users in common has chosen.

    Source:
        Hoerl and Kennard 1970, eq. 2.1 (ridge), with the items of the target as responses.
    """

    Config: ClassVar = SourceUsersContentConfig
    State: ClassVar = BridgeState
    feature_kind: ClassVar[QueryFeatureKind] = "sources"
    card: ClassVar = ModelCard(
        strategies={"source/users_content": {}},
        fitted_on="sources",
        is_default=False,
        search_space={"ridge": Range(3, 300, log=True), "smoothing": Range(0, 10)},
        inputs="source history",
        use="users known in another domain whose items have titles",
        formula="`s Z (P'P + λI)^-1 P'X_O`, `P` from the content Z of source histories",
        source="Hoerl and Kennard 1970, eq. 2.1",
        cost="dim² · shared users",
        memory="dim · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> BridgeState:
        """Solve the ridge regression of the shared users; see :meth:`Model.learn`."""
        found = find_shared_users(data, self.config.source)
        known = None if data.sources is None else data.sources.content
        if found is None or data.sources is None or known is None or not known.nnz:
            return BridgeState.empty()
        domain, shared = found
        content = centred_rows(known[domain.columns] @ shared_basis(data))
        profiles = unit_rows(np.asarray(shared.source @ content, dtype=np.float32))
        right = solve_ridge(profiles, shared.target, self.config.ridge)
        right = smooth_by_target(data, right, self.config.smoothing)
        return BridgeState(place_rows(content, domain.columns, len(data.sources.ids)), right)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        return self.state.linear_scorer(train_items, items)


def centred_rows(vectors: Floats) -> Floats:
    """Return rows without their mean, at length 1.

    Args:
        vectors: (n, dim) rows.

    Example:
        >>> centred_rows(np.array([[3.0], [1.0]])).tolist()
        [[1.0], [-1.0]]
    """
    rows = np.asarray(vectors, dtype=np.float32)
    return unit_rows(rows - rows.mean(axis=0))
