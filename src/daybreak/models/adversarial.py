"""A generator of new item vectors, trained against a recommender that recognises them."""

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
"""Episodes in small data; in larger data every user is one episode [episodes]."""


@dataclass(frozen=True, eq=False)
class ColdItemEpisodes:
    """Cold-item episodes: users with their positives in one part of the items.

    The vector of the user is folded in without that part.
    """

    users: Floats
    """(n_episodes, dim) vectors, folded in without the part"""
    positives: Sparse
    """(n_episodes, n_train_items) CSR of ones: positives in the part"""
    query_part: Rows
    """(n_episodes,) the part"""
    item_part: Rows
    """(n_train_items,) the part of each item"""


def build_cold_item_episodes(
    data: Dataset,
    factors: tuple[FoldInState, FoldInConfig],
    n_parts: int,
    rng: np.random.Generator,
) -> ColdItemEpisodes:
    """Divide the training items into random parts, and hide one part or each part from a user.

    Args:
        data: Data set with the interactions.
        factors: State and options of the fold-in.
        n_parts: Number of parts.
        rng: Source of all random draws.

    Cost: a fold-in for each episode.
    """
    n_users, n_items = data.interactions.shape
    part = rng.permutation(n_items) % n_parts
    each = int(np.clip(MAX_EPISODES // max(n_users, 1), 1, n_parts))
    user = np.repeat(np.arange(n_users), each)
    shift = rng.integers(0, n_parts, n_users)
    query_part = (np.repeat(shift, each) + np.tile(np.arange(each), n_users)) % n_parts
    events = sp.coo_array(data.interactions[user])
    hidden = part[events.col] == query_part[events.row]
    positives, support = _select_events(events, hidden), _select_events(events, ~hidden)
    kept = np.flatnonzero(np.diff(positives.indptr))
    profiles = data.profiles[data.active_user_rows[user[kept]]]
    queries = Queries.from_history(data.train_items, support[kept], support[kept], profiles)
    return ColdItemEpisodes(fold_in(*factors, queries), positives[kept], query_part[kept], part)


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
    """Parts of the items: one is the validation set, the others are the training set."""
    epochs: int = 40
    patience: int = 6
    """Epochs without a better validation score before the training stops."""
    batch: int = 512
    """Episodes in one step, of which those of one part are used."""
    rate: float = 1e-3
    decay: float = 1e-2
    """Weight decay; it also keeps the recommender near its initial factors."""
    dropout: float = 0.3
    """Dropout of the hidden layer [share]."""
    likeness: float = 0.5
    """Weight of the squared difference to real vectors in the loss of the generator."""
    task: float = 0.5
    """Weight of ranking in the loss of the recommender; the rest is discrimination."""


@dataclass(frozen=True, eq=False)
class AdversarialState(GenerativeState):
    """State of :class:`AdversarialModel`."""

    first: Floats
    """(directions + dim, hidden) first layer of the generator"""
    first_bias: Floats
    """(hidden,)"""
    second: Floats
    """(hidden, dim) second layer: the correction of the ridge prediction"""
    second_bias: Floats
    """(dim,)"""
    people: Floats
    """(dim, dim) query tower of the recommender"""
    items: Floats
    """(dim, dim) item tower of the recommender"""


@models.register("adversarial")
class AdversarialModel(GenerativeModel[AdversarialConfig, AdversarialState]):
    """Generate vectors of new items that a recommender cannot tell from those of known items.

    The generator starts from the ridge prediction of content, the recommender from the dot
    product. In turns, the recommender learns to rank and to score real vectors above generated
    ones, and the generator learns to be scored like real vectors while staying near them. The
    vectors of users exclude the items that are ranked. A held-out part of the items decides
    when the training stops; if nothing improves, the ridge prediction stays.

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
        formula="`factors` with generated vectors, [page](strategies/adversarial.md)",
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
        episodes = build_cold_item_episodes(data, (state, self.config), self.config.parts, rng)
        training = GanTrainingData(
            **vars(episodes),
            conditions=known.conditions,
            ridge_vectors=known.conditions[:, self.config.directions :],
            real_vectors=known.targets,
            centre=state.centre / state.scale,
            scale=state.scale,
        )
        learned = train_adversarial(training, self.config, draw_seed(rng), arrays)
        parts: dict[str, Any] = vars(state) | learned
        return AdversarialState(**parts)

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold in, then apply the query tower; see :meth:`VectorModel.query_vectors`."""
        return np.asarray(super().query_vectors(queries) @ self.state.people, dtype=np.float32)

    def item_vectors(self, items: Items) -> Floats:
        """Look up or generate, then apply the tower; see :meth:`VectorModel.item_vectors`."""
        return np.asarray(super().item_vectors(items) @ self.state.items, dtype=np.float32)

    def generate_vectors(self, conditions: Floats) -> Floats:
        """Add the output of the generator to the ridge prediction.

        See :meth:`GenerativeModel.generate_vectors`.
        """
        state = self.state
        correction = apply_perceptron(
            conditions, (state.first, state.first_bias, state.second, state.second_bias)
        )
        return conditions[:, self.config.directions :] + correction
