"""A few steps of gradient descent from a trained start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_content import fit_centred_content_weights, known_or_predicted
from daybreak.models.shared_fold_in import FACTOR_RANGE
from daybreak.models.shared_statistics import normalised_interactions, truncated_svd
from daybreak.models.shared_warm_start import newest_users, rows_or_zeros, transfer_by_id
from daybreak.types import Floats, Sparse

MAX_LOGIT_CELLS = 4_000_000
"""Size of a batch of logits [numbers]."""


@dataclass(frozen=True)
class MetaGradientConfig:
    """Options of :class:`MetaGradientModel`."""

    dim: int = 64
    """Length of the vectors."""
    steps: int = 2
    """Steps of the inner loop."""
    first_order: bool = False
    """Whether the outer gradient ignores the derivative of the inner one; faster to train."""
    epochs: int = 6
    batch: int = 32
    """Tasks in one outer step [users]."""
    rate: float = 5e-3
    """Learning rate of the outer loop; the rates of the inner loop are learned."""
    decay: float = 0.0
    """Weight decay."""
    mass: float = 1.0
    """Power of the number of target events that is the weight of a task."""
    told: float = 0.5
    """Share of tasks with the profile."""


@dataclass(frozen=True, eq=False)
class MetaGradientState:
    """State of :class:`MetaGradientModel`."""

    ids: Vocabulary
    """The training items."""
    inner: Floats
    """(n_train_items, dim + 1) item vectors of the inner loss, the bias last"""
    vectors: Floats
    """(n_train_items, dim + 1) item vectors of the score, the bias last"""
    centre: Floats
    """(dim + 1,) mean of these"""
    content: Floats
    """(n_features, dim + 1) weights from content columns to them"""
    start: Floats
    """(dim,) start of the inner loop"""
    profile: Floats
    """(n_attributes, dim) effect of attributes on the start"""
    rates: Floats
    """(steps, dim) learning rates of the inner loop"""
    halves: Floats
    """(steps,) numbers of events at which these rates are halved; without events they are 0"""


@models.register("meta_gradient")
class MetaGradientModel(VectorModel[MetaGradientConfig, MetaGradientState]):
    """Adapt to a query by gradient steps from a trained start; compare ``meta_bayes``.

    A task is a user: some first or random events are the support, the others the targets. The
    inner loop is gradient descent of the query vector on the loss of the support, from a start
    that depends on the profile. Start, rates and item vectors are trained so that the result
    predicts the targets.

    Source:
        Finn, Abbeel and Levine 2017, "Model-agnostic meta-learning" (MAML), eq. 1 (inner step)
        and algorithm 1 (outer step); Raghu et al. 2020, "Rapid learning or feature reuse?"
        (ANIL), section 4: only the head is adapted, here the query vector; Li et al. 2017,
        "Meta-SGD", eq. 3: a learned rate for each number. Ours grows with the number of events
        ``k`` as ``k / (k + half)``, as the weight of events beside a prior does.
    """

    Config: ClassVar = MetaGradientConfig
    State: ClassVar = MetaGradientState
    card: ClassVar = ModelCard(
        strategies={"meta_gradient": {}},
        is_slow=True,
        search_space={
            "dim": FACTOR_RANGE,
            "steps": Range(1, 4, is_integer=True),
            "epochs": Range(3, 20, log=True, is_integer=True),
            "rate": Range(5e-4, 2e-2, log=True),
            "mass": Range(0, 1.5),
            "told": Range(0, 1),
        },
        inputs="history, profile",
        use="users with 0 to 10 events",
        formula="a few learned gradient steps, [page](strategies/meta_gradient.md)",
        source="Finn et al. 2017; Raghu et al. 2020",
        cost="11,520 u n",
        memory="see page",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> MetaGradientState:
        """Train the start, the rates and the items; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        return self._train(data, rng, None)

    def learn_from(
        self, data: Dataset, state: MetaGradientState, rng: np.random.Generator
    ) -> MetaGradientState | None:
        """Train further; see :meth:`SupportsWarmStart.learn_from`.

        The effect of attributes is kept if their number has not changed.
        """
        tables = transfer_by_id(data, state.ids, np.hstack([state.inner, state.vectors]))
        if tables is None:
            return None
        inner, vectors = np.hsplit(tables, 2)
        profile = rows_or_zeros(state.profile, data.profiles.shape[1])
        arrays = vars(state) | {"inner": inner, "vectors": vectors, "profile": profile}
        return self._train(data, rng, arrays)

    def _train(
        self, data: Dataset, rng: np.random.Generator, arrays: Mapping[str, Floats] | None
    ) -> MetaGradientState:
        from daybreak.nets.meta_gradient import train_meta_gradient  # noqa: PLC0415 - an extra
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        initial_vectors = (
            _initial_vectors(data, self.config.dim, rng)
            if arrays is None
            else arrays["inner"][:, :-1]
        )
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        profiles = data.profiles[data.active_user_rows]
        learned = train_meta_gradient(
            _event_positions(data),
            profiles,
            initial_vectors,
            self.config,
            draw_seed(rng),
            earlier,
        )
        vectors = learned.pop("vectors")
        centre, content = fit_centred_content_weights(data, vectors)
        return MetaGradientState(
            ids=data.train_items.ids, vectors=vectors, centre=centre, content=content, **learned
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Run the inner loop for all queries; see :meth:`VectorModel.query_vectors`."""
        vectors = np.ones((len(queries), self.state.vectors.shape[1]), dtype=np.float32)
        step = max(MAX_LOGIT_CELLS // max(len(self.state.inner), 1), 1)
        for first in range(0, len(queries), step):
            rows = np.arange(first, min(first + step, len(queries)))
            vectors[rows, :-1] = self._adapt(queries.take(rows))
        return vectors

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)

    def _adapt(self, queries: Queries) -> Floats:
        """Return (n, dim) query vectors after the inner loop."""
        state = self.state
        vectors, bias = state.inner[:, :-1], state.inner[:, -1]
        size = queries.n_events[:, None]
        pull = (queries.history @ vectors) / np.sqrt(np.maximum(size, 1e-6))
        query_vectors: Floats = state.start + queries.profile @ state.profile
        for rates, half_weight_events in zip(state.rates, state.halves, strict=True):
            gradient = _softmax(query_vectors @ vectors.T + bias) @ vectors - pull
            query_vectors = (
                query_vectors - rates * (size / (size + half_weight_events)) * gradient
            )
        return query_vectors


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def _event_positions(data: Dataset) -> Sparse:
    """Return (n_active, n_train_items) CSR: 1 for a first event, 2 for a second, and so on."""
    place = (data.events.count_earlier() + 1).astype(np.float32)
    matrix = data.events.to_matrix(data.n_users, len(data.items), place)
    return matrix[data.active_user_rows][:, data.train_item_rows]


def _initial_vectors(data: Dataset, dim: int, rng: np.random.Generator) -> Floats:
    """Return (n_train_items, d) item vectors to start from, of length about 1."""
    x = data.interactions
    if not x.nnz:
        return np.zeros((x.shape[1], 1), dtype=np.float32)
    _, sizes, right = truncated_svd(normalised_interactions(data), dim + 1, rng)
    # The first direction is popularity, which the biases start with.
    kept = right[:, 1:] * np.sqrt(sizes[1:]) if len(sizes) > 1 else 0 * right
    length = np.sqrt((kept**2).sum(axis=1).mean())
    return np.asarray(kept / max(float(length), 1e-6), dtype=np.float32)
