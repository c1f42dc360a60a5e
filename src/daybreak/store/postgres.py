"""The store for several machines: a PostgreSQL database."""

import math
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from daybreak.deadline import remaining_wait_s
from daybreak.errors import DataError, MissingExtraError, StoreError
from daybreak.store import schema
from daybreak.store.base import stores
from daybreak.store.database import (
    DEFAULT_WAIT_S,
    Database,
    first_error_line,
    store_error_with_advice,
)
from daybreak.store.schema_setup import (
    check_version,
    create_tables,
    display_name,
    version_table,
)
from daybreak.store.sql import SqlStore

_ADVICE = (
    ("authentication failed", "rejects the password; check user and password in the URL"),
    ("no password supplied", "requires a password; put it into the URL or into ~/.pgpass"),
    (
        "permission denied",
        "cannot be used by this user; request the privilege to create tables",
    ),
    ("disk full", "cannot be written: the disk of the server is full; nothing was lost"),
    ("no space left", "cannot be written: the disk of the server is full; nothing was lost"),
    ("read-only", "cannot be written: the server is a read-only replica; use the primary"),
    ("lock timeout", "is locked by another process; wait until it has finished, or stop it"),
    ("too many clients", "has no free connections; stop a process, or raise max_connections"),
    ("does not exist", "does not exist; create the database with: createdb"),
    ("connection", "cannot be reached; check that the server runs, then host and port"),
    ("terminat", "cannot be reached; check that the server runs, then host and port"),
)
_TRANSIENT_CODES = {
    "40001",  # serialisation failure
    "40P01",  # deadlock
    "55P03",  # a lock was not available in time
    "53300",  # too many connections
    "57P01",  # the server is stopping
    "57P02",  # the server has crashed
    "57P03",  # the server is starting
}
_PERMANENT_PATTERNS = (
    "authentication",
    "password",
    "does not exist",
    "permission",
    "no pg_hba",
)
_MAX_START_WAIT_S = 10.0
_MAX_CONNECT_WAIT_S = 5.0
_MIN_CONNECT_WAIT_S = 2
"""Shortest wait for a new connection [s]; the driver knows no shorter one."""
_MAX_LOCK_WAIT_S = 2.0
"""Longest wait for a lock inside of the server [s]; longer waits are repeated ones, which end
when the caller may not wait any more."""
_CREATION_LOCK_ID = 0x44415942  # lock for creating the tables


class PostgresDatabase(Database):
    """A database of a PostgreSQL server.

    Raises:
        StoreError: The database cannot be reached, or is of another program or version.
        MissingExtraError: The driver is not installed.
    """

    read_options = {"isolation_level": "REPEATABLE READ"}  # noqa: RUF012 - never changed
    write_options = {"isolation_level": "READ COMMITTED"}  # noqa: RUF012 - never changed
    notices_absence = True

    def __init__(self, url: URL, wait_s: float) -> None:
        super().__init__(postgres_engine(url, wait_s), wait_s)
        try:
            self.with_retries(self.prepare, min(wait_s, _MAX_START_WAIT_S))
        except BaseException:
            self.engine.dispose()
            raise
        self.engine.dispose()  # older connections do not know the type of vectors

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """Exceptions of SQLAlchemy, and of the driver, which copies rows."""
        import psycopg  # noqa: PLC0415 - part of an extra

        return (SQLAlchemyError, psycopg.Error)

    def is_transient(self, error: Exception) -> bool:
        """Return whether the server is restarting or the transaction can be repeated."""
        code = _sqlstate(error)
        if code is not None:
            return code in _TRANSIENT_CODES
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        cause = first_error_line(error).lower()
        return "connection" in cause and not any(
            pattern in cause for pattern in _PERMANENT_PATTERNS
        )

    def translate_error(self, error: Exception) -> Exception:
        """Return an error with advice on the server."""
        cause = first_error_line(error)
        if "NUL (0x00)" in cause:
            return DataError(
                "a text contains the character U+0000, which PostgreSQL cannot store"
            )
        return store_error_with_advice(display_name(self.engine.url), cause, _ADVICE)

    def return_memory(self) -> None:
        """Do nothing: the pages are in the memory of the server of the database."""

    def prepare(self) -> None:
        """Create the tables of a new store, or check the version of an existing one."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK_ID})")
            version = read_version(connection)
            if version is None:
                create_tables(connection)
            else:
                check_version(True, version, self.engine.url)


def postgres_engine(url: URL, wait_s: float) -> Engine:
    """Return an engine that checks connections before it uses them.

    Raises:
        MissingExtraError: The driver is not installed.
    """
    connect_args = {
        "connect_timeout": _connect_wait_s(wait_s),
        "client_encoding": "utf8",
        # A machine that is gone is noticed within 30 s; the system would take hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=connect_args,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=8,
            pool_timeout=min(wait_s, _MAX_CONNECT_WAIT_S),
        )
        from daybreak.store.postgres_connection import (  # noqa: PLC0415 - part of an extra
            BoundedConnection,
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError("a PostgreSQL store", "'daybreak[postgres]'") from error

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, kwargs: Any) -> Any:
        limited = {**kwargs, "connect_timeout": _connect_wait_s(wait_s)}
        return BoundedConnection.connect(*args, **limited)

    @event.listens_for(engine, "connect")
    def set_up(driver: Any, record: Any) -> None:
        record.info["pgvector"] = _configure_connection(driver, wait_s)

    return engine


def _connect_wait_s(wait_s: float) -> int:
    """Return the longest wait for a connection [s], which is shorter if the caller hurries.

    Args:
        wait_s: Longest wait of the store [s].
    """
    longest = min(wait_s, _MAX_CONNECT_WAIT_S, remaining_wait_s())
    return max(_MIN_CONNECT_WAIT_S, math.ceil(longest))


def read_version(connection: Connection) -> int | None:
    """Return the version of the store in a database; None without a store.

    Raises:
        StoreError: Another program has a table with the name of one of the store.
    """
    names = set(inspect(connection).get_table_names())
    if schema.VERSION_TABLE in names:
        return int(connection.execute(version_table.select()).scalar_one())
    if foreign := sorted(names & set(schema.metadata.tables)):
        raise StoreError(
            f"the database has a table {foreign[0]!r} of another program; create one for "
            "Daybreak alone with: createdb"
        )
    return None


def _configure_connection(driver: Any, wait_s: float) -> bool:
    """Set timeout and durable commits; return whether vectors use the type of pgvector."""
    with driver.cursor() as cursor:
        lock_wait_ms = f"{min(wait_s, _MAX_LOCK_WAIT_S) * 1e3:.0f}"
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [lock_wait_ms])
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.execute(
            "SELECT udt_name FROM information_schema.columns WHERE table_name = 'vectors' "
            "AND column_name = 'vector' AND table_schema = current_schema()"
        )
        column = cursor.fetchone()
    has_type = column is not None and column[0] == "vector"
    if has_type:
        from pgvector.psycopg import register_vector  # noqa: PLC0415 - part of an extra

        register_vector(driver)
    driver.commit()
    return has_type


def _sqlstate(error: Exception) -> str | None:
    code: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return code


@stores.register("postgresql")
class PostgresStore(SqlStore):
    """A store in a database, ``postgresql://user:password@host/database``.

    Calls during a restart of the server wait for it. With the extension pgvector, vectors are
    stored in its type.

    Args:
        url: URL of the database.
        wait_s: Longest wait for a lock or a restart [s].

    Raises:
        StoreError: The database cannot be reached, or is of another program or version.
        MissingExtraError: The driver is not installed.
    """

    def __init__(self, url: str, *, wait_s: float = DEFAULT_WAIT_S) -> None:
        super().__init__(PostgresDatabase(make_url(url), wait_s))
