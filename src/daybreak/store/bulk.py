"""Inserting and selecting many rows in batches."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, Table, func, select

MAX_ROWS_PER_BATCH = 20_000
"""Rows of one insert."""

MIN_BULK_ROWS = 50_000
"""Rows from which on reading all keys and rebuilding indexes may cost less than looking up
each key and updating the indexes."""

_MAX_IN_VALUES = 1_000
"""Values of one ``IN (...)``."""

_MIN_COPY_ROWS = 200
"""Rows from which on COPY is faster than INSERT in PostgreSQL."""

T = TypeVar("T")


def iter_chunks(values: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Yield chunks of at most ``size`` values."""
    return (values[start : start + size] for start in range(0, len(values), size))


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows whose keys are not in the table.

    Args:
        connection: Connection with an open transaction.
        table: Table to insert into.
        names: Names of the columns.
        rows: Values in the order of the names.
    """
    for chunk in iter_chunks(rows, MAX_ROWS_PER_BATCH):
        _INSERT_FUNCTIONS[connection.dialect.name](connection, table, names, chunk)


def _insert_values(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    placeholder = "?" if connection.dialect.name == "sqlite" else "%s"
    placeholders = ", ".join([placeholder] * len(names))
    statement = (
        f"INSERT INTO {_quoted_target(connection, table, names)} VALUES ({placeholders})"  # noqa: S608 - names of our schema
    )
    connection.exec_driver_sql(statement, list(rows))


def _insert_by_copy(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if len(rows) < _MIN_COPY_ROWS:
        _insert_values(connection, table, names, rows)
        return
    driver: Any = connection.connection.cursor()
    with (
        driver as cursor,
        cursor.copy(f"COPY {_quoted_target(connection, table, names)} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


_INSERT_FUNCTIONS: dict[str, Callable[..., None]] = {
    "sqlite": _insert_values,
    "postgresql": _insert_by_copy,
}


def _quoted_target(connection: Connection, table: Table, names: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(quote(name) for name in names)})"


def select_candidates(
    connection: Connection, columns: Sequence[Column[Any]], values: Collection[Any]
) -> Iterator[Any]:
    """Yield the rows whose first column is among the values; if these are many, all rows."""
    key = columns[0]
    if len(values) >= MIN_BULK_ROWS and 4 * len(values) >= count_rows(connection, key.table):
        yield from connection.execute(select(*columns))
        return
    yield from select_where_in(connection, select(*columns), key, values)


def select_where_in(
    connection: Connection,
    query: Select[Any],
    column: Column[Any],
    values: Collection[Any],
    *,
    plain: bool = False,
) -> Iterator[Any]:
    """Yield the rows of a query for many values of a column, in chunks.

    Args:
        connection: Connection.
        query: The query.
        column: Column that has one of the values.
        values: Values, each once.
        plain: Whether rows are the tuples of the driver, which are made in half of the time;
            for columns of numbers and texts.
    """
    for chunk in iter_chunks(list(values), _MAX_IN_VALUES):
        found: Any = connection.execute(query.where(column.in_(chunk)))
        yield from (found.cursor.fetchall() if plain else found)


def count_rows(connection: Connection, table: Any) -> int:
    """Return the number of rows; it reads a whole index, so avoid it in small writes."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
