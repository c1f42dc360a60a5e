"""Vectors of tokens and of pairs, fitted so that their sums say what the teacher says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.bags import bags, frequent_pairs
from daybreak.encoders.base import unit
from daybreak.transfer.lesson import Lesson
from daybreak.transfer.ridge_to_prior import RidgeToPrior
from daybreak.types import Floats, Rows, Sparse

PAIR_WEIGHT = 0.5
"""Weight of a pair beside a token that is as rare."""


@dataclass(frozen=True, eq=False)
class Table:
    """Vectors of tokens and pairs, and the view of the teacher's space they live in."""

    vectors: Floats
    """(n_tokens + n_pairs, dim) float32, each times its weight"""
    pairs: Rows
    middle: Floats
    """(teacher_dim,) mean of what the teacher said"""
    axes: Floats
    """(teacher_dim, dim) orthonormal columns"""

    def fidelity(self, lesson: Lesson) -> float:
        """Return the mean cosine to the teacher's vectors, seen from the middle of the texts.

        What the dropped dimensions held counts as lost.
        """
        counts = bags(lesson.tokens, lesson.n_tokens, self.pairs)
        mine = unit(np.asarray(counts @ self.vectors))
        return float((mine * (unit(lesson.said - self.middle) @ self.axes)).sum(axis=1).mean())


def fit_tables(lesson: Lesson, dim: int, n_pairs: int, ridges: Sequence[float]) -> list[Table]:
    """Return a table for every ridge.

    Args:
        lesson: What the teacher says.
        dim: Length of the vectors.
        n_pairs: Pairs that get a vector, at most.
        ridges: How strongly the tokens are held at what the teacher says of them alone.
    """
    pairs = frequent_pairs(lesson.tokens, lesson.n_tokens, most=n_pairs)
    counts = bags(lesson.tokens, lesson.n_tokens, pairs)
    weights = rarity(counts)
    weights[lesson.n_tokens :] *= PAIR_WEIGHT
    rows = _unit_rows(sp.csr_array(counts.multiply(weights[None])))
    middle = lesson.said.mean(axis=0)
    axes = principal(lesson.said - middle, dim)
    targets = (lesson.said - middle) @ axes
    prior = np.zeros((counts.shape[1], dim), np.float32)
    prior[: lesson.n_tokens] = _centred(lesson.alone) @ axes
    solver = RidgeToPrior(rows, targets, _scale(rows @ prior, targets) * prior)
    return [
        Table(weights[:, None] * solver.fit(ridge), pairs, middle, axes) for ridge in ridges
    ]


def _centred(alone: Floats) -> Floats:
    """Return the vectors of tokens less their mean; a token that says nothing stays zero."""
    spoken = np.asarray(alone.any(axis=1))
    middle = alone[spoken].mean(axis=0) if spoken.any() else np.float32(0)
    return np.asarray(np.where(spoken[:, None], alone - middle, 0), np.float32)


def _scale(guess: Floats, targets: Floats) -> np.float32:
    """Return the factor that brings the guess nearest to the targets."""
    return np.float32((guess * targets).sum() / max(float((guess * guess).sum()), 1e-9))


def _unit_rows(rows: Sparse) -> Sparse:
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
    scale = sp.diags_array((1 / np.maximum(lengths, 1e-9)).astype(np.float32))
    return sp.csr_array(scale @ rows)


def rarity(counts: Sparse) -> Floats:
    """Return the weight of each column: ``1 + log((n + 1) / (n_texts_with_it + 1))``.

    Example:
        >>> import scipy.sparse as sp
        >>> rarity(sp.csr_array(np.array([[1.0, 0], [2, 0]]))).round(3)
        array([1.   , 2.099], dtype=float32)
    """
    found = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(1 + np.log((counts.shape[0] + 1) / (found + 1)), np.float32)


def principal(rows: Floats, dim: int) -> Floats:
    """Return the (width, dim) orthonormal directions in which centred rows differ the most."""
    _, vectors = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    axes = vectors[:, ::-1][:, :dim]
    biggest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.sign(biggest), np.float32)
