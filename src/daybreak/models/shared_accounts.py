"""Accounts whose items show no pattern, which count less in the statistics of pairs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.event_limits import limit_events
from daybreak.data.user_samples import sample_data
from daybreak.memory import bounded_size
from daybreak.models.shared_item_similarity import (
    ItemKnnConfig,
    fit_knn_weights,
    shrunk_similarity,
)
from daybreak.models.shared_statistics import MAX_BLOCK_CELLS
from daybreak.types import Doubles, Floats, Rows, Sparse

MIN_PATTERN_WEIGHT = 0.2
"""Smallest weight of an account in the statistics of pairs."""
FULL_WEIGHT_SHARE = 0.3
"""Share of the median agreement above chance from which an account has its full weight."""
N_PRIOR_EVENTS = 10.0
"""Events with the median agreement that are added to those of an account [events]."""
MIN_MEDIAN_AGREEMENT = 0.6
"""Median agreement below which the shop itself shows too little pattern to judge accounts."""
MIN_JUDGED_ACCOUNTS = 50
"""Accounts with ``MIN_TOLD_EVENTS`` from which the median is taken [accounts]."""
MIN_TOLD_EVENTS = 5.0
"""Comparisons of an account that make its agreement known, as full events [events]."""
MIN_OTHER_USERS = 5
"""Other users of an item from which it says something about an account [users]."""
N_COMPARED_ITEMS = 10
"""Items of about the same popularity that an item of an account is compared with [items]."""
SAMPLE_SEED = 0
"""Seed of the sample of the accounts that are judged where there are very many events."""
MAX_COMPARED_CELLS = 400_000_000
"""Users times items for which similarities to histories are computed; the accounts with most
events come first."""


@dataclass(frozen=True, eq=False)
class AccountAgreement:
    """How well the items of accounts agree with what others have chosen together."""

    agreement: Doubles
    """(n_active_users,) probability that an item of the account is more similar to its other
    items than an item of the same popularity is; 0.5 for items drawn at random"""
    n_told: Doubles
    """(n_active_users,) number of events on which it is based; comparisons in which both
    similarities are zero say nothing"""

    def weights(self) -> Doubles:
        """Return the (n_active_users,) weights, from ``MIN_PATTERN_WEIGHT`` to 1.

        The agreement of an account is shrunk to the median of the shop, so that a short history
        keeps its full weight; so does one of items that few others have, which says nothing.
        """
        known = self.n_told >= MIN_TOLD_EVENTS
        ones = np.ones(len(self.n_told))
        if known.sum() < MIN_JUDGED_ACCOUNTS:
            return ones
        usual = float(np.median(self.agreement[known]))
        if usual < MIN_MEDIAN_AGREEMENT:
            return ones
        total = self.agreement * self.n_told + N_PRIOR_EVENTS * usual
        shrunk = total / (self.n_told + N_PRIOR_EVENTS)
        above_chance = (shrunk - 0.5) / (FULL_WEIGHT_SHARE * (usual - 0.5))
        return np.clip(above_chance, MIN_PATTERN_WEIGHT, 1.0)


def weigh_accounts(data: Dataset) -> tuple[Dataset, dict[str, Any]]:
    """Return the data set with weights of accounts in the statistics of pairs, and a report.

    An account with more events than :func:`limit_events` counts has a smaller weight, and so
    has one whose items show no pattern. A data set in which every account has its full weight
    is returned as it is. Of very many events, the pattern is judged in a sample of the
    accounts, and others have their full weight.

    Args:
        data: Training data.
    """
    limits = limit_events(data.events)
    pattern = np.ones(data.n_users)
    if len(data.active_user_rows) >= MIN_JUDGED_ACCOUNTS:
        judged = sample_data(data, SAMPLE_SEED)
        pattern[judged.active_user_rows] = measure_agreement(judged).weights()
    weights = pattern.copy()
    weights[: len(limits.user_weights)] *= limits.user_weights
    is_low = pattern < 1
    report: dict[str, Any] = {}
    if is_low.any():
        report["without_pattern"] = int(is_low.sum())
        report["pattern_weight"] = round(float(pattern[is_low].mean()), 2)
    if len(limits.capped_users):
        report["capped"] = len(limits.capped_users)
        report["cap"] = round(limits.user_cap)
    if limits.bursts:
        ids = data.items.ids.ids
        report["bursts"] = [
            {"item_id": ids[one.item], "accounts": one.n_accounts, "counted": one.n_counted}
            for one in limits.bursts
        ]
    if weights.min(initial=1.0) == 1:
        return data, report
    return replace(data, user_weights=weights.astype(np.float32)), report


def measure_agreement(data: Dataset) -> AccountAgreement:
    """Compare each item of an account with items of the same popularity that it has not.

    Both are scored by the similarities of ``item_knn`` to the other items of the account; from
    those of its own items the account itself is subtracted. The share of comparisons that the
    own item wins is an area under the ROC curve.

    Args:
        data: Training data.
    """
    n_users, n_items = data.interactions.shape
    agreement, n_told = np.full(n_users, 0.5), np.zeros(n_users)
    if not n_items or not len(data.events):
        return AccountAgreement(agreement, n_told)
    sizes = np.diff(data.interactions.indptr)
    tested = np.argsort(-sizes, kind="stable")[: max(1, MAX_COMPARED_CELLS // n_items)]
    similar = fit_knn_weights(data, ItemKnnConfig())
    comparison = _Comparison(similar, _without_one_user(data, similar), data.user_counts)
    height = max(1, bounded_size("block_cells", MAX_BLOCK_CELLS) // n_items)
    for start in range(0, len(tested), height):
        rows = tested[start : start + height]
        agreement[rows], n_told[rows] = comparison.compare(data.interactions[rows])
    return AccountAgreement(agreement, n_told)


def _without_one_user(data: Dataset, similar: Sparse) -> Sparse:
    """Return the similarities without one common user, pruned like those with all users."""
    config, counts = ItemKnnConfig(), data.user_counts.astype(np.float64)
    known = sp.coo_array(similar)
    row, column = known.coords
    product, n_users = counts[row] * counts[column], max(len(data.active_user_rows), 2)
    pairs = known.data * (np.sqrt(product) + config.shrinkage)
    pairs += config.expected_share * product / n_users
    values = shrunk_similarity(
        pairs - 1, counts[row] - 1, counts[column] - 1, n_users - 1, config
    )
    smallest = np.full(len(counts), np.inf, dtype=np.float32)
    np.minimum.at(smallest, column, known.data)
    is_pruned = np.bincount(column, minlength=len(counts)) >= config.neighbours
    values[(values < smallest[column]) & is_pruned[column]] = 0
    return sp.csr_array((values, (row, column)), shape=known.shape)


@dataclass(frozen=True, eq=False)
class _Comparison:
    similar: Sparse
    """(n_items, n_items) similarities"""
    own: Sparse
    """(n_items, n_items) the same without the account itself"""
    counts: Floats
    """(n_items,) numbers of users"""

    def compare(self, histories: Sparse) -> tuple[Doubles, Doubles]:
        """Return the agreement and the number of events it is based on, of some accounts."""
        n_users = histories.shape[0]
        row, column = sp.coo_array(histories).coords
        said = self.counts[column] > MIN_OTHER_USERS
        row, column = row[said], column[said]
        own = (histories @ self.own).toarray()[row, column][:, None]
        others = self._items_of_same_popularity(column)
        compared = (histories @ self.similar).toarray()[row[:, None], others]
        is_seen = histories.toarray()[row[:, None], others] > 0
        tells = ~is_seen & ((compared > 0) | (own > 0))
        wins = ((own > compared) + 0.5 * (own == compared)) * tells
        n_told = np.bincount(row, tells.sum(axis=1), minlength=n_users)
        won = np.bincount(row, wins.sum(axis=1), minlength=n_users)
        agreement = np.where(n_told > 0, won / np.maximum(n_told, 1), 0.5)
        return agreement, n_told / N_COMPARED_ITEMS

    def _items_of_same_popularity(self, column: Rows) -> Rows:
        """Return (n, N_COMPARED_ITEMS) the items next to some in the order of popularity."""
        order = np.argsort(self.counts, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        half = N_COMPARED_ITEMS // 2
        steps = np.r_[-half:0, 1 : half + 1]
        near = np.clip(place[column][:, None] + steps, 0, len(order) - 1)
        return np.asarray(order[near])
