"""How alike some items of a catalogue are in content: the measure of diversity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.items import WEIGHTS, Block
from daybreak.types import Floats, Rows


class Likeness:
    """Cosines between a few items, all blocks of their content side by side.

    Items of which nothing is known are like no other.

    Args:
        blocks: Content of the catalogue.
        rows: (m,) the items that will be compared.

    Example:
        >>> words = Block("words", np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32))
        >>> Likeness([words], np.array([0, 1, 2, 3])).to(0)
        array([1., 1., 0., 0.], dtype=float32)
    """

    def __init__(self, blocks: Sequence[Block], rows: Rows) -> None:
        self._parts = [(WEIGHTS.get(b.name, 1.0), b.matrix[rows]) for b in blocks]
        size = np.zeros(len(rows), dtype=np.float32)
        for weight, part in self._parts:
            size += weight * _squares(part)
        with np.errstate(divide="ignore"):
            self._scale = np.where(size > 0, 1 / np.sqrt(size), 0).astype(np.float32)

    def to(self, place: int) -> Floats:
        """Return the (m,) cosines of all items with one of them, by its place in ``rows``."""
        total = np.zeros(len(self._scale), dtype=np.float32)
        for weight, part in self._parts:
            total += weight * (part @ _dense(part, place))
        return np.asarray(total * self._scale * self._scale[place], dtype=np.float32)

    def all(self) -> Floats:
        """Return the (m, m) cosines."""
        m = len(self._scale)
        return np.array([self.to(row) for row in range(m)], dtype=np.float32).reshape(m, m)


def distance(blocks: Sequence[Block], rows: Rows) -> float:
    """Return the mean of ``1 - cosine`` over the pairs of a list; NaN for fewer than two.

    Source:
        Intra-list distance: Ziegler et al. 2005, "Improving recommendation lists through topic
        diversification", eq. 5, as a mean and of distances.

    Example:
        >>> words = Block("words", np.array([[1, 0], [1, 0], [0, 1]], np.float32))
        >>> round(distance([words], np.array([0, 1, 2])), 4)
        0.6667
    """
    m = len(rows)
    if m < 2:
        return float("nan")
    cosines = Likeness(blocks, rows).all()
    return float(1 - (cosines.sum() - np.trace(cosines)) / (m * (m - 1)))


def _squares(part: Any) -> Floats:
    squared = part.multiply(part) if sp.issparse(part) else part * part
    return np.asarray(squared.sum(axis=1), dtype=np.float32).ravel()


def _dense(part: Any, place: int) -> Floats:
    if not sp.issparse(part):
        return np.asarray(part[place], dtype=np.float32)
    row = np.zeros(part.shape[1], dtype=np.float32)
    inside = slice(part.indptr[place], part.indptr[place + 1])
    row[part.indices[inside]] = part.data[inside]
    return row
