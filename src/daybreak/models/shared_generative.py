"""Models that generate the vectors of new items with a network, from content.

A network is trained on the known items as if each were new (:class:`VectorTrainingSet`).
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.shared_content import (
    content_directions,
    fit_content_weights,
    predict_from_content,
    predict_leave_one_out,
)
from daybreak.models.shared_fold_in import (
    FoldInConfig,
    FoldInModel,
    FoldInState,
    factorise_interactions,
    rotate_factors,
)
from daybreak.models.shared_warm_start import can_reuse_content, procrustes_rotation
from daybreak.types import Floats


@dataclass(frozen=True)
class GenerativeConfig(FoldInConfig):
    """Options of models that generate the vectors of new items."""

    directions: int = 128
    """Principal directions of the content that the network reads."""


@dataclass(frozen=True, eq=False)
class GenerativeState(FoldInState):
    """Factors of the training items, and the linear prediction of the vectors of new items."""

    space: Floats
    """(n_features, directions) weights from content columns to inputs of the network"""
    guess: Floats
    """(n_features, dim) ridge weights from content columns to vectors, in units of ``scale``"""
    scale: float
    """Root mean square of the vectors around the centre"""


@dataclass(frozen=True, eq=False)
class VectorTrainingSet:
    """The training items as the network sees them: as if each were new."""

    state: GenerativeState
    conditions: Floats
    """(n_train_items, directions + dim); the ridge prediction excludes the item itself"""
    targets: Floats
    """(n_train_items, dim) vectors around the centre, in units of ``scale``"""


C = TypeVar("C", bound=GenerativeConfig)
S = TypeVar("S", bound=GenerativeState)


class GenerativeModel(FoldInModel[C, S]):
    """A fold-in model with learned vectors of known items and generated ones of new items."""

    def learn(self, data: Dataset, rng: np.random.Generator) -> S:
        """Factorise, then train the network; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        return self._train(data, rng, build_training_set(data, self.config, rng), None)

    def learn_from(self, data: Dataset, state: S, rng: np.random.Generator) -> S | None:
        """Factorise again, then train further; see :meth:`SupportsWarmStart.learn_from`."""
        known = rebuild_training_set(data, self.config, state, rng)
        return None if known is None else self._train(data, rng, known, vars(state))

    @abstractmethod
    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        known: VectorTrainingSet,
        arrays: Mapping[str, Floats] | None,
    ) -> S:
        """Train the network, starting from the arrays of an earlier state if given.

        Args:
            data: Training data.
            rng: Source of all random draws.
            known: The training set of the network.
            arrays: Arrays of an earlier state by name, or None.
        """

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors, or generate them; see :meth:`SupportsEmbeddings.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        new = np.flatnonzero(rows < 0)
        found = np.empty((len(items), state.vectors.shape[1]), dtype=np.float32)
        found[rows >= 0] = state.vectors[rows[rows >= 0]]
        if len(new):
            conditions = encode_conditions(state, items.take(new))
            found[new] = self.generate_vectors(conditions) * state.scale + state.centre
        return found

    @abstractmethod
    def generate_vectors(self, conditions: Floats) -> Floats:
        """Return (n, dim) vectors around the centre, in units of ``scale``.

        Args:
            conditions: (n, directions + dim) inputs from :func:`encode_conditions`.
        """


def build_training_set(
    data: Dataset, config: GenerativeConfig, rng: np.random.Generator
) -> VectorTrainingSet:
    """Factorise the interactions and encode every training item as if it were new."""
    space = content_directions(data, config.directions)
    size = _root_mean_square(predict_from_content(data.train_items, space))
    return _assemble_training_set(data, factorise_interactions(data, config, rng), space, size)


def rebuild_training_set(
    data: Dataset, config: GenerativeConfig, state: GenerativeState, rng: np.random.Generator
) -> VectorTrainingSet | None:
    """Return a training set in the directions of an earlier state, for a warm start.

    Factors are rotated to the earlier ones, and content is projected on the earlier directions.

    Returns:
        None when too few items are known or content has other columns.
    """
    if not can_reuse_content(data, state.ids, state.space):
        return None
    known = factorise_interactions(data, config, rng)
    if known.vectors.shape[1] != state.vectors.shape[1]:
        return None
    rotation = procrustes_rotation(known.vectors, known.ids, state.vectors, state.ids)
    return _assemble_training_set(data, rotate_factors(known, rotation), state.space, 1.0)


def _assemble_training_set(
    data: Dataset, known: FoldInState, space: Floats, size: float
) -> VectorTrainingSet:
    centred = known.vectors - known.centre
    scale = _root_mean_square(centred)
    guess = fit_content_weights(data, centred) / scale
    state = GenerativeState(**vars(known), space=space / size, guess=guess, scale=scale)
    content = predict_from_content(data.train_items, space) / size
    predicted = predict_leave_one_out(data, centred) / scale
    conditions = np.concatenate([content, predicted], axis=1).astype(np.float32)
    return VectorTrainingSet(state, conditions, (centred / scale).astype(np.float32))


def encode_conditions(state: GenerativeState, items: Items) -> Floats:
    """Return the (n_items, directions + dim) inputs of the network for new items."""
    parts = [predict_from_content(items, state.space), predict_from_content(items, state.guess)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def apply_perceptron(x: Floats, layers: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Return the (n, n_outputs) outputs of a network with one hidden layer of tanh.

    Args:
        x: (n, n_inputs) inputs.
        layers: (n_inputs, hidden) weights, (hidden,), (hidden, n_outputs) and (n_outputs,).
    """
    first, first_bias, second, second_bias = layers
    hidden = np.tanh(x @ first + first_bias)
    return np.asarray(hidden @ second + second_bias, dtype=np.float32)


def _root_mean_square(numbers: Floats) -> float:
    """Return the root mean square, or 1 when all numbers are 0."""
    size = float(np.sqrt(np.mean(numbers**2))) if numbers.size else 0.0
    return size if size > 1e-9 else 1.0
