"""Models that generate the vectors of new items with a network, from what content tells."""

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
    """Numbers that the network sees of the content of an item."""


@dataclass(frozen=True, eq=False)
class GenerativeState(FoldInState):
    """What is known of items before any network."""

    space: Floats
    """(n_features, directions) from content to what the network sees of it"""
    guess: Floats
    """(n_features, dim) from content to vectors by ridge, in units of ``scale``"""
    scale: float
    """Typical size of a number of a vector around the centre"""


@dataclass(frozen=True, eq=False)
class VectorTrainingSet:
    """The known items as a network should see them: as if each were new."""

    state: GenerativeState
    conditions: Floats
    """(n_anchors, directions + dim); the ridge's part leaves the item itself out"""
    targets: Floats
    """(n_anchors, dim) vectors around the centre, in units of ``scale``"""


C = TypeVar("C", bound=GenerativeConfig)
S = TypeVar("S", bound=GenerativeState)


class GenerativeModel(FoldInModel[C, S]):
    """A model with factors of its own for known items and generated ones for new items."""

    def learn(self, data: Dataset, rng: np.random.Generator) -> S:
        """Factor, then train the network; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        return self._train(data, rng, build_training_set(data, self.config, rng), None)

    def learn_from(self, data: Dataset, state: S, rng: np.random.Generator) -> S | None:
        """Factor anew, then train further; see :meth:`SupportsWarmStart.learn_from`."""
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
        """Train on a lesson, beginning with the arrays of an earlier state if there are any."""

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up, or generate them; see :meth:`SupportsEmbeddings.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        new = np.flatnonzero(rows < 0)
        found = np.empty((len(items), state.vectors.shape[1]), dtype=np.float32)
        found[rows >= 0] = state.vectors[rows[rows >= 0]]
        if len(new):
            told = encode_conditions(state, items.take(new))
            found[new] = self.generate_vectors(told) * state.scale + state.centre
        return found

    @abstractmethod
    def generate_vectors(self, conditions: Floats) -> Floats:
        """Return (n, dim) vectors around the centre, in units of ``scale``.

        Args:
            told: (n, directions + dim) from :func:`condition`.
        """


def build_training_set(
    data: Dataset, config: GenerativeConfig, rng: np.random.Generator
) -> VectorTrainingSet:
    """Factor the interactions and look at every known item as if it were new."""
    space = content_directions(data, config.directions)
    size = _root_mean_square(predict_from_content(data.train_items, space))
    return _assemble_training_set(data, factorise_interactions(data, config, rng), space, size)


def rebuild_training_set(
    data: Dataset, config: GenerativeConfig, state: GenerativeState, rng: np.random.Generator
) -> VectorTrainingSet | None:
    """Return a lesson in the directions of an earlier one, so that its network understands it.

    Factors are turned towards those of before, and content is looked at along the directions of
    before; None when that cannot be: too few items are known, or content has other columns.
    """
    if not can_reuse_content(data, state.ids, state.space):
        return None
    known = factorise_interactions(data, config, rng)
    if known.vectors.shape[1] != state.vectors.shape[1]:
        return None
    turn = procrustes_rotation(known.vectors, known.ids, state.vectors, state.ids)
    return _assemble_training_set(data, rotate_factors(known, turn), state.space, 1.0)


def _assemble_training_set(
    data: Dataset, known: FoldInState, space: Floats, size: float
) -> VectorTrainingSet:
    centred = known.vectors - known.centre
    scale = _root_mean_square(centred)
    guess = fit_content_weights(data, centred) / scale
    state = GenerativeState(**vars(known), space=space / size, guess=guess, scale=scale)
    seen = predict_from_content(data.train_items, space) / size
    told = np.concatenate([seen, predict_leave_one_out(data, centred) / scale], axis=1)
    return VectorTrainingSet(
        state, told.astype(np.float32), (centred / scale).astype(np.float32)
    )


def encode_conditions(state: GenerativeState, items: Items) -> Floats:
    """Return the (n_items, directions + dim) numbers that a network sees of new items."""
    parts = [predict_from_content(items, state.space), predict_from_content(items, state.guess)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def apply_perceptron(x: Floats, layers: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Return what a network with one hidden layer of tanh answers.

    Args:
        x: (n, n_inputs)
        layers: (n_inputs, hidden) weights, (hidden,), (hidden, n_outputs) and (n_outputs,).
    """
    first, first_bias, second, second_bias = layers
    hidden = np.tanh(x @ first + first_bias)
    return np.asarray(hidden @ second + second_bias, dtype=np.float32)


def _root_mean_square(numbers: Floats) -> float:
    """Return the root mean square; 1 where there is nothing but zeros."""
    size = float(np.sqrt(np.mean(numbers**2))) if numbers.size else 0.0
    return size if size > 1e-9 else 1.0
