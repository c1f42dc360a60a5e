"""Products of queries with the vectors of a large catalogue, by 8-bit integers.

:class:`QuantizedVectors` reads about a third of the memory that float32 vectors take. Its
products are approximate; they choose candidates, which are then scored exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.types import Floats, Rows

ITEMS_PER_BLOCK = 32_768
"""Items whose products are computed at a time, so that they stay in the processor cache."""
DIM_STEP = 64
"""Components that the kernels read at once; vectors of other lengths take up to nine times as
long as those with zeros up to a multiple of it."""
MAX_CODE = 127
"""Largest absolute value of a component of a quantized vector."""


@dataclass(frozen=True, eq=False)
class QuantizedVectors:
    """Vectors of items as 8-bit integers with a scale for each item.

    A component is ``code * scale``, where ``scale`` is the largest absolute component of the
    vector divided by 127. The error of a component is therefore at most half a scale. Without
    the package ``numkong`` (extra ``scale``), the products are those of float32 vectors.
    """

    blocks: Sequence[Any]
    """Packed codes of :data:`ITEMS_PER_BLOCK` items each, or (dim, n) float32 vectors."""
    scales: Floats
    """(n_items,) values of one unit of the codes; empty for float32 vectors"""
    n_items: int
    dim: int

    @classmethod
    def from_columns(cls, vectors: Floats, *, quantized: bool = True) -> "QuantizedVectors":
        """Return the vectors of a catalogue.

        Args:
            vectors: (dim, n_items) vectors, one column an item.
            quantized: Whether 8-bit integers are used if ``numkong`` is installed; float32
                vectors are not copied.
        """
        dim, n_items = vectors.shape
        kernels = _kernels() if quantized else None
        spans = [
            slice(first, first + ITEMS_PER_BLOCK)
            for first in range(0, n_items, ITEMS_PER_BLOCK)
        ]
        if kernels is None or not dim:
            blocks: list[Any] = [vectors[:, span] for span in spans]
            return cls(blocks, np.zeros(0, dtype=np.float32), n_items, dim)
        scales = np.empty(n_items, dtype=np.float32)
        blocks = []
        for span in spans:
            codes, scales[span] = quantize(np.ascontiguousarray(vectors[:, span].T))
            blocks.append(kernels.dots_pack(_pad(codes)))
        return cls(blocks, scales, n_items, dim)

    @property
    def is_exact(self) -> bool:
        """Whether the vectors are those of float32."""
        return not len(self.scales)

    @property
    def nbytes(self) -> int:
        """Memory of the vectors [bytes]."""
        return int(sum(block.nbytes for block in self.blocks)) + self.scales.nbytes

    def iter_products(self, queries: Floats) -> Iterator[tuple[slice, Floats]]:
        """Yield the (n_queries, n) products of each block of items, and the block.

        Args:
            queries: (n_queries, dim) vectors.
        """
        for number in range(len(self.blocks)):
            yield self._span(number), self.block_products(queries, number)

    def block_products(self, queries: Floats, number: int) -> Floats:
        """Return the (n_queries, n) products of one block of :data:`ITEMS_PER_BLOCK` items."""
        kernels = None if self.is_exact else _kernels()
        if kernels is None:
            return np.asarray(queries @ self.blocks[number], dtype=np.float32)
        codes, units = quantize(queries)
        products = np.asarray(kernels.dots_packed(_pad(codes), self.blocks[number]))
        found = products.astype(np.float32)
        found *= self.scales[self._span(number)]
        found *= units[:, None]
        return found

    def products(self, queries: Floats) -> Floats:
        """Return the (n_queries, n_items) products of all items.

        Args:
            queries: (n_queries, dim) vectors.
        """
        found = np.empty((len(queries), self.n_items), dtype=np.float32)
        for span, products in self.iter_products(queries):
            found[:, span] = products
        return found

    def _span(self, number: int) -> slice:
        first = number * ITEMS_PER_BLOCK
        return slice(first, min(first + ITEMS_PER_BLOCK, self.n_items))


class BestRows:
    """The best rows of one list, found while the scores of blocks of rows come in.

    Of equal scores the lower rows are kept.

    Args:
        size: Number of rows to keep, at least 1.

    Example:
        >>> best = BestRows(2)
        >>> best.add(0, np.array([3, 1], dtype=np.float32))
        >>> best.add(2, np.array([1, 2], dtype=np.float32))
        >>> best.rows().tolist()
        [0, 3]
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._least = -np.inf
        """Score that a further row must exceed."""
        self._rows: list[Rows] = []
        self._scores: list[Floats] = []
        self._n_found = 0

    def add(self, first_row: int, scores: Floats) -> None:
        """Add the scores of the rows from ``first_row`` on; ``-inf`` is never kept."""
        found = np.flatnonzero(scores > self._least)
        if len(found) > self.size:  # most blocks have few rows that are good enough
            of_found = scores[found]
            least = np.partition(of_found, len(found) - self.size)[len(found) - self.size]
            found = found[of_found >= least]
        self._rows.append(found + first_row)
        self._scores.append(scores[found])
        self._n_found += len(found)
        if self._n_found >= 2 * self.size:
            self._shrink()

    def rows(self) -> Rows:
        """Return at most ``size`` best rows, in ascending order."""
        self._shrink()
        return np.sort(self._rows[0]) if self._rows else np.empty(0, dtype=np.int64)

    def _shrink(self) -> None:
        if not self._rows:
            return
        rows, scores = np.concatenate(self._rows), np.concatenate(self._scores)
        if len(rows) > self.size:
            best = np.argsort(-scores, kind="stable")[: self.size]
            rows, scores = rows[best], scores[best]
        if len(rows) == self.size:
            self._least = float(scores.min())
        self._rows, self._scores, self._n_found = [rows], [scores], len(rows)


def quantize(vectors: Floats) -> tuple[Any, Floats]:
    """Return the int8 codes of (n, dim) vectors, and the (n,) values of one unit.

    Example:
        >>> codes, units = quantize(np.array([[1.0, -0.5, 0.0], [0, 0, 0]], dtype=np.float32))
        >>> codes.tolist(), units.round(4).tolist()
        ([[127, -64, 0], [0, 0, 0]], [0.007899999618530273, 0.0])
    """
    largest = np.abs(vectors).max(axis=1, initial=0)
    units = (largest / MAX_CODE).astype(np.float32)
    factors = np.divide(MAX_CODE, largest, out=np.zeros_like(largest), where=largest > 0)
    return np.rint(vectors * factors[:, None]).astype(np.int8), units


def _pad(codes: Any) -> Any:
    """Return (n, dim) codes with zeros up to a multiple of :data:`DIM_STEP` components."""
    missing = -codes.shape[1] % DIM_STEP
    return np.pad(codes, ((0, 0), (0, missing))) if missing else codes


def _kernels() -> Any:
    """Return the package of integer products; None where it is not installed."""
    try:
        import numkong  # noqa: PLC0415 - optional, and only large catalogues need it
    except ImportError:
        return None
    return numkong
