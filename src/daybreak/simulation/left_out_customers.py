"""Customers left out one by one: what a shop with few of them can tell without any training.

A shop with five or twenty customers is too small for simulated cold starts. Two scores need no
training: the number of the other customers who chose an item, and the likeness of its content
to what a customer chose. Each customer in turn is a newcomer of whom a few items are known.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.metrics import LIST_LENGTH, discounts
from daybreak.rng import create_generator
from daybreak.types import Floats, Mask, Rows, Sparse

MAX_FEW_CUSTOMERS = 100
"""Largest number of customers of a shop for which customers are left out one by one; larger
shops have simulated cold starts."""
MAX_LEFT_OUT = 20
"""Largest number of customers that are left out; a random part of more."""
N_HISTORIES = 100
"""Random choices of known items, of all left-out customers together."""
MIN_TARGETS = 2
"""Smallest number of items of a customer that are not known."""
N_UNSOLD = 10
"""Candidates of a history among the items that no other customer chose, the most alike; others
cannot reach the ten places of a list."""


@dataclass(frozen=True, eq=False)
class LeftOutCustomer:
    """A customer as a newcomer, with several choices of known items.

    Candidates are the items that other customers chose, the most alike of the rest for some
    history, and the targets.
    """

    buyers: Rows
    """(n_candidates,) number of other customers who chose each item"""
    likeness: Floats
    """(n_histories, n_candidates) summed similarity to the known items, divided by the root of
    their number"""
    together: Floats
    """(n_histories, n_candidates) summed cosines between the other customers of a known item
    and those of a candidate"""
    allowed: Mask
    """(n_histories, n_candidates) False for known items"""
    relevant: Mask
    """(n_histories, n_candidates)"""

    @property
    def is_sold(self) -> Mask:
        """(n_candidates,) whether another customer chose an item."""
        return self.buyers > 0


def has_few_customers(data: Dataset) -> bool:
    """Return whether customers of a shop are left out one by one."""
    return 0 < len(data.active_user_rows) <= MAX_FEW_CUSTOMERS and bool(data.items.blocks)


def expected_best_seller_ndcg(data: Dataset) -> float:
    """Return the NDCG@10 that the best sellers of a shop can be expected to have.

    Where hardly any item was chosen twice, leaving a customer out tells little about the best
    sellers: the items that two of five customers chose lose their second one for both of them.
    The Good-Turing estimate is smoother. An item with one customer is chosen by the next one
    with the probability ``2 N2 / (N1 n)``, where ``N1`` and ``N2`` are the numbers of items
    with one and two of ``n`` customers, and one with ``c`` customers ``c`` times as likely.

    Args:
        data: Training data.

    Source:
        Good 1953, "The population frequencies of species and the estimation of population
        parameters", eq. 2, for ``r = 1``.
    """
    n_items = len(data.items)
    pairs = np.unique(data.events.user.astype(np.int64) * n_items + data.events.item)
    counts = np.bincount(pairs % n_items, minlength=n_items)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    n_users = max(len(data.active_user_rows), 1)
    rate = 2 * twice / (max(once, 1) * n_users)
    best = -np.sort(-counts)[:LIST_LENGTH]
    weights = discounts(len(best))
    return float(np.minimum(best * rate, 1.0) @ weights / max(float(weights.sum()), 1e-9))


def iter_left_out(data: Dataset, n_known: int, seed: int = 0) -> Iterator[LeftOutCustomer]:
    """Yield the customers who have more than a number of known items, at most a random part.

    Args:
        data: Training data.
        n_known: Number of known items.
        seed: Seed of the random choices.
    """
    rng = create_generator(seed, f"left-out customers {n_known}")
    users = np.sort(rng.permutation(data.active_user_rows)[:MAX_LEFT_OUT])
    n_items = len(data.items)
    pairs = np.unique(data.events.user.astype(np.int64) * n_items + data.events.item)
    owner, item = np.divmod(pairs, n_items)
    ones = np.ones(len(item), dtype=np.float32)
    chosen = sp.csr_array((ones, (owner, item)), shape=(data.n_users, n_items))
    n_histories = max(N_HISTORIES // max(len(users), 1), 1)
    for user in users.tolist():
        own = item[owner == user]
        if len(own) >= n_known + MIN_TARGETS:
            known = np.stack([rng.permutation(own)[:n_known] for _ in range(n_histories)])
            yield _leave_out(data, chosen, user, known)


def _leave_out(data: Dataset, chosen: Sparse, user: int, known: Rows) -> LeftOutCustomer:
    """Return one customer as a newcomer.

    Args:
        data: Training data.
        chosen: (n_users, n_items) CSR of ones for the items of each customer.
        user: Row of the customer.
        known: (n_histories, n_known) known items.
    """
    own = chosen.indices[chosen.indptr[user] : chosen.indptr[user + 1]]
    others = chosen[np.arange(chosen.shape[0]) != user]
    buyers = np.asarray(others.sum(axis=0)).astype(np.int64)
    rows, columns = np.unique(known, return_inverse=True)
    places = columns.reshape(known.shape)
    similar = data.items.take(rows).similarity(data.items)
    likeness = similar[places].sum(axis=1) / np.sqrt(known.shape[1])
    norms = np.sqrt(np.maximum(buyers, 1))
    cosines = (others[:, rows].T @ others).toarray() / (norms[rows][:, None] * norms)
    allowed = np.ones(likeness.shape, dtype=bool)
    np.put_along_axis(allowed, known, False, axis=1)
    relevant = np.zeros_like(allowed)
    relevant[:, own] = True
    unsold = np.where(allowed & (buyers == 0), likeness, -np.inf)
    nearest = np.argsort(-unsold, axis=1)[:, :N_UNSOLD]
    is_candidate = buyers > 0
    is_candidate[own] = is_candidate[nearest.ravel()] = True
    kept = np.flatnonzero(is_candidate)
    return LeftOutCustomer(
        buyers[kept],
        likeness[:, kept].astype(np.float32),
        cosines[places].sum(axis=1)[:, kept].astype(np.float32),
        allowed[:, kept],
        (relevant & allowed)[:, kept],
    )
