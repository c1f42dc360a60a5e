"""Ridge from content to the full user space, so that a new item gets a score from its words."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

from .features import tfidf
from .inputs import Split
from .ranking import by_history, top

MAX_SYSTEM_SIZE = 8_000
"""Size of the largest linear system that is solved [tokens or items]."""

QueryScore = Callable[[csr_matrix], np.ndarray]
"""Maps (n_queries, n_items) histories to scores of the same shape."""


def rank(split: Split, k: int, seed: int = 0, *, ridge: float = 5.0) -> pd.DataFrame:
    """Rank by ``x F_w (F_w'F_w + ridge I)^-1 F'``; users without events fall back."""
    warm = np.flatnonzero(np.asarray(split.train.sum(axis=0)).ravel())
    content = tfidf(split)
    if len(warm) > MAX_SYSTEM_SIZE and content.shape[1] > MAX_SYSTEM_SIZE:
        content = tfidf(split, vocabulary=MAX_SYSTEM_SIZE)
    weights = _primal if content.shape[1] < len(warm) else _dual
    project = weights(content, warm, ridge)
    queries = split.seen[split.asked]
    return top(split, k, by_history(split, lambda rows: project(queries[rows])), seed)


def _primal(content: csr_matrix, warm: np.ndarray, ridge: float) -> QueryScore:
    learned = content[warm]
    system = (learned.T @ learned).toarray()
    system[np.diag_indices_from(system)] += ridge
    factor = cho_factor(system)

    def score(queries: csr_matrix) -> np.ndarray:
        profile = (queries[:, warm] @ learned).toarray()
        return np.asarray((content @ cho_solve(factor, profile.T)).T)

    return score


def _dual(content: csr_matrix, warm: np.ndarray, ridge: float) -> QueryScore:
    learned = content[warm]
    system = (learned @ learned.T).toarray()
    system[np.diag_indices_from(system)] += ridge
    factor = cho_factor(system)

    def score(queries: csr_matrix) -> np.ndarray:
        weights = cho_solve(factor, queries[:, warm].toarray().T)
        return np.asarray((content @ (learned.T @ weights)).T)

    return score
