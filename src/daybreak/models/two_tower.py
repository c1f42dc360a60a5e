"""Two networks into one vector space: one reads queries, the other the content of items."""

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
"""Users with a held-out event for the calibration of probabilities, at most [users]."""
MAX_CALIBRATION_CELLS = 4_000_000
"""User-item pairs in the calibration, at most [pairs]."""
RIDGE_SCALE = 10.0
"""Factor of the weights of the content ridge, which are smaller than other inputs."""
POPULARITY_DAMPING = 0.35
"""Power of an item's number of users by which its interactions are divided."""
MIN_DIRECTION_STD = 0.05
"""Lower bound of the standard deviation by which predicted behaviour is divided."""
MIN_SCORE = -1e30
"""Lower bound of the maximum of a row without candidates."""
REGRESSION_EPSILON = 1e-6
"""Ridge that keeps regressions on empty data finite."""
MIN_HOLDOUT_EVENTS = 5
"""Events of a user of whom one event may be held out [events]."""


@dataclass(frozen=True)
class TwoTowerConfig:
    """Options of :class:`TwoTowerModel`."""

    layers: int = 1
    """Hidden layers of a tower: 0 for linear towers, 1 for a layer beside the linear part."""
    dim: int = 128
    """Length of the vectors."""
    hidden: int = 256
    """Width of the hidden layer."""
    directions: int = 256
    """Principal directions of content; see :func:`content_directions`."""
    factors: int = 64
    """Factors of behaviour, predicted from content, that the item tower reads."""
    steps: int = 100
    """Batches at least, rounded up to complete epochs [batches]."""
    batch: int = 256
    """Users in one step [users]."""
    candidates: int = 2_000
    """Items ranked in one step; in larger catalogues drawn by popularity [items]."""
    rate: float = 3e-3
    decay: float = 0.0
    dropout: float = 0.2
    """Dropout of the hidden layer [share]."""
    hidden_events: float = 0.2
    """Dropout of the visible events [share]."""
    identity_dropout: float = 0.5
    """Share of items that lose their identity in a step, like new items."""
    few: float = 0.8
    """Share of users with 0 to 10 visible events."""
    told: float = 0.7
    """Share of users with a visible profile."""


@dataclass(frozen=True, eq=False)
class TwoTowerState:
    """State of :class:`TwoTowerModel`."""

    ids: Vocabulary
    """The training items."""
    vectors: Floats
    """(n_train_items, dim + 1) vectors with identity, the bias last"""
    inputs: Floats
    """(n_features, n_inputs) weights from content columns to inputs of the item tower"""
    item_linear: Floats
    """(n_inputs + 1, dim + 1)"""
    item_first: Floats
    """(n_inputs + 1, hidden); the last row is the bias, as in all layers"""
    item_second: Floats
    """(hidden, dim + 1)"""
    user_linear: Floats
    """(n_train_items + n_attributes + 2, dim); the last rows: cold-user weight and bias"""
    user_first: Floats
    """(n_train_items + n_attributes + 2, hidden)"""
    user_second: Floats
    """(hidden, dim)"""
    calibration: Floats
    """(2,) intercept and slope of probabilities"""


@models.register("two_tower")
class TwoTowerModel(VectorModel[TwoTowerConfig, TwoTowerState]):
    """Map queries and contents of items into one space; scores are dot products.

    The towers are trained on histories with a visible part and targets. Half of the time items
    lose their identity, so that new items, which have none, lie in the same space. The
    behaviour of known items is predicted from content *without* them, as for new items.

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

        The closed-form content preferences are computed again. The State holds the output of
        the user tower for each item, not its inputs; further training changes these outputs.
        Weights of attributes are kept if their number has not changed.
        """
        n, dim = len(state.vectors), self.config.dim
        before = np.hstack([state.vectors, state.user_linear[:n], state.user_first[:n]])
        tables = transfer_by_id(data, state.ids, before)
        if tables is None or not can_reuse_content(data, state.ids, state.inputs):
            return None
        widths = np.cumsum([state.vectors.shape[1], state.user_linear.shape[1]])
        vectors, linear, first = np.split(tables, widths, axis=1)
        features = _rebuild_features(data, self.config, state, rng)
        predicted = _item_vectors(state, features.content)
        known = state.ids.rows(data.train_items.ids) >= 0
        profile_linear = rows_or_zeros(state.user_linear[n:-2], data.profiles.shape[1])
        profile_first = rows_or_zeros(state.user_first[n:-2], data.profiles.shape[1])
        arrays = vars(state) | {
            "identity": np.where(known[:, None], vectors - predicted, 0),
            "bag": linear[:, :dim],
            "bag_first": first,
            "user_linear": np.vstack([profile_linear, state.user_linear[-2:]])[:, :dim],
            "user_first": np.vstack([profile_first, state.user_first[-2:]]),
            "trust": _fit_slope(features.likes[known], linear[known, dim:]),
        }
        return self._train(data, rng, features, hold_out_events(data.interactions, rng), arrays)

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
        queries = Queries.from_history(
            data.train_items, shown[rows], shown[rows], profiles[rows]
        )
        scores = _user_vectors(state, queries) @ state.vectors.T
        fitted = _fit_calibration(scores, shown[rows], held[rows])
        return replace(state, calibration=fitted)

    def query_vectors(self, queries: Queries) -> Floats:
        """Apply the user tower; see :meth:`VectorModel.query_vectors`."""
        return _user_vectors(self.state, queries)

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        vectors = _item_vectors(state, predict_from_content(items, state.inputs))
        vectors[rows >= 0] = state.vectors[rows[rows >= 0]]
        return vectors

    def probability(self, queries: Queries, items: Items) -> Floats:
        """Return the probability that the next event among ``items`` is with each item.

        The probability is that of one choice within the given list; with a longer list each
        item is less likely. Items of the history have probability 0. A row sums to about 1.

        Returns:
            (n_queries, n_items) float32, from 0 to 1.
        """
        if not len(items):
            return np.zeros((len(queries), 0), dtype=np.float32)
        scores = np.array(self.score(queries, items), dtype=np.float64)
        rows = queries.train_items.ids.rows(items.ids)
        known = np.flatnonzero(rows >= 0)
        in_history = np.zeros(scores.shape, dtype=bool)
        in_history[:, known] = queries.history[:, rows[known]].toarray() > 0
        scores[in_history] = -np.inf
        intercept, slope = self.state.calibration
        probability = sigmoid(intercept + slope * softmax_log_odds(scores))
        return np.where(in_history, 0, probability).astype(np.float32)


def hold_out_events(x: Sparse, rng: np.random.Generator) -> tuple[Sparse, Sparse]:
    """Return the interactions without some held-out events, and the held-out events.

    One event is held out of at most ``MAX_CALIBRATION_USERS`` users, of at most a tenth of the
    users with ``MIN_HOLDOUT_EVENTS`` events or more.
    """
    sizes = np.diff(x.indptr)
    users = rng.permutation(np.flatnonzero(sizes >= MIN_HOLDOUT_EVENTS))
    users = users[: min(MAX_CALIBRATION_USERS, -(-len(users) // 10))]
    event = x.indptr[users] + (rng.random(len(users)) * sizes[users]).astype(np.int64)
    mask = np.zeros(x.nnz, dtype=x.dtype)
    mask[event] = 1
    held_out, visible = x.copy(), x.copy()
    held_out.data, visible.data = x.data * mask, x.data * (1 - mask)
    held_out.eliminate_zeros()
    visible.eliminate_zeros()
    return visible, held_out


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


def _fit_calibration(predicted: Floats, visible: Sparse, held_out: Sparse) -> Floats:
    """Return intercept and slope, fitted on held-out events among all other items."""
    scores: Doubles = np.array(predicted, dtype=np.float64)
    candidate = np.ones(scores.shape, dtype=bool)
    candidate[visible.nonzero()] = False
    if not scores.size:
        return np.array([0, 1], dtype=np.float32)
    scores[~candidate] = -np.inf
    odds = softmax_log_odds(scores)
    return np.array(
        fit_logistic(odds[candidate], held_out.toarray()[candidate] > 0), dtype=np.float32
    )


def _item_vectors(state: TwoTowerState, inputs: Floats) -> Floats:
    """Return the (n_items, dim + 1) outputs of the item tower for (n_items, n_inputs)."""
    inputs = append_ones(inputs)
    outputs = inputs @ state.item_linear
    outputs += np.maximum(inputs @ state.item_first, 0) @ state.item_second
    return np.asarray(outputs, dtype=np.float32)


def _user_vectors(state: TwoTowerState, queries: Queries) -> Floats:
    """Return the (n_queries, dim + 1) outputs of the user tower, with a last 1 for the bias."""
    coldness = 1 / np.sqrt(queries.n_events + 1)
    extra = sp.csr_array(append_ones(coldness[:, None].astype(np.float32)))
    inputs = sp.csr_array(sp.hstack([queries.history, queries.profile, extra]))
    outputs = inputs @ state.user_linear
    outputs += np.maximum(inputs @ state.user_first, 0) @ state.user_second
    return append_ones(np.asarray(outputs, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class _TowerFeatures:
    """Features of items that the towers read: content directions and behaviour."""

    inputs: Floats
    """(n_features, n_inputs) weights from content columns to inputs of the item tower"""
    content: Floats
    """(n_train_items, n_inputs) inputs of known items, computed as if they were new"""
    history: Floats
    """(n_train_items, n_seen) features in a history: content, behaviour, content preferences"""
    likes: Floats
    """(n_train_items, directions) content preferences"""


def _build_features(
    data: Dataset, config: TwoTowerConfig, rng: np.random.Generator
) -> _TowerFeatures:
    directions = content_directions(data, config.directions)
    content = predict_from_content(data.train_items, directions)
    behaviour = _behaviour_factors(data, config.factors, rng)
    predicted = predict_leave_one_out(data, behaviour)
    spread = np.sqrt((predicted**2).sum(axis=0) / max(len(predicted), 1))
    size = np.sqrt(config.factors) * np.maximum(spread, MIN_DIRECTION_STD)
    inputs = np.concatenate([directions, fit_content_weights(data, behaviour) / size], axis=1)
    likes = _content_preferences(data, directions)
    history = [content, behaviour / np.sqrt(config.factors), likes]
    return _TowerFeatures(
        inputs.astype(np.float32),
        np.concatenate([content, predicted / size], axis=1).astype(np.float32),
        np.concatenate(history, axis=1).astype(np.float32),
        likes,
    )


def _rebuild_features(
    data: Dataset, config: TwoTowerConfig, state: TwoTowerState, rng: np.random.Generator
) -> _TowerFeatures:
    """Return the features in the directions of an earlier state.

    Content is projected on the earlier directions. Behaviour is mapped to its earlier
    directions by a regression between the earlier and the present prediction of known items.
    """
    known = data.train_items.take(np.flatnonzero(state.ids.rows(data.train_items.ids) >= 0))
    directions, before = np.split(state.inputs, [config.directions], axis=1)
    behaviour = _behaviour_factors(data, config.factors, rng)
    now = fit_content_weights(data, behaviour)
    present = predict_from_content(known, now).astype(np.float64)
    normal = present.T @ present + REGRESSION_EPSILON * np.eye(present.shape[1])
    rotation = np.linalg.solve(normal, present.T @ predict_from_content(known, before)).astype(
        np.float32
    )
    predicted = predict_leave_one_out(data, behaviour) @ rotation
    content = np.concatenate(
        [predict_from_content(data.train_items, directions), predicted], axis=1
    )
    no_history = np.zeros((len(content), 0), dtype=np.float32)
    inputs = np.concatenate([directions, now @ rotation], axis=1)
    return _TowerFeatures(inputs, content, no_history, _content_preferences(data, directions))


def _content_preferences(data: Dataset, directions: Floats) -> Floats:
    """Return (n_train_items, d) ridge weights from history items to content directions."""
    known = fit_content_kernel(data)
    likes = known.coefficients @ predict_from_content(
        take_landmarks(data.train_items, known.landmarks), directions
    )
    return np.asarray(RIDGE_SCALE * likes, dtype=np.float32)


def _fit_slope(x: Floats, y: Floats) -> Floats:
    """Return the factor of ``x`` with the least squared distance to ``y``."""
    return np.asarray(
        (x * y).sum() / max(float((x * x).sum()), REGRESSION_EPSILON), dtype=np.float32
    )


def _behaviour_factors(data: Dataset, dim: int, rng: np.random.Generator) -> Floats:
    """Return (n_train_items, d + 1) centred factors and log-popularity."""
    x = data.interactions
    n_items = x.shape[1]
    popular = np.log1p(data.user_counts)[:, None]
    factors = np.zeros((n_items, 0), dtype=np.float32)
    if x.nnz:
        left = sp.diags_array(1 / np.sqrt(np.diff(x.indptr)))
        right = sp.diags_array(np.maximum(data.user_counts, 1) ** -POPULARITY_DAMPING)
        factors = truncated_svd(left @ x @ right, dim, rng)[2] * np.sqrt(n_items)
    values = np.concatenate([factors, popular], axis=1)
    mean = values.mean(axis=0) if n_items else np.zeros(values.shape[1])
    return np.asarray(values - mean, dtype=np.float32)
