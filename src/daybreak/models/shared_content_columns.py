"""Content of items as one matrix: all blocks side by side."""

from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Items
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse

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
    is_dense = tuple(not sp.issparse(block.matrix) for block in items.blocks)
    if not sum(widths):
        return WeightMatrix()
    sparse = [
        sp.csr_array((len(items), block.matrix.shape[1]), dtype=np.float32)
        if dense
        else block.matrix * np.float32(block.weight)
        for block, dense in zip(items.blocks, is_dense, strict=True)
    ]
    columns = sp.csr_array(sp.hstack(sparse, format="csr").T, dtype=np.float32)
    if not any(is_dense):
        return WeightMatrix(sparse=columns)
    right = _weighted_columns(
        [b for b, dense in zip(items.blocks, is_dense, strict=True) if dense]
    )
    return WeightMatrix(sparse=columns, left=_selector(widths, is_dense), right=right)


def _weighted_columns(blocks: Sequence[ContentBlock]) -> Floats:
    """Return the (n_features, n_items) weighted and transposed dense blocks, without a copy."""
    ends = np.cumsum([0, *(block.matrix.shape[1] for block in blocks)])
    right = np.empty((ends[-1], len(blocks[0].matrix)), dtype=np.float32)
    for block, start, end in zip(blocks, ends[:-1], ends[1:], strict=True):
        np.multiply(block.matrix.T, np.float32(block.weight), out=right[start:end])
    return right


@lru_cache(maxsize=8)
def _selector(widths: tuple[int, ...], is_dense: tuple[bool, ...]) -> Sparse:
    """Return the (n_features, n_dense) matrix that selects the features of dense blocks.

    It is the same object for all items, so that weights of other items can be appended.
    """
    chosen = np.flatnonzero(np.repeat(is_dense, widths))
    ones = np.ones(len(chosen), dtype=np.float32)
    shape = (sum(widths), len(chosen))
    return sp.csr_array((ones, (chosen, np.arange(len(chosen)))), shape=shape)
