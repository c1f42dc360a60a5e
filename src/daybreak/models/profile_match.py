"""Items that have what a profile names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_terms import chosen_terms, term_matrix, term_names, term_scorer
from daybreak.types import Floats, Rows, Sparse

BLOCK = "attributes"
"""Content block whose terms profiles may name."""


@dataclass(frozen=True)
class ProfileMatchConfig:
    """The model has no options."""


@dataclass(frozen=True, eq=False)
class ProfileMatchState:
    """State of :class:`ProfileMatchModel`."""

    profile: Rows
    """(n_pairs,) columns of profiles that the catalogue has as well"""
    content: Rows
    """(n_pairs,) the columns of the content block with the same value"""
    rarity: Floats
    """(n_pairs,) ``log(n_items / items with the term)``"""


@models.register("profile_match")
class ProfileMatchModel(InductiveModel[ProfileMatchConfig, ProfileMatchState]):
    """Share of what a profile names that an item has, rare terms counting more.

    An applicant with the skill *java* and a job that asks for it have a term in common, which
    says something before anybody has applied. An item has the sum of ``log(n / n_t)`` of the
    terms of the profile that it has, divided by the sum of all terms that the profile shares
    with the catalogue.

    Source:
        Spärck Jones 1972, "A statistical interpretation of term specificity" (the weights).
    """

    Config: ClassVar = ProfileMatchConfig
    State: ClassVar = ProfileMatchState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"profile/match": {}},
        inputs="profile",
        use="users whose profiles name what items have",
        formula="share of the terms of the profile that an item has, weighted by rarity",
        source="Spärck Jones 1972",
        cost="terms of profiles",
        memory="terms of profiles",
    )

    @classmethod
    def has_input(cls, data: Dataset) -> bool:
        """Return whether profiles name what items have; see :meth:`Model.has_input`."""
        return len(data.common_terms) > 0

    def learn(self, data: Dataset, rng: np.random.Generator) -> ProfileMatchState:
        """Return the common terms and their rarity; see :meth:`Model.learn`."""
        common, terms = data.common_terms, term_matrix(data.items, BLOCK)
        n_with = np.asarray(terms.sum(axis=0), dtype=np.float64)[common.content]
        rarity = np.log(max(len(data.items), 1) / np.maximum(n_with, 1))
        return ProfileMatchState(common.profile, common.content, rarity.astype(np.float32))

    def query_features(self, queries: Queries) -> Sparse:
        """Return the (n_queries, n_pairs) CSR of the terms that profiles name, by rarity."""
        state = self.state
        if not len(state.profile):
            return sp.csr_array((len(queries), 0), dtype=np.float32)
        named = sp.csr_array(queries.profile[:, state.profile], dtype=np.float32)
        weighted = sp.csr_array(named.multiply(state.rarity[None, :]), dtype=np.float32)
        total = np.asarray(weighted.sum(axis=1)).ravel()
        weighted.data /= np.repeat(np.maximum(total, 1e-9), np.diff(weighted.indptr))
        return weighted

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the terms of the items as weights; see :meth:`LinearModel.linear_scorer`."""
        return term_scorer(chosen_terms(items, BLOCK, self.state.content))

    def feature_names(self, terms: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return the names of the common terms; see :class:`.SupportsFeatureNames`."""
        return term_names(terms, BLOCK, self.state.content)
