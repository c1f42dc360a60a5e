"""Texts as bags of tokens and of neighbouring pairs of tokens: counts in a sparse matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from daybreak.types import Rows, Sparse

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of many texts, one after another."""

    ids: Rows
    """(n_tokens_in_all,) token ids, text after text"""
    text: Rows
    """(n_tokens_in_all,) the text each token stands in, never falling"""
    n_texts: int

    @classmethod
    def of(cls, tokenizer: "Tokenizer", texts: Sequence[str]) -> "Tokens":
        """Cut texts into tokens, without the marks that models put around a text."""
        found = [
            text.ids
            for text in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        return cls(ids, np.repeat(np.arange(len(found)), lengths), len(found))

    def keys(self, n_tokens: int) -> tuple[Rows, Rows]:
        """Return the key of every pair, ``first * n_tokens + second``, and its text.

        Example:
            >>> Tokens(np.array([1, 2, 0]), np.array([0, 0, 1]), 2).keys(10)
            (array([12]), array([0]))
        """
        inside = self.text[:-1] == self.text[1:]
        keys = self.ids[:-1] * n_tokens + self.ids[1:]
        return keys[inside], self.text[:-1][inside]


def bags(tokens: Tokens, n_tokens: int, pairs: Rows) -> Sparse:
    """Return how often each token, and each known pair, stands in each text.

    Args:
        tokens: What the texts consist of.
        n_tokens: Size of the vocabulary.
        pairs: (n_pairs,) keys of the pairs that count, rising; see :meth:`Tokens.keys`.

    Returns:
        (n_texts, n_tokens + n_pairs) float32 CSR; pairs that are not listed are left out.

    Example:
        >>> tokens = Tokens(np.array([1, 2, 1, 0]), np.array([0, 0, 0, 1]), 2)
        >>> bags(tokens, 3, np.array([5])).toarray()
        array([[0., 2., 1., 1.],
               [1., 0., 0., 0.]], dtype=float32)
    """
    keys, owner = tokens.keys(n_tokens)
    place = np.searchsorted(pairs, keys)
    known = np.zeros(len(keys), bool)
    inside = place < len(pairs)
    known[inside] = pairs[place[inside]] == keys[inside]
    rows = np.concatenate([tokens.text, owner[known]])
    columns = np.concatenate([tokens.ids, n_tokens + place[known]])
    shape = (tokens.n_texts, n_tokens + len(pairs))
    return sp.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def frequent_pairs(tokens: Tokens, n_tokens: int, *, most: int, least: int = 2) -> Rows:
    """Return the keys of the pairs that stand in the most texts, rising.

    Args:
        tokens: What the texts consist of.
        n_tokens: Size of the vocabulary.
        most: So many pairs at most.
        least: Texts that a pair must stand in [texts].

    Example:
        >>> tokens = Tokens(np.array([1, 2, 1, 2, 0]), np.array([0, 0, 1, 1, 1]), 2)
        >>> frequent_pairs(tokens, 3, most=10)
        array([5])
    """
    keys, owner = tokens.keys(n_tokens)
    # A pair that a text repeats counts once: once sorted, equal ones lie side by side.
    order = np.lexsort((owner, keys))
    keys, owner = keys[order], owner[order]
    first = np.ones(len(keys), bool)
    first[1:] = (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1])
    found, counts = np.unique(keys[first], return_counts=True)
    often = np.flatnonzero(counts >= least)
    chosen = often[np.argsort(-counts[often], kind="stable")[:most]]
    return np.asarray(np.sort(found[chosen]))
