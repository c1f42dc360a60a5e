"""How unlike each other the items of a list are."""

from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.items import WEIGHTS, Items
from daybreak.types import Doubles, Mask, Sparse

SCHEMA = {"recommendation_id": pl.String, "diversity": pl.Float64}


def spread(content: Items, shown: pl.DataFrame) -> pl.DataFrame:
    """Return the mean distance of the items of each list, from 0, all alike, to 1.

    The distance of two items is 1 less the similarity of their content. Items without content
    are passed over, and so is a list with fewer than two others.

    Args:
        content: The encoded catalogue.
        shown: With ``recommendation_id`` and ``item_id``.

    Returns:
        Columns ``recommendation_id`` and ``diversity``.

    Source:
        Ziegler et al. 2005, Improving recommendation lists through topic diversification
        (intra-list similarity), as one less the mean over pairs.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.items import Block
        >>> two = Items(Vocabulary(["a", "b"]), (Block("words", np.eye(2, dtype=np.float32)),))
        >>> shown = {"recommendation_id": ["r", "r", "s"], "item_id": ["a", "b", "a"]}
        >>> spread(two, pl.DataFrame(shown)).row(0)
        ('r', 1.0)
    """
    lists, row = np.unique(shown["recommendation_id"].to_numpy(), return_inverse=True)
    item = content.ids.rows(shown["item_id"].to_list())
    real = (item >= 0) & _described(content)[item] if len(content) else item >= 0
    members = sp.csr_array(
        (np.ones(int(real.sum())), (row[real], item[real])), shape=(len(lists), len(content))
    )
    found = {"recommendation_id": lists, "diversity": _distances(content, members)}
    return pl.DataFrame(found, schema=SCHEMA).filter(pl.col("diversity").is_not_nan())


def _described(content: Items) -> Mask:
    """Return which items have any content."""
    known = np.zeros(len(content), dtype=bool)
    for block in content.blocks:
        known |= _squares(block.matrix) > 0
    return known


def _distances(content: Items, members: Sparse) -> Doubles:
    """Return (n_lists,) mean distances of pairs; NaN without a pair.

    The similarities of all pairs of a list add up to half of the squared length of the sum of
    its vectors, less the squared lengths of each.
    """
    alike, most = np.zeros(members.shape[0]), 0.0
    for block in content.blocks:
        weight = WEIGHTS.get(block.name, 1.0)
        most += weight
        pairs = _squares(members @ block.matrix) - members @ _squares(block.matrix)
        alike += weight * pairs / 2
    n = np.asarray(members.sum(axis=1)).ravel()
    pairs = n * (n - 1) / 2
    mean = np.full(len(pairs), np.nan)
    np.divide(pairs - alike / (most or 1.0), pairs, out=mean, where=pairs > 0)
    return mean


def _squares(matrix: Sparse | Doubles) -> Doubles:
    """Return the squared length of each row."""
    any_kind: Any = matrix
    squared = any_kind.multiply(matrix) if sp.issparse(matrix) else np.square(matrix)
    return np.asarray(squared.sum(axis=1), dtype=np.float64).ravel()
