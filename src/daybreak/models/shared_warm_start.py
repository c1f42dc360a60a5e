"""Warm starts: carry what an earlier training learned over to changed data."""

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
"""Share of the training items that the earlier training must know, for a warm start."""
HELD_OUT_SHARE = 0.1
"""Share of users, or of items, that are held out to score further training."""
MAX_HELD_OUT_ROWS = 500
"""Users or items that are held out, at most."""


def transfer_by_id(data: Dataset, ids: Vocabulary, values: Floats) -> Floats | None:
    """Return (n_train_items, d) values: earlier ones of known items, predictions for new ones.

    Values are found by identifier; those of items that are gone are dropped. Values of new
    items are predicted by content from those of the known items; content may have other columns
    than before.

    Args:
        data: Training data.
        ids: Items of the earlier training.
        values: (n_ids, d) values that it learned.

    Returns:
        None when too few of the training items are known.
    """
    rows = ids.rows(data.train_items.ids)
    known = rows >= 0
    if not len(data.events) or known.mean() < MIN_KNOWN_SHARE:
        return None
    return impute_from_content(data, values[rows], known)


def procrustes_rotation(
    vectors: Floats, ids: Vocabulary, targets: Floats, target_ids: Vocabulary
) -> Floats:
    """Return the (dim, dim) rotation that brings vectors closest to the targets.

    The directions of factors depend on the data. A network that was trained on earlier factors
    needs the new ones rotated to the earlier directions.

    Args:
        vectors: (n, dim) vectors to rotate.
        ids: Identifiers of their rows.
        targets: (n_targets, dim) target vectors.
        target_ids: Identifiers of the rows of the targets.

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
    """Return whether earlier content weights fit the data: same columns, enough known items.

    Args:
        data: Training data.
        ids: Items of the earlier training.
        weights: (n_features, d) weights of content columns.
    """
    width = sum(block.matrix.shape[1] for block in data.items.blocks)
    known = ids.rows(data.train_items.ids) >= 0
    return bool(len(data.events)) and width == len(weights) and known.mean() >= MIN_KNOWN_SHARE


def rows_or_zeros(values: Floats, n_rows: int) -> Floats:
    """Return the values if they have ``n_rows`` rows, else zeros of that many rows.

    Example:
        >>> ones = np.ones((2, 1))
        >>> rows_or_zeros(ones, 2).tolist(), rows_or_zeros(ones, 1).tolist()
        ([[1.0], [1.0]], [[0.0]])
    """
    if len(values) == n_rows:
        return values
    return np.zeros((n_rows, *values.shape[1:]), dtype=np.float32)


def newest_users(data: Dataset, rng: np.random.Generator) -> Rows:
    """Return every second of the newest active users, as rows among the active users.

    The earlier training knows least about them, so that its knowledge of single users does not
    count in the comparison.
    """
    return _select_newest(
        np.searchsorted(data.active_user_rows, data.events.user), data.events.at, rng
    )


def newest_items(data: Dataset, rng: np.random.Generator) -> Rows:
    """Return every second of the newest training items; see :func:`newest_users`."""
    return _select_newest(
        np.searchsorted(data.train_item_rows, data.events.item), data.events.at, rng
    )


def _select_newest(owner: Rows, at: Doubles, rng: np.random.Generator) -> Rows:
    """Return every second owner with the latest first event; ties are broken at random."""
    n = int(owner.max(initial=-1)) + 1
    first: Any = np.full(n, np.inf)
    np.minimum.at(first, owner, at)
    count = min(int(np.ceil(HELD_OUT_SHARE * n)), MAX_HELD_OUT_ROWS, n // 2)
    order = np.lexsort((rng.random(n), first))
    return np.sort(order[n - 2 * count :: 2])
