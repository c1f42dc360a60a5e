"""LightFM (the maintained build, lightfm-next) with user and item features, WARP loss."""

import numpy as np
import pandas as pd
from lightfm import LightFM
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.preprocessing import normalize

from .features import tfidf, tokens
from .inputs import Split
from .ranking import top

BEST = 20
"""[tokens] Content kept for each item; the training time grows with it."""
PENALTY = 1e-6


def rank(
    split: Split,
    k: int,
    seed: int = 0,
    *,
    factors: int = 96,
    epochs: int = 40,
    rate: float = 0.05,
) -> pd.DataFrame:
    """Rank new users and items by their features; a history means training again."""
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
    """Return identity (of users with events only) beside one column a value."""
    values = [sorted(set(found)) for found in tokens(split.users)]
    return _with_identity(split.seen, _one_hot(values, len(split.user_ids)))


def item_features(split: Split) -> csr_matrix:
    """Return identity (of items with events only) beside the heaviest TF-IDF tokens."""
    content = tfidf(split)
    for row in range(content.shape[0]):
        mine = content.data[content.indptr[row] : content.indptr[row + 1]]
        if len(mine) > BEST:
            mine[mine < np.partition(mine, -BEST)[-BEST]] = 0.0
    content.eliminate_zeros()
    return _with_identity(split.seen.T.tocsr(), normalize(content))


def _one_hot(values: list[list[str]], n_rows: int) -> csr_matrix:
    names = {name: at for at, name in enumerate(sorted({v for row in values for v in row}))}
    pairs = [(row, names[value]) for row, mine in enumerate(values) for value in mine]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    return csr_matrix(
        (np.ones(len(pairs), np.float32), (rows, columns)), shape=(n_rows, max(len(names), 1))
    )


def _with_identity(events: csr_matrix, features: csr_matrix) -> csr_matrix:
    """An identity that was never trained is noise, so only rows with events get one."""
    known = (np.asarray(events.sum(axis=1)).ravel() > 0).astype(np.float32)
    both = hstack([diags(known), normalize(features)], format="csr", dtype=np.float32)
    return csr_matrix(normalize(both, norm="l1"))
