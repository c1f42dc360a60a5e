"""Parts of a scorer on disk, so that opening a release multiplies no matrices.

Start with :func:`write_parts` and :func:`read_parts`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.data.dataset import Items
from daybreak.errors import DataError
from daybreak.models import LinearModel, LinearScorer
from daybreak.models.shared_persistence import read_state, write_state
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.centres import ScoreCentre, score_centre
from daybreak.ranking.scoring.parts import ScorerParts
from daybreak.ranking.scoring.query_features import SEPARATE_KINDS
from daybreak.ranking.scoring.sums import scores_differ
from daybreak.types import Floats, Mask, Rows, Sparse

SCORER_FOLDER = "scorer"
"""Folder of the linear function of a strategy, in the folder of its model."""
_PARTS = ("dense", "sparse", "left", "right")


@dataclass(frozen=True, eq=False)
class StoredLinearScorer:
    """A strategy as a linear function for the items of a release."""

    bias: Floats
    scored: Mask
    centre: Floats
    """Weights of the mean score over warm items; see :class:`.ScoreCentre`."""
    constant: float
    is_informative: bool
    in_state: dict[str, str]
    """Part of the matrix to the field of the model's state that is this part."""
    dense: Floats | None = None
    """This and the next four: see :class:`.WeightMatrix`."""
    sparse: Sparse = None
    left: Any = None
    right: Floats | None = None
    columns: Rows | None = None

    @classmethod
    def of(
        cls,
        model: LinearModel[Any, Any],
        linear: LinearScorer,
        centre: ScoreCentre,
        differ: Any,
    ) -> "StoredLinearScorer":
        """Return the stored form; arrays of the model's state are referred to by name.

        Args:
            model: Model of the strategy.
            linear: The strategy as a linear function.
            centre: Its mean score.
            differ: Whether scores can differ between items.
        """
        found = {part: getattr(linear.weights, part) for part in _PARTS}
        found = {part: one for part, one in found.items() if one is not None}
        in_state = {part: _find_field(model.state, one) for part, one in found.items()}
        in_state = {part: name for part, name in in_state.items() if name}
        return cls(
            linear.bias,
            linear.scored,
            centre.weights,
            centre.constant,
            bool(differ),
            in_state,
            columns=linear.weights.columns,
            **{part: one for part, one in found.items() if part not in in_state},
        )

    def restore(self, model: LinearModel[Any, Any], items: Items) -> LinearScorer:
        """Return the linear function.

        Args:
            model: Model of the strategy.
            items: Items of the release.

        Raises:
            DataError: It is not one of these items.
        """
        shared = {part: getattr(model.state, name) for part, name in self.in_state.items()}
        own = {part: getattr(self, part) for part in _PARTS if part not in shared}
        weights = WeightMatrix(columns=self.columns, **own, **shared)
        widths = {len(self.bias), len(self.scored), weights.shape[1] or len(items)}
        if widths != {len(items)} or len(self.centre) not in {0, weights.shape[0]}:
            raise DataError(f"{SCORER_FOLDER} is not of {len(items)} items")
        if self.columns is not None and weights.dense is not None:
            _check_columns(self.columns, weights.dense.shape[1])
        return LinearScorer(weights, self.bias, self.scored)


def write_parts(folder: Path, fitted: FittedStrategies, parts: ScorerParts) -> None:
    """Write the linear functions of the strategies that take long to compute.

    Args:
        folder: Folder with one folder for each model, by number.
        fitted: The strategies.
        parts: Parts of their scorer for the items of the release.
    """
    each = zip(fitted.models, parts.linear_models, parts.centres, strict=True)
    for number, (model, linear, centre) in enumerate(each):
        differ = parts.is_informative[number]
        stored = StoredLinearScorer.of(model, linear, centre, differ)
        if model.feature_kind not in SEPARATE_KINDS and stored.left is None:
            write_state(folder / str(number) / SCORER_FOLDER, {}, stored)


def read_parts(folder: Path, fitted: FittedStrategies, items: Items) -> ScorerParts | None:
    """Return the parts of a scorer; None if the release has none, as those before 0.3.

    Strategies that are not stored are the content of the items as it is, which is quickly
    computed.

    Args:
        folder: Folder with one folder for each model, by number.
        fitted: The strategies.
        items: Items of the release.

    Raises:
        DataError: A file is damaged.
    """
    if not any((folder / str(n) / SCORER_FOLDER).is_dir() for n in range(len(fitted.models))):
        return None
    is_warm = fitted.train_items.ids.rows(items.ids) >= 0
    linear_models, centres, is_informative = [], [], []
    for number, model in enumerate(fitted.models):
        stored_in = folder / str(number) / SCORER_FOLDER
        if stored_in.is_dir():
            stored = read_state(stored_in, StoredLinearScorer)[1]
            linear, differ = stored.restore(model, items), stored.is_informative
            centre = ScoreCentre(stored.centre, stored.constant)
        else:
            linear = model.linear_scorer(fitted.train_items, items)
            centre = score_centre(linear, is_warm, model.feature_kind)
            differ = scores_differ(linear)
        linear_models.append(linear)
        centres.append(centre)
        is_informative.append(differ)
    informative = np.array(is_informative, dtype=bool)
    return ScorerParts(items, tuple(linear_models), tuple(centres), informative)


def _find_field(state: Any, matrix: Any) -> str:
    """Return the name of the field of a state that is a matrix; empty if there is none."""
    for one in fields(state):
        value = getattr(state, one.name)
        if value is matrix:
            return one.name
        is_array = isinstance(value, np.ndarray) and isinstance(matrix, np.ndarray)
        if is_array and value.shape == matrix.shape and np.array_equal(value, matrix):
            return one.name  # in another order of its cells in memory
    return ""


def _check_columns(columns: Rows, n_columns: int) -> None:
    """Raise an error for columns that the matrix does not have.

    Raises:
        DataError: There is such a column.
    """
    if columns.dtype.kind != "i" or columns.max(initial=-1) >= n_columns:
        raise DataError(f"{SCORER_FOLDER} has a column outside of its {n_columns} columns")
