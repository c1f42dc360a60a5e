"""A generator of new items' vectors against a recommender that tells them from real ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.models.base import models
from daybreak.models.cold_cases import cold_cases
from daybreak.models.generated import (
    GeneratedConfig,
    GeneratedModel,
    GeneratedState,
    Lesson,
    perceptron,
)
from daybreak.types import Floats


@dataclass(frozen=True)
class AdversarialConfig(GeneratedConfig):
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
class AdversarialState(GeneratedState):
    """What :class:`AdversarialModel` learned."""

    first: Floats
    """(directions + dim, hidden) of the generator"""
    first_bias: Floats
    """(hidden,)"""
    second: Floats
    """(hidden, dim) to what is added to the ridge's guess"""
    second_bias: Floats
    """(dim,)"""
    people: Floats
    """(dim, dim) the recommender's tower of askers"""
    items: Floats
    """(dim, dim) its tower of items"""


@models.register("adversarial")
class AdversarialModel(GeneratedModel[AdversarialConfig, AdversarialState]):
    """Generate vectors of new items that a recommender cannot tell from those of known items.

    Both start from strong factors: the generator from what a ridge makes of content, the
    recommender from the dot product. In turns the recommender learns to rank and to put real
    vectors above generated ones, and the generator learns to be ranked like real ones while
    staying near them. People are asked for items that their vectors do not know, and a part of
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

    def _trained(
        self,
        data: Dataset,
        rng: np.random.Generator,
        known: Lesson,
        arrays: Mapping[str, Floats] | None,
    ) -> AdversarialState:
        from daybreak.nets.adversarial import Play, train_adversarial  # noqa: PLC0415 - an extra
        from daybreak.nets.training import seed_of  # noqa: PLC0415

        state = known.state
        cases = cold_cases(data, (state, self.config), self.config.parts, rng)
        play = Play(
            **vars(cases),
            told=known.conditions,
            guess=known.conditions[:, self.config.directions :],
            real=known.targets,
            centre=state.centre / state.scale,
            scale=state.scale,
        )
        learned = train_adversarial(play, self.config, seed_of(rng), arrays)
        parts: dict[str, Any] = vars(state) | learned
        return AdversarialState(**parts)

    def query_vectors(self, queries: Queries) -> Floats:
        """Fold in and pass the tower; see :meth:`VectorModel.query_vectors`."""
        return np.asarray(super().query_vectors(queries) @ self.state.people, dtype=np.float32)

    def item_vectors(self, items: Items) -> Floats:
        """Look up or generate and pass the tower; see :meth:`VectorModel.item_vectors`."""
        return np.asarray(super().item_vectors(items) @ self.state.items, dtype=np.float32)

    def generated(self, told: Floats) -> Floats:
        """Add what the generator says to the guess; see :meth:`GeneratedModel.generated`."""
        state = self.state
        added = perceptron(
            told, (state.first, state.first_bias, state.second, state.second_bias)
        )
        return told[:, self.config.directions :] + added
