"""What every reader gives: column names first, then the rows that could be split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

HOPELESS = 100_000
"""Rejected rows from which on a file with hardly any good row is given up."""


@dataclass(frozen=True)
class Raw:
    """Rows of one input, not yet checked.

    ``rows`` holds the place of each row of ``frame``: the line as an editor shows it, or the
    row of a Parquet file or frame, both from 1.
    """

    file: str
    frame: pl.DataFrame
    rows: pl.Series

    def keep(self, mask: pl.Series) -> "Raw":
        """Return the rows where ``mask`` is true."""
        return Raw(self.file, self.frame.filter(mask), self.rows.filter(mask))

    def report(self, rejects: Rejects, bad: pl.Series, like: Reject) -> None:
        """Add a reject like ``like`` for each row where ``bad`` is true."""
        rows = self.rows.filter(bad)
        values = (
            self.frame[like.column].filter(bad)
            if like.column in self.frame.columns
            else [like.value] * len(rows)
        )
        rejects.extend(like, rows, values)


def refuse_if_hopeless(file: str, good: int, rejects: Rejects) -> None:
    """Stop reading when nearly nothing fits: it is not the file that was meant.

    Raises:
        DataError: More than ``HOPELESS`` rows were rejected and under 1 % of all were good.
    """
    bad = rejects.dropped(file)
    if bad > HOPELESS and good < 0.01 * bad:
        first = next(reject for reject in rejects.rows if reject.file == file)
        raise DataError(
            f"{bad:,} of the first {bad + good:,} rows cannot be read, the first of them "
            f"{first}; check the separator and that this is the right file"
        )


class Source(Protocol):
    """An input that was opened: its columns are known, its rows not yet read."""

    file: str
    notes: list[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    def read(self, wanted: Sequence[str], rejects: Rejects) -> Raw:
        """Read the ``wanted`` columns of all rows; rows that cannot be split are rejected."""
        ...


@dataclass
class FrameSource:
    """A frame that is in memory already, with its row numbers (default: 1, 2, …)."""

    file: str
    frame: pl.DataFrame
    rows: pl.Series | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.frame.columns)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> Raw:
        """Select the columns; see :meth:`Source.read`."""
        rows = self.rows
        if rows is None:
            rows = pl.int_range(1, self.frame.height + 1, eager=True)
        return Raw(self.file, self.frame.select(wanted), rows)
