"""What users say, as content vectors: wanted clauses minus unwanted ones."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.encoders.clauses import split_clauses
from daybreak.types import Floats, Sparse

MAX_CACHED_WISHES = 1_000
"""Largest number of texts whose vectors are cached."""

TextEncodeFn = Callable[[Sequence[str]], tuple[ContentBlock, ...]]
WishVector = tuple[Sparse | Floats, ...]
"""One (n, dim) matrix per content block."""


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


def encode_wishes(texts: Sequence[str], encode_texts: TextEncodeFn) -> WishVector:
    """Return one (n_texts, dim) matrix per content block.

    The vector of a text is that of its wanted clauses, minus the part of each unwanted clause
    that the wanted ones do not share: somebody who wants tea but no coffee wants a drink.

    Args:
        texts: Texts of users.
        encode_texts: Encodes texts as blocks of content.

    Source:
        Widdows 2003, "Orthogonal negation in vector spaces for modelling word-meanings and
        document retrieval", eq. 2, for the part that is not shared.
    """
    clauses = [split_clauses(text) for text in texts]
    owner = [row for row, one in enumerate(clauses) for _ in one.unwanted]
    unwanted = [text for one in clauses for text in one.unwanted]
    return tuple(
        _subtract_unwanted(
            block.matrix[: len(texts)], block.matrix[len(texts) :], np.array(owner, dtype=int)
        )
        for block in encode_texts([*(one.wanted for one in clauses), *unwanted])
    )


def _subtract_unwanted(
    wanted: Sparse | Floats, unwanted: Sparse | Floats, owner: np.ndarray
) -> Sparse | Floats:
    """Return (n, dim) wanted rows minus the rows of their unwanted clauses.

    Args:
        wanted: (n, dim) rows of length 1 or 0.
        unwanted: (n_unwanted, dim) rows of length 1 or 0.
        owner: (n_unwanted,) row that each of them belongs to.
    """
    if not len(owner):
        return wanted
    own = wanted[owner]
    product = own.multiply(unwanted) if sp.issparse(own) else own * unwanted
    shared = np.maximum(np.asarray(product.sum(axis=1)).ravel(), 0)
    scale = sp.diags_array(shared.astype(np.float32))
    ones = np.ones(len(owner), dtype=np.float32)
    shape = (wanted.shape[0], len(owner))
    summed = sp.csr_array((ones, (owner, np.arange(len(owner)))), shape=shape)
    return wanted - summed @ (unwanted - scale @ own)
