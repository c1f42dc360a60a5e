"""The embedded store: one SQLite file with a write-ahead log."""

import logging
import os
import shutil
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from daybreak.data.private_files import create_private_file
from daybreak.errors import StoreError
from daybreak.store import schema
from daybreak.store.base import stores
from daybreak.store.database import (
    DEFAULT_WAIT_S,
    Database,
    first_error_line,
    store_error_with_advice,
)
from daybreak.store.schema_setup import check_version, create_tables
from daybreak.store.sql import SqlStore

_ADVICE = (
    ("locked", "is locked by another process; wait until it has finished, or stop it"),
    ("readonly", "cannot be written: the file or its folder is read-only"),
    ("read-only", "cannot be written: the file or its folder is read-only"),
    ("unable to open", "cannot be opened; check that its folder exists and may be written"),
    ("not a database", "is not an SQLite file; choose another path"),
    ("malformed", "is damaged; restore a copy, or import the data into a new store"),
    ("is full", "cannot be written: the disk is full; make room, nothing was lost"),
    (
        "disk i/o",
        "cannot be written: the disk reports an error; check its space and its health",
    ),
    ("closed", "has been closed; open it again"),
)
_MIN_FREE_BYTES = 65_536
"""Free space of a disk below which it counts as full [bytes]; SQLite needs 32 KiB to begin."""
_SCRUB_TIMEOUT_MS = 200
_MAX_BUSY_WAIT_S = 1.0
"""Longest wait for a lock inside of SQLite [s]; longer waits are repeated ones, which end when
the caller may not wait any more."""
_MIN_CHECKPOINT_PAGES = 10_000
"""Size of the write-ahead log from which on it is copied into the file [pages of 4 KiB]. Many
writes change the same pages of the indexes, which a longer log copies only once."""
SYNCHRONOUS = "FULL"
"""When a file is flushed: with each commit. Tests need not wait for that."""
_log = logging.getLogger(__name__)
_POOL_OPTIONS = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}


class SqliteFile(Database):
    """An SQLite file, or a database in memory that has one connection for all threads.

    Raises:
        StoreError: The file is damaged, locked, of another program or another version.
    """

    read_options = {"writes": False}  # noqa: RUF012 - never changed
    write_options = {"writes": True}  # noqa: RUF012 - never changed

    def __init__(self, url: URL, wait_s: float) -> None:
        self._file = (
            None if is_memory(url) or "uri" in url.query else Path(str(url.database)).absolute()
        )
        is_new = self._file is not None and create_private_file(self._file)
        engine = sqlite_engine(_read_only_url(url, self._file), wait_s)
        super().__init__(engine, wait_s, single_connection=is_memory(url))
        try:
            self.with_retries(self.prepare)
        except BaseException:
            engine.dispose()
            if is_new and self._file is not None:
                _remove_empty_file(self._file)
            raise
        if self._file is not None:
            event.listen(engine, "do_connect", self._check_file_exists)
            event.listen(engine, "checkout", self._check_file_identity)

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """Exceptions of SQLAlchemy, and of the driver, which is also used directly."""
        return (SQLAlchemyError, sqlite3.Error)

    def is_transient(self, error: Exception) -> bool:
        """Return whether another process holds a lock."""
        cause = first_error_line(error).lower()
        return "locked" in cause or "busy" in cause

    def translate_error(self, error: Exception) -> Exception:
        """Return an error with advice on the file."""
        cause = first_error_line(error)
        if "disk i/o" in cause.lower() and self._file is not None and _is_full(self._file):
            cause = f"database or disk is full: {cause}"
        name = str(self._file or self.engine.url.database or ":memory:")
        return store_error_with_advice(name, cause, _ADVICE)

    def scrub(self) -> None:
        """Truncate the write-ahead log, which contains old pages; a reader may delay it."""
        if self._file is None:
            return
        self.needs_scrub = True
        with closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {_SCRUB_TIMEOUT_MS}")
            try:
                row = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self.needs_scrub = bool(row[0])
            except sqlite3.OperationalError as error:
                _log.info("the write-ahead log is truncated later: %s", error)
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {_busy_wait_s(self.wait_s) * 1e3:.0f}")

    def return_memory(self) -> None:
        """Drop the pages that idle connections keep; the next reads find them in the file."""
        pool = self.engine.pool
        if self._file is None or not isinstance(pool, QueuePool):
            return
        with ExitStack() as idle:
            for _ in range(pool.checkedin()):
                connection = idle.enter_context(closing(self.engine.raw_connection()))
                connection.cursor().execute("PRAGMA shrink_memory")

    def prepare(self) -> None:
        """Create the tables of a new store, or check the version of an existing one."""
        with self.engine.connect() as connection:
            if has_tables(connection):
                check_version(*read_version_marks(connection), self.engine.url)
                return
        with closing(self.engine.raw_connection()) as driver:
            driver.cursor().execute("PRAGMA journal_mode = WAL")
        with self.engine.execution_options(writes=True).begin() as connection:
            if not has_tables(connection):  # another process may have been faster
                create_tables(connection)

    def _check_file_exists(self, *_: Any) -> None:
        """Raise an error if the file is gone, so that SQLite does not create a new one."""
        if self._file is not None and not self._file.exists():
            raise StoreError(
                f"store {self._file} is gone: it was deleted or moved, or its disk is not "
                "mounted; restore it to continue"
            )

    def _check_file_identity(self, _connection: Any, record: Any, _proxy: Any) -> None:
        """Reconnect if the file was replaced while it was open."""
        self._check_file_exists()
        stat = self._file.stat() if self._file is not None else None
        identity = (stat.st_dev, stat.st_ino) if stat else None
        if record.info.setdefault("file", identity) != identity:
            raise DisconnectionError(f"store {self._file} was replaced")


def _remove_empty_file(file: Path) -> None:
    """Remove the file of a store that could not be created, such as on a full disk."""
    with suppress(OSError):
        if not file.stat().st_size:
            file.unlink()


def _read_only_url(url: URL, file: Path | None) -> URL:
    """Return the URL that opens a file for reading if its folder cannot be written.

    SQLite needs files next to the database for its log, unless it is told that nobody changes
    the database. With a log that contains rows, that would be wrong.
    """
    if file is None or not file.exists() or os.access(file.parent, os.W_OK):
        return url
    logged = file.with_name(file.name + "-wal")
    if logged.exists() and logged.stat().st_size:
        return url
    query = {"mode": "ro", "immutable": "1", "uri": "true"}
    return url.set(database=f"file:{quote(str(file))}", query=query)


def _is_full(file: Path) -> bool:
    """Return whether the disk of a file has no room for a page of the log."""
    try:
        return shutil.disk_usage(file.parent).free < _MIN_FREE_BYTES
    except OSError:
        return False


def sqlite_engine(url: URL, wait_s: float) -> Engine:
    """Return an engine with explicit transactions and durable commits."""
    connect_args = {"timeout": _busy_wait_s(wait_s), "check_same_thread": False}
    options: dict[str, Any] = {"connect_args": connect_args}
    options |= {"poolclass": StaticPool} if is_memory(url) else _POOL_OPTIONS
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _configure_connection)
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _busy_wait_s(wait_s: float) -> float:
    return min(wait_s, _MAX_BUSY_WAIT_S)


def is_memory(url: URL) -> bool:
    """Return whether the database is in memory; it then has one connection."""
    return url.database in {None, "", ":memory:"}


def has_tables(connection: Connection) -> bool:
    """Return whether the file has any tables."""
    return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar())


def read_version_marks(connection: Connection) -> tuple[bool, int]:
    """Return whether the file is a store, and its version."""
    application = connection.exec_driver_sql("PRAGMA application_id").scalar()
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    return application == schema.APPLICATION_ID, int(version or 0)


def _configure_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # _begin_transaction begins transactions, not the driver
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA cache_size = -131072")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_MIN_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA secure_delete = ON")  # overwrite deleted rows


def _begin_transaction(connection: Connection) -> None:
    """Begin a transaction; writers take the lock at once, so that they wait instead of fail."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


@stores.register("sqlite")
class SqliteStore(SqlStore):
    """A store in one file, ``sqlite:///shop.db``, or in memory, ``sqlite:///:memory:``.

    Several processes may read while one writes; a second writer waits.

    Args:
        url: URL of the file.
        wait_s: Longest wait for a lock [s].

    Raises:
        StoreError: The file is damaged, locked, of another program or another version.

    Example:
        >>> import polars as pl
        >>> from daybreak.data import Tables
        >>> with SqliteStore("sqlite:///:memory:") as store:
        ...     shop = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        ...     store.write(shop).events, store.write(shop).events
        (1, 0)
    """

    def __init__(self, url: str, *, wait_s: float = DEFAULT_WAIT_S) -> None:
        super().__init__(SqliteFile(make_url(url), wait_s))
