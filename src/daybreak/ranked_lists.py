"""Ranked lists from scores: the exact best k of every row, in bounded memory."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

_ScoreBlock: TypeAlias = npt.NDArray[Any]  # float32 or float64, like the input
MAX_SCORES_PER_BLOCK = 1 << 21
"""Maximum number of scores copied at a time."""
MIN_GROUPS = 128
"""Minimum number of groups of columns whose maxima are compared."""
GROUPS_PER_PLACE = 4
"""Number of groups of columns per place of a list, at least."""
MIN_GROUP_SIZE = 4
"""Minimum number of columns of a group; fewer columns are partitioned at once."""
MAX_REACHED_PER_GROUP = 8
"""Number of columns per group, on average, that may reach the bound."""
SCORE_STEP = np.float32(2**-14)
"""Step to which scores are rounded: far above rounding errors, far below what a reader sees."""


def top_k(
    scores: Floats | Doubles,
    k: int,
    exclude: Sparse | Mask | None = None,
    *,
    max_scores: int = MAX_SCORES_PER_BLOCK,
) -> Rows:
    """Return the columns of the ``k`` best scores of each row, best first.

    NaN and ``-inf`` are never returned. Of equal scores the lower column comes first, so the
    result does not depend on the machine.

    Args:
        scores: (n, m) float32 or float64; not changed.
        k: Length of the lists, at least 1.
        exclude: (n, m) mask or CSR matrix of entries that must not be returned.
        max_scores: Maximum number of scores copied at a time.

    Returns:
        (n, k) int64 columns, filled up with -1 where fewer than ``k`` can be ranked.

    Example:
        >>> top_k(np.array([[1.0, 3.0, 3.0, np.nan]]), 2)
        array([[1, 2]])
        >>> top_k(np.array([[1.0, 3.0]]), 2, exclude=np.array([[False, True]]))
        array([[ 0, -1]])
    """
    n_rows, n_columns = scores.shape
    best = np.full((n_rows, k), -1, dtype=np.int64)
    width, step = min(k, n_columns), max(1, max_scores // max(1, n_columns))
    if width == 0:
        return best
    for start in range(0, n_rows, step):
        rows = slice(start, start + step)
        block = scores[rows]
        if exclude is not None or np.isnan(block.max()):
            block = _mask_unrankable(block, None if exclude is None else exclude[rows])
        best[rows, :width] = _best_columns(block, width)
    return best


def round_scores(scores: Floats) -> Floats:
    """Round scores to multiples of :data:`SCORE_STEP`, in place, so that near ties are ties.

    The last bits of a score depend on the queries that are scored with it. Items with the same
    content would otherwise have another order in a batch than alone.

    Args:
        scores: float32 scores of any shape; changed.

    Returns:
        The same array.

    Example:
        >>> float(round_scores(np.array([0.50001], dtype=np.float32))[0])
        0.5
    """
    np.multiply(scores, 1 / SCORE_STEP, out=scores)
    np.rint(scores, out=scores)
    return np.multiply(scores, SCORE_STEP, out=scores)


def contains(matrix: Sparse, rows: Rows) -> Mask:
    """Return whether each entry of ``rows`` is set in the same row of ``matrix``.

    Args:
        matrix: (n, m) CSR matrix.
        rows: (n, k) int64 columns; -1 is never contained.

    Returns:
        (n, k) bool.

    Example:
        >>> from scipy.sparse import csr_array
        >>> contains(csr_array([[0, 1, 1]]), np.array([[2, 0, -1]]))
        array([[ True, False, False]])
    """
    row_index = np.broadcast_to(np.arange(len(rows))[:, None], rows.shape)
    return is_set(matrix, row_index, rows)


def is_set(matrix: Sparse, rows: Rows, columns: Rows) -> Mask:
    """Return whether each pair of row and column is set in a CSR matrix; -1 is never set."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    keys = np.sort((row * matrix.shape[1] + matrix.indices)[matrix.data != 0])
    if not len(keys):
        return np.zeros(columns.shape, dtype=np.bool_)
    pairs = rows * matrix.shape[1] + columns
    nearest = np.minimum(np.searchsorted(keys, pairs), len(keys) - 1)
    is_found: Mask = (keys[nearest] == pairs) & (rows >= 0) & (columns >= 0)
    return is_found


def _mask_unrankable(scores: _ScoreBlock, exclude: Sparse | Mask | None) -> _ScoreBlock:
    """Copy the scores, with ``-inf`` for every entry that must not be returned."""
    block = np.array(scores)
    np.nan_to_num(block, copy=False, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    if exclude is not None:
        block[exclude if isinstance(exclude, np.ndarray) else exclude.nonzero()] = -np.inf
    return block


def _best_columns(block: _ScoreBlock, k: int) -> Rows:
    """Return the ``k`` best columns; -1 where the score is ``-inf``."""
    likely = _likely_columns(block, k)
    if likely is not None:
        return likely
    threshold = np.partition(block, block.shape[1] - k, axis=1)[:, -k, None]
    chosen = block >= threshold
    tied_rows = np.flatnonzero(chosen.sum(axis=1) > k)
    if len(tied_rows):
        chosen[tied_rows] = _select_first_ties(block[tied_rows], threshold[tied_rows], k)
    columns = np.nonzero(chosen)[1].reshape(-1, k)
    scores = np.take_along_axis(block, columns, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    return np.where(np.isneginf(scores), -1, columns)


def _likely_columns(block: _ScoreBlock, k: int) -> Rows | None:
    """Return the ``k`` best columns by sorting only those that may be among them.

    The k-th largest of the maxima of groups of columns is a lower bound of the k-th best score,
    which few columns reach. Finding them reads the scores twice, and partitions none of them.

    Returns:
        None where the columns are few, or where too many reach the bound.
    """
    n_rows, n_columns = block.shape
    n_groups = max(MIN_GROUPS, GROUPS_PER_PLACE * k)
    size = n_columns // n_groups
    if size < MIN_GROUP_SIZE:
        return None
    groups = block[:, : size * n_groups].reshape(n_rows, size, n_groups)
    bounds = np.partition(groups.max(axis=1), n_groups - k, axis=1)[:, n_groups - k, None]
    reached = block >= bounds
    counts = np.count_nonzero(reached, axis=1)
    if counts.max(initial=0) > MAX_REACHED_PER_GROUP * n_groups:
        return None
    row, column = np.divmod(np.flatnonzero(reached), n_columns)
    order = np.lexsort((-block[row, column], row))
    firsts = (np.cumsum(counts) - counts)[:, None] + np.arange(k)
    best: Rows = column[order[firsts]]
    best[block[np.arange(n_rows)[:, None], best] == -np.inf] = -1
    return best


def _select_first_ties(block: _ScoreBlock, threshold: _ScoreBlock, k: int) -> Mask:
    """Mark the scores above the threshold, then equal ones up to k, lower columns first."""
    above, equal = block > threshold, block == threshold
    n_left = k - above.sum(axis=1, keepdims=True)
    first: Mask = above | (equal & (np.cumsum(equal, axis=1) <= n_left))
    return first
