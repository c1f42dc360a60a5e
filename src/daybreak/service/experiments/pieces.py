"""Answers a piece at a time: however many there are, few are in memory."""

from collections.abc import Iterator, Sequence

import polars as pl

from daybreak.store.journal import Answer, Journal

AT_ONCE = 5_000
"""Answers of a piece; ten places each take about 25 MB."""
PENDING = 200_000
"""Rows of sums that may wait to be added up."""


def pieces(journal: Journal, ids: pl.Series) -> Iterator[list[Answer]]:
    """Yield the answers with these ids, in their order; one that was erased is missing.

    There is at least one piece, so that nothing has columns, too.
    """
    for start in range(0, max(1, len(ids)), AT_ONCE):
        yield journal.answers(ids=ids[start : start + AT_ONCE].to_list())


class RunningSums:
    """Adds up frames of numbers by their keys.

    Args:
        keys: Columns whose values are kept apart; all others are added.

    Example:
        >>> sums = RunningSums("who")
        >>> for number in (1.0, 2.0):
        ...     sums.add(pl.DataFrame({"who": ["ann"], "clicks": [number]}))
        >>> sums.total().rows()
        [('ann', 3.0)]
    """

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self._parts: list[pl.DataFrame] = []
        self._waiting = 0

    def add(self, part: pl.DataFrame) -> None:
        """Add a part; all parts have the same columns."""
        self._parts.append(part)
        self._waiting += part.height
        if self._waiting > PENDING:
            self._parts = [self.total()]
            self._waiting = 0

    def total(self) -> pl.DataFrame:
        """Return one row for each key, in the order in which they came."""
        return summed(pl.concat(self._parts), self._keys)


class Distinct:
    """Different rows of many frames."""

    def __init__(self) -> None:
        self._rows: pl.DataFrame | None = None

    def add(self, part: pl.DataFrame) -> None:
        """Add a part."""
        new = part.unique()
        self._rows = new if self._rows is None else pl.concat([self._rows, new]).unique()

    def rows(self) -> pl.DataFrame:
        """Return each row once."""
        assert self._rows is not None  # noqa: S101 - an empty part comes first
        return self._rows


def summed(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return one row for each key, with the sums of all other columns."""
    return frame.group_by(*keys, maintain_order=True).agg(pl.exclude(*keys).sum())
