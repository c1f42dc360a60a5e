"""Kernel ridge from content onto histories that EASE has completed, for new items."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.ease import fit_ease_weights
from daybreak.models.graph_filter import fit_graph_filter
from daybreak.models.shared_content import (
    KERNEL_RIDGE,
    content_kernel,
    fit_content_kernel,
    fit_kernel_ridge,
    take_landmarks,
)
from daybreak.models.shared_text_kernel import WhitenedText, fit_whitening
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows

EASE_RIDGE = 2.5
"""Ridge of the EASE weights; that of the strategy ``ease``, so that they are solved once."""


@dataclass(frozen=True)
class ContentEaseConfig:
    """Options of :class:`ContentEaseModel`."""

    smoothing: float = 2.0
    """Weight of the events that EASE predicts, relative to the events of the history."""
    whitened_text: float = 0.0
    """Weight of the whitened text vectors, in addition to the similarity of the items."""


@dataclass(frozen=True, eq=False)
class ContentEaseState:
    """State of :class:`ContentEaseModel`."""

    left: Floats
    """(n_train_items, n_landmarks) from histories to landmarks"""
    landmarks: Rows
    """Rows of the landmarks among the training items."""
    mean: Floats
    """(dim,) mean of the text vectors; empty when whitened text is not used"""
    projection: Floats
    """(dim, dim) whitening of the text vectors; empty when it is not used"""


@models.register("content_ease")
class ContentEaseModel(NewItemModel[ContentEaseConfig, ContentEaseState]):
    """Complete histories by EASE, then regress them on content.

    A history contains few of the items that a user would choose. EASE adds those that its
    items predict, so that the regression sees fuller histories. Only new items are scored: for
    items with events EASE itself is better.

    Source:
        ``S_cold = (X + a X B) (K + λI)^-1 K_c`` with the EASE weights ``B`` of Steck 2019,
        "Embarrassingly shallow autoencoders for sparse data", eq. 8, as teacher; kernel ridge
        of Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.25.
    """

    Config: ClassVar = ContentEaseConfig
    State: ClassVar = ContentEaseState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={
            "content/ease": {},
            "content/ease_text": {"whitened_text": 0.7},
        },
        search_space={
            "smoothing": Range(0.5, 16, log=True),
            "whitened_text": Range(0, 2),
        },
        inputs="history",
        use="new items",
        formula="`(x + a x B) (K + λI)^-1 K_c`, `B` of `ease`; `K` with whitened text",
        source="Steck 2019, eq. 8; Su et al. 2021, eq. 5",
        cost="n³",
        memory="2n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentEaseState:
        """Smooth, then solve the regression; see :meth:`Model.learn`."""
        regression = fit_content_kernel(data)
        rows, coefficients = regression.landmarks, regression.coefficients
        whitening = fit_whitening(data)
        if self.config.whitened_text and whitening.projection.size:
            train, landmarks = data.train_items, take_landmarks(data.train_items, rows)
            kernel = self._add_text(
                whitening, content_kernel(landmarks, train), landmarks, train
            )
            coefficients = fit_kernel_ridge(kernel, rows, KERNEL_RIDGE)
        else:
            empty = np.empty(0, dtype=np.float32)
            whitening = WhitenedText(empty, empty[None, :0])
        left = coefficients + np.float32(self.config.smoothing) * _smooth(data, coefficients)
        return ContentEaseState(left, rows, whitening.mean, whitening.projection)

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply the regression; see :meth:`NewItemModel.new_item_scorer`."""
        state = self.state
        landmarks = take_landmarks(train_items, state.landmarks)
        right = content_kernel(landmarks, items)
        if state.projection.size:
            whitening = WhitenedText(state.mean, state.projection)
            right = self._add_text(whitening, right, landmarks, items)
        new = train_items.ids.rows(items.ids) < 0
        bias = np.zeros(len(items), dtype=np.float32)
        if len(state.landmarks) != len(train_items):
            return LinearScorer(WeightMatrix(left=state.left, right=right), bias, new)
        dense = np.zeros((len(state.left), len(items)), dtype=np.float32)
        dense[:, new] = state.left @ right[:, new]
        return LinearScorer(WeightMatrix(dense=dense), bias, new)

    def _add_text(
        self, whitening: WhitenedText, kernel: Floats, left: Items, right: Items
    ) -> Floats:
        """Return the kernel plus the weighted one of the whitened text vectors."""
        product = whitening.transform(left) @ whitening.transform(right).T
        return np.asarray(kernel + np.float32(self.config.whitened_text) * product)


def _smooth(data: Dataset, coefficients: Floats) -> Floats:
    """Return the product of the EASE weights, or else of the graph filter, and coefficients."""
    teacher = fit_ease_weights(data, EASE_RIDGE).weight_matrix
    if teacher.shape == (0, 0):
        teacher = fit_graph_filter(data).weight_matrix
    matrix: Any = teacher.dense if teacher.dense is not None else teacher.sparse
    return np.asarray(matrix @ coefficients, dtype=np.float32)
