"""Events of other domains, markets or shops, as arrays beside the data set of the target.

A *source* is another shop or domain whose users or items are partly those of the *target*, or
whose items can at least be described in the same words. :class:`SourceData` holds one space of
columns for the items of all sources; an item that the target sells as well is one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.vocabulary import Vocabulary
from daybreak.types import Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class SourceDomain:
    """One source: the columns of its items, its other users, and what a saved model knows."""

    name: str
    columns: Rows
    """(n_items,) columns of its items in the space of :class:`SourceData`, ascending"""
    histories: Sparse
    """(n_source_users, n_items) CSR of ones: events of all its users, over ``columns``; without
    rows for a release, which has no data of single users"""
    item_weights: Sparse | Floats | None = None
    """(n_items, n_items) weights from a history to a score that a saved release has learned;
    None: they are learned from ``histories``"""
    popularity: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    """(n_items,) number of users of each item"""


@dataclass(frozen=True, eq=False)
class SourceData:
    """What the sources know, over one space of columns.

    Example:
        >>> source = SourceDomain("food", np.array([0, 1]), sp.csr_array(np.ones((1, 2))))
        >>> known = sp.csr_array(np.array([[1.0, 0.0], [0.0, 0.0]]))
        >>> data = SourceData(Vocabulary(["tea", "jam"]), np.array([-1, 0]), known, (source,))
        >>> data.has_history.tolist(), data.shared_columns.tolist()
        ([True, False], [1])
    """

    ids: Vocabulary
    """Ids of the items of all sources; an id that the target has is the same item."""
    target_rows: Rows
    """(n_columns,) row of the item in the catalogue of the target, -1: the target lacks it"""
    histories: Sparse
    """(n_users, n_columns) CSR of ones: source events of the users of the target"""
    domains: tuple[SourceDomain, ...]
    content: Sparse | None = None
    """(n_columns, n_features) CSR: content blocks of the items side by side, encoded like the
    catalogue of the target; None without content"""

    @property
    def has_history(self) -> Mask:
        """(n_users,) whether a user of the target has a source event."""
        return np.asarray(np.diff(self.histories.indptr) > 0)

    @property
    def shared_columns(self) -> Rows:
        """Columns of the items that the target has as well."""
        return np.flatnonzero(self.target_rows >= 0)

    def domain(self, name: str) -> SourceDomain:
        """Return the source of a name.

        Args:
            name: Name of a source.
        """
        return next(one for one in self.domains if one.name == name)

    def from_target_events(self, events: Sparse) -> Sparse:
        """Return (n, n_columns) CSR of the events on items that a source has as well.

        Args:
            events: (n, n_items) CSR over the whole catalogue of the target.
        """
        shared = self.shared_columns
        chosen = sp.csr_array(events[:, self.target_rows[shared]]).tocoo()
        place = (chosen.row, shared[chosen.col])
        return sp.csr_array((chosen.data, place), shape=(events.shape[0], len(self.ids)))

    def of_queries(self, users: Rows, events: Sparse) -> Sparse:
        """Return (n_queries, n_columns) CSR of 0 and 1: what queries tell the sources.

        Args:
            users: (n_queries,) rows of the users.
            events: (n_queries, n_items) CSR of the target events that are known.
        """
        total = self.histories[users]
        if len(self.shared_columns):
            total = total + self.from_target_events(events)
        return as_indicators(total)

    def select(self, names: Sequence[str]) -> "SourceData":
        """Return the data with some of the sources; the columns stay.

        Args:
            names: Names of the sources that are kept.
        """
        kept = tuple(one for one in self.domains if one.name in names)
        return replace(self, domains=kept)


def as_indicators(matrix: Any) -> Sparse:
    """Return a CSR matrix of ones where the argument is positive, with sorted columns.

    Example:
        >>> as_indicators(sp.csr_array(np.array([[2.0, 0.0, 1.0]]))).data.tolist()
        [1.0, 1.0]
    """
    result = sp.csr_array(matrix, dtype=np.float32)
    result.sum_duplicates()
    result.data = (result.data > 0).astype(np.float32)
    result.eliminate_zeros()
    return result
