"""Which items have which terms of a content block."""

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.types import Sparse


def term_matrix(items: Items, block: str) -> Sparse:
    """Return the (n_items, n_columns) CSR of ones for the terms of a sparse content block.

    Args:
        items: Items; without the block there are no columns.
        block: ``attributes`` or ``words``.
    """
    for found in items.blocks:
        if found.name == block and sp.issparse(found.matrix):
            terms = sp.csr_array(found.matrix, dtype=np.float32, copy=True)
            terms.data = (terms.data > 0).astype(np.float32)
            return terms
    return sp.csr_array((len(items), 0), dtype=np.float32)
