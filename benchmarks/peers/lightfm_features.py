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


def rank(  # noqa: PLR0913 - options can be set by name
    split: Split,
    k: int,
    seed: int = 0,
    *,
    factors: int = 64,
    epochs: int = 30,
    rate: float = 0.05,
    fold_in: float = 0,
) -> pd.DataFrame:
    """Rank users and items by their features.

    Args:
        split: Training data and requests.
        k: Length of the lists.
        seed: Seed of the factors.
        factors: Number of factors.
        epochs: Rounds of training.
        rate: Learning rate.
        fold_in: 0: the history of the asked users is part of the training. 1: it is not, and
            their vectors are moved by their history afterwards, with fixed items. For shops
            with few customers, whom the histories of all asked users would outnumber.
    """
    seen = split.train if fold_in else split.seen
    users, items = user_features(split, seen), item_features(split, seen)
    options = {"no_components": int(factors), "learning_rate": rate, "random_state": seed}
    model = _learn(seen, users, items, int(epochs), options)
    item_bias, item_vectors = model.get_item_representations(items)
    _, user_vectors = model.get_user_representations(users)
    mine = user_vectors[split.asked]
    if fold_in:
        history = split.seen[split.asked]
        mine = _fold_in(mine, history, (item_vectors, item_bias), int(epochs), rate)
    return top(split, k, lambda rows: mine[rows] @ item_vectors.T + item_bias, seed)


def _learn(
    seen: csr_matrix,
    users: csr_matrix,
    items: csr_matrix,
    epochs: int,
    options: dict[str, float],
) -> LightFM:
    """Return a trained model; the last one if the events and all features are the same."""
    rows = np.flatnonzero(seen.getnnz(axis=1))
    seen, users = seen[rows], users[rows]
    parts = (seen, users, items)
    arrays = ((part.shape, part.indices.tobytes(), part.data.tobytes()) for part in parts)
    key = (*arrays, epochs, str(options))
    if key not in _KEPT_MODEL:
        _KEPT_MODEL.clear()
        model = LightFM(loss="warp", item_alpha=PENALTY, user_alpha=PENALTY, **options)
        model.fit(seen, users, items, epochs=epochs, num_threads=1)
        _KEPT_MODEL[key] = model
    return _KEPT_MODEL[key]


_KEPT_MODEL: dict[tuple[object, ...], LightFM] = {}
"""The last model by its training data, which several splits may share."""


def _fold_in(
    vectors: np.ndarray,
    history: csr_matrix,
    items: tuple[np.ndarray, np.ndarray],
    epochs: int,
    rate: float,
) -> np.ndarray:
    """Return user vectors after ``epochs`` rounds of pairwise steps over their history.

    One random negative for each event and round; the items do not move (BPR, Rendle 2009,
    figure 4, for the vector of the user alone).
    """
    rng = np.random.default_rng(0)
    item_vectors, item_bias = items
    vectors = vectors.copy()
    users, positives = history.nonzero()
    for _ in range(epochs):
        negatives = rng.integers(0, len(item_vectors), len(positives))
        apart = item_vectors[positives] - item_vectors[negatives]
        margin = (vectors[users] * apart).sum(axis=1)
        margin += item_bias[positives] - item_bias[negatives]
        np.add.at(vectors, users, rate / (1 + np.exp(margin))[:, None] * apart)
    return vectors


def user_features(split: Split, seen: csr_matrix) -> csr_matrix:
    """Return identities (of users with events only) and one column per attribute value."""
    values = [sorted(set(found)) for found in tokens(split.users)]
    known = _has_events(seen)
    identities = csr_matrix(diags(known))[:, known > 0]
    parts = [identities, normalize(_one_hot(values, len(known)))]
    return csr_matrix(normalize(hstack(parts, dtype=np.float32), norm="l1"))


def item_features(split: Split, seen: csr_matrix) -> csr_matrix:
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
    known = _has_events(seen.T.tocsr())
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
