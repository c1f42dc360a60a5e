"""Dumps: a store as one gzipped JSON Lines file that every kind of store can restore."""

import gzip
import json
import os
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select, type_coerce
from sqlalchemy.types import NullType

from daybreak.data.private_files import open_private_file
from daybreak.errors import DataError, StoreError
from daybreak.store import schema
from daybreak.store.base import Store
from daybreak.store.bulk import MAX_ROWS_PER_BATCH, insert_rows
from daybreak.store.cursors import current_cursor, next_cursor, restart_sequence
from daybreak.store.database import Database
from daybreak.store.event_rows import deferred_indexes
from daybreak.store.id_spellings import join_spellings
from daybreak.store.sql import SqlStore
from daybreak.store.vector_rows import decode_vector, put_vectors

DUMP_FORMAT = 1
"""Version of the format; it changes when older programs cannot read new dumps."""


class InvalidDumpError(DataError):
    """A dump contains a release that must not be restored."""


def check_release_folder(folder: Any) -> None:
    """Check that the folder of a release lies below the folder of the releases.

    It is checked as a path of both kinds of systems, since a dump may be made on one and
    restored on the other.

    Args:
        folder: Value of the parsed row.

    Raises:
        InvalidDumpError: It is no text, empty, absolute, or leads upwards.

    Example:
        >>> check_release_folder("releases/1")
    """
    if not (isinstance(folder, str) and folder.strip() and folder.isprintable()):
        raise InvalidDumpError("cannot restore: the dump contains an invalid release")
    paths = (PurePosixPath(folder), PureWindowsPath(folder))
    # "." names the folder of the store itself; Windows ignores blanks and dots after a name
    parts = [part.rstrip(" .") for path in paths for part in path.parts]
    is_rooted = any(path.drive or path.root for path in paths)
    if is_rooted or not all(path.parts for path in paths) or not all(parts):
        raise InvalidDumpError(
            "cannot restore: a release of the dump lies outside the folder of releases"
        )


class DumpWriter:
    """Writes the lines of a dump, and counts and hashes them."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._hash = sha256()
        self.counts: Counter[str] = Counter()
        self._write_line({"daybreak": "dump", "format": DUMP_FORMAT})

    def write_row(self, table: str, row: dict[str, Any]) -> None:
        """Write a row of a table."""
        self.counts[table] += 1
        self._write_line({table: row})

    def finish(self) -> None:
        """Write the last line: row counts and hash of all lines before."""
        summary = {"rows": dict(self.counts), "sha256": self._hash.hexdigest()}
        self._write_line({"end": summary})

    def _write_line(self, value: dict[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._hash.update(line)
        self._stream.write(line)


@contextmanager
def create_dump_file(file: Path) -> Iterator[DumpWriter]:
    """Yield the writer of a file, which gets its name when it is complete and on the disk.

    Only the user of the process may read the file.

    Raises:
        DataError: The file cannot be written.
    """
    draft = file.with_name(file.name + ".part")
    try:
        with open_private_file(draft) as raw:
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
                writer = DumpWriter(stream)
                yield writer
                writer.finish()
            raw.flush()
            os.fsync(raw.fileno())
        draft.replace(file)
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def read_dump_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) of each line; the last step checks that the file is complete.

    Raises:
        DataError: The file is not a dump, or it is truncated, changed or of a newer program.
    """
    try:
        with gzip.open(file) as stream:
            yield from _iter_checked_rows(stream, file)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {str(file)!r}") from error
    except EOFError as error:
        raise DataError(f"{str(file)!r} is truncated; copy or create the dump again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{str(file)!r} is not a dump, or is damaged: {error}") from error
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror}") from error


def _iter_checked_rows(
    stream: gzip.GzipFile, file: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    first = stream.readline()
    _check_format(_parse_line(first, file, 1), file)
    hash_, counts = sha256(first), Counter[str]()
    for number, line in enumerate(stream, 2):
        ((table, row),) = _parse_line(line, file, number).items()
        if table == "end":
            summary = {"rows": dict(counts), "sha256": hash_.hexdigest()}
            if row != summary or stream.read(1):
                raise DataError(f"{str(file)!r} was changed: its checksum is wrong")
            return
        if table == schema.releases.name:
            check_release_folder(row.get("folder") if isinstance(row, dict) else None)
        hash_.update(line)
        counts[table] += 1
        yield table, row
    raise DataError(f"{str(file)!r} is truncated; copy or create the dump again")


def _check_format(first: dict[str, Any], file: Path) -> None:
    if first.get("daybreak") != "dump":
        raise DataError(f"{str(file)!r} is not a dump of a store")
    if first.get("format") != DUMP_FORMAT:
        raise DataError(
            f"{str(file)!r} is a dump of format {first.get('format')}, this program reads "
            f"format {DUMP_FORMAT}; use the release that wrote it"
        )


def _parse_line(line: bytes, file: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError(f"{str(file)!r}, line {number}: not JSON ({error})") from error
    if not isinstance(value, dict) or (number > 1 and len(value) != 1):
        raise DataError(f"{str(file)!r}, line {number}: not a row of a dump")
    return value


_DUMPED_TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        schema.items,
        schema.users,
        schema.events,
        schema.answers,
        schema.releases,
        schema.settings,
        schema.records,
    )
}
_COUNTER_LINE = "counter"
_LOCAL_COLUMNS = {"row", "change"}
"""Columns that every store fills itself."""


def dump(store: Store, file: str | Path, *, vectors: bool = False) -> dict[str, int]:
    """Write one snapshot of a store to a gzipped JSON Lines file.

    The file gets its name when it is complete. Its last line has the number of rows of each
    table and the SHA-256 of all lines before it.

    Args:
        store: Store to dump.
        file: File to write.
        vectors: Whether to include text vectors, which can be computed again.

    Returns:
        Number of rows by table.

    Raises:
        DataError: The file cannot be written.
    """

    def work(connection: Connection) -> dict[str, int]:
        with create_dump_file(Path(file)) as writer:  # a retry starts a new file
            _write_tables(connection, writer, vectors)
            return dict(writer.counts)

    counts = _database(store).read(work)
    return {name: number for name, number in counts.items() if name != _COUNTER_LINE}


class NotEmptyError(StoreError):
    """The store that a dump would be restored into is not empty."""


def restore(file: str | Path, store: Store, *, beside: Collection[str] = ()) -> dict[str, int]:
    """Restore a dump into an empty store, completely or not at all.

    Args:
        file: File of the dump.
        store: Empty store.
        beside: Kinds of documents that the store may already have, such as the API key in use.
            They stay; a document of the dump with the same id is skipped.

    Returns:
        Number of rows of the dump by table.

    Raises:
        DataError: The file is not a dump, or it is truncated or changed.
        InvalidDumpError: A release has no folder, or one outside the folder of releases.
        NotEmptyError: The store is not empty.
    """
    database = _database(store)
    restored = database.write(lambda c: _read_tables(c, Path(file), tuple(beside)))
    join_spellings(database)  # of a dump of an earlier version
    return restored


def _database(store: Store) -> Database:
    if not isinstance(store, SqlStore):
        raise StoreError(f"a store of kind {type(store).__name__} cannot be dumped")
    return store.database


def _write_tables(connection: Connection, writer: DumpWriter, vectors: bool) -> None:
    writer.write_row(_COUNTER_LINE, {"value": current_cursor(connection)[0]})
    for name, table in _DUMPED_TABLES.items():
        columns = [column for column in table.columns if column.name not in _LOCAL_COLUMNS]
        query = select(*columns).order_by(*table.primary_key.columns)
        for row in _iter_rows(connection, query):
            values = zip((c.name for c in columns), row, strict=True)
            writer.write_row(
                name, {key: _to_json_value(value) for key, value in values if value is not None}
            )
    if vectors:
        table = schema.vectors
        raw_vector = type_coerce(table.c.vector, NullType())
        query = select(table.c.model, table.c.content, raw_vector)
        for model, content, value in _iter_rows(connection, query):
            text = b64encode(decode_vector(value).astype("<f4").tobytes()).decode()
            writer.write_row(table.name, {"model": model, "content": content, "vector": text})


def _iter_rows(connection: Connection, query: Any) -> Iterator[Any]:
    """Yield rows without loading all of them."""
    options = {"yield_per": MAX_ROWS_PER_BATCH}
    yield from connection.execute(query, execution_options=options)


def _to_json_value(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _read_tables(connection: Connection, file: Path, beside: Sequence[str]) -> dict[str, int]:
    change = next_cursor(connection)
    _check_empty(connection, beside)
    existing = _existing_documents(connection)
    counts: dict[str, int] = {}
    with deferred_indexes(connection, enabled=connection.dialect.name == "sqlite"):
        for name, batch in _iter_batches(file):
            counts[name] = counts.get(name, 0) + len(batch)
            try:
                new = _drop_existing(existing, batch) if name == schema.records.name else batch
                change = max(change, _insert_batch(connection, name, new, change))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{str(file)!r} has an invalid row of {name}") from error
    restart_sequence(connection, change)
    counts.pop(_COUNTER_LINE, None)
    return counts


def _iter_batches(file: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield batches of rows of one table."""
    for name, group in groupby(read_dump_rows(file), key=lambda line: line[0]):
        values = (row for _, row in group)
        while batch := list(islice(values, MAX_ROWS_PER_BATCH)):
            yield name, batch


def _insert_batch(
    connection: Connection, name: str, batch: Sequence[dict[str, Any]], change: int
) -> int:
    """Insert rows of one table; return the cursor of the store."""
    if name == _COUNTER_LINE:
        return int(batch[0]["value"]) + 1
    if name == schema.vectors.name:
        for row in batch:
            vector = np.frombuffer(b64decode(row["vector"]), dtype="<f4")
            put_vectors(connection, row["model"], {row["content"]: vector})
        return change
    table = _DUMPED_TABLES[name]
    names = [column.name for column in table.columns if column.name != "row"]
    if "change" in names:
        batch = [{**row, "change": change} for row in batch]
    if "key" in names:
        batch = [{**row, "key": bytes.fromhex(row["key"])} for row in batch]
    insert_rows(connection, table, names, [tuple(map(row.get, names)) for row in batch])
    return change


def _check_empty(connection: Connection, beside: Sequence[str]) -> None:
    for name, table in _DUMPED_TABLES.items():
        query = select(func.count()).select_from(table)
        if table is schema.records:
            query = query.where(table.c.kind.not_in(beside))
        if number := connection.execute(query).scalar():
            raise NotEmptyError(
                f"a dump can only be restored into an empty store; this one has {number} rows "
                f"of {name}"
            )


def _existing_documents(connection: Connection) -> set[tuple[str, str]]:
    """Return kind and id of the documents in the store."""
    rows = connection.execute(select(schema.records.c.kind, schema.records.c.id))
    return {(kind, id_) for kind, id_ in rows}


def _drop_existing(
    existing: Collection[tuple[str, str]], rows: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    return [row for row in rows if (row["kind"], row["id"]) not in existing]
