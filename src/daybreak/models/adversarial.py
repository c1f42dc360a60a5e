"""Cold starts within the data that a model learns from: users, and items hidden from them.

A generator of new items' vectors against a recommender that tells them from real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.models.base import models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_fold_in import (
    FACTOR_RANGE,
    PRIOR_RIDGE_RANGE,
    FoldInConfig,
    FoldInState,
    fold_in,
)
from daybreak.models.shared_generative import (
    GenerativeConfig,
    GenerativeModel,
    GenerativeState,
    VectorTrainingSet,
    apply_perceptron,
)
from daybreak.types import Floats, Rows, Sparse

MAX_EPISODES = 5_000
"""Cases in small data; in large data everybody is one case."""


@dataclass(frozen=True, eq=False)
class ColdItemEpisodes:
    """Users who are asked for items of one part of the catalogue, known by the other parts."""

    users: Floats
    """(n_cases, dim) vectors, folded in without the part"""
    positives: Sparse
    """(n_cases, n_train_items) CSR of ones: what they chose of the part"""
    query_part: Rows
    """(n_cases,) the part"""
    item_part: Rows
    """(n_train_items,) the part of each item"""


def build_cold_item_episodes(
    data: Dataset,
    factors: tuple[FoldInState, FoldInConfig],
    n_parts: int,
    rng: np.random.Generator,
) -> ColdItemEpisodes:
    """Cut the training items into parts at random, and hide one part from each user, or each part.

    Args:
        data: With the interactions.
        known: What the fold-in needs.
        n_parts: Number of parts.
        rng: Seed of all random draws.

    Cost: a fold-in for each case.
    """
    n_people, n_items = data.interactions.shape
    part = rng.permutation(n_items) % n_parts
    each = int(np.clip(MAX_EPISODES // max(n_people, 1), 1, n_parts))
    person = np.repeat(np.arange(n_people), each)
    shift = rng.integers(0, n_parts, n_people)
    asked = (np.repeat(shift, each) + np.tile(np.arange(each), n_people)) % n_parts
    events = sp.coo_array(data.interactions[person])
    hidden = part[events.col] == asked[events.row]
    chosen, seen = _select_events(events, hidden), _select_events(events, ~hidden)
    kept = np.flatnonzero(np.diff(chosen.indptr))
    profiles = data.profiles[data.active_user_rows[person[kept]]]
    asking = Queries.from_history(data.train_items, seen[kept], seen[kept], profiles)
    return ColdItemEpisodes(fold_in(*factors, asking), chosen[kept], asked[kept], part)


def _select_events(events: Sparse, mask: Rows) -> Sparse:
    at = events.row[mask], events.col[mask]
    return sp.csr_array((np.ones(len(at[0]), np.float32), at), shape=events.shape)


@dataclass(frozen=True)
class AdversarialConfig(GenerativeConfig):
    """Options of :class:`AdversarialModel`."""

    dim: int = 128
    directions: int = 32
    hidden: int = 64
    """Width of the generator."""
    parts: int = 5
    """Parts of the items; one stops the training, the others are its lessons."""
    epochs: int = 40
    patience: int = 6
    """Epochs without a better validation score after which the training stops."""
    batch: int = 512
    """Cases in one step, of which those of one part are used."""
    rate: float = 1e-3
    decay: float = 1e-2
    """Weight decay; it also holds the recommender near the factors it starts from."""
    dropout: float = 0.3
    """Share of the hidden layer that is hidden while training."""
    likeness: float = 0.5
    """Weight of the squared difference to real vectors in the generator's loss."""
    task: float = 0.5
    """Weight of ranking, against telling real from generated, in the recommender's loss."""


@dataclass(frozen=True, eq=False)
class AdversarialState(GenerativeState):
    """State of :class:`AdversarialModel`."""

    first: Floats
    """(directions + dim, hidden) of the generator"""
    first_bias: Floats
    """(hidden,)"""
    second: Floats
    """(hidden, dim) to what is added to the ridge's guess"""
    second_bias: Floats
    """(dim,)"""
    people: Floats
    """(dim, dim) the recommender's tower of queries"""
    items: Floats
    """(dim, dim) its tower of items"""


@models.register("adversarial")
class AdversarialModel(GenerativeModel[AdversarialConfig, AdversarialState]):
    """Generate vectors of new items that a recommender cannot tell from those of known items.

    Both start from strong factors: the generator from what a ridge makes of content, the
    recommender from the dot product. In turns the recommender learns to rank and to put real
    vectors above generated ones, and the generator learns to be ranked like real ones while
    staying near them. Users are asked for items that their vectors do not know, and a part of
    the items that nobody learns from decides when to stop; if nothing helps, the ridge stays.

    Source:
        Chen, Wang, Huang, He, Zhang, Zhao, Chen and Li 2022, "Generative adversarial framework
        for cold-start item recommendation" (the two losses); Goodfellow et al. 2014,
        "Generative adversarial nets", eq. 1, with the generator's loss of section 3 that does
        not vanish; Salimans et al. 2016, "Improved techniques for training GANs", section 3.4
        (soft labels).
    """

    Config: ClassVar = AdversarialConfig
    State: ClassVar = AdversarialState
    card: ClassVar = ModelCard(
        strategies={"adversarial": {}},
        is_slow=True,
        search_space={
            "dim": FACTOR_RANGE,
            "ridge": PRIOR_RIDGE_RANGE,
            "rate": Range(2e-4, 5e-3, log=True),
            "decay": Range(1e-4, 1e-1, log=True),
            "dropout": Range(0, 0.6),
            "likeness": Range(0, 1),
            "task": Range(0.1, 0.9),
        },
        inputs="history, profile",
        use="new items, rarely",
        formula="`factors` with vectors of an adversarial generator, [page](strategies/adversarial.md)",
        source="Chen et al. 2022",
        cost="40 rounds over the users",
        memory="see page",
    )

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        known: VectorTrainingSet,
        arrays: Mapping[str, Floats] | None,
    ) -> AdversarialState:
        from daybreak.nets.adversarial import GanTrainingData, train_adversarial  # noqa: PLC0415 - an extra
        from daybreak.nets.training import draw_seed  # noqa: PLC0415

        state = known.state
        cases = build_cold_item_episodes(data, (state, self.config), self.config.parts, rng)
        play = GanTrainingData(
            **vars(cases),
            conditions=known.conditions,
            ridge_vectors=known.conditions[:, self.config.directions :],
            real_vectors=known.targets,
            centre=state.centre / state.scale,
            scale=state.scale,
        )
        learned = train_adversarial(play, self.config, draw_seed(rng), arrays)
        parts: dict[str, Any] = vars(state) | learned
        return AdversarialState(**parts)

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold in and pass the tower; see :meth:`VectorModel.query_vectors`."""
        return np.asarray(super().query_vectors(queries) @ self.state.people, dtype=np.float32)

    def item_vectors(self, items: Items) -> Floats:
        """Look up or generate and pass the tower; see :meth:`VectorModel.item_vectors`."""
        return np.asarray(super().item_vectors(items) @ self.state.items, dtype=np.float32)

    def generate_vectors(self, conditions: Floats) -> Floats:
        """Add what the generator says to the guess; see :meth:`GenerativeModel.generate_vectors`."""
        state = self.state
        added = apply_perceptron(
            conditions, (state.first, state.first_bias, state.second, state.second_bias)
        )
        return conditions[:, self.config.directions :] + added
