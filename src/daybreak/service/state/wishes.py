"""What users say, as content vectors that are computed once for each text."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.wishes import TextEncodeFn, WishVector, encode_wishes

MAX_CACHED_WISHES = 1_000
"""Largest number of texts whose vectors are cached."""


class WishEncoder:
    """Encodes texts as wishes and remembers the latest ones.

    Args:
        encode_texts: Encodes texts as blocks of content.
    """

    def __init__(self, encode_texts: TextEncodeFn) -> None:
        self._encode_texts = encode_texts
        self._cache: OrderedDict[str, WishVector] = OrderedDict()

    def encode(self, texts: Mapping[int, str], n: int) -> WishVector:
        """Return one (n, dim) matrix per content block; rows without a text are zero.

        Args:
            texts: Text by row; at least one.
            n: Number of rows.
        """
        by_text = self._vectors_of(list(dict.fromkeys(texts.values())))
        owns = sp.csr_array(
            (np.ones(len(texts), np.float32), (list(texts), np.arange(len(texts)))),
            shape=(n, len(texts)),
        )
        return tuple(
            owns @ (sp.vstack(rows, format="csr") if sp.issparse(rows[0]) else np.vstack(rows))
            for rows in zip(*(by_text[text] for text in texts.values()), strict=True)
        )

    def clear(self) -> None:
        """Remove all cached texts."""
        self._cache.clear()

    def _vectors_of(self, texts: Sequence[str]) -> dict[str, WishVector]:
        # Each text is looked up once: other threads may remove it from the cache.
        cached = {text: self._cache.get(text) for text in texts}
        found = {text: vector for text, vector in cached.items() if vector is not None}
        new = [text for text in texts if text not in found]
        if new:
            vectors = encode_wishes(new, self._encode_texts)
            added = {
                text: tuple(block[[row]] for block in vectors) for row, text in enumerate(new)
            }
            found |= added
            self._cache.update(added)
            while len(self._cache) > MAX_CACHED_WISHES:
                self._cache.popitem(last=False)
        return found
