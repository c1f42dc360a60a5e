"""Item nearest neighbours of implicit, by co-occurrence."""

import numpy as np
import pandas as pd
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    TFIDFRecommender,
)

from .inputs import Split
from .ranking import by_history, top, without_cold

FORMS = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}


def rank(
    split: Split, k: int, seed: int = 0, *, neighbours: int = 100, form: str = "bm25"
) -> pd.DataFrame:
    """Rank by summed similarity to the history; new items and empty users fall back."""
    model = FORMS[form](K=int(neighbours), num_threads=1)
    model.fit(split.train, show_progress=False)
    queries = split.seen[split.asked]

    def score(rows: np.ndarray) -> np.ndarray:
        return without_cold(split, (queries[rows] @ model.similarity).toarray())

    return top(split, k, by_history(split, score), seed)
