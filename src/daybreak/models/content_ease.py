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
    ContentKernelRidge,
    ContentKernelState,
    fit_squared_kernel,
    score_through_kernel,
)
from daybreak.models.shared_content_choice import ContentOptions, choose_content_options
from daybreak.models.shared_kernel_parts import (
    UnmultipliedModel,
    is_part_of_catalogue,
    score_new_items,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse

EASE_RIDGE = 2.5
"""Ridge of the EASE weights; that of the strategy ``ease``, so that they are solved once."""


@dataclass(frozen=True)
class ContentEaseConfig:
    """Options of :class:`ContentEaseModel`."""

    smoothing: float = 2.0
    """Weight of the events that EASE predicts, relative to the events of the history."""
    whitened_text: float = 0.0
    """Weight of the whitened text vectors, in addition to the similarity of the items."""
    ridge: float = 4.0
    """Ridge of the regression, added to the diagonal of the kernel."""
    learned: bool = False
    """Whether the other options are chosen on simulated cold items of the data set."""


@models.register("content_ease")
class ContentEaseModel(
    UnmultipliedModel[ContentEaseConfig, "ContentEaseParts"],
    NewItemModel[ContentEaseConfig, ContentKernelState],
):
    """Complete histories by EASE, then regress them on content.

    A history contains few of the items that a user would choose. EASE adds those that its
    items predict, so that the regression sees fuller histories. Only new items are scored: for
    items with events EASE itself is better.

    Source:
        ``S_cold = (X + a X B) (Q + λI)^-1 Q_c`` with the EASE weights ``B`` of Steck 2019,
        "Embarrassingly shallow autoencoders for sparse data", eq. 8, as teacher; kernel ridge
        of Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.25.
    """

    Config: ClassVar = ContentEaseConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={
            "content/ease": {},
            "content/ease_text": {"learned": True},
        },
        search_space={
            "smoothing": Range(0.5, 16, log=True),
            "whitened_text": Range(0, 2),
        },
        inputs="history",
        use="new items",
        formula="`(x + a x B) (Q + λI)^-1 Q_c`, `B` of `ease`; `Q` also with whitened text",
        source="Steck 2019, eq. 8; Su et al. 2021, eq. 5",
        cost="n³",
        memory="2n²",
    )

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply the regression; see :meth:`NewItemModel.new_item_scorer`."""
        parts = self._parts
        if is_part_of_catalogue(parts, train_items, items):
            plain = score_new_items(parts.regression, train_items, items)
            return _smooth_scorer(parts, plain)
        if parts is None or len(parts.regression.landmarks) != len(train_items):
            return score_through_kernel(self.state, train_items, items)
        state = ContentKernelState.from_regression(
            parts.regression, parts.regression.coefficients
        )
        return _smooth_scorer(parts, score_through_kernel(state, train_items, items))

    def learn_parts(self, data: Dataset) -> "ContentEaseParts":
        """Complete the histories and solve; see :meth:`UnmultipliedModel.learn_parts`."""
        options = ContentOptions(
            self.config.whitened_text, self.config.ridge, self.config.smoothing
        )
        if self.config.learned:
            options = choose_content_options(data)
        regression = fit_squared_kernel(data, options.text_weight, options.ridge)
        return ContentEaseParts(regression, _find_teacher(data), options.smoothing)


@dataclass(frozen=True, eq=False)
class ContentEaseParts:
    """The factors of a :class:`ContentEaseModel`: a regression and its teacher."""

    regression: ContentKernelRidge
    teacher: Floats | Sparse
    """(n_train_items, n_train_items) weights of EASE"""
    smoothing: float

    def smooth(self, weights: Floats) -> Floats:
        """Return the (n_train_items, n) weights of histories that the teacher has completed."""
        product = np.asarray(self.teacher @ weights, dtype=np.float32)
        product *= np.float32(self.smoothing)
        product += weights
        return product

    def to_state(self) -> ContentKernelState:
        """Return the state, with the factors multiplied."""
        left = self.smooth(self.regression.coefficients)
        return ContentKernelState.from_regression(self.regression, left)


def _smooth_scorer(parts: ContentEaseParts, plain: LinearScorer) -> LinearScorer:
    """Return a scorer with completed histories, from one of plain histories."""
    dense = plain.weights.dense
    assert dense is not None  # noqa: S101 - both callers make dense weights
    weights = WeightMatrix(dense=parts.smooth(dense), columns=plain.weights.columns)
    return LinearScorer(weights, plain.bias, plain.scored)


def _find_teacher(data: Dataset) -> Floats | Sparse:
    """Return the weights of EASE, or else of the graph filter."""
    teacher = fit_ease_weights(data, EASE_RIDGE).weight_matrix
    if teacher.shape == (0, 0):
        teacher = fit_graph_filter(data).weight_matrix
    matrix: Any = teacher.dense if teacher.dense is not None else teacher.sparse
    return matrix
