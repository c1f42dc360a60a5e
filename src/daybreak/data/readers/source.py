"""What every reader gives: column names first, then the rows that could be split.

Parquet files, and polars and pandas frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError, MissingExtraError

MIN_REJECTED_ROWS = 100_000
"""Rejected rows from which on a file with hardly any good row is given up."""


@dataclass(frozen=True)
class RawTable:
    """Rows of one input, not yet checked.

    ``rows`` holds the place of each row of ``frame``: the line as an editor shows it, or the
    row of a Parquet file or frame, both from 1.
    """

    file: str
    frame: pl.DataFrame
    rows: pl.Series

    def filter(self, mask: pl.Series) -> "RawTable":
        """Return the rows where ``mask`` is true."""
        return RawTable(self.file, self.frame.filter(mask), self.rows.filter(mask))

    def report(self, rejects: Rejects, bad: pl.Series, template: Reject) -> None:
        """Add a reject like ``like`` for each row where ``bad`` is true."""
        rows = self.rows.filter(bad)
        values = (
            self.frame[template.column].filter(bad)
            if template.column in self.frame.columns
            else [template.value] * len(rows)
        )
        rejects.extend(template, rows, values)


def raise_if_mostly_rejected(file: str, n_good: int, rejects: Rejects) -> None:
    """Stop reading when nearly nothing fits: it is not the file that was meant.

    Raises:
        DataError: More than ``MIN_REJECTED_ROWS`` rows were rejected and fewer than 1 % of
            all rows are valid.
    """
    bad = rejects.count_dropped(file)
    if bad > MIN_REJECTED_ROWS and n_good < 0.01 * bad:
        first = next(reject for reject in rejects.rows if reject.file == file)
        raise DataError(
            f"{bad:,} of the first {bad + n_good:,} rows cannot be read, the first of them "
            f"{first}; check the separator and that this is the right file"
        )


class OpenedTable(Protocol):
    """An input that was opened: its columns are known, its rows not yet read."""

    file: str
    notes: list[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        ...

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Read the ``wanted`` columns of all rows; rows that cannot be split are rejected."""
        ...


@dataclass
class LoadedFrame:
    """A frame that is in memory already, with its row numbers (default: 1, 2, …)."""

    file: str
    frame: pl.DataFrame
    rows: pl.Series | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.frame.columns)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Select the columns; see :meth:`OpenedTable.read`."""
        rows = self.rows
        if rows is None:
            rows = pl.int_range(1, self.frame.height + 1, eager=True)
        return RawTable(self.file, self.frame.select(wanted), rows)


def open_parquet(path: Path) -> LoadedFrame:
    """Read a Parquet file.

    Raises:
        DataError: It is damaged.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path.name} is a damaged Parquet file: {reason}") from error
    return LoadedFrame(path.name, frame)


def open_frame(frame: Any, name: str) -> LoadedFrame:
    """Accept a polars frame (eager or lazy) or a pandas frame; it is called ``name``.

    Raises:
        DataError: It is something else.
        MissingExtraError: A pandas frame came, but what converts it is not installed.
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return LoadedFrame(name, frame)
    if type(frame).__module__.startswith("pandas") and hasattr(frame, "columns"):
        return LoadedFrame(name, _convert_pandas(frame))
    raise DataError(
        f"{name} are a {type(frame).__name__}; expected a path, a polars or a pandas frame"
    )


def _convert_pandas(frame: Any) -> pl.DataFrame:
    frame = frame.rename(columns=str)
    try:
        return pl.from_pandas(frame)
    except ImportError as error:
        raise MissingExtraError("reading pandas frames", "'daybreak[pandas]'") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyarrow", "polars", "builtins"}:
            raise
        return pl.DataFrame(
            [_convert_mixed_column(name, frame[name]) for name in frame.columns]
        )


def _convert_mixed_column(name: str, column: Any) -> pl.Series:
    """Convert a column of mixed Python objects through text."""
    missing = column.isna().tolist()
    values = column.tolist()
    return pl.Series(
        name, [None if m else str(v) for v, m in zip(values, missing, strict=True)], pl.String
    )
