"""EASE on centred columns plus popularity: few events change the popular list only slightly."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from .ease import item_weights
from .inputs import Split
from .ranking import Score, by_history, top, without_cold

MAX_ITEMS = 12_000
"""Largest catalogue for which the (n_items, n_items) inverse is computed [items]."""


def rank(split: Split, k: int, seed: int = 0, *, ridge: float = 100.0) -> pd.DataFrame:
    """Rank by ``m + x B`` with ``m`` the share of users who have each item.

    ``B`` are the weights of the centred columns. Items that are not in a short history are
    unknown rather than irrelevant, so ``m B`` is not subtracted.

    Raises:
        MemoryError: The catalogue has more than ``MAX_ITEMS`` items.
    """
    train = split.train[np.asarray(split.train.sum(axis=1)).ravel() > 0]
    share = np.asarray(train.mean(axis=0)).ravel().astype(np.float64)
    learn = _by_users if 2 * train.shape[0] < train.shape[1] else _by_items
    score = learn(train, share, split.seen[split.asked], ridge)
    answer = by_history(split, lambda rows: without_cold(split, score(rows) + share))
    return top(split, k, answer, seed)


def _by_items(train: csr_matrix, share: np.ndarray, queries: csr_matrix, ridge: float) -> Score:
    if train.shape[1] > MAX_ITEMS:
        raise MemoryError(f"{train.shape[1]} items: more than {MAX_ITEMS}")
    gram = (train.T @ train).toarray() - train.shape[0] * np.outer(share, share)
    weights = item_weights(gram, ridge)
    return lambda rows: np.asarray(queries[rows] @ weights)


def _by_users(train: csr_matrix, share: np.ndarray, queries: csr_matrix, ridge: float) -> Score:
    """Return the same scores through the smaller (n_users, n_users) inverse (Woodbury).

    With the centred columns ``C`` and ``M = (CC' + ridge I)^-1``, the inverse of the Gram
    matrix is ``P = (I - C'MC) / ridge``, and a user's score is ``x - xP / diag(P)``.
    """
    centred = train.toarray().astype(np.float64) - share
    middle = np.linalg.inv(centred @ centred.T + ridge * np.eye(len(centred)))
    diagonal = 1.0 - np.einsum("ui,ui->i", centred, middle @ centred)

    def score(rows: np.ndarray) -> np.ndarray:
        history = queries[rows].toarray().astype(np.float64)
        projected = history - (history @ centred.T) @ middle @ centred
        return np.asarray(history - projected / diagonal)

    return score
