"""Terms of items that models compare with terms of queries: matrices, weights and names."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.models.base import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Rows, Sparse


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


def chosen_terms(items: Items, block: str, columns: Rows) -> Sparse:
    """Return the (n_items, n_terms) CSR of ones for some terms of a sparse content block.

    Args:
        items: Items.
        block: ``attributes`` or ``words``.
        columns: (n_terms,) columns of the block.
    """
    if not len(columns):
        return sp.csr_array((len(items), 0), dtype=np.float32)
    return term_matrix(items, block)[:, columns]


def term_scorer(terms: Sparse) -> LinearScorer:
    """Return the linear function whose weights are the terms of items, for all items.

    Args:
        terms: (n_items, n_terms) CSR.
    """
    n_items = terms.shape[0]
    weights = WeightMatrix(sparse=sp.csr_array(terms.T, dtype=np.float32))
    bias = np.zeros(n_items, dtype=np.float32)
    return LinearScorer(weights, bias, np.ones(n_items, dtype=bool))


def term_names(
    terms: Mapping[str, Sequence[str]], block: str, columns: Rows
) -> list[tuple[str, str]]:
    """Return the kinds and names of some terms; see :class:`.SupportsFeatureNames`.

    Args:
        terms: Names of the columns of each block.
        block: ``attributes`` or ``words``.
        columns: (n_terms,) columns of the block.
    """
    kind, names = ("attribute" if block == "attributes" else "word"), terms.get(block, ())
    if not len(names):
        return [(kind, block)] * len(columns)
    return [(kind, names[column]) for column in columns.tolist()]
