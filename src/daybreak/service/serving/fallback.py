"""State before the first training: popular items, new items, and similar items."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.models import LinearModel, LinearScorer
from daybreak.models.base import QueryFeatureKind, align_values
from daybreak.models.content_match import ContentMatchModel
from daybreak.models.popular import PopularConfig, PopularModel, PopularState
from daybreak.models.shared_decay import iter_moments
from daybreak.models.shared_weights import WeightMatrix
from daybreak.models.wish import WishModel
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, WeightSet
from daybreak.ranking.blending.wish_weights import DEFAULT_STRENGTH, default_spread
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.rng import create_generator
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.fit import TrainedModel, TrainingStats
from daybreak.types import Doubles, Floats, Rows

UNTRAINED_NOTE = "nothing has been trained yet: lists contain popular, new and similar items"
REBUILD_GROWTH_FACTOR = 1.2
"""Growth of the catalogue from which the untrained state is rebuilt."""
_STRATEGIES = (
    Strategy("popular", "popular"),
    Strategy("latest", "popular"),
    Strategy("content/match", "content_match"),
    Strategy("wish", "wish"),
)
MIN_GAIN_NOW = 1.5
"""Smallest ratio of later events on the ten most popular items of now and of all time from
which only the present is popular; in a gift shop it is .9, in newspapers several times more."""
RECENCY_WEIGHT = 0.05
"""Weight of recency relative to popularity; it orders equally popular items."""


def untrained_state(tables: Tables) -> ServingState:
    """Return a state without training, with fixed weights: it counts events and compares text.

    Args:
        tables: All tables of the store.
    """
    encoded = encode_dataset(tables, DatasetConfig(None, EventRules(), None, 0))
    fitted = _fit_defaults(encoded.data)
    linear_models = fitted.linear_models(encoded.data.items)  # of large catalogues: once
    blend = _default_blend(fitted, linear_models)
    scorer = Scorer(blend, fitted, encoded.data.items, linear_models=linear_models)
    stats = TrainingStats(0, encoded.data.events.has_time_order)
    trained = TrainedModel(
        encoded.content,
        encoded.profile,
        encoded.data.items,
        blend,
        fitted,
        encoded.rules,
        stats,
        scorer_parts=scorer.parts(),
    )
    state = ServingState.from_tables("", trained, tables.items, tables)
    return replace(state, notes=(UNTRAINED_NOTE,))


def needs_rebuild(state: ServingState, growth: float = REBUILD_GROWTH_FACTOR) -> bool:
    """Return whether an untrained state should be rebuilt because its catalogue has grown.

    An empty catalogue has no words to compare, so it is rebuilt when the first items arrive.
    Items that came since then have neither a popularity nor a place among the latest.

    Args:
        state: State that answers.
        growth: Number of items relative to that at the start above which it should be.
    """
    n_at_start, n_items = len(state.trained.items), len(state.catalogue.items)
    return not state.release and n_items > growth * n_at_start


def _fit_defaults(data: Dataset) -> FittedStrategies:
    """Fit the strategies of an untrained state; all items count as known."""
    items = data.items
    popular = CurrentPopularModel(learns_half_life=True).recounted(data)
    latest = RecencyModel().fit(data)
    match = ContentMatchModel().fit(data)
    wish = WishModel().fit(data)
    models: tuple[LinearModel, ...] = (popular, latest, match, wish)  # type: ignore[type-arg]
    return FittedStrategies(_STRATEGIES, models, items)


class CurrentPopularModel(PopularModel):
    """Popularity whose half-life is learned whenever events are counted.

    In newspapers, what was read last month is not popular now. Elsewhere all events count.
    """

    def recounted(self, data: Dataset) -> Self:
        """Return the model counted from other events; see :meth:`PopularModel.recounted`."""
        n_items = len(data.items)
        state = self.learn(data, create_generator(0, "popular"))
        if state.dated and _foretells_more(data.events, n_items, state.half_life_s):
            values = np.zeros(n_items, dtype=np.float32)
            values[data.train_item_rows] = state.values
            return self.with_state(replace(state, values=values))
        counts = np.bincount(data.events.item, minlength=n_items).astype(np.float64)
        values = np.log1p(counts * (10_000 / max(counts.sum(), 1.0))).astype(np.float32)
        return self.with_state(PopularState(values, dated=True))


def _foretells_more(events: Events, n_items: int, half_life_s: float) -> bool:
    """Return whether what is popular now says much more about the next events than all time.

    Args:
        events: Positive events.
        n_items: Number of items.
        half_life_s: Half-life of an event [s]; 0 or infinite: events do not fade.
    """
    if not 0 < half_life_s < np.inf:
        return False
    now = always = 0
    for moment in iter_moments(events.at):
        past, following = events.item[moment.past], events.item[moment.following]
        faded = 0.5 ** ((moment.at - events.at[moment.past]) / half_life_s)
        now += _hits(np.bincount(past, faded, n_items), following)
        always += _hits(np.bincount(past, minlength=n_items), following)
    return now > MIN_GAIN_NOW * always


def _hits(counts: Doubles | Rows, following: Rows) -> int:
    """Return how many events are on the ten items with the highest counts."""
    return int(np.isin(following, np.argsort(-counts, kind="stable")[:10]).sum())


class RecencyModel(LinearModel[PopularConfig, PopularState]):
    """Recency of each item, from 0 to 1: by creation time, else by catalogue position."""

    Config: ClassVar = PopularConfig
    State: ClassVar = PopularState
    feature_kind: ClassVar[QueryFeatureKind] = "none"

    def learn(self, data: Dataset, rng: np.random.Generator) -> PopularState:
        """Rank the items by recency; see :meth:`Model.learn`."""
        n, created = len(data.items), data.items.created_at
        rank = np.arange(n)
        if len(created):
            rank = np.argsort(np.lexsort((rank, np.nan_to_num(created, nan=-np.inf))))
        return PopularState((rank / max(n - 1, 1)).astype(np.float32), dated=True)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the recency; see :meth:`LinearModel.linear_scorer`."""
        bias, known = align_values(train_items, items, self.state.values)
        return LinearScorer(WeightMatrix(), bias, known)


def _default_blend(fitted: FittedStrategies, linear_models: Sequence[LinearScorer]) -> Blend:
    """Return the fixed weights.

    Args:
        fitted: The strategies.
        linear_models: The strategies as linear functions, for their training items.
    """
    weights = np.tile([1.0, RECENCY_WEIGHT, 1.0, 0.0], (len(EVENT_LEVELS), 1))
    new_weights = np.tile([0.0, 0.0, 1.0, 0.0], (len(EVENT_LEVELS), 1))
    spread = default_spread(WeightSet(1.0, weights, new_weights, np.zeros(len(EVENT_LEVELS))))
    weights[:, -1] = new_weights[:, -1] = DEFAULT_STRENGTH * spread
    pairs = zip(fitted.models, linear_models, strict=True)
    scale = np.array([_score_scale(model.feature_kind, linear) for model, linear in pairs])
    # A new item is ranked before old items that are not popular.
    bias = np.full(len(EVENT_LEVELS), 2 * RECENCY_WEIGHT)
    return Blend(
        tuple(s.name for s in _STRATEGIES), scale.astype(np.float32), weights, new_weights, bias
    )


def _score_scale(kind: str, scorer: LinearScorer) -> float:
    """Return the typical standard deviation of the scores of a strategy.

    Args:
        kind: Kind of its features.
        scorer: The strategy as a linear function, for its training items.
    """
    n_items = len(scorer.bias)
    if kind == "wish":
        return 1.0  # its scores have a fixed scale
    if kind == "none":
        std = float(scorer.bias.std()) if n_items else 0.0
    else:
        items = create_generator(0, "spread").permutation(n_items)[:100]
        scores = _single_event_scores(scorer, n_items, items)
        std = float(scores.std(axis=1).mean()) if scores.size else 0.0
    return std if std > 1e-9 else 1.0


def _single_event_scores(scorer: LinearScorer, n_items: int, items: Rows) -> Floats:
    """Return the scores for users with one event each."""
    ones = np.ones(len(items), dtype=np.float32)
    events = sp.csr_array((ones, (np.arange(len(items)), items)), shape=(len(items), n_items))
    product = scorer.weights.apply(events)
    return np.zeros((0, 0), dtype=np.float32) if product is None else product
