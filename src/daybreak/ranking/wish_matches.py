"""The words of a wish that an item matches, for reasons such as "matches 'cake stand'"."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.types import Doubles, Floats, Rows, Sparse

MIN_MATCH_SHARE = 0.15
"""Smallest share of the best word in the likeness for another word to be named."""
MAX_MATCHED_WORDS = 4
"""Largest number of words that are named."""


def matched_words(
    wish: Sparse, weights: Sparse | None, items: Rows, names: Mapping[int, str], values: Floats
) -> tuple[str | None, ...]:
    """Return for each item the words that make its value, the one with the largest share first.

    Args:
        wish: (1, n_features) content of the wish, the blocks side by side.
        weights: (n_features, n_items) content of all items; None: they have no words.
        items: (n,) columns of the items.
        names: Words of the features.
        values: (n,) what the wish adds to the score of each item; below zero, the words are
            those of what is unwanted.

    Returns:
        (n,) words; None for an item that shares no word, only the meaning.
    """
    if weights is None or not names:
        return (None,) * len(items)
    rows = weights[wish.indices][:, items]
    shares = sp.csc_array(sp.diags_array(wish.data) @ rows)
    spans = zip(shares.indptr[:-1], shares.indptr[1:], np.sign(values), strict=True)
    return tuple(
        _join(sign * shares.data[start:stop], wish.indices[shares.indices[start:stop]], names)
        for start, stop, sign in spans
    )


def feature_words(
    blocks: Sequence[ContentBlock], terms: Mapping[str, Sequence[str]]
) -> dict[int, str]:
    """Return the words of the features that are words or attributes, by position.

    Args:
        blocks: Content blocks, in the order of the features.
        terms: Names of the columns of blocks, by block.
    """
    names: dict[int, str] = {}
    offset = 0
    for block in blocks:
        known = terms.get(block.name, ())
        names |= {offset + n: term.partition("=")[2] or term for n, term in enumerate(known)}
        offset += block.matrix.shape[1]
    return names


def _join(shares: Doubles, features: Rows, names: Mapping[int, str]) -> str | None:
    """Return the words with the largest positive shares."""
    order = np.argsort(-shares, kind="stable")
    smallest = MIN_MATCH_SHARE * shares.max(initial=0)
    ranked = zip(shares[order].tolist(), features[order].tolist(), strict=True)
    listed = [
        names[feature]
        for share, feature in ranked
        if feature in names and share > 0 and share >= smallest
    ]
    return " ".join(list(dict.fromkeys(listed))[:MAX_MATCHED_WORDS]) or None
