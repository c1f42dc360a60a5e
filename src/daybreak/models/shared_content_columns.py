"""Content of items as one matrix: all blocks side by side."""

from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Sparse

_COLUMN_CACHE: WeakKeyDictionary[Items, Sparse] = WeakKeyDictionary()


def content_columns(items: Items) -> Sparse:
    """Return (n_items, n_columns) CSR: the content blocks of items side by side; cached."""
    if items not in _COLUMN_CACHE:
        blocks = [sp.csr_array(block.matrix) for block in items.blocks]
        none = sp.csr_array((len(items), 0), dtype=np.float32)
        joined = sp.hstack(blocks, format="csr") if blocks else none
        _COLUMN_CACHE[items] = sp.csr_array(joined, dtype=np.float32)
    return _COLUMN_CACHE[items]


def content_as_weights(items: Items) -> WeightMatrix:
    """Return (n_features, n_items) weights: the content blocks side by side, transposed.

    Sparse blocks stay sparse; dense ones are kept as a low-rank product.
    """
    widths = tuple(block.matrix.shape[1] for block in items.blocks)
    sparse, dense, is_dense = [], [], []
    for block, width in zip(items.blocks, widths, strict=True):
        is_dense.append(not sp.issparse(block.matrix))
        weighted = block.matrix * np.float32(block.weight)
        dense += [weighted] if is_dense[-1] else []
        sparse.append(
            sp.csr_array((len(items), width), dtype=np.float32) if is_dense[-1] else weighted
        )
    if not sum(widths):
        return WeightMatrix()
    columns = sp.csr_array(sp.hstack(sparse, format="csr").T, dtype=np.float32)
    if not dense:
        return WeightMatrix(sparse=columns)
    right = np.concatenate(dense, axis=1).T
    return WeightMatrix(sparse=columns, left=_selector(widths, tuple(is_dense)), right=right)


@lru_cache(maxsize=8)
def _selector(widths: tuple[int, ...], is_dense: tuple[bool, ...]) -> Sparse:
    """Return the (n_features, n_dense) matrix that selects the features of dense blocks.

    It is the same object for all items, so that weights of other items can be appended.
    """
    chosen = np.flatnonzero(np.repeat(is_dense, widths))
    ones = np.ones(len(chosen), dtype=np.float32)
    shape = (sum(widths), len(chosen))
    return sp.csr_array((ones, (chosen, np.arange(len(chosen)))), shape=shape)
