"""Nearest neighbours in content: the items most similar in words to the history."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from .features import tfidf
from .inputs import Split
from .ranking import by_history, top

MAX_ITEMS_PER_BLOCK = 1_000


_KEPT_SIMILARITY: dict[tuple[int, int], tuple[csr_matrix, csr_matrix]] = {}
"""The last result by identity of the content, which several splits may share."""


def rank(split: Split, k: int, seed: int = 0, *, neighbours: int = 20) -> pd.DataFrame:
    """Rank by summed cosine of TF-IDF to the history; users without events fall back."""
    content = tfidf(split)
    key = (id(content), int(neighbours))
    if key not in _KEPT_SIMILARITY:
        _KEPT_SIMILARITY.clear()
        _KEPT_SIMILARITY[key] = (content, nearest(content, int(neighbours)))
    similarity = _KEPT_SIMILARITY[key][1]
    queries = split.seen[split.asked]
    answer = by_history(split, lambda rows: (queries[rows] @ similarity).toarray())
    return top(split, k, answer, seed)


def nearest(content: csr_matrix, neighbours: int) -> csr_matrix:
    """Return (n_items, n_items) cosines, each column with its ``neighbours`` best rows only."""
    parts = []
    for start in range(0, content.shape[0], MAX_ITEMS_PER_BLOCK):
        block = (content[start : start + MAX_ITEMS_PER_BLOCK] @ content.T).toarray()
        block[np.arange(len(block)), start + np.arange(len(block))] = 0.0
        kept = min(neighbours, block.shape[1])
        cut = np.partition(block, -kept, axis=1)[:, -kept, None]
        parts.append(csr_matrix(np.where(block >= cut, block, 0.0)))
    return csr_matrix(vstack(parts).T)
