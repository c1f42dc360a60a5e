"""Cold starts that known people went through: what they showed first, what they chose later."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class FirstEvents:
    """People of whom ``size`` events are shown and the rest is asked for.

    Half of the weight is on their first events, as new people come; half on all subsets of that
    size at once, whose moments are sums over pairs of events. So nothing is drawn at random.

    Example:
        One history of two items, one of them shown. Shown first is item 0; of the subsets half
        show it.

        >>> both, first = np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]])
        >>> tasks = FirstEvents(sp.csr_array(first), sp.csr_array(both), np.array([0]), 1)
        >>> tasks.shown, tasks.rest
        (array([0.75, 0.25], dtype=float32), array([0.25, 0.75], dtype=float32))
    """

    first: Sparse
    """(n, n_anchors) CSR of ones, ``size`` in a row"""
    whole: Sparse
    """(n, n_anchors) CSR of ones, more than ``size`` in a row"""
    users: Rows
    """(n,) rows of ``data.active``"""
    size: int

    @classmethod
    def of(cls, data: Dataset, size: int) -> "FirstEvents":
        """Take everybody with more than ``size`` events."""
        early = data.events.where(data.events.position() < size)
        first = early.matrix(data.n_users, len(data.items))[data.active][:, data.anchor_rows]
        enough = np.flatnonzero(_lengths(data.interactions) > size)
        return cls(sp.csr_array(first[enough]), data.interactions[enough], enough, size)

    def __len__(self) -> int:
        return int(self.whole.shape[0])

    def take(self, rows: Rows | Mask) -> "FirstEvents":
        """Return those of some people."""
        return FirstEvents(self.first[rows], self.whole[rows], self.users[rows], self.size)

    @cached_property
    def shown(self) -> Floats:
        """(n_anchors,) mean of what is shown."""
        subsets = self._whole_t @ (self.size / self._length)
        return _floats((self._first_t @ self._ones + subsets) / self._weight)

    @cached_property
    def rest(self) -> Floats:
        """(n_anchors,) mean of what is asked for."""
        return _floats(2 * (self._whole_t @ self._ones) / self._weight - self.shown)

    def spread(self, vectors: Floats) -> Floats:
        """Return the (n_anchors, n_anchors) covariance of what is shown, times ``vectors``."""
        pairs = self._whole_t @ (self._pair[:, None] * (self.whole @ vectors))
        subsets = pairs + (self._whole_t @ self._split)[:, None] * vectors
        second = self._first_t @ (self.first @ vectors) + subsets
        return _floats(second / self._weight - np.outer(self.shown, self.shown @ vectors))

    def cross(self, vectors: Floats) -> Floats:
        """Return the covariance of what is shown and what is asked for, times ``vectors``."""
        weighted = self._split[:, None] * (self.whole @ vectors)
        subsets = self._whole_t @ weighted - (self._whole_t @ self._split)[:, None] * vectors
        second = self._first_t @ self.asked(vectors) + subsets
        return _floats(second / self._weight - np.outer(self.shown, self.rest @ vectors))

    def rest_spread(self, vectors: Floats) -> Floats:
        """Return (d, d) ``vectors' covariance(what is asked for) vectors``."""
        left = self._length - self.size
        pair = left * (left - 1) / self._pairs
        single = self._whole_t @ (left / self._length - pair)
        whole, asked = self.whole @ vectors, self.asked(vectors)
        subsets = whole.T @ (pair[:, None] * whole) + vectors.T @ (single[:, None] * vectors)
        mean = self.rest @ vectors
        return _floats((asked.T @ asked + subsets) / self._weight - np.outer(mean, mean))

    def asked(self, vectors: Floats) -> Floats:
        """Return (n, d) what follows the first events, times ``vectors``."""
        return _floats(self.whole @ vectors - self.first @ vectors)

    @cached_property
    def _weight(self) -> float:
        return 2.0 * max(len(self), 1)

    @cached_property
    def _length(self) -> Floats:
        return _lengths(self.whole)

    @cached_property
    def _pairs(self) -> Floats:
        """(n,) ordered pairs of events; 1 where there is none."""
        return _floats(np.maximum(self._length * (self._length - 1), 1))

    @cached_property
    def _pair(self) -> Floats:
        """(n,) share of the subsets that show two given events."""
        return _floats(self.size * (self.size - 1) / self._pairs)

    @cached_property
    def _split(self) -> Floats:
        """(n,) share of the subsets that show one given event and not another one."""
        return _floats(self.size / self._length - self._pair)

    @cached_property
    def _ones(self) -> Floats:
        return np.ones(len(self), dtype=np.float32)

    @cached_property
    def _first_t(self) -> Sparse:
        return sp.csr_array(self.first.T)

    @cached_property
    def _whole_t(self) -> Sparse:
        return sp.csr_array(self.whole.T)


def _lengths(matrix: Sparse) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()


def _floats(values: Floats | Doubles) -> Floats:
    return np.asarray(values, dtype=np.float32)
