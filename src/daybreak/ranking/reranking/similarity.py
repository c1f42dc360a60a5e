"""Content similarity between a few items, the basis of diversity and duplicate detection."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.types import Floats, Rows


class ItemSimilarity:
    """Cosine similarities between a few items, over all content blocks concatenated.

    Items without content have a similarity of 0 to all items.

    Args:
        blocks: Content of the catalogue.
        rows: (m,) rows of the items to compare.

    Example:
        >>> matrix = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32)
        >>> words = ContentBlock("words", matrix)
        >>> ItemSimilarity([words], np.array([0, 1, 2, 3])).similarities_to(0)
        array([1., 1., 0., 0.], dtype=float32)
    """

    def __init__(self, blocks: Sequence[ContentBlock], rows: Rows) -> None:
        self._blocks = [(block.weight, block.matrix[rows]) for block in blocks]
        squared = np.zeros(len(rows), dtype=np.float32)
        for weight, matrix in self._blocks:
            squared += weight * _squared_norms(matrix)
        with np.errstate(divide="ignore"):
            inverse = np.where(squared > 0, 1 / np.sqrt(squared), 0)
        self._inverse_norms = inverse.astype(np.float32)

    def similarities_to(self, position: int) -> Floats:
        """Return the (m,) cosines of all items with the one at a position of ``rows``."""
        total = np.zeros(len(self._inverse_norms), dtype=np.float32)
        for weight, matrix in self._blocks:
            total += weight * (matrix @ _dense_row(matrix, position))
        cosines = total * self._inverse_norms * self._inverse_norms[position]
        return np.asarray(cosines, dtype=np.float32)

    def pairwise(self) -> Floats:
        """Return the (m, m) cosines."""
        m = len(self._inverse_norms)
        rows = [self.similarities_to(row) for row in range(m)]
        return np.array(rows, dtype=np.float32).reshape(m, m)


def intra_list_distance(blocks: Sequence[ContentBlock], rows: Rows) -> float:
    """Return the mean of ``1 - cosine`` over all pairs of items; NaN for fewer than two items.

    Args:
        blocks: Content of the catalogue.
        rows: Rows of the items of a list.

    Source:
        Intra-list distance: Ziegler et al. 2005, "Improving recommendation lists through topic
        diversification", eq. 5, as a mean and of distances.

    Example:
        >>> words = ContentBlock("words", np.array([[1, 0], [1, 0], [0, 1]], np.float32))
        >>> round(intra_list_distance([words], np.array([0, 1, 2])), 4)
        0.6667
    """
    m = len(rows)
    if m < 2:
        return float("nan")
    cosines = ItemSimilarity(blocks, rows).pairwise()
    return float(1 - (cosines.sum() - np.trace(cosines)) / (m * (m - 1)))


def _squared_norms(matrix: Any) -> Floats:
    squared = matrix.multiply(matrix) if sp.issparse(matrix) else matrix * matrix
    return np.asarray(squared.sum(axis=1), dtype=np.float32).ravel()


def _dense_row(matrix: Any, position: int) -> Floats:
    if not sp.issparse(matrix):
        return np.asarray(matrix[position], dtype=np.float32)
    row = np.zeros(matrix.shape[1], dtype=np.float32)
    entries = slice(matrix.indptr[position], matrix.indptr[position + 1])
    row[matrix.indices[entries]] = matrix.data[entries]
    return row
