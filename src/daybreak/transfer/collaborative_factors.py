"""Text maps onto item factors of completed co-events: a regression on vectors and words."""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from daybreak.encoders.base import l2_normalize
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.encoders.mapped_text import TextMap, WordsOfMap, words_and_pairs
from daybreak.errors import ConfigError, DataError
from daybreak.transfer.collaborative_whitening import MIN_TEXTS, scale_events
from daybreak.types import Doubles, Floats, Rows, Sparse

EASE_RIDGE = 0.1
"""Ridge of the weights that complete histories; the co-events of an item with itself have the
mean of the inverse number of events of its users."""
COMPLETION = 2.0
"""Weight of the events that are predicted, relative to those that happened."""
N_FACTORS = 256
"""Factors of an item, at most."""
MIN_TEXTS_OF_WORD = 2
"""Texts that must have a word or a pair of words, where there are many [texts]."""
MAX_WORDS = 20_000
"""Words and pairs of words that a map reads, at most [words]."""


def completed_co_events(interactions: Sparse, ridge: float = EASE_RIDGE) -> Doubles:
    """Return the (n_items, n_items) co-events of histories that EASE has completed.

    With the events ``X``, each of which counts ``1 / sqrt(events of the user * events of the
    item)``, and the weights ``B`` of EASE: ``H' X'X H`` with ``H = I + 2 B``.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        ridge: Ridge of EASE.

    Source:
        Steck 2019, "Embarrassingly shallow autoencoders for sparse data", eq. 8.

    Example:
        Two items of one user: an event counts 1 / sqrt(2), a co-event 1/2; the weights of EASE
        are ``0.5 / (0.5 + 0.5) = 0.5``, so that both histories are ``(2, 2) / sqrt(2)``.

        >>> completed_co_events(sp.csr_array(np.ones((1, 2))), ridge=0.5)
        array([[2., 2.],
               [2., 2.]])
    """
    scaled = scale_events(interactions)
    co_events = np.asarray((scaled.T @ scaled).toarray())
    inverse = np.linalg.inv(co_events + ridge * np.eye(len(co_events)))
    completion = -COMPLETION * inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(completion, 1.0)
    found = completion.T @ co_events @ completion
    return np.asarray((found + found.T) / 2)


def item_factors(co_events: Doubles, n_factors: int = N_FACTORS) -> Doubles:
    """Return (n_items, n) factors whose products are the co-events, as far as n numbers can.

    Args:
        co_events: (n_items, n_items), symmetric and without negative eigenvalues.
        n_factors: Number of factors, at most.

    Raises:
        DataError: Nobody chose anything.

    Example:
        >>> np.abs(item_factors(np.diag([4.0, 1.0]), 1))
        array([[2.],
               [0.]])
    """
    n = len(co_events)
    span = (max(n - n_factors, 0), n - 1)
    squares, axes = scipy.linalg.eigh(co_events, subset_by_index=span)
    if squares[-1] <= 0:
        raise DataError("learning a text map needs events of at least two users")
    return np.asarray(axes * np.sqrt(np.maximum(squares, 0)))


class FactorRegression:
    """Kernel ridge regression from vectors and words of texts to the factors of their items.

    The map predicts where a text would be in the space of co-events. Words tell apart what the
    vectors of a general text model do not: names, brands, terms of a domain.

    Args:
        vectors: (n_texts, dim) text vectors of items with events.
        texts: (n_texts,) the texts.
        factors: (n_texts, n_factors) factors of the item of each text.
        word_share: Share of the words in the similarity of texts, above 0 and below 1.

    Raises:
        ConfigError: The share is out of range.
        DataError: There are fewer than 20 texts.

    Source:
        Barkan et al. 2019, "CB2CF: a neural multiview content-to-collaborative filtering model
        for completely cold item recommendations"; here the regression is that of Rasmussen and
        Williams 2006, "Gaussian processes for machine learning", eq. 2.25.
    """

    def __init__(
        self, vectors: Floats, texts: Sequence[str], factors: Doubles, word_share: float
    ) -> None:
        if not 0 < word_share < 1:
            raise ConfigError(f"word_share must be between 0 and 1, got {word_share!r}")
        if len(vectors) < MIN_TEXTS:
            raise DataError(
                f"learning a text map needs at least {MIN_TEXTS} texts of items with events, "
                f"got {len(vectors)}"
            )
        documents = words_and_pairs(texts)
        lexical = LexicalEncoder.fit(
            documents, max_terms=MAX_WORDS, min_documents=MIN_TEXTS_OF_WORD
        )
        self.mean = np.asarray(vectors.mean(axis=0), np.float32)
        self.words = WordsOfMap(lexical, word_share)
        self._vectors = np.sqrt(1 - word_share) * l2_normalize(vectors - self.mean)
        self._counts = np.sqrt(word_share) * lexical.transform(documents)
        self._factors = factors
        kernel = (self._counts @ self._counts.T).toarray() + self._vectors @ self._vectors.T
        self._kernel = kernel.astype(np.float64)

    def text_map(self, ridge: float, share: float) -> TextMap:
        """Return the map onto the factors.

        Args:
            ridge: Added to the diagonal of the kernel, whose own diagonal is 1.
            share: Share of the mapped vectors in the cosine, from 0 to 1.

        Raises:
            ConfigError: A number is out of range.
        """
        if not ridge > 0 or not 0 <= share <= 1:
            raise ConfigError(
                f"ridge must be above 0 and share from 0 to 1, got {ridge!r} and {share!r}"
            )
        normal = self._kernel + ridge * np.eye(len(self._kernel))
        weights = scipy.linalg.solve(normal, self._factors, assume_a="pos")
        projection = np.concatenate([self._vectors.T @ weights, self._counts.T @ weights])
        return TextMap(self.mean, projection.astype(np.float32), share, self.words)


def most_chosen(interactions: Sparse, n: int) -> Rows:
    """Return the rows of the n items with the most events, ascending.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        n: Number of items, at most.

    Example:
        >>> most_chosen(sp.csr_array([[1, 0, 1], [1, 0, 1]]), 2)
        array([0, 2])
    """
    counts = np.asarray(sp.csr_array(interactions).sum(axis=0)).ravel()
    return np.sort(np.argsort(-counts, kind="stable")[:n])
