"""Windows of histories, for networks that read events in order."""

from dataclasses import dataclass

import numpy as np
import torch

from daybreak.types import Doubles, Floats, Mask, Rows


@dataclass(frozen=True, eq=False)
class PackedHistories:
    """Events of users, sorted by user and then by time."""

    user: Rows
    """(n_events,) rows of users; every row occurs"""
    item: Rows
    at: Doubles
    """(n_events,) times; equal times mean an unknown order"""


class HistoryWindows:
    """Windows of at most ``length`` events of a history, at new positions in every epoch.

    Events of one time are in a new random order after each :meth:`resample`, so that an unknown
    order cannot be learned. Random numbers come from torch.

    Args:
        histories: The histories.
        length: Events of a window at most.

    Example:
        >>> one = np.zeros(5, dtype=np.int64)
        >>> events = PackedHistories(one, np.arange(5), np.array([1.0, 2, 2, 3, 4]))
        >>> windows = HistoryWindows(events, 8)
        >>> item, end = windows.take(np.array([0]))
        >>> item[0, [0, 3, 4]].tolist(), end[0, :5].tolist()
        ([0, 3, 4], [0, 2, 2, 3, 4])
    """

    def __init__(self, histories: PackedHistories, length: int) -> None:
        self._histories, self._length = histories, length
        sizes = np.bincount(histories.user) if len(histories.user) else np.zeros(0, np.int64)
        count = sizes // length + 1
        self._sizes, self._begin = sizes, np.cumsum(sizes) - sizes
        self._slack = count * length - sizes
        self.user: Rows = np.repeat(np.arange(len(sizes)), count)
        """(n_windows,) users of the windows"""
        self._number = np.arange(len(self.user)) - np.repeat(np.cumsum(count) - count, count)
        last = _last_of_tie(histories)
        self._tie_group: Rows = np.cumsum(last) - last
        self._tie_end = np.flatnonzero(last)[self._tie_group]
        self.resample()

    def resample(self) -> None:
        """Shuffle events of equal times and draw new positions; windows cover all events."""
        tie = torch.rand(len(self._tie_group)).numpy()
        self._item = self._histories.item[np.lexsort((tie, self._tie_group))]
        shift = (torch.rand(len(self._slack)).numpy() * (self._slack + 1)).astype(np.int64)
        start = self._number * self._length - np.minimum(shift, self._slack)[self.user]
        self._first = self._begin[self.user] + np.maximum(start, 0)
        stop = np.minimum(start + self._length, self._sizes[self.user])
        self._count = stop - np.maximum(start, 0)

    def take(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return windows padded to the longest of them.

        Returns:
            (n, longest) items, -1 for padding; and for each event the position in the window of
            the last event of the same time, which may lie after the end of the window.
        """
        longest = max(int(self._count[rows].max(initial=0)), 1)
        ahead = np.arange(longest)
        at = np.minimum(self._first[rows][:, None] + ahead, len(self._item) - 1)
        inside = ahead < self._count[rows][:, None]
        item = np.where(inside, self._item[at], -1)
        return item, self._tie_end[at] - self._first[rows][:, None]

    def sum_before(self, values: Floats) -> Floats:
        """Return (n_windows, d) sums of values over the events of the user before the window.

        Args:
            values: (n_items, d) values of items.
        """
        if not len(self._item):
            return np.zeros((len(self), values.shape[1]), dtype=np.float32)
        sums = np.zeros((len(self), values.shape[1]))
        full = np.flatnonzero(self._count)
        sums[full] = np.add.reduceat(values[self._item], self._first[full], axis=0)
        total = np.cumsum(sums, axis=0) - sums
        opening = np.flatnonzero(self._number == 0)
        return np.asarray(total - total[opening][self.user], dtype=np.float32)

    def __len__(self) -> int:
        return len(self.user)


def _last_of_tie(histories: PackedHistories) -> Mask:
    """Return a mask of the last event of each time of each user."""
    if not len(histories.user):
        return np.zeros(0, dtype=bool)
    changes: Mask = (histories.user[1:] != histories.user[:-1]) | (
        histories.at[1:] != histories.at[:-1]
    )
    return np.append(changes, True)
