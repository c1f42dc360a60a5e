"""Statements that run on the connection of the driver, for work that is done all the time.

Preparing a statement of SQLAlchemy takes several times as long as running a small one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from daybreak.store.bulk import insert_rows, iter_chunks

_MAX_VALUES_PER_LOOKUP = 500
"""Largest number of values in one ``IN (...)``."""
_MIN_VALUES_PER_LOOKUP = 8
"""Numbers of values are rounded up to this times a power of two, to have few statements."""


class DriverStatements:
    """Runs statements on the connection of the driver, in the open transaction.

    Args:
        connection: Connection with an open transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection
        self._cursor = driver.cursor()

    def fetch(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a statement; ``?`` stands for each value."""
        if not self._is_sqlite:
            statement = statement.replace("?", "%s")
        self._cursor.execute(statement, values)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def find_known(self, table: Table, column: str, values: Sequence[Any]) -> set[Any]:
        """Return those values that a column has."""
        return set(chain.from_iterable(self._find(table.name, column, values)))

    def insert(
        self, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows whose keys are not in the table."""
        if not self._is_sqlite:
            insert_rows(self.connection, table, names, rows)
            return
        marks = ",".join("?" * len(names))
        columns = ",".join(f'"{name}"' for name in names)
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our schema
        self._cursor.executemany(statement, rows)

    def _find(self, table: str, column: str, values: Sequence[Any]) -> Iterator[Iterable[Any]]:
        query = f"SELECT {column} FROM {table} WHERE {column} "  # noqa: S608 - names of our schema
        if not self._is_sqlite:
            yield (row[0] for row in self.fetch(f"{query} = ANY(?)", list(values)))
            return
        for chunk in iter_chunks(values, _MAX_VALUES_PER_LOOKUP):
            marks = _rounded_up(len(chunk))
            padded = [*chunk, *[chunk[0]] * (marks - len(chunk))]
            yield (
                row[0] for row in self.fetch(f"{query} IN ({','.join('?' * marks)})", *padded)
            )


def _rounded_up(n: int) -> int:
    """Return the number of values of the statement that looks up ``n`` values."""
    if n > _MAX_VALUES_PER_LOOKUP // 2:
        return _MAX_VALUES_PER_LOOKUP
    return max(_MIN_VALUES_PER_LOOKUP, 1 << (n - 1).bit_length())
