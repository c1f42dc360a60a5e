"""Content of a catalogue in which few rows have changed, without a copy of all others.

Start with :func:`overlay_rows`.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.data.sparse_rows import as_csr, stack_rows, take_any_rows
from daybreak.types import Floats, Rows, Sparse

MAX_OVERLAID_ROWS = 1_024
"""Largest number of rows that an overlay holds; with more, the block is copied once [rows]."""


class OverlaidBlock(ContentBlock):
    """A block in which some rows of another block are replaced, or follow its last row.

    Attributes:
        base: The block as it was; no overlay itself.
        changed: (n_changed,) rows that are replaced or new, ascending.
        overlay: (n_changed, dim) these rows as they are now.
        n_rows: Number of rows of the block.
        matrix: The whole matrix, put together on first use. Products and single rows do
            without it.
    """

    base: ContentBlock
    changed: Rows
    overlay: Sparse | Floats
    n_rows: int

    @classmethod
    def of(
        cls, base: ContentBlock, changed: Rows, overlay: Sparse | Floats, n_rows: int
    ) -> "OverlaidBlock":
        """Return the block; see :class:`OverlaidBlock`."""
        block = object.__new__(cls)
        vars(block).update(
            {name: value for name, value in vars(base).items() if name != "matrix"},
            base=base,
            changed=changed,
            overlay=overlay,
            n_rows=n_rows,
        )
        return block

    def __getattr__(self, name: str) -> Any:
        """Put the whole matrix together when it is first used.

        Raises:
            AttributeError: There is no such attribute.
        """
        if name != "matrix":
            raise AttributeError(name)
        matrix = replace_rows(self.base.matrix, self.changed, self.overlay, self.n_rows)
        vars(self)["matrix"] = matrix
        return matrix

    def take(self, rows: Rows) -> ContentBlock:
        """Return the block of the given rows; see :meth:`ContentBlock.take`."""
        if "matrix" in vars(self):
            return super().take(rows)
        rows = np.arange(self.n_rows)[rows]
        places = np.minimum(np.searchsorted(self.changed, rows), len(self.changed) - 1)
        is_changed = self.changed[places] == rows
        if is_changed.all():
            return _with_matrix(self.base, take_any_rows(self.overlay, places))
        kept = self.base.take(np.where(is_changed, 0, rows))
        if not is_changed.any():
            return kept
        at = np.flatnonzero(is_changed)
        added = take_any_rows(self.overlay, places[at])
        return _with_matrix(self.base, replace_rows(kept.matrix, at, added, len(rows)))

    def products(self, vectors: Sparse | Floats) -> Floats:
        """Return the (n, n_items) products; see :meth:`ContentBlock.products`."""
        if "matrix" in vars(self):
            return super().products(vectors)
        found = np.empty((vectors.shape[0], self.n_rows), dtype=np.float32)
        before = self.base.products(vectors)
        found[:, : before.shape[1]] = before
        found[:, self.changed] = _with_matrix(self.base, self.overlay).products(vectors)
        return found


def overlay_rows(
    block: ContentBlock, rows: Rows, added: Sparse | Floats, n_rows: int
) -> ContentBlock:
    """Return a block with some rows replaced, and new rows after the last one.

    Args:
        block: The block, an overlay or not; it is not changed.
        rows: (n,) distinct rows that are replaced or new; all new ones are among them.
        added: (n, dim) these rows as they are now.
        n_rows: Number of rows of the result.

    Example:
        >>> block = ContentBlock("words", np.eye(2, dtype=np.float32))
        >>> row = np.array([[3, 4]], dtype=np.float32)
        >>> changed = overlay_rows(block, np.array([2]), row, 3)
        >>> changed.take(np.array([2, 0])).matrix.tolist(), changed.matrix.shape
        ([[3.0, 4.0], [1.0, 0.0]], (3, 2))
    """
    if not len(rows):
        return block
    order = np.argsort(rows, kind="stable")
    rows, added = rows[order], take_any_rows(added, order)
    if isinstance(block, OverlaidBlock) and "base" in vars(block):
        kept = np.flatnonzero(~np.isin(block.changed, rows))
        older = take_any_rows(block.overlay, kept)
        both = np.concatenate([block.changed[kept], rows])
        order = np.argsort(both, kind="stable")
        rows, added, block = both[order], take_any_rows(_stack(older, added), order), block.base
    if len(rows) > MAX_OVERLAID_ROWS:
        return _with_matrix(block, replace_rows(block.matrix, rows, added, n_rows))
    return OverlaidBlock.of(block, rows, added, n_rows)


def replace_rows(
    matrix: Sparse | Floats, rows: Rows, added: Sparse | Floats, n_rows: int
) -> Any:
    """Return a copy of a matrix with some rows replaced, and new rows after the last one.

    Args:
        matrix: (n_before, dim) dense or CSR.
        rows: (n,) distinct rows; all from ``n_before`` to ``n_rows - 1`` are among them.
        added: (n, dim) their values.
        n_rows: Number of rows of the result.
    """
    n_before = matrix.shape[0]
    if sp.issparse(matrix):
        order = np.concatenate([np.arange(n_before), np.zeros(n_rows - n_before, np.int64)])
        order[rows] = n_before + np.arange(len(rows))
        return sp.csr_array(sp.vstack([matrix, added]))[order]
    out = np.empty((n_rows, matrix.shape[1]), dtype=matrix.dtype)
    out[:n_before] = matrix
    out[rows] = added
    return out


def _stack(first: Any, second: Any) -> Any:
    if sp.issparse(first):
        return stack_rows(as_csr(first), as_csr(second))
    return np.concatenate([first, second])


def _with_matrix(block: ContentBlock, matrix: Any) -> ContentBlock:
    return ContentBlock(block.name, matrix, block.learned_weight, block.quantities)
