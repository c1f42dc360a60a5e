"""Answers before any training: what is popular, else what is new, and what is like it."""

from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models import Linear, LinearModel
from daybreak.models.base import Evidence, anchored
from daybreak.models.content_match import ContentMatchModel
from daybreak.models.operators import Operator
from daybreak.models.popular import PopularConfig, PopularModel, PopularState
from daybreak.ranking.blend import LEVELS, Blend
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.rng import stream
from daybreak.service.dataset import Reading, dataset_of
from daybreak.service.learning import Facts, Learned
from daybreak.service.live.scene import Scene
from daybreak.types import Floats, Rows

NOTE = (
    "nothing has been trained yet: answers are what is popular, what is new and what is like "
    "it; train with: daybreak train"
)
GROWN = 1.2
"""So many times the items of before make it worth beginning anew."""
_STRATEGIES = (
    Strategy("popular", "popular"),
    Strategy("latest", "popular"),
    Strategy("content/match", "content_match", new=True),
)
_LATEST = 0.05
"""Weight of what is new beside what is popular: it decides among equals."""


def beginning(tables: Tables) -> Scene:
    """Return a scene that has learned nothing: it counts, and compares words.

    The default weights are those that a training takes where it cannot measure any.
    """
    read = dataset_of(tables, Reading(None, EventRules(), None, 0))
    fitted = _fitted(read.data)
    blend = _blend(fitted)
    facts = Facts(0, read.data.events.dated)
    learned = Learned(
        read.content, read.profile, read.data.items, blend, fitted, read.rules, facts
    )
    return Scene.of("", learned, tables.items, tables, (NOTE,))


def outgrown(scene: Scene) -> bool:
    """Say whether so much has come that a beginning should be made anew.

    A catalogue of which nothing was known has no words to compare by; so it is made anew when
    the first items come.
    """
    first, now = len(scene.shelf.learned.items), len(scene.shelf.catalogue.items)
    return not scene.release and now > GROWN * first


def _fitted(data: Dataset) -> Fitted:
    """Let every item be known to every strategy: none of them has learned from events."""
    items = data.items
    counts = np.bincount(data.events.item, minlength=len(items)).astype(np.float64)
    values = np.log1p(counts * (10_000 / max(counts.sum(), 1.0))).astype(np.float32)
    popular = PopularModel().holding(PopularState(values, dated=True))
    latest = _Latest().fit(data)
    match = ContentMatchModel().fit(data)
    models: tuple[LinearModel, ...] = (popular, latest, match)  # type: ignore[type-arg]
    return Fitted(_STRATEGIES, models, items)


class _Latest(LinearModel[PopularConfig, PopularState]):
    """How new each item is, from 0 to 1: by its time, or by the order in which items came."""

    Config: ClassVar = PopularConfig
    State: ClassVar = PopularState
    evidence: ClassVar[Evidence] = "none"

    def learn(self, data: Dataset, rng: np.random.Generator) -> PopularState:
        """Order the items; see :meth:`Model.learn`."""
        n, created = len(data.items), data.items.created_at
        place = np.arange(n)
        if len(created):
            place = np.argsort(np.lexsort((place, np.nan_to_num(created, nan=-np.inf))))
        return PopularState((place / max(n - 1, 1)).astype(np.float32), dated=True)

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Look the order up; see :meth:`LinearModel.linear`."""
        bias, known = anchored(anchors, items, self.state.values)
        return Linear(Operator(), bias, known)


def _blend(fitted: Fitted) -> Blend:
    """Return weights that nobody measured."""
    weights = np.tile([1.0, _LATEST, 1.0], (len(LEVELS), 1))
    new = np.tile([0.0, 0.0, 1.0], (len(LEVELS), 1))
    scale = np.array([_spread(fitted, row) for row in range(len(_STRATEGIES))])
    # What has just come stands before what is old and not popular.
    bias = np.full(len(LEVELS), 2 * _LATEST)
    return Blend(
        tuple(s.name for s in _STRATEGIES), scale.astype(np.float32), weights, new, bias
    )


def _spread(fitted: Fitted, row: int) -> float:
    """Return how far apart a strategy's scores of items typically are."""
    form = fitted.models[row].linear(fitted.anchors, fitted.anchors)
    if fitted.models[row].evidence == "none":
        spread = float(form.bias.std()) if len(form.bias) else 0.0
    else:
        some = stream(0, "spread").permutation(len(fitted.anchors))[:100]
        scores = _one_item(form, len(fitted.anchors), some)
        spread = float(scores.std(axis=1).mean()) if scores.size else 0.0
    return spread if spread > 1e-9 else 1.0


def _one_item(form: Linear, n_items: int, some: Rows) -> Floats:
    """Return the scores for people who like one item each."""
    ones = np.ones(len(some), dtype=np.float32)
    likes = sp.csr_array((ones, (np.arange(len(some)), some)), shape=(len(some), n_items))
    product = form.weights.apply(likes)
    return np.zeros((0, 0), dtype=np.float32) if product is None else product
