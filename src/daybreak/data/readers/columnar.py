"""Parquet files, and polars and pandas frames."""

from pathlib import Path
from typing import Any

import polars as pl

from daybreak.data.readers.raw import FrameSource
from daybreak.errors import DataError, MissingExtraError


def open_parquet(path: Path) -> FrameSource:
    """Read a Parquet file.

    Raises:
        DataError: It is damaged.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path.name} is a damaged Parquet file: {reason}") from error
    return FrameSource(path.name, frame)


def open_frame(frame: Any, name: str) -> FrameSource:
    """Accept a polars frame (eager or lazy) or a pandas frame; it is called ``name``.

    Raises:
        DataError: It is something else.
        MissingExtraError: A pandas frame came, but what converts it is not installed.
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return FrameSource(name, frame)
    if type(frame).__module__.startswith("pandas") and hasattr(frame, "columns"):
        return FrameSource(name, _from_pandas(frame))
    raise DataError(
        f"{name} are a {type(frame).__name__}; expected a path, a polars or a pandas frame"
    )


def _from_pandas(frame: Any) -> pl.DataFrame:
    frame = frame.rename(columns=str)
    try:
        return pl.from_pandas(frame)
    except ImportError as error:
        raise MissingExtraError("reading pandas frames", "'daybreak[pandas]'") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyarrow", "polars", "builtins"}:
            raise
        return pl.DataFrame([_loose(name, frame[name]) for name in frame.columns])


def _loose(name: str, column: Any) -> pl.Series:
    """Convert a column of mixed Python objects through text."""
    missing = column.isna().tolist()
    values = column.tolist()
    return pl.Series(
        name, [None if m else str(v) for v, m in zip(values, missing, strict=True)], pl.String
    )
