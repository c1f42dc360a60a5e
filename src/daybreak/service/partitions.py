"""Events from many Parquet files that together are larger than memory.

The files are in a folder, or in an object store with the protocol of S3. Their rows are read
and stored in parts. Start reading at :func:`import_partitions`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from daybreak.data import EventRules
from daybreak.data.formats import ValueFormats
from daybreak.data.importing import MAX_LOST_SHARE, InputTables
from daybreak.data.rejects import Rejects
from daybreak.errors import DataError, NextStep, NotFoundError, TooManyRejectsError
from daybreak.service.workspace import Workspace

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


@dataclass(frozen=True)
class PartitionImport:
    """What has been read and stored."""

    files: int
    read: int
    """Number of events that were read."""
    new: int
    """Number of those that the store did not have."""
    rejects: Rejects


def import_partitions(
    workspace: Workspace,
    source: str,
    options: PartitionOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> PartitionImport:
    """Store the events of all Parquet files of a source, part by part.

    What has been stored stays if a later part fails; the import can be repeated, since stored
    events are known again. Two events that are equal in user, item, type, time and value are
    one if they are in different parts and the files have no ids of events.

    Args:
        workspace: The store.
        source: Folder, or ``s3://BUCKET/PREFIX``. The address and the keys of an object store
            are those of the environment: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
            ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``.
        options: How the parts are read.
        progress: Called with the name of each file.

    Raises:
        DataError: A file is damaged, or has no column for an id.
        NotFoundError: There are no Parquet files.
        TooManyRejectsError: More rows of a part are lost than may be.
    """
    options = options or PartitionOptions()
    rejects, files = Rejects(), set()
    read = new = 0
    for part in iter_parts(source, options.part_rows):
        if part.file not in files and progress is not None:
            progress(part.file)
        files.add(part.file)
        inputs = InputTables.open(
            {"events": part.frame}, options.columns, formats=options.formats
        )
        result = inputs.read(options.rules)
        rejects.merge(result.rejects)
        lost, kept = result.rows_refused["events"], result.rows_read["events"]
        if lost > options.max_rejected * (lost + kept):
            raise TooManyRejectsError(
                f"{part.file}: {lost:,} of {lost + kept:,} events are rejected, more than "
                f"{options.max_rejected:.0%}; the {read:,} events before them are stored; "
                f"{result.rejects.summary()}",
                next_step=NextStep.ACCEPT_REJECTS,
            )
        new += workspace.write_import(result, options.max_rejected).events
        read += kept
    return PartitionImport(len(files), read, new, rejects)


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
