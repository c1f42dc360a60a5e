"""Histories cut into chunks for networks that read them in order."""

from dataclasses import dataclass

import numpy as np
import torch

from daybreak.types import Doubles, Floats, Mask, Rows


@dataclass(frozen=True, eq=False)
class Histories:
    """Events of people, sorted by person and then by time."""

    user: Rows
    """(n_events,) rows of people, none left out"""
    item: Rows
    at: Doubles
    """Equal times mean an unknown order."""


class Chunks:
    """Parts of histories of at most ``length`` events, cut elsewhere in every epoch.

    Events of one time are in a new random order after each :meth:`redraw`, so that nothing can
    be learned from an order that nobody knows. Numbers are drawn from torch.

    Args:
        made: What is cut.
        length: Most events of a chunk.

    Example:
        >>> one = np.zeros(5, dtype=np.int64)
        >>> chunks = Chunks(Histories(one, np.arange(5), np.array([1.0, 2, 2, 3, 4])), 8)
        >>> item, end = chunks.take(np.array([0]))
        >>> item[0, [0, 3, 4]].tolist(), end[0, :5].tolist()
        ([0, 3, 4], [0, 2, 2, 3, 4])
    """

    def __init__(self, made: Histories, length: int) -> None:
        self._made, self._length = made, length
        sizes = np.bincount(made.user) if len(made.user) else np.zeros(0, np.int64)
        count = sizes // length + 1
        self._sizes, self._begin = sizes, np.cumsum(sizes) - sizes
        self._slack = count * length - sizes
        self.owner: Rows = np.repeat(np.arange(len(sizes)), count)
        """(n_chunks,) whose they are"""
        self._number = np.arange(len(self.owner)) - np.repeat(np.cumsum(count) - count, count)
        last = _last_of_a_time(made)
        self._moment: Rows = np.cumsum(last) - last
        self._end = np.flatnonzero(last)[self._moment]
        self.redraw()

    def redraw(self) -> None:
        """Shuffle the events of each moment, and cut elsewhere; no event is left out."""
        tie = torch.rand(len(self._moment)).numpy()
        self._item = self._made.item[np.lexsort((tie, self._moment))]
        shift = (torch.rand(len(self._slack)).numpy() * (self._slack + 1)).astype(np.int64)
        start = self._number * self._length - np.minimum(shift, self._slack)[self.owner]
        self._first = self._begin[self.owner] + np.maximum(start, 0)
        stop = np.minimum(start + self._length, self._sizes[self.owner])
        self._count = stop - np.maximum(start, 0)

    def take(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return chunks padded to the longest of them.

        Returns:
            (n, longest) items, -1 past the end; and for each the place in the chunk of the last
            event of its moment, which may lie behind the end of the chunk.
        """
        longest = max(int(self._count[rows].max(initial=0)), 1)
        ahead = np.arange(longest)
        at = np.minimum(self._first[rows][:, None] + ahead, len(self._item) - 1)
        inside = ahead < self._count[rows][:, None]
        item = np.where(inside, self._item[at], -1)
        return item, self._end[at] - self._first[rows][:, None]

    def before(self, values: Floats) -> Floats:
        """Return (n_chunks, d) sums over the earlier events of their owners.

        Args:
            values: (n_items, d) what is summed.
        """
        if not len(self._item):
            return np.zeros((len(self), values.shape[1]), dtype=np.float32)
        sums = np.zeros((len(self), values.shape[1]))
        full = np.flatnonzero(self._count)
        sums[full] = np.add.reduceat(values[self._item], self._first[full], axis=0)
        total = np.cumsum(sums, axis=0) - sums
        opening = np.flatnonzero(self._number == 0)
        return np.asarray(total - total[opening][self.owner], dtype=np.float32)

    def __len__(self) -> int:
        return len(self.owner)


def _last_of_a_time(made: Histories) -> Mask:
    """Mark the last event of each moment of each person."""
    if not len(made.user):
        return np.zeros(0, dtype=bool)
    changes: Mask = (made.user[1:] != made.user[:-1]) | (made.at[1:] != made.at[:-1])
    return np.append(changes, True)
