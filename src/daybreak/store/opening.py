"""Open or upgrade a store by URL."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url

from daybreak.data.private_files import create_private_file
from daybreak.errors import NextStep, NotFoundError, StoreError
from daybreak.store import schema
from daybreak.store.base import Store, stores
from daybreak.store.database import DEFAULT_WAIT_S, Database
from daybreak.store.postgres import PostgresDatabase, PostgresStore, read_version
from daybreak.store.schema_setup import (
    check_version,
    display_name,
    version_table,
    write_version_marks,
)
from daybreak.store.sqlite import SqliteFile, SqliteStore, read_version_marks


def hide_password(url: str) -> str:
    """Return the URL of a store with its password masked.

    Example:
        >>> hide_password("postgresql://eve:secret@db/shop"), hide_password("shop.db")
        ('postgresql://eve:***@db/shop', 'shop.db')
    """
    return make_url(url).render_as_string(hide_password=True) if "://" in url else url


def open_store(url: str | Path) -> Store:
    """Open a store, and create it if it does not exist.

    Args:
        url: ``shop.db``, ``sqlite:///shop.db``, ``sqlite:///:memory:`` or
            ``postgresql://user:password@host/database``. The scheme determines the kind of
            store; a path without a scheme is an SQLite file.

    Raises:
        StoreError: The store cannot be used.
        NotFoundError: The scheme is unknown.

    Example:
        >>> open_store("sqlite:///:memory:").tables().events.height
        0
    """
    text = str(url)
    if "://" not in text:
        return SqliteStore(f"sqlite:///{text}")
    scheme, _, rest = text.partition(":")
    scheme = scheme.partition("+")[0]
    if scheme == "postgres":  # a common alternative
        return PostgresStore(f"postgresql:{rest}")
    return stores[scheme](text)  # type: ignore[call-arg]


@dataclass(frozen=True)
class UpgradeResult:
    """Outcome of an upgrade."""

    before: int
    """Version of the store before the upgrade."""
    after: int
    """Version of the store after the upgrade."""
    backup: Path | None
    """Copy of the SQLite file before the upgrade; None if there was nothing to do."""


def upgrade_store(url: str | Path, *, wait_s: float = DEFAULT_WAIT_S) -> UpgradeResult:
    """Upgrade a store of an older version to the present version, in one transaction.

    An SQLite file is first copied to a name that ends in ``.v1.backup`` (its version). If the
    process is killed, the store is either the old or the new one. Stop all programs of the
    old version first.

    Args:
        url: URL or file of the store, see :func:`open_store`.
        wait_s: Longest wait for a lock [s].

    Raises:
        NotFoundError: The store does not exist.
        StoreError: The store cannot be used, or is newer than this program.
    """
    parsed_url = _existing_url(url)
    database: Database
    if parsed_url.get_backend_name() == "sqlite":
        database = _SqliteFileOfAnyVersion(parsed_url, wait_s)
    else:
        database = _PostgresDatabaseOfAnyVersion(parsed_url, wait_s)
    try:
        before = database.read(_stored_version)
        if before == schema.VERSION:
            return UpgradeResult(before, before, None)
        check_not_newer(before, parsed_url)
        backup = _back_up(database, before) if isinstance(database, SqliteFile) else None
        database.write(_migrate)
        return UpgradeResult(before, schema.VERSION, backup)
    finally:
        database.close()


def check_not_newer(version: int, url: URL) -> None:
    """Raise a StoreError for the store of a newer program; it cannot be downgraded."""
    if version > schema.VERSION:
        check_version(True, version, url)


def _existing_url(url: str | Path) -> URL:
    text = str(url)
    parsed_url = make_url(text if "://" in text else f"sqlite:///{text}")
    name = parsed_url.database
    if parsed_url.get_backend_name() == "sqlite" and not (name and Path(name).exists()):
        raise NotFoundError(
            f"there is no store at {display_name(parsed_url)!r}",
            next_step=NextStep.CHOOSE_STORE,
        )
    return parsed_url


class _SqliteFileOfAnyVersion(SqliteFile):
    """An SQLite file of any version."""

    def prepare(self) -> None:
        """Check that the database is a store."""
        with self.engine.connect() as connection:
            if not read_version_marks(connection)[0]:
                raise StoreError(
                    f"store {display_name(self.engine.url)} belongs to another program; choose "
                    "another path"
                )


class _PostgresDatabaseOfAnyVersion(PostgresDatabase):
    """A PostgreSQL database of any version."""

    def prepare(self) -> None:
        """Check that the database is a store."""
        with self.engine.connect() as connection:
            if read_version(connection) is None:
                name = display_name(self.engine.url)
                raise NotFoundError(
                    f"there is no store in {name!r}", next_step=NextStep.CHOOSE_STORE
                )


def _stored_version(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        return read_version_marks(connection)[1]
    return read_version(connection) or 0


def _back_up(database: Database, version: int) -> Path:
    """Copy the file; the copy gets its name when it is complete."""
    file = Path(str(database.engine.url.database))
    target = _unused_path(file.with_name(f"{file.name}.v{version}.backup"))
    draft = target.with_name(target.name + ".part")

    def copy() -> None:
        draft.unlink(missing_ok=True)
        create_private_file(draft)  # SQLite writes into an empty file
        with closing(database.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(draft),))

    database.with_retries(copy)
    with draft.open("rb+") as copied:
        os.fsync(copied.fileno())
    draft.rename(target)
    return target


def _unused_path(path: Path) -> Path:
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.rstrip('0123456789')}{number}")
    return path


def _migrate(connection: Connection) -> None:
    """Run the missing migrations within the transaction of the caller."""
    present = _stored_version(connection)
    if present == schema.VERSION:  # another process has run the migrations
        return
    if connection.dialect.name == "sqlite":
        version_table.create(connection, checkfirst=True)
        connection.execute(version_table.delete())
        connection.execute(version_table.insert().values(version_num=str(present)))
    migrate(connection, schema.VERSION)
    write_version_marks(connection)


def migrate(connection: Connection, version: int) -> None:
    """Run the migrations up to a version within the transaction of the caller."""
    from alembic.config import Config  # noqa: PLC0415 - slow, and rarely used
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))

    def steps(revision: str, _context: object) -> object:
        return script._upgrade_revs(
            str(version), revision
        )  # like the upgrade command of Alembic

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=schema.VERSION_TABLE)
        environment.run_migrations()
