"""From what an earlier training left to where the next one begins."""

from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.shared_content import impute_from_content
from daybreak.types import Doubles, Floats, Rows

__all__ = [
    "can_reuse_content",
    "newest_items",
    "newest_users",
    "procrustes_rotation",
    "rows_or_zeros",
    "transfer_by_id",
]


MIN_KNOWN_SHARE = 0.5
"""Share of the anchors that an earlier training must know; with fewer it is another shop."""
HELD_OUT_SHARE = 0.1
"""Share of people, or of items, that judge whether further training helps."""
MAX_HELD_OUT_ROWS = 500


def transfer_by_id(data: Dataset, ids: Vocabulary, values: Floats) -> Floats | None:
    """Return (n_anchors, d) values: those of before, and what content tells of new items.

    Values are found by id, so items that are gone are left behind. New items get what content
    predicts from those that stayed; content may have other columns than before.

    Args:
        data: To learn from.
        ids: Of the items that were known.
        values: (n_known, d) what was learned of them.

    Returns:
        None when too few of the anchors are known to go on from them.
    """
    rows = ids.rows(data.train_items.ids)
    known = rows >= 0
    if not len(data.events) or known.mean() < MIN_KNOWN_SHARE:
        return None
    return impute_from_content(data, values[rows], known)


def procrustes_rotation(
    vectors: Floats, ids: Vocabulary, targets: Floats, target_ids: Vocabulary
) -> Floats:
    """Return the (dim, dim) turn that brings vectors nearest to those that others had.

    Directions of factors come out differently from other data; a network that was trained on
    some must not be shown others.

    Args:
        vectors: (n, dim) to be turned.
        ids: Of them.
        wanted: (n_others, dim) what they should be like.
        others: Ids of those.

    Source:
        Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem", eq. 1.8.

    Example:
        >>> cross, ids = np.float32([[0, 1], [1, 0]]), Vocabulary("ab")
        >>> (np.eye(2) @ procrustes_rotation(np.eye(2), ids, cross, ids)).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    rows = target_ids.rows(ids)
    known = rows >= 0
    product = vectors[known].T.astype(np.float64) @ targets[rows[known]]
    left, _, right = np.linalg.svd(product)
    return np.asarray(left @ right, dtype=np.float32)


def can_reuse_content(data: Dataset, ids: Vocabulary, weights: Floats) -> bool:
    """Whether weights of content can still be used: as many columns, and a catalogue known.

    Args:
        data: To learn from.
        ids: Of the items that were known.
        weights: (n_features, d)
    """
    width = sum(block.matrix.shape[1] for block in data.items.blocks)
    known = ids.rows(data.train_items.ids) >= 0
    return bool(len(data.events)) and width == len(weights) and known.mean() >= MIN_KNOWN_SHARE


def rows_or_zeros(values: Floats, n_rows: int) -> Floats:
    """Return weights of columns that are as many as before; zeros when they are not.

    Example:
        >>> ones = np.ones((2, 1))
        >>> rows_or_zeros(ones, 2).tolist(), rows_or_zeros(ones, 1).tolist()
        ([[1.0], [1.0]], [[0.0]])
    """
    if len(values) == n_rows:
        return values
    return np.zeros((n_rows, *values.shape[1:]), dtype=np.float32)


def newest_users(data: Dataset, rng: np.random.Generator) -> Rows:
    """Return every second of the active people who came last: rows among the active ones.

    They are the people of whom an earlier training knows least, so that it cannot shine by what
    it remembers.
    """
    return _select_newest(
        np.searchsorted(data.active_user_rows, data.events.user), data.events.at, rng
    )


def newest_items(data: Dataset, rng: np.random.Generator) -> Rows:
    """Return every second of the anchors whose first event was last; see the people."""
    return _select_newest(
        np.searchsorted(data.train_item_rows, data.events.item), data.events.at, rng
    )


def _select_newest(owner: Rows, at: Doubles, rng: np.random.Generator) -> Rows:
    """Return rows of owners; those who came at one time are in a random order."""
    n = int(owner.max(initial=-1)) + 1
    first: Any = np.full(n, np.inf)
    np.minimum.at(first, owner, at)
    count = min(int(np.ceil(HELD_OUT_SHARE * n)), MAX_HELD_OUT_ROWS, n // 2)
    order = np.lexsort((rng.random(n), first))
    return np.sort(order[n - 2 * count :: 2])
