"""Fitted content regressions whose matrices are multiplied only when they are needed."""

from abc import abstractmethod
from typing import Any, Generic, Protocol, Self, TypeGuard, TypeVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer
from daybreak.models.shared_content import (
    ContentKernelRidge,
    ContentKernelState,
    content_kernel,
    gather_new_items,
    take_landmarks,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats

C = TypeVar("C")
P = TypeVar("P", bound="KernelParts")


class KernelParts(Protocol):
    """The factors of the state of a content model."""

    @property
    def regression(self) -> ContentKernelRidge:
        """The regression."""

    def to_state(self) -> ContentKernelState:
        """Return the state, with the factors multiplied."""


class UnmultipliedModel(LinearModel[C, ContentKernelState], Generic[C, P]):
    """A content model whose state is multiplied out when it is asked for.

    A simulated cold start scores the items that it holds out, or a part of a large catalogue;
    both cost a third without the product.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._parts: P | None = None
        """What a fit computed, until the state is asked for."""

    @abstractmethod
    def learn_parts(self, data: Dataset) -> P:
        """Return the factors of the state learned from the data."""

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Learn the factors and multiply them; see :meth:`Model.learn`."""
        return self.learn_parts(data).to_state()

    def fit(
        self, data: Dataset, *, seed: int = 0, initial_state: ContentKernelState | None = None
    ) -> Self:
        """Learn the factors; see :meth:`Model.fit`."""
        self._state, self._parts = None, self.learn_parts(data)
        return self

    @property
    def state(self) -> ContentKernelState:
        """The learned state; see :attr:`Model.state`."""
        if self._parts is not None:
            self._state, self._parts = self._parts.to_state(), None
        return super().state


def score_part_of_catalogue(
    regression: ContentKernelRidge, left: Floats, train_items: Items, items: Items
) -> LinearScorer:
    """Return the scorer of few items: their kernel is multiplied with the inverse.

    For all items of a catalogue it is cheaper to write the coefficients out; see
    :func:`.score_through_kernel`.

    Args:
        regression: Regression with fewer landmarks than training items.
        left: (n_features, n_landmarks) from query features to landmarks.
        train_items: Training items.
        items: Items to score; only new ones are marked as scored.
    """
    landmarks = take_landmarks(train_items, regression.landmarks)
    towards = regression.form.apply(content_kernel(landmarks, items), landmarks, items)
    weights = WeightMatrix(left=left, right=regression.inverse @ towards)
    is_new = train_items.ids.rows(items.ids) < 0
    return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), is_new)


def score_new_items(
    regression: ContentKernelRidge, train_items: Items, items: Items
) -> LinearScorer:
    """Return the scorer of the new ones of few items, with dense weights.

    As in :func:`.score_through_kernel`, known items share the mean of their weights.

    Args:
        regression: Regression with fewer landmarks than training items.
        train_items: Training items.
        items: Items to score, at least one of them new.
    """
    landmarks = take_landmarks(train_items, regression.landmarks)
    towards = regression.form.apply(content_kernel(landmarks, items), landmarks, items)
    is_new = train_items.ids.rows(items.ids) < 0
    parts, columns = gather_new_items(towards, is_new)
    dense = regression.kernel @ (regression.inverse @ np.hstack(parts))
    bias = np.zeros(len(items), dtype=np.float32)
    return LinearScorer(WeightMatrix(dense=dense, columns=columns), bias, is_new)


def is_part_of_catalogue(parts: P | None, train_items: Items, items: Items) -> TypeGuard[P]:
    """Return whether a regression with landmarks scores fewer items than it was fitted on."""
    if parts is None or len(items) >= len(train_items):
        return False
    return len(parts.regression.landmarks) < len(train_items)
