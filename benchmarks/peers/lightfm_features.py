"""LightFM (the maintained build, lightfm-next) with user and item features, WARP loss."""

import numpy as np
import pandas as pd
from lightfm import LightFM
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from .features import tokens
from .inputs import Split
from .ranking import top

MIN_TOKEN_ITEMS = 5
"""Items that contain a token [items]; rarer tokens are left out."""
PENALTY = 1e-6


def rank(
    split: Split,
    k: int,
    seed: int = 0,
    *,
    factors: int = 64,
    epochs: int = 30,
    rate: float = 0.05,
) -> pd.DataFrame:
    """Rank users and items by their features; the history is part of the training."""
    users, items = user_features(split), item_features(split)
    model = LightFM(
        no_components=int(factors),
        loss="warp",
        learning_rate=rate,
        item_alpha=PENALTY,
        user_alpha=PENALTY,
        random_state=seed,
    )
    model.fit(split.seen, users, items, epochs=int(epochs), num_threads=1)
    item_bias, item_vectors = model.get_item_representations(items)
    _, user_vectors = model.get_user_representations(users)
    mine = user_vectors[split.asked]
    return top(split, k, lambda rows: mine[rows] @ item_vectors.T + item_bias, seed)


def user_features(split: Split) -> csr_matrix:
    """Return identities (of users with events only) and one column per attribute value."""
    values = [sorted(set(found)) for found in tokens(split.users)]
    known = _has_events(split.seen)
    both = hstack([diags(known), normalize(_one_hot(values, len(known)))], dtype=np.float32)
    return csr_matrix(normalize(both, norm="l1"))


def item_features(split: Split) -> csr_matrix:
    """Return identities (of items with events only), attributes and title words, all ones.

    A token must occur in ``MIN_TOKEN_ITEMS`` items. If there are hardly any attributes and
    titles, all words are used. Rows are not normalised.
    """
    everything = tokens(split.items)
    titles = tokens(split.items[[name for name in split.items if name == "title"]])
    values = [
        {token for token in mine if "=" in token} | set(title)
        for mine, title in zip(everything, titles, strict=True)
    ]
    if sum(map(len, values)) < len(values):
        values = [set(mine) for mine in everything]
    known = _has_events(split.seen.T.tocsr())
    frequent = CountVectorizer(
        analyzer=lambda mine: mine, min_df=MIN_TOKEN_ITEMS, dtype=np.float32
    )
    return csr_matrix(hstack([diags(known), frequent.fit_transform(values)], dtype=np.float32))


def _one_hot(values: list[list[str]], n_rows: int) -> csr_matrix:
    names = {name: at for at, name in enumerate(sorted({v for row in values for v in row}))}
    pairs = [(row, names[value]) for row, mine in enumerate(values) for value in mine]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    return csr_matrix(
        (np.ones(len(pairs), np.float32), (rows, columns)), shape=(n_rows, max(len(names), 1))
    )


def _has_events(events: csr_matrix) -> np.ndarray:
    """Return 1 for rows with events; the identity of any other row would be untrained."""
    return (np.asarray(events.sum(axis=1)).ravel() > 0).astype(np.float32)
