"""How alike some items of a catalogue are in content: the measure of diversity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, ContentBlock
from daybreak.types import Floats, Rows


class ItemSimilarity:
    """Cosines between a few items, all blocks of their content side by side.

    Items of which nothing is known are like no other.

    Args:
        blocks: Content of the catalogue.
        rows: (m,) the items that will be compared.

    Example:
        >>> words = ContentBlock("words", np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32))
        >>> ItemSimilarity([words], np.array([0, 1, 2, 3])).to(0)
        array([1., 1., 0., 0.], dtype=float32)
    """

    def __init__(self, blocks: Sequence[ContentBlock], rows: Rows) -> None:
        self._parts = [
            (BLOCK_SIMILARITY_WEIGHTS.get(b.name, 1.0), b.matrix[rows]) for b in blocks
        ]
        size = np.zeros(len(rows), dtype=np.float32)
        for weight, part in self._parts:
            size += weight * _squared_norms(part)
        with np.errstate(divide="ignore"):
            self._scale = np.where(size > 0, 1 / np.sqrt(size), 0).astype(np.float32)

    def similarities_to(self, position: int) -> Floats:
        """Return the (m,) cosines of all items with one of them, by its place in ``rows``."""
        total = np.zeros(len(self._scale), dtype=np.float32)
        for weight, part in self._parts:
            total += weight * (part @ _dense_row(part, position))
        return np.asarray(total * self._scale * self._scale[position], dtype=np.float32)

    def pairwise(self) -> Floats:
        """Return the (m, m) cosines."""
        m = len(self._scale)
        return np.array(
            [self.similarities_to(row) for row in range(m)], dtype=np.float32
        ).reshape(m, m)


def intra_list_distance(blocks: Sequence[ContentBlock], rows: Rows) -> float:
    """Return the mean of ``1 - cosine`` over the pairs of a list; NaN for fewer than two.

    Source:
        Intra-list distance: Ziegler et al. 2005, "Improving recommendation lists through topic
        diversification", eq. 5, as a mean and of distances.

    Example:
        >>> words = ContentBlock("words", np.array([[1, 0], [1, 0], [0, 1]], np.float32))
        >>> round(distance([words], np.array([0, 1, 2])), 4)
        0.6667
    """
    m = len(rows)
    if m < 2:
        return float("nan")
    cosines = ItemSimilarity(blocks, rows).pairwise()
    return float(1 - (cosines.sum() - np.trace(cosines)) / (m * (m - 1)))


def _squared_norms(part: Any) -> Floats:
    squared = part.multiply(part) if sp.issparse(part) else part * part
    return np.asarray(squared.sum(axis=1), dtype=np.float32).ravel()


def _dense_row(part: Any, position: int) -> Floats:
    if not sp.issparse(part):
        return np.asarray(part[position], dtype=np.float32)
    row = np.zeros(part.shape[1], dtype=np.float32)
    inside = slice(part.indptr[position], part.indptr[position + 1])
    row[part.indices[inside]] = part.data[inside]
    return row
