"""Open an SQLite file safely, and say in plain words why it cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from daybreak.errors import StoreError
from daybreak.store import schema

_REASONS = (
    ("locked", "is locked by another process; wait until it has finished, or stop it"),
    ("readonly", "cannot be written: the file or its folder is read-only"),
    ("read-only", "cannot be written: the file or its folder is read-only"),
    ("unable to open", "cannot be opened; check that its folder exists and may be written"),
    ("not a database", "is not an SQLite file; choose another path"),
    ("malformed", "is damaged; restore a copy, or import the data into a new store"),
    ("full", "cannot be written: the disk is full"),
    ("closed", "has been closed; open it again"),
)


def connect(url: URL, wait_s: float) -> Engine:
    """Return an engine with explicit transactions and a write-ahead log.

    Raises:
        StoreError: The file is damaged, locked, of another program or another version.
    """
    options: dict[str, Any] = {"connect_args": {"timeout": wait_s, "check_same_thread": False}}
    if is_memory(url):
        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    with friendly(engine):
        _prepare(engine)
    return engine


def is_memory(url: URL) -> bool:
    """Return whether the store vanishes with the process; it then has one connection."""
    return url.database in {None, "", ":memory:"}


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, never by the driver
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -131072")
    connection.execute("PRAGMA temp_store = MEMORY")


def _begin(connection: Connection) -> None:
    """Writers ask for the lock at once, so that two of them wait instead of failing later."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _prepare(engine: Engine) -> None:
    with engine.connect() as connection:
        if _has_tables(connection):
            _check(connection, str(engine.url.database))
            return
    driver = engine.raw_connection()
    driver.cursor().execute("PRAGMA journal_mode = WAL")
    driver.close()
    with engine.execution_options(writes=True).begin() as connection:
        if not _has_tables(connection):  # another process may have been faster
            schema.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")


def _has_tables(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar())


def _check(connection: Connection, path: str) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    application = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if application != schema.APPLICATION:
        raise StoreError(f"store {path} belongs to another program; choose another path")
    if version != schema.VERSION:
        raise StoreError(
            f"store {path} has version {version}, this program reads version "
            f"{schema.VERSION}; use the release that wrote it, or import into a new store"
        )


@contextmanager
def friendly(engine: Engine) -> Iterator[None]:
    """Turn errors of the database into a :class:`StoreError` that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        name = engine.url.database or ":memory:"
        for sign, advice in _REASONS:
            if sign in cause.lower():
                raise StoreError(f"store {name} {advice} ({cause})") from error
        raise StoreError(f"store {name} cannot be used: {cause}") from error
