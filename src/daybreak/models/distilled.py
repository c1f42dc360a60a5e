"""A student that knows items by their content alone, taught by models of behaviour."""

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
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats

N_TEACHER_POWER_ITERATIONS = 3
"""Times the teacher's weights are multiplied forth and back to find their directions."""
CONFIDENCE_CAP = 2.0
"""Where trust in the teacher stops rising: tanh(2) = 0.96."""
TEACHER_EASE_RIDGE = EaseConfig().ridge


@dataclass(frozen=True)
class DistilledConfig:
    """Options of :class:`DistilledModel`."""

    ease: float = 1.0
    """Share of :class:`EaseModel` in the teacher, its scores brought to spread 1."""
    graph: float = 1.0
    """Share of :class:`GraphFilterModel`, likewise."""
    popular: float = 1.0
    """Share of the log-popularity of items."""
    dim: int = 256
    """Directions kept of the teacher."""
    directions: int = 256
    """Of content, see :func:`content_directions`."""
    hidden: int = 256
    steps: int = 60
    """Batches it learns from, at least; whole rounds over all users."""
    batch: int = 256
    candidates: int = 2_000
    """Items ranked in one step; of larger catalogues the teacher's best and random ones."""
    best: int = 50
    """Of the teacher's best for each user that are drawn from then."""
    rate: float = 1e-3
    dropout: float = 0.2
    temperature: float = 2.0
    """Softens the targets of the ranking loss."""
    label: float = 1.0
    """Weight of what users chose, beside what the teacher says."""
    ranking: float = 1.0
    rating: float = 0.1
    identification: float = 0.1


@dataclass(frozen=True, eq=False)
class DistilledState:
    """State of :class:`DistilledModel`."""

    ids: Vocabulary
    """The training items."""
    people: Floats
    """(n_train_items, dim) what an item in a history adds to a query's vector"""
    inputs: Floats
    """(n_features, n_inputs) from content to what the student sees"""
    known: Floats
    """(n_train_items, n_inputs) what it sees of known items, as if they were new"""
    linear: Floats
    """(n_inputs + 1, dim + 1); the last row is the bias, as in the hidden layer"""
    first: Floats
    """(n_inputs + 1, hidden)"""
    second: Floats
    """(hidden, dim + 1)"""


@models.register("distilled")
class DistilledModel(VectorModel[DistilledConfig, DistilledState]):
    """Teach a network that sees content only to score as models of behaviour would.

    The teacher is a mix of item-to-item weights, cut to its leading directions; a query is the
    sum of the history's rows on one side, an item a row on the other. The student makes the
    item's row from content. It starts as the ridge regression of those rows and learns to agree
    with the teacher's scores, order and sense of what makes items differ, and with what users
    chose. Known items are scored by their content as well, so that scores of known and new
    items mean the same.

    Source:
        Huang et al. 2023, "Aligning distillation for cold-start item recommendation" (rating,
        ranking and identification losses, trust by frequency); Hinton, Vinyals and Dean 2015,
        "Distilling the knowledge in a neural network" (soft targets). Ours ranks whole lists
        instead of pairs, and trust weighs ratings and identification only.

    Memory: 8 n_anchors² bytes up to ``MAX_DENSE_ITEMS`` training items while learning.
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
        formula="content network taught by `ease` and `graph_filter`, [page](strategies/distilled.md)",
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
        """Build the teacher anew, then teach on; see :meth:`SupportsWarmStart.learn_from`.

        The teacher's directions are turned towards those of before.
        """
        if not can_reuse_content(data, state.ids, state.inputs):
            return None
        people, teacher = fit_teacher(data, self.config, rng)
        if people.shape[1] != state.people.shape[1]:
            return None
        turn = procrustes_rotation(people, data.train_items.ids, state.people, state.ids)
        teacher[:, :-1] = teacher[:, :-1] @ turn
        directions = state.inputs[:, : self.config.directions]
        return self._train(data, rng, (people @ turn, teacher, directions), vars(state))

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        targets: tuple[Floats, Floats, Floats],
        arrays: Mapping[str, Floats] | None,
    ) -> DistilledState:
        from daybreak.nets.distilled import DistillationTargets, train_distilled  # noqa: PLC0415 - an extra
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        people, teacher, directions = targets
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
        lessons = DistillationTargets(
            data.interactions,
            people,
            teacher,
            known.astype(np.float32),
            start,
            teacher_confidence(data),
        )
        seed = draw_seed(rng)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        learned = train_distilled(lessons, self.config, seed, earlier)
        return DistilledState(
            ids=data.train_items.ids,
            people=people,
            inputs=inputs.astype(np.float32),
            known=known.astype(np.float32),
            **learned,
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Sum the rows of a history; see :meth:`VectorModel.query_vectors`."""
        return append_ones(np.asarray(queries.history @ self.state.people, dtype=np.float32))

    def item_vectors(self, items: Items) -> Floats:
        """Make vectors of content, always; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        seen = predict_from_content(items, state.inputs)
        seen[rows >= 0] = state.known[rows[rows >= 0]]
        seen = append_ones(seen)
        made = seen @ state.linear + np.maximum(seen @ state.first, 0) @ state.second
        return np.asarray(made, dtype=np.float32)


def fit_teacher(
    data: Dataset, config: DistilledConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the teacher: rows of items in histories, centred rows of items as candidates.

    Returns:
        (n_train_items, dim) and (n_train_items, dim + 1), the bias last.
    """
    n = len(data.train_items)
    parts = [(config.ease, fit_ease_weights(data, TEACHER_EASE_RIDGE).weight_matrix)]
    parts.append((config.graph, fit_graph_filter(data).weight_matrix))
    total: Any = np.zeros((n, n), dtype=np.float32)
    for share, operator in parts:
        weights = _single_part(operator)
        if share and weights is not None:
            total = total + share / score_std(data, weights) * weights
    left, right = low_rank_factors(total, config.dim, rng)
    popular = np.log1p(data.user_counts)[:, None] * config.popular
    rows = np.concatenate([right, popular], axis=1)
    centre = rows.mean(axis=0) if n else np.zeros(rows.shape[1])
    return left, np.asarray(rows - centre, dtype=np.float32)


def score_std(data: Dataset, weights: Any) -> float:
    """Return the spread of the scores that item-to-item weights give to a sample of users."""
    some = data.interactions[:500]
    length = np.sqrt(np.maximum(np.diff(some.indptr), 1))
    scores = (some @ weights) / length[:, None] if some.shape[0] else np.zeros((1, 1))
    scores = np.asarray(scores if isinstance(scores, np.ndarray) else scores.toarray())
    return max(float(np.sqrt(scores.var(axis=1).mean())) if scores.size else 0.0, 1e-6)


def low_rank_factors(matrix: Any, dim: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return (n, d) and (n, d) whose product is the best approximation of rank d, nearly.

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
    """Return (n_train_items,) how far the teacher is believed: tanh of events over their mean."""
    mean = max(float(data.user_counts.mean()) if len(data.user_counts) else 0.0, 1e-6)
    return np.asarray(
        np.tanh(np.minimum(CONFIDENCE_CAP * data.user_counts / mean, CONFIDENCE_CAP)),
        dtype=np.float32,
    )


def _single_part(operator: WeightMatrix) -> Any:
    """Return the only part of an operator; None when it has none."""
    return operator.dense if operator.dense is not None else operator.sparse
