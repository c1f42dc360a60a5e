"""What a person takes again and again: own frequency, with recent baskets counted most."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.data.repeats import choose_decay
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard
from daybreak.models.shared_weights import WeightMatrix


@dataclass(frozen=True)
class AgainConfig:
    """Options of :class:`AgainModel`."""

    decay: float = 0.0
    """Factor of the weight of a basket per later basket; 0: the one that ranks the repeats of
    the last baskets best."""


@dataclass(frozen=True, eq=False)
class AgainState:
    """State of :class:`AgainModel`."""

    decay: float
    """Factor of the weight of a basket per later basket."""


@models.register("again")
class AgainModel(LinearModel[AgainConfig, AgainState]):
    """Score an item by how often, and how recently, the user has taken it."""

    Config: ClassVar = AgainConfig
    State: ClassVar = AgainState
    feature_kind: ClassVar[QueryFeatureKind] = "repeats"
    card: ClassVar = ModelCard(
        strategies={"again": {}},
        inputs="repeated events",
        use="groceries, music and series, which people take again",
        formula="share of own baskets with the item, each with decay ** later baskets",
        source="Hu et al. 2020, section 4.1",
        cost="e",
        memory="1",
        fitted_on="again",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> AgainState:
        """Choose the decay; see :meth:`Model.learn`."""
        return AgainState(self.config.decay or choose_decay(data.all_events))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the identity; see :meth:`LinearModel.linear_scorer`."""
        _ = self.state  # an unfitted model scores nothing
        same = WeightMatrix(
            sparse=sp.eye_array(len(train_items), dtype=np.float32, format="csr")
        )
        return make_known_item_scorer(train_items, items, same)
