"""Bags of words weighted by how rare the words are; needs no pretrained weights."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Sparse

SMALL = 200
"""Below so many rows a word that appears once is kept: there are too few to be choosy."""
MAX_TERMS = 200_000


@dataclass(frozen=True, eq=False)
class LexicalEncoder:
    """TF-IDF: ``(1 + ln tf) · (ln((1 + n) / (1 + df)) + 1)``, rows scaled to length 1.

    Args:
        terms: (n_terms,) words, sorted.
        idf: (n_terms,) weight of each.

    Source:
        Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval", with
        a sublinear term frequency and a document frequency smoothed by one imagined document.

    Example:
        >>> words = LexicalEncoder.fit([["red", "tea"], ["red", "red"]])
        >>> words.terms, words.idf.round(4)
        (('red', 'tea'), array([1.    , 1.4055]))
        >>> words.transform([["red"], ["gin"]]).toarray()
        array([[1., 0.],
               [0., 0.]], dtype=float32)
    """

    terms: tuple[str, ...]
    idf: Doubles = field(repr=False)

    @classmethod
    def fit(
        cls, documents: Sequence[Sequence[str]], *, max_terms: int = MAX_TERMS
    ) -> "LexicalEncoder":
        """Return the encoder of the words that appear in at least two documents.

        In fewer than 200 documents, one is enough. Of more than ``max_terms`` words those in
        the most documents stay.
        """
        n = len(documents)
        seen, df = frequencies(documents)
        least = 2 if n >= SMALL else 1
        kept = commonest(seen, df, least, max_terms)
        idf = np.log((1 + n) / (1 + df[kept])) + 1
        return cls(tuple(seen[term] for term in kept), idf)

    def transform(self, documents: Sequence[Sequence[str]]) -> Sparse:
        """Return (n_documents, n_terms) float32, rows of length 1; zero if no word is known."""
        counts = count(documents, self.columns)
        counts.data = 1 + np.log(counts.data)
        return unit_rows(counts * self.idf[None, :])

    @cached_property
    def columns(self) -> dict[str, int]:
        """Column of each word."""
        return {term: column for column, term in enumerate(self.terms)}

    def __len__(self) -> int:
        return len(self.terms)


def frequencies(documents: Sequence[Sequence[str]]) -> tuple[list[str], Doubles]:
    """Return the words that appear, sorted, and in how many documents each does.

    Example:
        >>> frequencies([["b", "b", "a"], ["b"]])
        (['a', 'b'], array([1., 2.]))
    """
    seen = sorted(set(chain.from_iterable(documents)))
    counts = count(documents, {term: column for column, term in enumerate(seen)})
    return seen, np.bincount(counts.indices, minlength=len(seen)).astype(np.float64)


def commonest(seen: Sequence[str], df: Doubles, least: int, most: int) -> list[int]:
    """Return the places of the words in ``least`` documents or more, at most ``most`` of them.

    Of equally frequent words the first in the alphabet stay.
    """
    kept = np.flatnonzero(df >= least)
    return sorted(kept[np.argsort(-df[kept], kind="stable")][:most].tolist())


def count(documents: Sequence[Sequence[str]], columns: dict[str, int]) -> Sparse:
    """Return the (n_documents, n_terms) float64 counts of known words."""
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    flat = chain.from_iterable(documents)
    places = np.fromiter((columns.get(term, -1) for term in flat), np.int64, lengths.sum())
    rows = np.repeat(np.arange(len(documents)), lengths)
    known = places >= 0
    shape = (len(documents), len(columns))
    ones = np.ones(int(known.sum()))
    return sp.coo_array((ones, (rows[known], places[known])), shape=shape).tocsr()


def unit_rows(rows: Sparse) -> Sparse:
    """Return a CSR array with rows of length 1 as float32; zero rows stay zero."""
    rows = sp.csr_array(rows)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    rows.data = rows.data * np.repeat(scale, np.diff(rows.indptr))
    return rows.astype(np.float32)
