"""Attention over the last events of queries, in numpy."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.queries import RECENT_FACTOR, Queries
from daybreak.types import Floats, Rows

EPSILON = 1e-6
"""Added to mean squares before the root."""
NEVER = np.float32(-1e9)
"""Logarithm of a weight of nothing."""
SCATTER = 2_654_435_761
"""A large prime: it puts columns in an order that has nothing to do with that of ids."""


@dataclass(frozen=True, eq=False)
class Window:
    """The last events of queries, padded; the order of events of one time does not matter."""

    place: Rows
    """(n_queries, length) columns of the history"""
    distance: Rows
    """(n_queries, length) later events; those of one time share a number"""
    weight: Floats
    """(n_queries, length) logarithm of how much an event counts, ``NEVER`` for padding"""


def window(queries: Queries, length: int) -> Window:
    """Read the last events off what is told of each asker.

    An event with ``s`` later ones counts ``0.8^s`` as recent. A sentence or an event on a new
    item is spread over columns, which then count less than 1 in the plain history.

    Args:
        queries: The askers.
        length: Most events; of more at the same time a fixed choice is made.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.items import Items
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> plain, recent = np.ones((1, 3), np.float32), np.float32([[0.64, 1, 0.8]])
        >>> asked = Queries.from_history(
        ...     shop, sp.csr_array(plain), sp.csr_array(recent), sp.csr_array((1, 0))
        ... )
        >>> seen = window(asked, 2)
        >>> seen.place.tolist(), seen.distance.tolist()
        ([[1, 2]], [[0, 1]])
    """
    recent = sp.csr_array(queries.recent)
    row = np.repeat(np.arange(len(queries)), np.diff(recent.indptr))
    column = recent.indices.astype(np.int64)
    counts = np.maximum(_counts(queries, row, column), EPSILON)
    steps = np.log(np.maximum(recent.data, EPSILON) / counts) / np.log(RECENT_FACTOR)
    distance = np.maximum(np.rint(steps), 0).astype(np.int64)
    kept = np.flatnonzero((distance < length) & (recent.data > 0))
    mixed = column[kept] * SCATTER % 2**32
    kept = kept[np.lexsort((mixed, -counts[kept], distance[kept], row[kept]))]
    rank = np.arange(len(kept)) - np.searchsorted(row[kept], row[kept])
    kept, rank = kept[rank < length], rank[rank < length]
    shape, at = (len(queries), length), (row[kept], rank)
    seen = Window(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.full(shape, NEVER))
    seen.place[at], seen.distance[at] = column[kept], distance[kept]
    seen.weight[at] = np.log(counts[kept])
    return seen


def _counts(queries: Queries, row: Rows, column: Rows) -> Floats:
    """Return how much places of the plain history count."""
    history = sp.coo_array(queries.history)
    width = max(history.shape[1], 1)
    key = history.coords[0] * width + history.coords[1]
    order = np.argsort(key)
    plain = history.data * np.sqrt(queries.n_events)[history.coords[0]]
    found = np.searchsorted(key[order], row * width + column)
    return np.asarray(plain[order][found], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Layer:
    """The arrays of one layer; or of several, which are then along a first axis."""

    gains: Floats
    """(3, dim) before asking, of events, before thinking"""
    looks: Floats
    """(4, dim, dim) query, key, value, out"""
    fading: Floats
    """(length, heads) by the number of later events"""
    nothing: Floats
    """(heads,) the pull of looking at no event"""
    wide: Floats
    """(dim, width)"""
    wide_bias: Floats
    narrow: Floats
    """(width, dim)"""
    narrow_bias: Floats


class Hop(Layer):
    """One layer at work."""

    def __call__(self, h: Floats, table: Floats, seen: Window) -> Floats:
        """Return the (n, dim) vectors after looking at events and thinking.

        Args:
            h: (n, dim) vectors of the askers.
            table: (m, dim) vectors of the columns of the history.
            seen: The events.
        """
        h = h + self._looked(h, table, seen)
        wide = scaled(h, self.gains[2]) @ self.wide + self.wide_bias
        return np.asarray(h + np.maximum(wide, 0) @ self.narrow + self.narrow_bias)

    def _looked(self, h: Floats, table: Floats, seen: Window) -> Floats:
        n, dim = h.shape
        heads = len(self.nothing)
        query, key, value, out = self.looks
        known = scaled(table, self.gains[1])
        shape = (n, -1, heads, dim // heads)
        asked = (scaled(h, self.gains[0]) @ query).reshape(shape)
        keys = (known @ key)[seen.place].reshape(shape)
        values = (known @ value)[seen.place].reshape(shape)
        logits = (asked * keys).sum(axis=3) / np.float32(np.sqrt(dim // heads))
        logits += self.fading[seen.distance] + seen.weight[:, :, None]
        top = np.maximum(logits.max(axis=1, initial=NEVER), self.nothing)[:, None]
        share = np.exp(logits - top)
        share /= share.sum(axis=1, keepdims=True) + np.exp(self.nothing - top)
        return np.asarray((share[..., None] * values).sum(axis=1).reshape(n, dim) @ out)


def scaled(x: Floats, gain: Floats) -> Floats:
    """Divide rows by their root mean square, then scale each number.

    Source:
        Zhang and Sennrich 2019, "Root mean square layer normalization", eq. 4.

    Example:
        >>> scaled(np.float32([[3, 4]]), np.float32([1, 2])).round(3)
        array([[0.849, 2.263]], dtype=float32)
    """
    size = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    return np.asarray(x / size * gain, dtype=np.float32)


__all__ = ["Hop", "Layer", "Window", "scaled", "window"]
