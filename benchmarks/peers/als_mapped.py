"""ALS factors for warm items; a ridge from TF-IDF gives the factors of items without events."""

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from .als import learn
from .features import tfidf
from .inputs import Split
from .ranking import by_history, top


def rank(
    split: Split,
    k: int,
    seed: int = 0,
    *,
    factors: int = 128,
    alpha: float = 10.0,
    map_ridge: float = 1.0,
) -> pd.DataFrame:
    """Rank by the product of factors; users without events fall back."""
    users, items = learn(split, seed, int(factors), 0.1, alpha)
    has_events = np.asarray(split.train.sum(axis=0)).ravel() > 0
    content = tfidf(split)
    mapping = Ridge(alpha=map_ridge, solver="sparse_cg").fit(
        content[has_events], items[has_events]
    )
    factors_of = np.where(has_events[:, None], items, mapping.predict(content))
    return top(split, k, by_history(split, lambda rows: users[rows] @ factors_of.T), seed)
