"""EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data", equation 8)."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from .inputs import Split
from .ranking import Score, by_history, top, without_cold


def rank(split: Split, k: int, seed: int = 0, *, ridge: float = 100.0) -> pd.DataFrame:
    """Rank by the item-item weights; cold items and users without events fall back."""
    queries = split.seen[split.asked]
    learn = _by_items if split.train.shape[1] <= split.train.shape[0] else _by_users
    answer = learn(split.train, queries, ridge)
    return top(
        split, k, by_history(split, lambda rows: without_cold(split, answer(rows))), seed
    )


def _by_items(train: csr_matrix, queries: csr_matrix, ridge: float) -> Score:
    gram = (train.T @ train).toarray().astype(np.float64)
    weights = item_weights(gram, ridge).astype(np.float32)
    return lambda rows: np.asarray(queries[rows] @ weights)


def item_weights(gram: np.ndarray, ridge: float) -> np.ndarray:
    """Return the (n_items, n_items) weights of a Gram matrix, which is overwritten."""
    gram[np.diag_indices_from(gram)] += ridge
    inverse = np.linalg.inv(gram)
    weights: np.ndarray = inverse / -np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0.0
    return weights


def _by_users(train: csr_matrix, queries: csr_matrix, ridge: float) -> Score:
    """Return the same scores through the (n_users, n_users) inverse, the smaller one here.

    With ``M = (XX' + ridge I)^-1``, ``P = (I - X'MX) / ridge`` (Woodbury), and a user's score
    is ``x - xP / diag(P)``.
    """
    gram = (train @ train.T).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    middle = np.linalg.inv(gram).astype(np.float32)
    projected = train.T @ middle
    diagonal = 1.0 - np.asarray(train.T.multiply(projected).sum(axis=1)).ravel()

    def score(rows: np.ndarray) -> np.ndarray:
        history: np.ndarray = queries[rows].toarray()
        scores: np.ndarray = (
            history - (history - (projected @ (train @ history.T)).T) / diagonal
        )
        return scores

    return score
