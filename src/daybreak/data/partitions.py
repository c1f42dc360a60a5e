"""Events of many Parquet files that together are larger than memory, read part by part.

The files are in a folder, or in an object store with the protocol of S3. Start at
:func:`read_partitions`, or at :func:`iter_parts` for parts that are stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from daybreak.data.column_aliases import TableRole
from daybreak.data.formats import ValueFormats
from daybreak.data.importing import (
    MAX_LOST_SHARE,
    ImportResult,
    InputTables,
    note_unknown_references,
    read_tables,
)
from daybreak.data.rejects import Rejects
from daybreak.data.rules import EventRules
from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.errors import DataError, NextStep, NotFoundError, TooManyRejectsError
from daybreak.types import Progress, ignore_progress

PART_ROWS = 250_000
"""Rows that are read and stored at a time; it bounds the memory of an import [rows]."""
SCHEMES = ("s3://", "s3a://")
"""Beginnings of the address of an object store."""
FILES = "**/*.parquet"
"""Pattern of the files below a folder or an address."""


class Part(NamedTuple):
    """Some rows of one file."""

    file: str
    frame: pl.DataFrame


@dataclass(frozen=True)
class PartitionOptions:
    """How partitions are read; the same for all of them."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    """Column of events to its name in the files, where it is not recognised."""
    rules: EventRules | None = None
    formats: ValueFormats | None = None
    max_rejected: float = MAX_LOST_SHARE
    """Largest share of the rows of a part that may be lost, in [0, 1]."""
    part_rows: int = PART_ROWS


def read_partitions(
    source: str | Path,
    items: Any = None,
    users: Any = None,
    *,
    options: PartitionOptions | None = None,
    progress: Progress = ignore_progress,
) -> ImportResult:
    """Read the events of all Parquet files of a source for a training, without a store.

    Ids of users and items are categories of 4 bytes, so that an event takes 24 bytes where its
    value and type are unknown. Only one part is read at a time. Each part decides for itself
    how its columns are read, so they should be those of one program.

    Args:
        source: Folder, or ``s3://BUCKET/PREFIX``; see :func:`iter_parts`.
        items: Items of the catalogue, in the forms of :func:`read_tables`.
        users: User profiles, in the same forms.
        options: How the parts are read; columns of items and users are recognised.
        progress: Called with the name of each file.

    Raises:
        DataError: A file is damaged, or has no column for an id.
        NotFoundError: There are no Parquet files.
        TooManyRejectsError: More rows of a part are lost than may be.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> log = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "cup"]})
        >>> with TemporaryDirectory() as folder:
        ...     log.write_parquet(f"{folder}/day-1.parquet")
        ...     log.write_parquet(f"{folder}/day-2.parquet")
        ...     tables = read_partitions(folder).tables
        >>> tables.events.height, tables.items["item_id"].to_list()
        (4, ['tea', 'cup'])
    """
    options = options or PartitionOptions()
    rejects, notes = Rejects(), dict[str, None]()
    files: list[str] = []
    frames: list[pl.DataFrame] = []
    for part in iter_parts(str(source), options.part_rows):
        if part.file not in files:
            files.append(part.file)
            progress(part.file)
        read = read_part(part, options, "nothing is read")
        rejects.merge(read.rejects)
        notes |= dict.fromkeys(read.notes)
        frames.append(_with_categories(read.tables.events))
    events = _join_events(frames)
    others = _read_others(items, users)
    tables = Tables.of(events, others.tables.items, others.tables.users)
    rejects.merge(others.rejects)
    given: dict[TableRole, pl.DataFrame] = {"events": events}
    given |= {} if items is None else {"items": others.tables.items}
    given |= {} if users is None else {"users": others.tables.users}
    return replace(
        others,
        tables=tables,
        rejects=rejects,
        notes=(*notes, *others.notes, *note_unknown_references(given)),
        rules=options.rules or EventRules(),
        rows_read={**others.rows_read, "events": events.height},
    )


def read_part(part: Part, options: PartitionOptions, outcome: str) -> ImportResult:
    """Return the checked events of a part.

    Args:
        part: Some rows of a file.
        options: How they are read.
        outcome: What an error means for the other parts, for its message.

    Raises:
        DataError: The part has no column for an id.
        TooManyRejectsError: More of its rows are lost than may be.
    """
    inputs = InputTables.open({"events": part.frame}, options.columns, formats=options.formats)
    result = inputs.read(options.rules)
    lost, kept = result.rows_refused["events"], result.rows_read["events"]
    if lost > options.max_rejected * (lost + kept):
        raise TooManyRejectsError(
            f"{part.file}: {lost:,} of {lost + kept:,} events are rejected, more than "
            f"{options.max_rejected:.0%}; {outcome}; {result.rejects.summary()}",
            next_step=NextStep.ACCEPT_REJECTS,
        )
    return result


def iter_parts(source: str, part_rows: int = PART_ROWS) -> Iterator[Part]:
    """Yield the rows of all Parquet files in parts; only the row groups of a part are read.

    Folders such as ``day=2026-01-31`` become columns.

    Args:
        source: Folder, or ``s3://BUCKET/PREFIX``.
        part_rows: Largest number of rows of a part.

    Raises:
        DataError: A file is damaged, or the object store does not answer.
        NotFoundError: There are no Parquet files.
    """
    files = _find_files(source)
    if not files:
        raise NotFoundError(f"no Parquet files in {source!r}")
    for file in files:
        try:
            scan = pl.scan_parquet(file, hive_partitioning=True, glob=False)
            n_rows = int(scan.select(pl.len()).collect().item())
            for start in range(0, n_rows, part_rows):
                yield Part(file, scan.slice(start, part_rows).collect())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable_error(file, error) from error


def _find_files(source: str) -> list[str]:
    """Return the Parquet files of a folder or an object store, in the order of their names."""
    if not source.startswith(SCHEMES):
        return sorted(str(file) for file in Path(source).glob(FILES) if file.is_file())
    address = f"{source.rstrip('/')}/{FILES}"
    try:
        scan = pl.scan_parquet(address, include_file_paths="_file", missing_columns="insert")
        found = scan.select(pl.col("_file").unique().sort()).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable_error(source, error) from error
    files: list[str] = found["_file"].to_list()
    return files


def _unreadable_error(file: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"{file} cannot be read as Parquet: {reason}")


def _with_categories(events: pl.DataFrame) -> pl.DataFrame:
    """Return events with ids as categories, without the columns that have no value."""
    empty = [name for name in events.columns if events[name].null_count() == events.height]
    ids = pl.col("user_id", "item_id").cast(pl.Categorical)
    return events.drop(empty).with_columns(ids)


def _join_events(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the events of all parts; a column without a value takes no memory."""
    joined = pl.concat(frames, how="diagonal", rechunk=True)
    frames.clear()
    missing = [
        pl.lit(None, kind).alias(name)
        for name, kind in EVENT_COLUMNS.items()
        if name not in joined.columns
    ]
    return joined.with_columns(missing).select(*EVENT_COLUMNS)


def _read_others(items: Any, users: Any) -> ImportResult:
    """Return items and users without events."""
    if items is None and users is None:
        return ImportResult(Tables.of(), Rejects(), {}, ())
    return read_tables(None, items, users)
