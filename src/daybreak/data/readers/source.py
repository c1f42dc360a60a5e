"""What every reader returns: the contract of opened tables, and frames in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

SAMPLE_ROWS = 10_000
"""Number of first rows whose values say what a column is."""
MIN_REJECTED_ROWS = 100_000
"""Number of rejected rows above which a file with hardly any valid row is rejected."""


@dataclass(frozen=True)
class RawTable:
    """Rows of one input whose values are not checked yet."""

    file: str
    frame: pl.DataFrame
    rows: pl.Series
    """(n_rows,) line number of each row in a text file, or its row number elsewhere, from 1."""

    def filter(self, mask: pl.Series) -> "RawTable":
        """Return the rows where ``mask`` is true."""
        return RawTable(self.file, self.frame.filter(mask), self.rows.filter(mask))

    def report(self, rejects: Rejects, bad: pl.Series, template: Reject) -> None:
        """Add a copy of ``template`` for each row where ``bad`` is true."""
        rows = self.rows.filter(bad)
        values = (
            self.frame[template.column].filter(bad)
            if template.column in self.frame.columns
            else [template.value] * len(rows)
        )
        rejects.extend(template, rows, values)


def raise_if_mostly_rejected(file: str, n_good: int, rejects: Rejects) -> None:
    """Stop reading a file of which nearly all rows are rejected.

    Raises:
        DataError: More than ``MIN_REJECTED_ROWS`` rows were rejected and fewer than 1 % of
            all rows are valid.
    """
    bad = rejects.count_dropped(file)
    if bad > MIN_REJECTED_ROWS and n_good < 0.01 * bad:
        first = next(reject for reject in rejects.rows if reject.file == file)
        raise DataError(
            f"{bad:,} of the first {bad + n_good:,} rows cannot be read, the first of them: "
            f"{first}; check the separator and the choice of the file"
        )


class OpenedTable(Protocol):
    """An input that is opened once: its columns are shown first, its rows are read later.

    Opening reads the beginning of a file at most.
    """

    file: str
    """Name of the file, or of the table that a frame stands for."""
    notes: list[str]
    """Remarks for the caller, such as the encoding of the file."""
    rejects: Rejects
    """Rows that were rejected while the columns were determined."""

    @property
    def sample_columns(self) -> tuple[str, ...]:
        """Names of the columns in the part of the input that is read already."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns; reads the whole file if it has no header and no schema."""
        ...

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Return the first rows of those columns ``wanted`` that occur in them."""
        ...

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Read the columns ``wanted`` of all rows; rows that cannot be split are rejected."""
        ...


@dataclass
class LoadedFrame:
    """A frame in memory; its rows are numbered from 1."""

    file: str
    frame: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)
    rows: pl.Series | None = None
    """(n_rows,) number of each row in the input; default: they are the rows of the input."""
    path: Path = field(default_factory=Path)
    """File of the rows; of a frame in memory the working folder."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.frame.columns)

    sample_columns = columns

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Return the columns; see :meth:`OpenedTable.sample`."""
        return self.frame.select(wanted)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Select the columns; see :meth:`OpenedTable.read`."""
        rows = number_rows(self.frame) if self.rows is None else self.rows
        return RawTable(self.file, self.frame.select(wanted), rows)


def number_rows(frame: pl.DataFrame) -> pl.Series:
    """Return the row numbers of a frame, from 1."""
    return pl.int_range(1, frame.height + 1, eager=True)
