"""Customers left out one by one: what a shop with few of them can tell without any training.

A shop with five or twenty customers is too small for simulated cold starts. Two scores need no
training: the number of the other customers who chose an item, and the likeness of its content
to what a customer chose. Each customer in turn is a newcomer of whom a few items are known.
"""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.metrics import expected_ndcg
from daybreak.rng import create_generator
from daybreak.types import Doubles, Rows

MAX_FEW_CUSTOMERS = 50
"""Largest number of customers of a shop for which customers are left out one by one; larger
shops have simulated cold starts."""
MAX_LEFT_OUT = 20
"""Largest number of customers that are left out; a random part of more."""
N_KNOWN_ITEMS = (1, 3)
"""Numbers of known items of a left-out customer."""
N_HISTORIES = 5
"""Random choices of known items, for each of these numbers."""
MIN_LEFT_OUT = 3
"""Smallest number of left-out customers that say something."""


def best_seller_margin(data: Dataset, seed: int = 0) -> float:
    """Return how surely the best sellers beat items nobody else bought, in standard errors.

    For each left-out customer, the NDCG@10 of a list of the best sellers among the other
    customers is compared with that of the items that none of them bought, ordered by the
    likeness to a few items of the customer.

    Args:
        data: Training data.
        seed: Seed of the random choices.

    Returns:
        Mean difference divided by its standard error; 0 with too many customers, too few, or
        without content.
    """
    users = data.active_user_rows
    if not data.items.blocks or len(users) > MAX_FEW_CUSTOMERS:
        return 0.0
    rng = create_generator(seed, "left-out customers")
    users = np.sort(rng.permutation(users)[:MAX_LEFT_OUT])
    n_items = len(data.items)
    pairs = np.unique(data.events.user.astype(np.int64) * n_items + data.events.item)
    owner, item = np.divmod(pairs, n_items)
    buyers = np.bincount(item, minlength=n_items)
    margins = [
        _margin_of(data, buyers, item[owner == user], rng)
        for user in users.tolist()
        if (owner == user).sum() > max(N_KNOWN_ITEMS) + 1
    ]
    if len(margins) < MIN_LEFT_OUT:
        return 0.0
    error = float(np.std(margins, ddof=1)) / np.sqrt(len(margins))
    return float(np.mean(margins) / max(error, 1e-9))


def _margin_of(data: Dataset, buyers: Rows, own: Rows, rng: np.random.Generator) -> float:
    """Return the mean difference in NDCG@10 for one left-out customer.

    Args:
        data: Training data.
        buyers: (n_items,) number of customers of each item.
        own: Items of the left-out customer.
        rng: Draws the known items.
    """
    others = buyers.copy()
    others[own] -= 1
    histories = [
        rng.permutation(own)[:n_known] for n_known in N_KNOWN_ITEMS for _ in range(N_HISTORIES)
    ]
    allowed = np.ones((len(histories), len(buyers)), dtype=bool)
    for row, history in enumerate(histories):
        allowed[row, history] = False
    relevant = np.zeros_like(allowed)
    relevant[:, own] = True
    relevant &= allowed
    sellers = np.broadcast_to(others.astype(np.float32), allowed.shape)
    likeness = np.where(others > 0, -np.inf, _likeness(data, histories)).astype(np.float32)
    values = [expected_ndcg(scores, allowed, relevant) for scores in (sellers, likeness)]
    return float(np.mean(values[0] - values[1]))


def _likeness(data: Dataset, histories: list[Rows]) -> Doubles:
    """Return (n_histories, n_items) summed similarities to the items of each history."""
    known, columns = np.unique(np.concatenate(histories), return_inverse=True)
    similar = data.items.take(known).similarity(data.items)
    ends = np.cumsum([len(history) for history in histories])
    parts = np.split(columns, ends[:-1])
    return np.stack([similar[part].sum(axis=0) for part in parts]).astype(np.float64)
