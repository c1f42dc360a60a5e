"""Models that generate the vectors of new items with a network, from what content tells."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.content_map import content_map, content_space, mapped, unseen
from daybreak.models.continuing import same_columns, turn_towards
from daybreak.models.folded import FoldedConfig, FoldedModel, FoldedState, factorise, turned
from daybreak.types import Floats


@dataclass(frozen=True)
class GeneratedConfig(FoldedConfig):
    """Options of models that generate the vectors of new items."""

    directions: int = 128
    """Numbers that the network sees of the content of an item."""


@dataclass(frozen=True, eq=False)
class GeneratedState(FoldedState):
    """What is known of items before any network."""

    space: Floats
    """(n_features, directions) from content to what the network sees of it"""
    guess: Floats
    """(n_features, dim) from content to vectors by ridge, in units of ``scale``"""
    scale: float
    """Typical size of a number of a vector around the centre"""


@dataclass(frozen=True, eq=False)
class Lesson:
    """The known items as a network should see them: as if each were new."""

    state: GeneratedState
    conditions: Floats
    """(n_anchors, directions + dim); the ridge's part leaves the item itself out"""
    targets: Floats
    """(n_anchors, dim) vectors around the centre, in units of ``scale``"""


C = TypeVar("C", bound=GeneratedConfig)
S = TypeVar("S", bound=GeneratedState)


class GeneratedModel(FoldedModel[C, S]):
    """A model with factors of its own for known items and generated ones for new items."""

    def learn(self, data: Dataset, rng: np.random.Generator) -> S:
        """Factor, then train the network; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        return self._trained(data, rng, lesson(data, self.config, rng), None)

    def learn_from(self, data: Dataset, state: S, rng: np.random.Generator) -> S | None:
        """Factor anew, then train further; see :meth:`Continues.learn_from`."""
        known = lesson_like(data, self.config, state, rng)
        return None if known is None else self._trained(data, rng, known, vars(state))

    @abstractmethod
    def _trained(
        self,
        data: Dataset,
        rng: np.random.Generator,
        known: Lesson,
        arrays: Mapping[str, Floats] | None,
    ) -> S:
        """Train on a lesson, beginning with the arrays of an earlier state if there are any."""

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up, or generate them; see :meth:`Embeds.item_vectors`."""
        state = self.state
        rows = state.ids.rows(items.ids)
        new = np.flatnonzero(rows < 0)
        found = np.empty((len(items), state.vectors.shape[1]), dtype=np.float32)
        found[rows >= 0] = state.vectors[rows[rows >= 0]]
        if len(new):
            told = condition(state, items.take(new))
            found[new] = self.generated(told) * state.scale + state.centre
        return found

    @abstractmethod
    def generated(self, told: Floats) -> Floats:
        """Return (n, dim) vectors around the centre, in units of ``scale``.

        Args:
            told: (n, directions + dim) from :func:`condition`.
        """


def lesson(data: Dataset, config: GeneratedConfig, rng: np.random.Generator) -> Lesson:
    """Factor the interactions and look at every known item as if it were new."""
    space = content_space(data, config.directions)
    size = _size(mapped(data.anchors, space))
    return _lesson(data, factorise(data, config, rng), space, size)


def lesson_like(
    data: Dataset, config: GeneratedConfig, state: GeneratedState, rng: np.random.Generator
) -> Lesson | None:
    """Return a lesson in the directions of an earlier one, so that its network understands it.

    Factors are turned towards those of before, and content is looked at along the directions of
    before; None when that cannot be: too few items are known, or content has other columns.
    """
    if not same_columns(data, state.ids, state.space):
        return None
    known = factorise(data, config, rng)
    if known.vectors.shape[1] != state.vectors.shape[1]:
        return None
    turn = turn_towards(known.vectors, known.ids, state.vectors, state.ids)
    return _lesson(data, turned(known, turn), state.space, 1.0)


def _lesson(data: Dataset, known: FoldedState, space: Floats, size: float) -> Lesson:
    centred = known.vectors - known.centre
    scale = _size(centred)
    guess = content_map(data, centred) / scale
    state = GeneratedState(**vars(known), space=space / size, guess=guess, scale=scale)
    seen = mapped(data.anchors, space) / size
    told = np.concatenate([seen, unseen(data, centred) / scale], axis=1)
    return Lesson(state, told.astype(np.float32), (centred / scale).astype(np.float32))


def condition(state: GeneratedState, items: Items) -> Floats:
    """Return the (n_items, directions + dim) numbers that a network sees of new items."""
    parts = [mapped(items, state.space), mapped(items, state.guess)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def perceptron(x: Floats, layers: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """Return what a network with one hidden layer of tanh answers.

    Args:
        x: (n, n_inputs)
        layers: (n_inputs, hidden) weights, (hidden,), (hidden, n_outputs) and (n_outputs,).
    """
    first, first_bias, second, second_bias = layers
    hidden = np.tanh(x @ first + first_bias)
    return np.asarray(hidden @ second + second_bias, dtype=np.float32)


def _size(numbers: Floats) -> float:
    """Return the root mean square; 1 where there is nothing but zeros."""
    size = float(np.sqrt(np.mean(numbers**2))) if numbers.size else 0.0
    return size if size > 1e-9 else 1.0
