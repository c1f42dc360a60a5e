"""Kernels of content regressions: squared similarities, and partially whitened text vectors.

Vectors of a text encoder lie in a narrow cone: a few directions that all texts of a catalogue
share dominate their cosine. Whitening divides each direction by a power of its singular value
over the training items, so that rarer differences count as well.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.shared_statistics import cached
from daybreak.types import Floats

WHITENING_POWER = 0.5
"""Power of the singular values that directions are divided by: 0 leaves them, 1 whitens fully.
Half was within noise of the best on simulated cold items of four catalogues; fully whitened
vectors lost up to a third with short titles."""
TEXT_BLOCK = "meaning"
"""Name of the content block with the vectors of the text encoder."""
MIN_LEFT_RATIO = 16
"""Ratio of two numbers of items from which the more numerous ones are not transformed."""
_LENGTH_CACHE: WeakKeyDictionary[Items, list[tuple[Floats, Floats]]] = WeakKeyDictionary()
"""Projections with the inverse lengths that they give the text vectors of items."""


@dataclass(frozen=True, eq=False)
class WhitenedText:
    """Map from text vectors to partially whitened vectors of length 1."""

    mean: Floats
    """(dim,) mean of the training items; empty without text vectors"""
    projection: Floats
    """(dim, dim) symmetric matrix that scales the directions; empty without text vectors"""

    def transform(self, items: Items) -> Floats:
        """Return (n_items, dim) rows of length 1, 0 for items without text."""
        vectors = find_text_vectors(items)
        if vectors is None or not self.projection.size:
            return np.zeros((len(items), 0), dtype=np.float32)
        has_text = vectors.any(axis=1)
        turned = (vectors - self.mean) @ self.projection
        turned[~has_text] = 0
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        return np.asarray(turned / np.maximum(length, 1e-9), dtype=np.float32)

    def cosines(self, left: Items, right: Items) -> Floats:
        """Return the (n_left, n_right) cosines of the vectors of :meth:`transform`.

        For few items on the right, those on the left are not transformed: the projection is
        applied to the right ones once more, and of the left ones only their lengths are kept.
        """
        vectors, turned = find_text_vectors(left), self.transform(right)
        if vectors is None or MIN_LEFT_RATIO * len(right) > len(left) or not turned.shape[1]:
            return np.asarray(self.transform(left) @ turned.T)
        towards = self.projection @ turned.T
        products = vectors @ towards - self.mean @ towards
        return np.asarray(products * self._inverse_lengths(left)[:, None])

    def _inverse_lengths(self, items: Items) -> Floats:
        """Return (n_items,) one by the length of the turned vectors, 0 without text; cached."""
        known = _LENGTH_CACHE.setdefault(items, [])
        for projection, lengths in known:
            if projection is self.projection:
                return lengths
        vectors = find_text_vectors(items)
        assert vectors is not None  # noqa: S101 - callers have checked it
        turned = (vectors - self.mean) @ self.projection
        lengths = 1 / np.maximum(np.linalg.norm(turned, axis=1), 1e-9)
        lengths = np.where(vectors.any(axis=1), lengths, 0).astype(np.float32)
        known.append((self.projection, lengths))
        return lengths


@dataclass(frozen=True, eq=False)
class KernelForm:
    """Kernel ``k + square * k²`` with ``k`` = similarity + ``text_weight`` * cosine of texts.

    The cosine is that of whitened text vectors. Sums and products of kernels are kernels.

    Source:
        Shawe-Taylor and Cristianini 2004, "Kernel methods for pattern analysis", section 3.3.

    Example:
        >>> from daybreak.data.vocabulary import Vocabulary
        >>> items = Items(Vocabulary(["tea"]))
        >>> KernelForm(square=0.5).apply(np.array([[2.0]], np.float32), items, items)
        array([[4.]], dtype=float32)
    """

    square: float = 0.0
    """Weight of the square."""
    text_weight: float = 0.0
    """Weight of the whitened text vectors."""
    whitening: WhitenedText | None = None

    def apply(self, similarity: Floats, left: Items, right: Items) -> Floats:
        """Return the (n_left, n_right) kernel of items with the given similarities."""
        k = similarity
        if self.whitening is not None:
            k = k + np.float32(self.text_weight) * self.whitening.cosines(left, right)
        return k if not self.square else np.asarray(k + np.float32(self.square) * k * k)


def find_text_vectors(items: Items) -> Floats | None:
    """Return the (n_items, dim) dense vectors of the text encoder; None without them."""
    for block in items.blocks:
        if block.name == TEXT_BLOCK:
            return np.asarray(block.matrix, dtype=np.float32)
    return None


def fit_whitening(data: Dataset) -> WhitenedText:
    """Return the whitening of the training items; computed once.

    The projection is ``V (S / S_1)^-p V'`` of the covariance ``V S² V'`` of the text vectors,
    with ``p`` = ``WHITENING_POWER``. Directions without any variation are dropped.

    Source:
        Su, Cao, Liu and Ou 2021, "Whitening sentence representations for better semantics and
        faster retrieval", eq. 5; the power between 0 and 1 is an addition.
    """

    def compute() -> WhitenedText:
        vectors = find_text_vectors(data.train_items)
        if vectors is None or not len(vectors):
            empty = np.empty(0, dtype=np.float32)
            return WhitenedText(empty, empty[None, :0])
        mean = vectors.mean(axis=0)
        centred = (vectors - mean).astype(np.float64)
        squares, turn = np.linalg.eigh(centred.T @ centred)
        largest = max(float(squares.max(initial=0)), 1e-30)
        kept = squares > 1e-6 * largest
        scale = np.where(kept, np.maximum(squares / largest, 1e-6) ** (-WHITENING_POWER / 2), 0)
        projection = (turn * scale) @ turn.T
        return WhitenedText(mean, projection.astype(np.float32))

    return cached(data, "whitened text", compute)


def squared_form(data: Dataset, text_weight: float) -> KernelForm:
    """Return the kernel of similarity, whitened text and their square, for a data set.

    Args:
        data: Data set with the training items.
        text_weight: Weight of the whitened text vectors; it is 0 without text vectors.
    """
    blocks = data.train_items.blocks
    has_text = any(block.name == TEXT_BLOCK for block in blocks)
    used = text_weight if has_text else 0.0
    largest = float(sum(block.weight for block in blocks)) + used
    square = 1 / largest if largest > 0 else 0.0
    return KernelForm(square, used, fit_whitening(data) if used else None)
