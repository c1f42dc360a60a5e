"""A content network distilled from models of behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.ease import EaseConfig, fit_ease_weights
from daybreak.models.graph_filter import fit_graph_filter
from daybreak.models.shared_content import (
    content_directions,
    fit_content_weights,
    predict_from_content,
    predict_leave_one_out,
)
from daybreak.models.shared_statistics import N_OVERSAMPLED_DIRECTIONS, append_ones
from daybreak.models.shared_warm_start import (
    can_reuse_content,
    newest_users,
    procrustes_rotation,
)
from daybreak.types import Floats

N_TEACHER_POWER_ITERATIONS = 3
"""Multiplications by the weights of the teacher and their transpose, for the factors."""
CONFIDENCE_CAP = 2.0
"""Number of events, over their mean, beyond which confidence is constant: tanh(2) = 0.96."""
TEACHER_EASE_RIDGE = EaseConfig().ridge


@dataclass(frozen=True)
class DistilledConfig:
    """Options of :class:`DistilledModel`."""

    ease: float = 1.0
    """Share of :class:`EaseModel` in the teacher, its scores scaled to deviation 1."""
    graph: float = 1.0
    """Share of :class:`GraphFilterModel`, likewise."""
    popular: float = 1.0
    """Share of the log-popularity of items."""
    dim: int = 256
    """Rank of the teacher."""
    directions: int = 256
    """Principal directions of content; see :func:`content_directions`."""
    hidden: int = 256
    steps: int = 60
    """Batches at least, rounded up to complete epochs [batches]."""
    batch: int = 256
    candidates: int = 2_000
    """Items ranked in one step; of larger catalogues the best of the teacher and random."""
    best: int = 50
    """Best items of the teacher for each user, from which candidates are drawn [items]."""
    rate: float = 1e-3
    dropout: float = 0.2
    temperature: float = 2.0
    """Temperature of the targets of the ranking loss."""
    label: float = 1.0
    """Weight of the loss on the events of users."""
    ranking: float = 1.0
    rating: float = 0.1
    identification: float = 0.1


@dataclass(frozen=True, eq=False)
class DistilledState:
    """State of :class:`DistilledModel`."""

    ids: Vocabulary
    """The training items."""
    people: Floats
    """(n_train_items, dim) vectors of history items, summed to the query vector"""
    inputs: Floats
    """(n_features, n_inputs) weights from content columns to inputs of the student"""
    known: Floats
    """(n_train_items, n_inputs) inputs of known items, computed as if they were new"""
    linear: Floats
    """(n_inputs + 1, dim + 1); the last row is the bias, as in the hidden layer"""
    first: Floats
    """(n_inputs + 1, hidden)"""
    second: Floats
    """(hidden, dim + 1)"""


@models.register("distilled")
class DistilledModel(VectorModel[DistilledConfig, DistilledState]):
    """Train a network that reads only content to score like models of behaviour.

    The teacher is a low-rank mix of item-to-item weights: a query vector is the sum of the left
    factors of its history, an item vector is a right factor. The student predicts the item
    vector from content. It starts as ridge regression and learns to reproduce scores, order and
    separation of items of the teacher, and the events of users. Known items are scored by their
    content as well, so that the scores of known and new items are comparable.

    Source:
        Huang et al. 2023, "Aligning distillation for cold-start item recommendation" (rating,
        ranking and identification losses, confidence by frequency); Hinton, Vinyals and Dean
        2015, "Distilling the knowledge in a neural network" (soft targets). This model ranks
        whole lists instead of pairs, and confidence weights ratings and identification only.

    Memory: 8 n_train_items² bytes up to ``MAX_DENSE_ITEMS`` items during training.
    """

    Config: ClassVar = DistilledConfig
    State: ClassVar = DistilledState
    card: ClassVar = ModelCard(
        strategies={"distilled": {}},
        is_slow=True,
        search_space={
            "ease": Range(0, 2),
            "graph": Range(0, 2),
            "popular": Range(0, 2),
            "steps": Range(30, 240, log=True, is_integer=True),
            "rate": Range(2e-4, 5e-3, log=True),
            "dropout": Range(0, 0.6),
            "temperature": Range(0.5, 8, log=True),
            "label": Range(0.1, 3, log=True),
        },
        inputs="history",
        use="new items, rarely",
        formula="content network taught by other models, [page](strategies/distilled.md)",
        source="Huang et al. 2023",
        cost="n³, and 60 batches",
        memory="8n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> DistilledState:
        """Build the teacher, then train the student; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        directions = content_directions(data, self.config.directions)
        return self._train(data, rng, (*fit_teacher(data, self.config, rng), directions), None)

    def learn_from(
        self, data: Dataset, state: DistilledState, rng: np.random.Generator
    ) -> DistilledState | None:
        """Fit the teacher again, then train further; see :meth:`SupportsWarmStart.learn_from`.

        The factors of the teacher are rotated to the earlier ones.
        """
        if not can_reuse_content(data, state.ids, state.inputs):
            return None
        histories, teacher = fit_teacher(data, self.config, rng)
        if histories.shape[1] != state.people.shape[1]:
            return None
        rotation = procrustes_rotation(histories, data.train_items.ids, state.people, state.ids)
        teacher[:, :-1] = teacher[:, :-1] @ rotation
        directions = state.inputs[:, : self.config.directions]
        return self._train(data, rng, (histories @ rotation, teacher, directions), vars(state))

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        targets: tuple[Floats, Floats, Floats],
        arrays: Mapping[str, Floats] | None,
    ) -> DistilledState:
        from daybreak.nets.distilled import DistillationTargets, train_distilled  # noqa: PLC0415 - an extra
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        histories, teacher, directions = targets
        inputs = np.concatenate([directions, fit_content_weights(data, teacher)], axis=1)
        known = np.concatenate(
            [
                predict_from_content(data.train_items, directions),
                predict_leave_one_out(data, teacher),
            ],
            axis=1,
        )
        start = np.zeros((inputs.shape[1], teacher.shape[1]), dtype=np.float32)
        start[-teacher.shape[1] :] = np.eye(teacher.shape[1])
        training = DistillationTargets(
            data.interactions,
            histories,
            teacher,
            known.astype(np.float32),
            start,
            teacher_confidence(data),
        )
        seed = draw_seed(rng)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        learned = train_distilled(training, self.config, seed, earlier)
        return DistilledState(
            ids=data.train_items.ids,
            people=histories,
            inputs=inputs.astype(np.float32),
            known=known.astype(np.float32),
            **learned,
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Sum the vectors of the history; see :meth:`VectorModel.query_vectors`."""
        return append_ones(np.asarray(queries.history @ self.state.people, dtype=np.float32))

    def item_vectors(self, items: Items) -> Floats:
        """Predict all vectors from content; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        inputs = predict_from_content(items, state.inputs)
        inputs[rows >= 0] = state.known[rows[rows >= 0]]
        inputs = append_ones(inputs)
        hidden = np.maximum(inputs @ state.first, 0)
        return np.asarray(inputs @ state.linear + hidden @ state.second, dtype=np.float32)


def fit_teacher(
    data: Dataset, config: DistilledConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the factors of the teacher: of history items, and centred ones of candidates.

    Returns:
        (n_train_items, dim) and (n_train_items, dim + 1), the bias last.
    """
    n = len(data.train_items)
    parts = [(config.ease, fit_ease_weights(data, TEACHER_EASE_RIDGE).weight_matrix)]
    parts.append((config.graph, fit_graph_filter(data).weight_matrix))
    total: Any = np.zeros((n, n), dtype=np.float32)
    for share, matrix in parts:
        weights = matrix.dense if matrix.dense is not None else matrix.sparse
        if share and weights is not None:
            total = total + share / score_std(data, weights) * weights
    left, right = low_rank_factors(total, config.dim, rng)
    popular = np.log1p(data.user_counts)[:, None] * config.popular
    rows = np.concatenate([right, popular], axis=1)
    centre = rows.mean(axis=0) if n else np.zeros(rows.shape[1])
    return left, np.asarray(rows - centre, dtype=np.float32)


def score_std(data: Dataset, weights: Any) -> float:
    """Return the standard deviation of the scores of item-to-item weights over some users."""
    sample = data.interactions[:500]
    length = np.sqrt(np.maximum(np.diff(sample.indptr), 1))
    scores = (sample @ weights) / length[:, None] if sample.shape[0] else np.zeros((1, 1))
    scores = np.asarray(scores if isinstance(scores, np.ndarray) else scores.toarray())
    return max(float(np.sqrt(scores.var(axis=1).mean())) if scores.size else 0.0, 1e-6)


def low_rank_factors(matrix: Any, dim: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return two (n, d) factors whose product is nearly the best approximation of rank d.

    Source:
        Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.

    Example:
        >>> left, right = low_rank_factors(np.diag([3.0, 0, 2.0]), 2, np.random.default_rng(0))
        >>> (left @ right.T).round(3) + 0.0
        array([[3., 0., 0.],
               [0., 0., 0.],
               [0., 0., 2.]], dtype=float32)
    """
    n, width = matrix.shape[0], min(dim + N_OVERSAMPLED_DIRECTIONS, matrix.shape[0])
    basis = rng.standard_normal((n, width)).astype(np.float32)
    for _ in range(N_TEACHER_POWER_ITERATIONS):
        basis = np.linalg.qr(matrix @ basis)[0].astype(np.float32)
        basis = np.linalg.qr(matrix.T @ basis)[0].astype(np.float32)
    tall, sizes, turn = np.linalg.svd(matrix @ basis, full_matrices=False)
    root = np.sqrt(sizes[:dim])
    right = (basis @ turn.T)[:, :dim] * root
    return (tall[:, :dim] * root).astype(np.float32), right.astype(np.float32)


def teacher_confidence(data: Dataset) -> Floats:
    """Return (n_train_items,) confidence in the teacher: tanh of events over their mean."""
    mean = max(float(data.user_counts.mean()) if len(data.user_counts) else 0.0, 1e-6)
    return np.asarray(
        np.tanh(np.minimum(CONFIDENCE_CAP * data.user_counts / mean, CONFIDENCE_CAP)),
        dtype=np.float32,
    )
