"""Two towers that meet: one for what is known of users, one for the content of items."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import Categorical, ModelCard, Range
from daybreak.models.shared_calibration import fit_logistic, sigmoid
from daybreak.models.shared_content import (
    content_directions,
    fit_content_kernel,
    fit_content_weights,
    predict_from_content,
    predict_leave_one_out,
    take_landmarks,
)
from daybreak.models.shared_statistics import append_ones, truncated_svd
from daybreak.models.shared_warm_start import (
    can_reuse_content,
    newest_users,
    rows_or_zeros,
    transfer_by_id,
)
from daybreak.types import Doubles, Floats, Sparse

MAX_CALIBRATION_USERS = 500
"""Users of whom one event is held out to calibrate probabilities."""
MAX_CALIBRATION_CELLS = 4_000_000
"""Pairs that calibration looks at."""
RIDGE_SCALE = 10.0
"""Brings the content ridge, whose weights are small, to the size of the other inputs."""
POPULARITY_DAMPING = 0.35
"""Interactions are divided by this power of an item's number of users before factoring."""
MIN_DIRECTION_STD = 0.05
"""Spread of a direction of behaviour below which content says nothing of it."""
MIN_SCORE = -1e30
"""Stands in for the best score where nothing can be chosen."""
REGRESSION_EPSILON = 1e-6
"""Keeps regressions on nothing from dividing by 0."""
MIN_HOLDOUT_EVENTS = 5
"""Events of a history of which one may be held out."""


@dataclass(frozen=True)
class TwoTowerConfig:
    """Options of :class:`TwoTowerModel`."""

    layers: int = 1
    """Hidden layers of a tower: 0 makes both linear, 1 adds one beside the linear part."""
    dim: int = 128
    """Numbers of a vector."""
    hidden: int = 256
    """Width of the hidden layer."""
    directions: int = 256
    """Of content, see :func:`content_directions`."""
    factors: int = 64
    """Directions of behaviour that content predicts for the item tower."""
    steps: int = 100
    """Batches it learns from, at least; whole rounds over all users."""
    batch: int = 256
    """Users in one step."""
    candidates: int = 2_000
    """Items ranked in one step; of larger catalogues so many are drawn by popularity."""
    rate: float = 3e-3
    decay: float = 0.0
    dropout: float = 0.2
    """Of the hidden layer."""
    hidden_events: float = 0.2
    """Share of the shown events that is dropped."""
    identity_dropout: float = 0.5
    """Share of items that a step sees as if they were new."""
    few: float = 0.8
    """Share of users of whom 0 to 10 events are shown."""
    told: float = 0.7
    """Share of users whose profile is shown."""


@dataclass(frozen=True, eq=False)
class TwoTowerState:
    """State of :class:`TwoTowerModel`."""

    ids: Vocabulary
    """The training items."""
    vectors: Floats
    """(n_train_items, dim + 1) of known items with their identity, the bias last"""
    inputs: Floats
    """(n_features, n_inputs) from content to what the item tower sees"""
    item_linear: Floats
    """(n_inputs + 1, dim + 1)"""
    item_first: Floats
    """(n_inputs + 1, hidden); the last row is the bias, as in all layers"""
    item_second: Floats
    """(hidden, dim + 1)"""
    user_linear: Floats
    """(n_train_items + n_attributes + 2, dim); before the bias a row for how little is known"""
    user_first: Floats
    """(n_train_items + n_attributes + 2, hidden)"""
    user_second: Floats
    """(hidden, dim)"""
    calibration: Floats
    """(2,) intercept and slope of probabilities"""


@models.register("two_tower")
class TwoTowerModel(VectorModel[TwoTowerConfig, TwoTowerState]):
    """Map what is known of users and the content of items into one space; products are scores.

    It is trained on histories of which a part is shown and the rest is asked for. Items lose
    their identity half of the time, so that new items, which have none, live in the same space.
    Known items enter with the behaviour that content predicts *without* them, as new ones will.

    Source:
        Yi et al. 2019, "Sampling-bias-corrected neural modeling for large corpus item
        recommendations" (towers, corrected softmax); Volkovs, Yu and Poutanen 2017,
        "DropoutNet: addressing cold start in recommender systems" (identity left out in
        training); Guo et al. 2017, "On calibration of modern neural networks".
    """

    Config: ClassVar = TwoTowerConfig
    State: ClassVar = TwoTowerState
    card: ClassVar = ModelCard(
        strategies={"two_tower": {}},
        is_slow=True,
        search_space={
            "layers": Categorical((0, 1)),
            "dim": Categorical((64, 128, 192)),
            "steps": Range(30, 240, log=True, is_integer=True),
            "rate": Range(5e-4, 1e-2, log=True),
            "dropout": Range(0, 0.6),
            "identity_dropout": Range(0.1, 0.9),
            "few": Range(0, 1),
        },
        inputs="history, profile",
        use="new items for users with few events",
        formula="dot product of two networks, [page](strategies/two_tower.md)",
        source="Yi et al. 2019",
        cost="100 batches",
        memory="see page",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> TwoTowerState:
        """Train both towers, then calibrate on held-out events; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        shown, held = hold_out_events(data.interactions, rng)
        return self._train(
            data, rng, _build_features(data, self.config, rng), (shown, held), None
        )

    def learn_from(
        self, data: Dataset, state: TwoTowerState, rng: np.random.Generator
    ) -> TwoTowerState | None:
        """Train further, then calibrate again; see :meth:`SupportsWarmStart.learn_from`.

        What a history says of likes in closed form is made anew. What the user tower makes of
        items is not kept as the State has it for each item already; so from here on each has
        its own part there. Attributes are kept when there are as many as before.
        """
        n, dim = len(state.vectors), self.config.dim
        before = np.hstack([state.vectors, state.user_linear[:n], state.user_first[:n]])
        tables = transfer_by_id(data, state.ids, before)
        if tables is None or not can_reuse_content(data, state.ids, state.inputs):
            return None
        widths = np.cumsum([state.vectors.shape[1], state.user_linear.shape[1]])
        vectors, people, bent = np.split(tables, widths, axis=1)
        seen = _rebuild_features(data, self.config, state, rng)
        made = _item_vectors(state, seen.content)
        known = state.ids.rows(data.train_items.ids) >= 0
        told = rows_or_zeros(state.user_linear[n:-2], data.profiles.shape[1])
        turned = rows_or_zeros(state.user_first[n:-2], data.profiles.shape[1])
        arrays = vars(state) | {
            "identity": np.where(known[:, None], vectors - made, 0),
            "bag": people[:, :dim],
            "bag_first": bent,
            "user_linear": np.vstack([told, state.user_linear[-2:]])[:, :dim],
            "user_first": np.vstack([turned, state.user_first[-2:]]),
            "trust": _fit_slope(seen.likes[known], people[known, dim:]),
        }
        return self._train(data, rng, seen, hold_out_events(data.interactions, rng), arrays)

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        features: "_TowerFeatures",
        holdout: tuple[Sparse, Sparse],
        arrays: Mapping[str, Floats] | None,
    ) -> TwoTowerState:
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415 - torch is an extra
        from daybreak.nets.two_tower import TowerInputs, train_two_tower  # noqa: PLC0415

        inputs, (shown, held) = features.inputs, holdout
        profiles, seed = data.profiles[data.active_user_rows], draw_seed(rng)
        parts = TowerInputs(shown, profiles, features.content, features.history, features.likes)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        learned = train_two_tower(parts, self.config, seed, earlier)
        state = TwoTowerState(
            ids=data.train_items.ids,
            inputs=inputs,
            calibration=np.array([0, 1], dtype=np.float32),
            **learned,
        )
        rows = np.flatnonzero(np.diff(held.indptr))[
            : MAX_CALIBRATION_CELLS // max(held.shape[1], 1)
        ]
        people = Queries.from_history(
            data.train_items, shown[rows], shown[rows], profiles[rows]
        )
        scores = _user_vectors(state, people) @ state.vectors.T
        fitted = _fit_calibration(scores, shown[rows], held[rows])
        return replace(state, calibration=fitted)

    def query_vectors(self, queries: Queries) -> Floats:
        """Send history and profile through a tower; see :meth:`VectorModel.query_vectors`."""
        return _user_vectors(self.state, queries)

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors, or make them of content; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        found = _item_vectors(state, predict_from_content(items, state.inputs))
        found[rows >= 0] = state.vectors[rows[rows >= 0]]
        return found

    def probability(self, queries: Queries, items: Items) -> Floats:
        """Return the probability that a query's next choice among ``items`` is this item.

        It is about one choice within the list that is given; a longer list makes each of its
        items less likely. What the history already has is out of the choice: 0. A row sums to
        about 1.

        Returns:
            (n_queries, n_items) float32, from 0 to 1.
        """
        if not len(items):
            return np.zeros((len(queries), 0), dtype=np.float32)
        scores = np.array(self.score(queries, items), dtype=np.float64)
        rows = queries.train_items.ids.rows(items.ids)
        known = np.flatnonzero(rows >= 0)
        had = np.zeros(scores.shape, dtype=bool)
        had[:, known] = queries.history[:, rows[known]].toarray() > 0
        scores[had] = -np.inf
        intercept, slope = self.state.calibration
        said = sigmoid(intercept + slope * softmax_log_odds(scores))
        return np.where(had, 0, said).astype(np.float32)


def hold_out_events(x: Sparse, rng: np.random.Generator) -> tuple[Sparse, Sparse]:
    """Return interactions without one event of up to ``HELD`` users, and those events.

    At most a tenth of the users lose one, and only those with ``LONG`` events or more.
    """
    sizes = np.diff(x.indptr)
    people = rng.permutation(np.flatnonzero(sizes >= MIN_HOLDOUT_EVENTS))
    people = people[: min(MAX_CALIBRATION_USERS, -(-len(people) // 10))]
    place = x.indptr[people] + (rng.random(len(people)) * sizes[people]).astype(np.int64)
    mask = np.zeros(x.nnz, dtype=x.dtype)
    mask[place] = 1
    held, shown = x.copy(), x.copy()
    held.data, shown.data = x.data * mask, x.data * (1 - mask)
    held.eliminate_zeros()
    shown.eliminate_zeros()
    return shown, held


def softmax_log_odds(scores: Doubles) -> Doubles:
    """Return the log-odds of each item in the softmax of its row.

    Example:
        Three equal scores: each has 1/3, odds 1 to 2.

        >>> softmax_log_odds(np.zeros((1, 3))).round(4)
        array([[-0.6931, -0.6931, -0.6931]])
    """
    exponent = np.exp(scores - np.maximum(scores.max(axis=1, keepdims=True), MIN_SCORE))
    share = exponent / np.maximum(exponent.sum(axis=1, keepdims=True), 1e-12)
    share = np.clip(share, 1e-12, 1 - 1e-6)
    return np.asarray(np.log(share) - np.log1p(-share))


def _fit_calibration(found: Floats, shown: Sparse, held: Sparse) -> Floats:
    """Return intercept and slope from held-out events among all that users do not have."""
    scores: Doubles = np.array(found, dtype=np.float64)
    free = np.ones(scores.shape, dtype=bool)
    free[shown.nonzero()] = False
    if not scores.size:
        return np.array([0, 1], dtype=np.float32)
    scores[~free] = -np.inf
    odds = softmax_log_odds(scores)
    return np.array(fit_logistic(odds[free], held.toarray()[free] > 0), dtype=np.float32)


def _item_vectors(state: TwoTowerState, inputs: Floats) -> Floats:
    """Return the (n_items, dim + 1) vectors that a tower makes of (n_items, n_inputs)."""
    seen = append_ones(inputs)
    found = seen @ state.item_linear
    found += np.maximum(seen @ state.item_first, 0) @ state.item_second
    return np.asarray(found, dtype=np.float32)


def _user_vectors(state: TwoTowerState, queries: Queries) -> Floats:
    """Return (n_queries, dim + 1) vectors, the last number 1 for the bias of items."""
    doubt = 1 / np.sqrt(queries.n_events + 1)
    extra = sp.csr_array(append_ones(doubt[:, None].astype(np.float32)))
    seen = sp.csr_array(sp.hstack([queries.history, queries.profile, extra]))
    found = seen @ state.user_linear
    found += np.maximum(seen @ state.user_first, 0) @ state.user_second
    return append_ones(np.asarray(found, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class _TowerFeatures:
    """What both towers see of items: directions of content, and behaviour."""

    inputs: Floats
    """(n_features, n_inputs) from content to the inputs of the item tower"""
    content: Floats
    """(n_train_items, n_inputs) those of known items as if they were new"""
    history: Floats
    """(n_train_items, n_seen) in a history: content, true behaviour, what a ridge makes of it"""
    likes: Floats
    """(n_train_items, directions) the last of these"""


def _build_features(
    data: Dataset, config: TwoTowerConfig, rng: np.random.Generator
) -> _TowerFeatures:
    directions = content_directions(data, config.directions)
    content = predict_from_content(data.train_items, directions)
    behaviour = _behaviour_factors(data, config.factors, rng)
    guessed = predict_leave_one_out(data, behaviour)
    spread = np.sqrt((guessed**2).sum(axis=0) / max(len(guessed), 1))
    size = np.sqrt(config.factors) * np.maximum(spread, MIN_DIRECTION_STD)
    inputs = np.concatenate([directions, fit_content_weights(data, behaviour) / size], axis=1)
    likes = _content_preferences(data, directions)
    seen = [content, behaviour / np.sqrt(config.factors), likes]
    return _TowerFeatures(
        inputs.astype(np.float32),
        np.concatenate([content, guessed / size], axis=1).astype(np.float32),
        np.concatenate(seen, axis=1).astype(np.float32),
        likes,
    )


def _rebuild_features(
    data: Dataset, config: TwoTowerConfig, state: TwoTowerState, rng: np.random.Generator
) -> _TowerFeatures:
    """Return what the item tower sees, in the terms of an earlier state.

    Content is looked at along the directions of before. Behaviour has other directions now; it
    is brought to those of before by the regression of what content predicted of known items
    then on what it predicts now.
    """
    known = data.train_items.take(np.flatnonzero(state.ids.rows(data.train_items.ids) >= 0))
    directions, before = np.split(state.inputs, [config.directions], axis=1)
    behaviour = _behaviour_factors(data, config.factors, rng)
    now = fit_content_weights(data, behaviour)
    told = predict_from_content(known, now).astype(np.float64)
    normal = told.T @ told + REGRESSION_EPSILON * np.eye(told.shape[1])
    turn = np.linalg.solve(normal, told.T @ predict_from_content(known, before)).astype(
        np.float32
    )
    guessed = predict_leave_one_out(data, behaviour) @ turn
    content = np.concatenate(
        [predict_from_content(data.train_items, directions), guessed], axis=1
    )
    nothing = np.zeros((len(content), 0), dtype=np.float32)
    inputs = np.concatenate([directions, now @ turn], axis=1)
    return _TowerFeatures(inputs, content, nothing, _content_preferences(data, directions))


def _content_preferences(data: Dataset, directions: Floats) -> Floats:
    """Return (n_train_items, d) what a history says of directions of content, by ridge."""
    known = fit_content_kernel(data)
    likes = known.coefficients @ predict_from_content(
        take_landmarks(data.train_items, known.landmarks), directions
    )
    return np.asarray(RIDGE_SCALE * likes, dtype=np.float32)


def _fit_slope(x: Floats, y: Floats) -> Floats:
    """Return the number whose product with ``x`` is nearest to ``y``."""
    return np.asarray(
        (x * y).sum() / max(float((x * x).sum()), REGRESSION_EPSILON), dtype=np.float32
    )


def _behaviour_factors(data: Dataset, dim: int, rng: np.random.Generator) -> Floats:
    """Return (n_train_items, d + 1) centred factors and log-popularity."""
    x = data.interactions
    n_anchors = x.shape[1]
    popular = np.log1p(data.user_counts)[:, None]
    factors = np.zeros((n_anchors, 0), dtype=np.float32)
    if x.nnz:
        left = sp.diags_array(1 / np.sqrt(np.diff(x.indptr)))
        right = sp.diags_array(np.maximum(data.user_counts, 1) ** -POPULARITY_DAMPING)
        factors = truncated_svd(left @ x @ right, dim, rng)[2] * np.sqrt(n_anchors)
    values = np.concatenate([factors, popular], axis=1)
    mean = values.mean(axis=0) if n_anchors else np.zeros(values.shape[1])
    return np.asarray(values - mean, dtype=np.float32)
