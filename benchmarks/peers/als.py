"""Alternating least squares of implicit, with exact fold-in of the history at request time."""

import numpy as np
import pandas as pd
from implicit.cpu.als import AlternatingLeastSquares

from .inputs import Split
from .ranking import by_history, top, without_cold


def learn(
    split: Split, seed: int, factors: int, ridge: float, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_asked, factors) users, folded in with their whole history, and item factors."""
    model = AlternatingLeastSquares(
        factors=factors,
        regularization=ridge,
        alpha=alpha,
        iterations=15,
        num_threads=1,
        random_state=seed,
    )
    model.fit(split.train, show_progress=False)
    asked = model.recalculate_user(np.arange(len(split.asked)), split.seen[split.asked])
    return asked, model.item_factors


def rank(
    split: Split,
    k: int,
    seed: int = 0,
    *,
    factors: int = 128,
    ridge: float = 0.1,
    alpha: float = 10.0,
) -> pd.DataFrame:
    """Rank by the product of factors; cold items and users without events fall back."""
    users, items = learn(split, seed, int(factors), ridge, alpha)
    answer = by_history(split, lambda rows: without_cold(split, users[rows] @ items.T))
    return top(split, k, answer, seed)
