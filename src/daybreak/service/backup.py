"""Stores as files: export of tables, dump, restore and upgrade."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from daybreak.data.fields import OTHER_ATTRIBUTES
from daybreak.data.wide_rows import unfold_attributes
from daybreak.errors import DaybreakError, NotFoundError
from daybreak.service.api_keys import KEY_RECORD_KIND
from daybreak.service.serving import RecommenderService
from daybreak.service.training.task_records import TASK_RECORDS
from daybreak.service.workspace import Workspace
from daybreak.store import UpgradeResult, dump, restore, upgrade_store
from daybreak.store.dumping import InvalidDumpError, NotEmptyError
from daybreak.store.leases import LEASE_RECORDS

__all__ = [
    "InvalidDumpError",
    "NotEmptyError",
    "UpgradeResult",
    "dump_store",
    "dump_workspace",
    "export_table",
    "restore_store",
    "restore_workspace",
    "upgrade_store",
]

EXPORT_CHUNK_ROWS = 5_000
"""Number of rows of an export that are written at a time."""


def export_table(service: RecommenderService, table: str) -> Iterator[str]:
    """Return the rows of a table as JSON Lines, in pieces.

    Args:
        service: Service whose store is read.
        table: ``events``, ``items`` or ``users``.

    Raises:
        NotFoundError: There is no such table.
    """
    if table not in {"events", "items", "users"}:
        raise NotFoundError(f"no table {table!r:.40}; the tables are events, items and users")
    frame = getattr(service.store.tables(), table)
    chunks = frame.iter_slices(EXPORT_CHUNK_ROWS)
    if OTHER_ATTRIBUTES not in frame.columns:
        return (chunk.write_ndjson() for chunk in chunks)
    return (_unfolded_lines(chunk) for chunk in chunks)


def _unfolded_lines(chunk: pl.DataFrame) -> str:
    """Return rows with many different attributes as JSON Lines, without nulls."""
    rows = (
        unfold_attributes({name: value for name, value in row.items() if value is not None})
        for row in chunk.iter_rows(named=True)
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def dump_store(service: RecommenderService, path: Path) -> None:
    """Write the store, as it is at one moment, to a gzip file; vectors are left out.

    Raises:
        DataError: The file cannot be written.
    """
    dump(service.store, path)


def restore_store(
    service: RecommenderService, path: Path, lines: Iterable[bytes]
) -> dict[str, int]:
    """Restore a dump into the empty store of a service: all of it, or nothing.

    API keys and tasks that exist stay, so that the caller's key remains valid.

    Args:
        service: Service with an empty store.
        path: Dump, a gzip file.
        lines: Decompressed lines of the dump; reading them checks their sizes.

    Returns:
        Number of rows in the dump by table.

    Raises:
        NotEmptyError: The store has users, items or events.
        InvalidDumpError: A release has no folder, or one outside the folder of releases.
        DataError: The file is not a complete, unchanged dump.
    """
    status = service.status()
    if any(status.get(name) for name in ("users", "items", "events")):
        raise NotEmptyError("cannot restore: the store is not empty")
    for _ in lines:
        pass  # their generator checks sizes, before anything is written
    try:
        return restore(
            path, service.store, beside=(KEY_RECORD_KIND, TASK_RECORDS, LEASE_RECORDS)
        )
    except (NotEmptyError, InvalidDumpError):
        raise
    except DaybreakError as error:
        message = str(error).replace(repr(str(path)), "the file")
        raise type(error)(message, next_step=error.next_step, **error.parameters) from error


def dump_workspace(workspace: Workspace, path: Path, *, vectors: bool) -> dict[str, int]:
    """Write the store of a workspace to a gzip file.

    Args:
        workspace: Workspace with an open store.
        path: File to write.
        vectors: Whether to include vectors, which can be recomputed.

    Returns:
        Number of rows by table.

    Raises:
        DataError: The file cannot be written.
    """
    return dump(workspace.store, path, vectors=vectors)


def restore_workspace(workspace: Workspace, path: Path) -> dict[str, int]:
    """Restore a dump into the empty store of a workspace, completely or not at all.

    Returns:
        Number of rows by table.

    Raises:
        NotEmptyError: The store is not empty.
        InvalidDumpError: A release has no folder, or one outside the folder of releases.
        DataError: The file is not a complete, unchanged dump.
    """
    return restore(path, workspace.store)
