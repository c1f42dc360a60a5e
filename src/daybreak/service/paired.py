"""How sure a difference between two recommenders is, where users and items are a sample."""

import math
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Rows, Sparse


class Gap(NamedTuple):
    """A mean difference and its interval."""

    difference: float
    low: float
    high: float


def paired(new: Sparse, old: Sparse, users: Rows, level: float, *, by_item: bool) -> Gap:
    """Return the mean over queries of ``new - old`` and its interval.

    The same user asked twice is one witness. With ``by_item`` so is an item wanted by many:
    items that were hidden at random are a sample too, and a list that all users share is right
    or wrong about a few of them. The variance is then that of users plus that of items less
    that of their pairs, and never below that of users. What a query adds above the mean is
    split among its targets.

    Args:
        new: (n_queries, n_items) CSR of what each target adds to a query's value.
        old: The same targets.
        users: (n_queries,) who is asked.
        level: Of the interval, such as 0.95.
        by_item: Whether the items are a sample.

    Source:
        Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering", eq. 2.6;
        Student's t with the smaller number of clusters less 1, as there in section 2.4.

    Example:
        >>> wanted = sp.csr_array(np.eye(3))
        >>> gap = paired(wanted, 0.5 * wanted, np.arange(3), 0.95, by_item=False)
        >>> tuple(map(float, gap))
        (0.5, 0.5, 0.5)
    """
    from scipy.stats import t  # noqa: PLC0415 - slow to import, and only a comparison needs it

    n = new.shape[0]
    gap = sp.csr_array((new.data - old.data, new.indices, new.indptr), shape=new.shape)
    mean = float(gap.data.sum()) / n
    sizes = np.diff(gap.indptr)
    above = gap.data - mean / np.repeat(sizes, sizes)
    who, item = np.repeat(users, sizes), gap.indices.astype(np.int64)
    variance, clusters = _variance(above, who)
    if by_item:
        by, n_items = _variance(above, item)
        pairs, _ = _variance(above, who.astype(np.int64) * gap.shape[1] + item)
        variance, clusters = max(variance, variance + by - pairs), min(clusters, n_items)
    if clusters < 2:
        return Gap(mean, -math.inf, math.inf)
    reach = float(t.ppf((1 + level) / 2, clusters - 1)) * math.sqrt(variance) / n
    return Gap(mean, mean - reach, mean + reach)


def _variance(values: Doubles, clusters: Rows) -> tuple[float, int]:
    """Return the variance of the sum over independent clusters, and their number."""
    _, place = np.unique(clusters, return_inverse=True)
    sums = np.bincount(place, weights=values)
    n = len(sums)
    return float(sums @ sums) * n / max(n - 1, 1), n


__all__ = ["Gap", "paired"]
