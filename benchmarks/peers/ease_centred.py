"""EASE on centred columns plus popularity: few events change the popular list only slightly."""

import numpy as np
import pandas as pd

from .ease import item_weights
from .inputs import Split
from .ranking import by_history, top, without_cold

MAX_ITEMS = 12_000
"""Largest catalogue for which the (n_items, n_items) inverse is computed [items]."""


def rank(split: Split, k: int, seed: int = 0, *, ridge: float = 100.0) -> pd.DataFrame:
    """Rank by ``m + x B`` with ``m`` the share of users who have each item.

    ``B`` are the weights of the centred columns. Items that are not in a short history are
    unknown rather than irrelevant, so ``m B`` is not subtracted.

    Raises:
        MemoryError: The catalogue has more than ``MAX_ITEMS`` items.
    """
    if split.train.shape[1] > MAX_ITEMS:
        raise MemoryError(f"{split.train.shape[1]} items: more than {MAX_ITEMS}")
    train = split.train[np.asarray(split.train.sum(axis=1)).ravel() > 0]
    share = np.asarray(train.mean(axis=0)).ravel().astype(np.float64)
    gram = (train.T @ train).toarray() - train.shape[0] * np.outer(share, share)
    weights = item_weights(gram, ridge)
    queries = split.seen[split.asked]
    answer = by_history(
        split, lambda rows: without_cold(split, queries[rows] @ weights + share)
    )
    return top(split, k, answer, seed)
