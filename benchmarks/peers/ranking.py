"""From scores to lists: the same masking, tie-breaking and fall-back for every peer."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from .inputs import Split

BATCH = 256
Score = Callable[[np.ndarray], np.ndarray]
"""Positions in ``split.asked`` to (n, n_items) scores; NaN for unscored items."""


def top(split: Split, k: int, score: Score, seed: int) -> pd.DataFrame:
    """Return the best ``k`` items of every test user for each candidates file.

    Items that a peer cannot score come after all others, by popularity; ties are broken
    by a random order of the items, never by their ids. With several such orders, which
    ``split`` asks for, the column ``tie_order`` numbers their lists.
    """
    orders = [
        np.random.default_rng(seed + number).permutation(len(split.item_ids))
        for number in range(split.tie_orders)
    ]
    popularity = np.asarray(split.train.sum(axis=0)).ravel()
    fall_back = popularity / (popularity.max() + 1.0)
    parts = []
    for start in range(0, len(split.asked), BATCH):
        rows = np.arange(start, min(start + BATCH, len(split.asked)))
        scores = _complete(score(rows).astype(np.float64), fall_back)
        scores[split.excluded[rows].nonzero()] = -np.inf
        for name, wanted in split.candidates.items():
            for number, order in enumerate(orders):
                columns = order[np.isin(order, wanted)]
                lists = _best(split, rows, columns, scores[:, columns], k)
                parts.append(lists.assign(candidates=name, tie_order=number))
    answer = pd.concat(parts, ignore_index=True)
    return answer if split.tie_orders > 1 else answer.drop(columns="tie_order")


def _complete(scores: np.ndarray, fall_back: np.ndarray) -> np.ndarray:
    unknown = np.isnan(scores)
    if not unknown.any():
        return scores
    lowest = np.where(unknown, np.inf, scores).min(axis=1, keepdims=True)
    lowest[np.isinf(lowest)] = 0.0
    return np.where(unknown, lowest - 2.0 + fall_back, scores)


def _best(
    split: Split, rows: np.ndarray, columns: np.ndarray, scores: np.ndarray, k: int
) -> pd.DataFrame:
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(scores, best, axis=1)
    shape = best.shape
    frame = pd.DataFrame(
        {
            "user_id": np.repeat(split.user_ids[split.asked[rows]].to_numpy(), shape[1]),
            "item_id": split.item_ids[columns[best.ravel()]].to_numpy(),
            "rank": np.tile(np.arange(1, shape[1] + 1), shape[0]),
            "score": values.ravel(),
        }
    )
    return frame[np.isfinite(frame.score)]


def by_history(split: Split, answer: Score) -> Score:
    """Replace the scores of users without events by NaN."""
    empty = np.asarray(split.seen[split.asked].sum(axis=1)).ravel() == 0

    def guarded(rows: np.ndarray) -> np.ndarray:
        scores = answer(rows)
        scores[empty[rows]] = np.nan
        return scores

    return guarded


def without_cold(split: Split, scores: np.ndarray) -> np.ndarray:
    """Set the scores of items without training events to NaN, in place."""
    scores[:, np.asarray(split.train.sum(axis=0)).ravel() == 0] = np.nan
    return scores
