"""Ranking metrics. Every NDCG of the project comes from here.

Two kinds of input exist. Functions that take ``ranked`` measure lists that a system has
returned: (n_users, k) int64 item rows, best first, -1 where a list is shorter than ``k``;
positions count from 1; ``relevant`` is an (n_users, n_items) CSR matrix of the targets.
``expected_ndcg`` and ``expected_gains`` measure scores of whole catalogues and average over all
orders of equal scores. Both use the same discounts and the same ideal list.

Relevance is binary. A user without a relevant item is NaN and is left out of means; a user with
relevant items and an empty list counts 0 for accuracy, and NaN for the properties of a list.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.ranked_lists import contains
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

LIST_LENGTH = 10
"""Length k of the lists on which strategies are compared: NDCG@10."""
ACCURACY_METRICS = ("ndcg", "recall", "hit", "mrr")
"""Metrics by which systems are compared."""
PER_USER_METRICS = (*ACCURACY_METRICS, "diversity", "novelty", "cold_share", "popularity")
"""Metrics that are means over users and therefore have an interval."""
OVERALL_METRICS = ("coverage", "gini")
"""Metrics of all lists together."""
MAX_PAIRS_PER_BLOCK = 1 << 19
"""Maximum number of item pairs compared at a time."""
MAX_SCORES_AT_ONCE = 200_000
"""Number of scores up to which those of all rows are searched at once."""
_LOWEST_SCORE = np.finfo(np.float32).min


@dataclass(frozen=True)
class ListMetrics:
    """All list metrics for one set of users and candidates.

    Attributes:
        relevant: (n_users, n_items) CSR, the targets.
        counts: (n_items,) number of training users of each item.
        n_train_users: Number of training users.
        categories: (n_items, n_categories) CSR, or None when no categories are known.
    """

    relevant: Sparse
    counts: Rows
    n_train_users: int
    categories: Sparse | None = None

    def per_user(self, ranked: Rows) -> dict[str, Doubles]:
        """Return each metric of ``PER_USER_METRICS`` as (n_users,) values."""
        return {
            "ndcg": ndcg(ranked, self.relevant),
            "recall": recall(ranked, self.relevant),
            "hit": hit(ranked, self.relevant),
            "mrr": mrr(ranked, self.relevant),
            "diversity": diversity(ranked, self.categories),
            "novelty": novelty(ranked, self.counts, self.n_train_users),
            "cold_share": cold_share(ranked, self.counts),
            "popularity": popularity(ranked, self.counts),
        }

    def overall(self, ranked: Rows) -> dict[str, float]:
        """Return each metric of ``OVERALL_METRICS``."""
        n_items = len(self.counts)
        return {"coverage": coverage(ranked, n_items), "gini": gini(ranked, n_items)}


# --- NDCG ----------------------------------------------------------------------------------


def discounts(k: int) -> Doubles:
    """Return the (k,) gains of hits at positions 1 to ``k``: ``1/log2(position + 1)``."""
    return 1 / np.log2(np.arange(2, k + 2))


def ideal_dcg(n_relevant: Rows, k: int) -> Doubles:
    """Return the best DCG@k for each number of targets: hits at 1 to ``min(k, n_relevant)``."""
    sums = np.concatenate([[0.0], np.cumsum(discounts(k))])
    best: Doubles = sums[np.minimum(n_relevant, k)]
    return best


def ndcg(ranked: Rows, relevant: Sparse) -> Doubles:
    """Return NDCG@k: ``Σ 1/log2(position + 1)`` over hits, divided by the best such sum.

    Args:
        ranked: (n_users, k) item rows, -1 where a list is shorter.
        relevant: (n_users, n_items) CSR, the targets.

    Source:
        Järvelin and Kekäläinen 2002, with base 2, binary gains and the ideal list cut at k.

    Example:
        Hits at positions 1 and 3, three targets: (1 + 1/2) / (1 + 1/log2(3) + 1/2).

        >>> ndcg(np.array([[1, 3, 2]]), sp.csr_array([[1, 1, 1, 0]])).round(4)
        array([0.7039])
    """
    return ndcg_of_hits(contains(relevant, ranked), _n_relevant(relevant))


def ndcg_of_hits(hits: Mask, n_relevant: Rows) -> Doubles:
    """Return the NDCG@k of lists whose hits are known; NaN where nothing is relevant.

    Args:
        hits: (n_users, k) whether the item at each position is a target.
        n_relevant: (n_users,) number of targets, those outside of the list included.

    Example:
        >>> ndcg_of_hits(np.array([[False, True]]), np.array([1])).round(4)
        array([0.6309])
    """
    k = hits.shape[1]
    return _safe_divide(hits @ discounts(k), ideal_dcg(n_relevant, k))


def ndcg_of_ids(items: Sequence[str], targets: Collection[str], k: int = LIST_LENGTH) -> float:
    """Return the NDCG@k of one list of ids; NaN without targets.

    Args:
        items: The list, best first.
        targets: Ids of the targets, each once.
        k: Length of the list.

    Example:
        >>> round(ndcg_of_ids(["tea", "rum"], {"rum"}), 4)
        0.6309
    """
    hits = np.zeros((1, k), dtype=np.bool_)
    hits[0, : len(items)] = [item in targets for item in items[:k]]
    return float(ndcg_of_hits(hits, np.array([len(targets)]))[0])


def expected_ndcg(
    scores: Floats, allowed: Mask, relevant: Mask, k: int = LIST_LENGTH
) -> Doubles:
    """Return the NDCG@k of each row, averaged over all orders of equal scores.

    A target with ``a`` better candidates that shares its score with ``g - 1`` others is equally
    likely at each of the positions ``a + 1 .. a + g``, so it gains the mean of their discounts.
    The order of ids has no influence, and a model that gives every item the same score has
    exactly the value of a random order.

    Args:
        scores: (n, m) higher is better; values that are not finite rank last, in random order.
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
        Two candidates tie for positions 1 and 2: the target gains (1 + 1/log2(3)) / 2.

        >>> every, second = np.ones((1, 3), bool), np.array([[False, True, False]])
        >>> expected_ndcg(np.array([[5, 5, 1]], np.float32), every, second).round(4)
        array([0.8155])
    """
    rows, _, gains = _target_gains(scores, allowed, relevant & allowed, k)
    total = np.bincount(rows, gains, minlength=len(scores))
    return np.where(np.bincount(rows, minlength=len(scores)) > 0, np.minimum(total, 1), np.nan)


def expected_gains(
    scores: Floats, allowed: Mask, relevant: Mask, k: int = LIST_LENGTH
) -> Sparse:
    """Return (n, m) CSR: what each target adds to :func:`expected_ndcg` of its row.

    Example:
        >>> every, targets = np.ones((1, 3), bool), np.array([[True, False, True]])
        >>> gains = expected_gains(np.array([[3, 2, 1]], np.float32), every, targets)
        >>> gains.toarray().round(4)
        array([[0.6131, 0.    , 0.3066]])
    """
    rows, columns, gains = _target_gains(scores, allowed, relevant & allowed, k)
    return sp.csr_array((gains, (rows, columns)), shape=scores.shape)


def _target_gains(
    scores: Floats, allowed: Mask, relevant: Mask, k: int
) -> tuple[Rows, Rows, Doubles]:
    """Return row and column of each target, row by row, and the NDCG that it adds."""
    n_items = scores.shape[1]
    gains = discounts(min(k, n_items))
    sums = np.zeros(n_items + 1)
    sums[1 : len(gains) + 1] = np.cumsum(gains)
    sums[len(gains) + 1 :] = sums[len(gains)]
    rows, columns = np.nonzero(relevant)
    if not len(rows):
        return rows, columns, np.empty(0)
    finite = np.where(np.isfinite(scores), scores, _LOWEST_SCORE)
    ascending = np.sort(np.where(allowed, finite, -np.inf), axis=1)
    target_scores = finite[rows, columns]
    n_targets = np.bincount(rows, minlength=len(scores))
    n_better, n_up_to = _count_better(ascending, rows, target_scores)
    mean_gain = (sums[n_up_to] - sums[n_better]) / (n_up_to - n_better)
    return rows, columns, mean_gain / sums[np.minimum(k, n_targets[rows])]


def _count_better(ascending: Floats, rows: Rows, scores: Floats) -> tuple[Rows, Rows]:
    """Return how many scores of its row are above each score, and how many at least as high.

    Args:
        ascending: (n, m) sorted scores of each row.
        rows: (n_scores,) row of each score, ascending.
        scores: (n_scores,) the scores.
    """
    n, n_items = ascending.shape
    if ascending.size <= MAX_SCORES_AT_ONCE:
        # complex numbers are sorted by both of their parts: by row, then by score
        every = np.empty(ascending.size, dtype=np.complex128)
        every.real, every.imag = np.repeat(np.arange(n), n_items), ascending.ravel()
        own = np.empty(len(rows), dtype=np.complex128)
        own.real, own.imag = rows, scores
        ends = (rows + 1) * n_items
        return (
            ends - np.searchsorted(every, own, side="right"),
            ends - np.searchsorted(every, own, side="left"),
        )
    starts = np.searchsorted(rows, np.arange(n + 1))
    n_up_to, n_below = np.empty_like(rows), np.empty_like(rows)
    for row in np.flatnonzero(np.diff(starts)):
        own_row = slice(starts[row], starts[row + 1])
        n_up_to[own_row] = np.searchsorted(ascending[row], scores[own_row], side="right")
        n_below[own_row] = np.searchsorted(ascending[row], scores[own_row], side="left")
    return n_items - n_up_to, n_items - n_below


# --- other measures of accuracy ------------------------------------------------------------


def recall(ranked: Rows, relevant: Sparse) -> Doubles:
    """Return recall at k: ``hits / |relevant|``.

    Source:
        Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, section 8.3.

    Example:
        Two of the three targets (rows 0, 1, 2) are in the list.

        >>> recall(np.array([[1, 3, 2]]), sp.csr_array([[1, 1, 1, 0]])).round(4)
        array([0.6667])
    """
    return _safe_divide(contains(relevant, ranked).sum(axis=1), _n_relevant(relevant))


def hit(ranked: Rows, relevant: Sparse) -> Doubles:
    """Return 1 where a list contains at least one target, else 0.

    Source:
        Deshpande and Karypis 2004, Item-based top-N recommendation, section 6 (hit rate).

    Example:
        >>> hit(np.array([[1], [1]]), sp.csr_array([[0, 1], [1, 0]]))
        array([1., 0.])
    """
    has_hit = contains(relevant, ranked).any(axis=1)
    return np.where(_n_relevant(relevant) > 0, has_hit.astype(np.float64), np.nan)


def mrr(ranked: Rows, relevant: Sparse) -> Doubles:
    """Return ``1 / position`` of the first hit, 0 without one in the first k.

    Source:
        Voorhees 1999, The TREC-8 question answering track report (reciprocal rank), cut at k.

    Example:
        >>> mrr(np.array([[0, 2, 1]]), sp.csr_array([[0, 1, 1]]))
        array([0.5])
    """
    is_hit = contains(relevant, ranked)
    value = np.where(is_hit.any(axis=1), 1 / (is_hit.argmax(axis=1) + 1), 0.0)
    return np.where(_n_relevant(relevant) > 0, value, np.nan)


# --- properties of lists -------------------------------------------------------------------


def diversity(
    ranked: Rows, categories: Sparse | None, *, max_pairs: int = MAX_PAIRS_PER_BLOCK
) -> Doubles:
    """Return the mean distance of the pairs of a list, ``1 - |A∩B| / |A∪B|`` of categories.

    Two items without a category are at distance 0. NaN for lists of fewer than two items, and
    for all users when no categories are known.

    Args:
        ranked: (n_users, k) item rows.
        categories: (n_items, n_categories) CSR, or None when no categories are known.
        max_pairs: Maximum number of item pairs compared at a time.

    Source:
        Ziegler et al. 2005, Improving recommendation lists through topic diversification
        (intra-list similarity), as one minus the Jaccard index.

    Example:
        Categories {x, y} and {y}: 1 - 1/2.

        >>> diversity(np.array([[0, 1]]), sp.csr_array([[1, 1], [0, 1]]))
        array([0.5])
    """
    total, n_pairs = np.zeros(len(ranked)), np.zeros(len(ranked))
    if categories is not None:
        first, second = np.triu_indices(ranked.shape[1], 1)
        step = max(1, max_pairs // max(1, len(first)))
        for start in range(0, len(ranked), step):
            block = slice(start, start + step)
            left, right = ranked[block][:, first], ranked[block][:, second]
            is_pair = (left >= 0) & (right >= 0)
            distance = np.zeros(left.shape)
            distance[is_pair] = _jaccard_distance(categories, left[is_pair], right[is_pair])
            total[block], n_pairs[block] = distance.sum(axis=1), is_pair.sum(axis=1)
    return _safe_divide(total, n_pairs)


def novelty(ranked: Rows, counts: Rows, n_train_users: int) -> Doubles:
    """Return the mean self-information of a list, ``-log2((n_i + 1) / (U + 1))`` [bits].

    ``n_i`` of the ``U`` training users have item i; one is added to both, so that a new item
    has a finite value. NaN for an empty list.

    Source:
        Castells, Vargas, Wang 2011, Novelty and diversity metrics for recommender systems
        (self-information), with add-one smoothing.

    Example:
        One of three training users has the item: -log2(2 / 4).

        >>> novelty(np.array([[0]]), np.array([1]), 3)
        array([1.])
    """
    return _list_mean(ranked, -np.log2((counts + 1) / (n_train_users + 1)))


def cold_share(ranked: Rows, counts: Rows) -> Doubles:
    """Return the share of a list that no training user has; NaN for an empty list.

    Example:
        >>> cold_share(np.array([[0, 1]]), np.array([0, 9]))
        array([0.5])
    """
    return _list_mean(ranked, (counts == 0).astype(np.float64))


def popularity(ranked: Rows, counts: Rows) -> Doubles:
    """Return the mean popularity percentile of a list: 0 the least, 1 the most popular.

    The percentile of an item is the share of candidates with fewer training users, plus half
    the share with as many, so lists drawn at random average 1/2. NaN for an empty list.

    Source:
        Abdollahpouri, Burke, Mobasher 2019, Managing popularity bias in recommender systems
        (average recommendation popularity), with percentiles in place of counts.

    Example:
        Of three items the second is the most popular: two below it and half of itself.

        >>> popularity(np.array([[1]]), np.array([1, 5, 2])).round(4)
        array([0.8333])
    """
    order = np.sort(counts)
    below = np.searchsorted(order, counts, side="left")
    up_to = np.searchsorted(order, counts, side="right")
    return _list_mean(ranked, (below + up_to) / (2 * max(1, len(counts))))


def coverage(ranked: Rows, n_items: int) -> float:
    """Return the share of the candidates that are in at least one list.

    Source:
        Ge, Delgado-Battenfeld, Jannach 2010, Beyond accuracy (catalogue coverage).

    Example:
        >>> coverage(np.array([[0, 1], [0, -1]]), 4)
        0.5
    """
    return len(np.unique(ranked[ranked >= 0])) / n_items if n_items else float("nan")


def gini(ranked: Rows, n_items: int) -> float:
    """Return the inequality of exposure: 0 all items alike, near 1 all positions to one item.

    With exposures ``x_1 ≤ … ≤ x_n``: ``Σ (2i - n - 1) x_i / (n Σ x)``. NaN without exposure.

    Source:
        Fleder and Hosanagar 2009, Blockbuster culture's next rise or fall, section 4.2.

    Example:
        One of two items gets all positions: (1·0 ... (2·2 - 3)·2) / (2·2).

        >>> gini(np.array([[0], [0]]), 2)
        0.5
    """
    exposure = np.sort(np.bincount(ranked[ranked >= 0], minlength=n_items))
    if not exposure.sum():
        return float("nan")
    weights = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float(weights @ exposure / (n_items * exposure.sum()))


def _n_relevant(relevant: Sparse) -> Rows:
    sizes: Rows = np.bincount(relevant.nonzero()[0], minlength=relevant.shape[0])
    return sizes


def _safe_divide(numerator: Doubles | Rows, denominator: Doubles | Rows) -> Doubles:
    """Divide; NaN where the denominator is 0."""
    ratio = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio


def _list_mean(ranked: Rows, item_values: Doubles) -> Doubles:
    """Return the mean value of the items of each list; NaN for an empty list."""
    is_item = ranked >= 0
    values = np.where(is_item, np.append(item_values, 0.0)[ranked], 0.0)
    return _safe_divide(values.sum(axis=1), is_item.sum(axis=1))


def _jaccard_distance(categories: Sparse, left: Rows, right: Rows) -> Doubles:
    """Return the distance of each pair of rows of a binary CSR matrix."""
    binary = (categories != 0).astype(np.float64)
    size = np.asarray(binary.sum(axis=1)).ravel()
    common = np.asarray(binary[left].multiply(binary[right]).sum(axis=1)).ravel()
    either = size[left] + size[right] - common
    return np.where(either > 0, 1 - common / np.maximum(either, 1), 0.0)
