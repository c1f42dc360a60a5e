"""Rows that were computed for earlier queries, in bounded memory.

Many lists are asked for again before their users have done anything else: of a page that is
opened anew, of another page, or with another length or filter. Their events are the same, hence
what the models make of them is the same as well. Start with :class:`RememberedRows`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from hashlib import blake2b
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np

from daybreak.data.dataset import Queries
from daybreak.data.memory import group_pauses
from daybreak.data.sparse_rows import entry_indices, make_csr
from daybreak.types import Doubles, Rows

MAX_SCORE_BYTES = 64_000_000
"""Largest memory of the scores of queries: those of 1,600 queries with 10,000 items."""
MAX_VECTOR_BYTES = 8_000_000
"""Largest memory of the vectors of queries of one strategy."""
BYTES_PER_ROW = 300
"""Memory of a row besides its values."""
KEY_BYTES = 16
"""Length of keys: so long that two queries never have the same."""
UNREAD_FIELDS = frozenset({"train_items", "recency", "wish", "wish_query"})
"""Fields of queries that are no part of keys: two are the same for all queries of a release,
and queries with wishes have no keys."""

Row = tuple[Any, ...]
"""The values of a dense row, or the columns and the values of a sparse one."""
Matrix = Any
"""(n, width) array or CSR matrix."""


class RememberedRows:
    """The rows of the latest queries, by keys that say all that they depend on; thread-safe.

    Args:
        max_bytes: Largest memory of the rows; those not asked for longest are dropped.

    Example:
        >>> rows = RememberedRows(1_000)
        >>> double = lambda at: np.array([[2.0], [4.0]])[at]
        >>> rows.recall([b"a", b"b"], double)
        array([[2.],
               [4.]])
        >>> rows.recall([b"b"], lambda at: 1 / 0)
        array([[4.]])
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rows: OrderedDict[bytes, Row] = OrderedDict()
        self._n_bytes = 0
        self._width = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def recall(self, keys: Sequence[bytes], compute: Callable[[Rows], Matrix]) -> Matrix:
        """Return the rows of some queries, in memory of the caller.

        Args:
            keys: Key of each query.
            compute: Returns the rows of the queries at some positions.
        """
        found = self._find(keys)
        missing = [position for position, row in enumerate(found) if row is None]
        if not missing:
            return self._join(found)
        computed = compute(np.array(missing))
        self._width = computed.shape[1]
        rows = _split_rows(computed)
        self._keep([keys[position] for position in missing], rows)
        if len(missing) == len(keys):
            return computed
        for position, row in zip(missing, rows, strict=True):
            found[position] = row
        return self._join(found)

    def clear(self) -> None:
        """Drop all rows."""
        with self._lock:
            self._rows.clear()
            self._n_bytes = 0

    def _find(self, keys: Sequence[bytes]) -> list[Row | None]:
        with self._lock:
            found = [self._rows.get(key) for key in keys]
            for key, row in zip(keys, found, strict=True):
                if row is not None:
                    self._rows.move_to_end(key)
        return found

    def _keep(self, keys: Sequence[bytes], rows: Sequence[Row]) -> None:
        with self._lock:
            for key, row in zip(keys, rows, strict=True):
                if key not in self._rows:
                    self._rows[key] = tuple(part.copy() for part in row)
                    self._n_bytes += _size_bytes(row)
            while self._n_bytes > self._max_bytes:
                self._n_bytes -= _size_bytes(self._rows.popitem(last=False)[1])

    def _join(self, rows: Sequence[Any]) -> Matrix:
        """Return rows as one matrix, which shares no memory with them."""
        if len(rows[0]) == 1:
            return np.stack([values for (values,) in rows])
        starts = np.cumsum([0, *(len(values) for _, values in rows)])
        columns = np.concatenate([columns for columns, _ in rows])
        values = np.concatenate([values for _, values in rows])
        return make_csr(values, columns, starts, (len(rows), self._width))


class QueryMemory:
    """What was computed for the latest queries, for scorers with the same weights.

    Args:
        max_score_bytes: Largest memory of scores.
        max_vector_bytes: Largest memory of the vectors of one strategy.
    """

    def __init__(
        self,
        max_score_bytes: int = MAX_SCORE_BYTES,
        max_vector_bytes: int = MAX_VECTOR_BYTES,
    ) -> None:
        self.scores = RememberedRows(max_score_bytes)
        """Scores without the bias of items."""
        self._max_vector_bytes = max_vector_bytes
        self._vectors: dict[str, RememberedRows] = {}

    def vectors_of(self, kind: str) -> RememberedRows:
        """Return the vectors of queries of a kind of features."""
        return self._vectors.setdefault(kind, RememberedRows(self._max_vector_bytes))

    def clear(self) -> None:
        """Drop everything."""
        for rows in (self.scores, *list(self._vectors.values())):
            rows.clear()


def query_keys(queries: Queries) -> list[bytes]:
    """Return a key for each query: all that its scores depend on, as a digest.

    Any other event, profile or group of pauses makes another key, so that nothing has to be
    dropped when a user does something. A key says nothing of who the user is.

    Args:
        queries: Queries without wishes.
    """
    parts: list[list[Any]] = [[] for _ in range(len(queries))]
    for number, name in enumerate(one.name for one in fields(Queries)):
        value = None if name in UNREAD_FIELDS else getattr(queries, name)
        if value is None:
            continue
        if name == "pause_s":
            value = _known_pauses(value)
        for part, (size, *row) in zip(parts, _iter_rows(value), strict=True):
            if size:
                part.extend((b"%d:%d:" % (number, size), *row))
    return [blake2b(b"".join(part), digest_size=KEY_BYTES).digest() for part in parts]


def _known_pauses(pause_s: Doubles) -> Rows:
    """Return the group of each time since the last event, -1 for an unknown one."""
    return np.where(np.isnan(pause_s), -1, group_pauses(pause_s))


def _iter_rows(matrix: Matrix) -> Iterator[tuple[Any, ...]]:
    """Yield the number of entries of each row, and the memory of its parts.

    Entries are ordered by column: events of one time have another order in every batch.
    """
    if isinstance(matrix, np.ndarray):
        for value in matrix:
            yield 1, value.tobytes()
        return
    rows, columns = entry_indices(matrix)
    order = np.argsort(rows * matrix.shape[1] + columns)
    columns = columns[order].astype(np.int32, copy=False)
    values = matrix.data[order]
    for start, stop in pairwise(matrix.indptr.tolist()):
        yield stop - start, columns[start:stop].data, values[start:stop].data


def _split_rows(matrix: Matrix) -> list[Row]:
    """Return the rows of a matrix; they share its memory."""
    if isinstance(matrix, np.ndarray):
        return [(row,) for row in matrix]
    spans = [slice(*ends) for ends in pairwise(matrix.indptr.tolist())]
    return [(matrix.indices[span], matrix.data[span]) for span in spans]


def _size_bytes(row: Row) -> int:
    return BYTES_PER_ROW + sum(int(part.nbytes) for part in row)
