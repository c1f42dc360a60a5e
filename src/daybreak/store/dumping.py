"""Write a store to one file that any other store can read, and read it back."""

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select, type_coerce
from sqlalchemy.types import NullType

from daybreak.errors import DataError, StoreError
from daybreak.store import counter, schema
from daybreak.store.appending import indexes_aside
from daybreak.store.base import Store
from daybreak.store.bulk import CHUNK, append
from daybreak.store.database import Database
from daybreak.store.dump_lines import Lines, read_rows, writing
from daybreak.store.sql import SqlStore
from daybreak.store.vector_rows import decoded, put_vectors

_PLAIN: Mapping[str, Table] = {
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
_COUNTED = "counter"
_OWN = {"row", "change"}
"""Columns that each store fills itself."""


def dump(store: Store, file: str | Path, *, vectors: bool = False) -> dict[str, int]:
    """Write everything to a gzipped file of JSON Lines, as it is at one moment.

    The file gets its name when it is complete. Its last line has the number of rows of each
    table and a SHA-256 of all lines before it.

    Args:
        store: What to write.
        file: Where to.
        vectors: Whether to write vectors too; they can be computed again.

    Returns:
        The number of rows by table.

    Raises:
        DataError: The file cannot be written.
    """

    def work(connection: Connection) -> dict[str, int]:
        with writing(Path(file)) as lines:  # anew, should the work be done again
            _dump(connection, lines, vectors)
            return dict(lines.counts)

    counts = _database(store).read(work)
    return {name: number for name, number in counts.items() if name != _COUNTED}


class NotEmptyError(StoreError):
    """A dump would be mixed with what is there."""


def restore(file: str | Path, store: Store, *, beside: Collection[str] = ()) -> dict[str, int]:
    """Read a dump into an empty store: all of it, or nothing if anything is wrong with it.

    Args:
        file: Where from.
        store: Where to.
        beside: Kinds of documents that may be there already, such as the key of whoever
            restores. They stay; one of the dump with the same id is passed over.

    Returns:
        The number of rows by table, as they are in the dump.

    Raises:
        DataError: The file is no dump, cut off, or changed.
        NotEmptyError: The store is not empty.
    """
    return _database(store).write(lambda c: _restore(c, Path(file), tuple(beside)))


def _database(store: Store) -> Database:
    if not isinstance(store, SqlStore):
        raise StoreError(f"a store of kind {type(store).__name__} cannot be dumped")
    return store.database


def _dump(connection: Connection, lines: Lines, vectors: bool) -> None:
    lines.row(_COUNTED, {"value": counter.now(connection)[0]})
    for name, table in _PLAIN.items():
        columns = [column for column in table.columns if column.name not in _OWN]
        query = select(*columns).order_by(*table.primary_key.columns)
        for row in _streamed(connection, query):
            values = zip((c.name for c in columns), row, strict=True)
            lines.row(name, {key: _spelt(value) for key, value in values if value is not None})
    if vectors:
        table = schema.vectors
        kept = type_coerce(table.c.vector, NullType())
        query = select(table.c.model, table.c.content, kept)
        for model, content, value in _streamed(connection, query):
            text = b64encode(decoded(value).astype("<f4").tobytes()).decode()
            lines.row(table.name, {"model": model, "content": content, "vector": text})


def _streamed(connection: Connection, query: Any) -> Iterator[Any]:
    """Yield rows without holding all of them."""
    options = {"yield_per": CHUNK}
    yield from connection.execute(query, execution_options=options)


def _spelt(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _restore(connection: Connection, file: Path, beside: Sequence[str]) -> dict[str, int]:
    change = counter.advance(connection)
    _check_empty(connection, beside)
    there = _documents(connection)
    counts: dict[str, int] = {}
    with indexes_aside(connection, worth=connection.dialect.name == "sqlite"):
        for name, part in _parts(file):
            counts[name] = counts.get(name, 0) + len(part)
            try:
                new = _without(there, part) if name == schema.records.name else part
                change = max(change, _put(connection, name, new, change))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{str(file)!r} has a row of {name} that is none") from error
    counter.start_at(connection, change)
    counts.pop(_COUNTED, None)
    return counts


def _parts(file: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield some rows of one table at a time."""
    for name, group in groupby(read_rows(file), key=lambda line: line[0]):
        values = (row for _, row in group)
        while part := list(islice(values, CHUNK)):
            yield name, part


def _put(connection: Connection, name: str, part: Sequence[dict[str, Any]], change: int) -> int:
    """Write rows of one table; return the cursor that they tell."""
    if name == _COUNTED:
        return int(part[0]["value"]) + 1
    if name == schema.vectors.name:
        for row in part:
            vector = np.frombuffer(b64decode(row["vector"]), dtype="<f4")
            put_vectors(connection, row["model"], {row["content"]: vector})
        return change
    table = _PLAIN[name]
    names = [column.name for column in table.columns if column.name != "row"]
    if "change" in names:
        part = [{**row, "change": change} for row in part]
    if "key" in names:
        part = [{**row, "key": bytes.fromhex(row["key"])} for row in part]
    append(connection, table, names, [tuple(map(row.get, names)) for row in part])
    return change


def _check_empty(connection: Connection, beside: Sequence[str]) -> None:
    for name, table in _PLAIN.items():
        query = select(func.count()).select_from(table)
        if table is schema.records:
            query = query.where(table.c.kind.not_in(beside))
        if number := connection.execute(query).scalar():
            raise NotEmptyError(
                f"a dump is restored into an empty store, and this one has {number} rows of "
                f"{name}; name a new store"
            )


def _documents(connection: Connection) -> set[tuple[str, str]]:
    """Return kind and id of what is there beside the dump."""
    rows = connection.execute(select(schema.records.c.kind, schema.records.c.id))
    return {(kind, id_) for kind, id_ in rows}


def _without(
    there: Collection[tuple[str, str]], part: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    return [row for row in part if (row["kind"], row["id"]) not in there]
