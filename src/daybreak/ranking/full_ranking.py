"""NDCG of whole catalogues: every candidate is ranked, and ties are worth what chance gives."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

_LOWEST = np.finfo(np.float32).min


def expected_ndcg(scores: Floats, allowed: Mask, relevant: Mask, k: int = 10) -> Doubles:
    """Return the NDCG@k of each row, averaged over all orders of equal scores.

    A target with ``a`` better candidates that shares its score with ``g - 1`` others is equally
    likely at each of the places ``a + 1 .. a + g``, so it gains the mean of their discounts.
    Nothing depends on the order of ids, and a model that tells nothing apart is worth exactly
    what a random order is.

    Args:
        scores: (n, m) higher is better; what is not a number ranks last, in random order.
        allowed: (n, m) the candidates.
        relevant: (n, m) the targets; those that are no candidates are left out.
        k: Length of the list.

    Returns:
        (n,) values, NaN where nothing is relevant.

    Source:
        Järvelin and Kekäläinen 2002, base 2, binary gains; ties as in McSherry and Najork 2008,
        "Computing information retrieval performance measures efficiently in the presence of
        tied scores", section 2.

    Example:
        Two candidates tie for places 1 and 2: the target gains (1 + 1/log2(3)) / 2.

        >>> every, second = np.ones((1, 3), bool), np.array([[False, True, False]])
        >>> expected_ndcg(np.array([[5, 5, 1]], np.float32), every, second).round(4)
        array([0.8155])
    """
    values = np.full(len(scores), np.nan)
    for row, _, gained in _rows(scores, allowed, relevant & allowed, k):
        values[row] = min(1.0, gained.sum())
    return values


def expected_gains(scores: Floats, allowed: Mask, relevant: Mask, k: int = 10) -> Sparse:
    """Return (n, m) CSR: what each target adds to :func:`expected_ndcg` of its row.

    Example:
        >>> every, targets = np.ones((1, 3), bool), np.array([[True, False, True]])
        >>> gains = expected_gains(np.array([[3, 2, 1]], np.float32), every, targets)
        >>> gains.toarray().round(4)
        array([[0.6131, 0.    , 0.3066]])
    """
    found = list(_rows(scores, allowed, relevant & allowed, k))
    if not found:
        return sp.csr_array(scores.shape)
    rows = np.repeat([row for row, _, _ in found], [len(columns) for _, columns, _ in found])
    columns, gained = (np.concatenate([one[place] for one in found]) for place in (1, 2))
    return sp.csr_array((gained, (rows, columns)), shape=scores.shape)


def _rows(
    scores: Floats, allowed: Mask, relevant: Mask, k: int
) -> Iterator[tuple[int, Rows, Doubles]]:
    """Yield each row that has targets, their columns, and what each adds."""
    sums = np.zeros(scores.shape[1] + 1)
    gains = 1 / np.log2(np.arange(2, min(k, scores.shape[1]) + 2))
    sums[1 : len(gains) + 1] = np.cumsum(gains)
    sums[len(gains) + 1 :] = sums[len(gains)]
    finite = np.where(np.isfinite(scores), scores, _LOWEST)
    worst_first = np.sort(np.where(allowed, finite, -np.inf), axis=1)
    for row in np.flatnonzero(relevant.any(axis=1)):
        columns = np.flatnonzero(relevant[row])
        mine = finite[row, columns]
        better = scores.shape[1] - np.searchsorted(worst_first[row], mine, side="right")
        upto = scores.shape[1] - np.searchsorted(worst_first[row], mine, side="left")
        gained = (sums[upto] - sums[better]) / (upto - better)
        yield int(row), columns, gained / sums[min(k, len(mine))]


__all__ = ["expected_gains", "expected_ndcg"]
