"""Few-shot tasks: the cold starts of known users, with exact moments over all their subsets."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.sparse_rows import take_rows
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class FewShotTasks:
    """Simulated cold starts: ``n_support`` events of a user are support, the others targets.

    Half of the weight is on the first events as support, half on all subsets of that size. The
    moments over all subsets are sums over pairs of events, so nothing is drawn at random.

    Example:
        One history of two items, one of them support: first item 0, and in half of the subsets
        item 0.

        >>> both, first = np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]])
        >>> tasks = FewShotTasks(sp.csr_array(first), sp.csr_array(both), np.array([0]), 1)
        >>> tasks.mean_support, tasks.mean_target
        (array([0.75, 0.25], dtype=float32), array([0.25, 0.75], dtype=float32))
    """

    first_events: Sparse
    """(n, n_train_items) CSR of ones, ``n_support`` in a row: the first events"""
    histories: Sparse
    """(n, n_train_items) CSR of ones, more than ``n_support`` in a row: all events"""
    users: Rows
    """(n,) rows among the active users"""
    n_support: int
    """Number of support events [events]."""

    @classmethod
    def from_dataset(cls, data: Dataset, n_support: int) -> "FewShotTasks":
        """Return the tasks of all users with more than ``n_support`` events."""
        early = data.events.filter(data.events.count_earlier() < n_support)
        first = data.interactions_of(early)
        enough = np.flatnonzero(_row_sums(data.interactions) > n_support)
        histories = take_rows(data.interactions, enough)
        return cls(take_rows(first, enough), histories, enough, n_support)

    def __len__(self) -> int:
        return int(self.histories.shape[0])

    def take(self, rows: Rows | Mask) -> "FewShotTasks":
        """Return the tasks of some users."""
        return FewShotTasks(
            self.first_events[rows], self.histories[rows], self.users[rows], self.n_support
        )

    @cached_property
    def mean_support(self) -> Floats:
        """(n_train_items,) mean of the support."""
        subsets = self._histories_t @ (self.n_support / self._n_events)
        return _as_float32((self._first_events_t @ self._ones + subsets) / self._total_weight)

    @cached_property
    def mean_target(self) -> Floats:
        """(n_train_items,) mean of the targets."""
        return _as_float32(
            2 * (self._histories_t @ self._ones) / self._total_weight - self.mean_support
        )

    def support_covariance(self, vectors: Floats) -> Floats:
        """Return the covariance of the support, times ``vectors``."""
        pairs = self._histories_t @ (self._pair_share[:, None] * (self.histories @ vectors))
        subsets = pairs + (self._histories_t @ self._split_share)[:, None] * vectors
        second = self._first_events_t @ (self.first_events @ vectors) + subsets
        return _as_float32(
            second / self._total_weight
            - np.outer(self.mean_support, self.mean_support @ vectors)
        )

    def cross_covariance(self, vectors: Floats) -> Floats:
        """Return the covariance of support and targets, times ``vectors``."""
        weighted = self._split_share[:, None] * (self.histories @ vectors)
        subsets = (
            self._histories_t @ weighted
            - (self._histories_t @ self._split_share)[:, None] * vectors
        )
        second = self._first_events_t @ self.project_targets(vectors) + subsets
        return _as_float32(
            second / self._total_weight
            - np.outer(self.mean_support, self.mean_target @ vectors)
        )

    def target_covariance(self, vectors: Floats) -> Floats:
        """Return (d, d) ``vectors' covariance(targets) vectors``."""
        left = self._n_events - self.n_support
        pair = left * (left - 1) / self._n_pairs
        single = self._histories_t @ (left / self._n_events - pair)
        whole, projected = self.histories @ vectors, self.project_targets(vectors)
        subsets = whole.T @ (pair[:, None] * whole) + vectors.T @ (single[:, None] * vectors)
        mean = self.mean_target @ vectors
        return _as_float32(
            (projected.T @ projected + subsets) / self._total_weight - np.outer(mean, mean)
        )

    def project_targets(self, vectors: Floats) -> Floats:
        """Return (n, d) events after the first ``n_support``, times ``vectors``."""
        return _as_float32(self.histories @ vectors - self.first_events @ vectors)

    @cached_property
    def _total_weight(self) -> float:
        return 2.0 * max(len(self), 1)

    @cached_property
    def _n_events(self) -> Floats:
        return _row_sums(self.histories)

    @cached_property
    def _n_pairs(self) -> Floats:
        """(n,) ordered pairs of events, at least 1."""
        return _as_float32(np.maximum(self._n_events * (self._n_events - 1), 1))

    @cached_property
    def _pair_share(self) -> Floats:
        """(n,) share of the subsets with two given events."""
        return _as_float32(self.n_support * (self.n_support - 1) / self._n_pairs)

    @cached_property
    def _split_share(self) -> Floats:
        """(n,) share of the subsets with one given event and without another one."""
        return _as_float32(self.n_support / self._n_events - self._pair_share)

    @cached_property
    def _ones(self) -> Floats:
        return np.ones(len(self), dtype=np.float32)

    @cached_property
    def _first_events_t(self) -> Sparse:
        return sp.csr_array(self.first_events.T)

    @cached_property
    def _histories_t(self) -> Sparse:
        return sp.csr_array(self.histories.T)


def _row_sums(matrix: Sparse) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()


def _as_float32(values: Floats | Doubles) -> Floats:
    return np.asarray(values, dtype=np.float32)
