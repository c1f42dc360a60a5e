"""Open a store by URL.

Bring a store to the version of this program, completely or not at all.
"""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url

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
    """Return a store's URL as it may be shown.

    Example:
        >>> hide_password("postgresql://eve:secret@db/shop"), hide_password("shop.db")
        ('postgresql://eve:***@db/shop', 'shop.db')
    """
    return make_url(url).render_as_string(hide_password=True) if "://" in url else url


def open_store(url: str | Path) -> Store:
    """Open a store; the scheme of the URL names its kind, a plain path means SQLite.

    Args:
        url: ``shop.db``, ``sqlite:///shop.db``, ``sqlite:///:memory:`` or
            ``postgresql://user:password@host/database``.

    Raises:
        StoreError: The store cannot be used.
        NotFoundError: There is no store of that kind.

    Example:
        >>> open_store("sqlite:///:memory:").tables().events.height
        0
    """
    text = str(url)
    if "://" not in text:
        return SqliteStore(f"sqlite:///{text}")
    scheme, _, rest = text.partition(":")
    scheme = scheme.partition("+")[0]
    if scheme == "postgres":  # as many hosts spell it
        return PostgresStore(f"postgresql:{rest}")
    return stores[scheme](text)  # type: ignore[call-arg]


@dataclass(frozen=True)
class UpgradeResult:
    """What an upgrade did."""

    before: int
    """The version that it found."""
    after: int
    backup: Path | None
    """The copy of the file as it was, if one was made."""


def upgrade_store(url: str | Path, *, wait_s: float = DEFAULT_WAIT_S) -> UpgradeResult:
    """Change the tables of an older store into those of this version, in one transaction.

    An SQLite file is copied first, to a name that ends in ``.v1.backup`` (its version); the
    copy is complete, or not there. Killed at any moment, the store is the old or the new one.
    Stop programs of the old version before.

    Raises:
        NotFoundError: There is no such store.
        StoreError: It cannot be used, or is newer than this program.
    """
    where = _existing_url(url)
    database: Database
    if where.get_backend_name() == "sqlite":
        database = _SqliteFileOfAnyVersion(where, wait_s)
    else:
        database = _PostgresDatabaseOfAnyVersion(where, wait_s)
    try:
        before = database.read(_stored_version)
        if before == schema.VERSION:
            return UpgradeResult(before, before, None)
        check_not_newer(before, where)
        backup = _back_up(database, before) if isinstance(database, SqliteFile) else None
        database.write(_migrate)
        return UpgradeResult(before, schema.VERSION, backup)
    finally:
        database.close()


def check_not_newer(version: int, url: URL) -> None:
    """Refuse the store of a newer program, which cannot be made older."""
    if version > schema.VERSION:
        check_version(True, version, url)


def _existing_url(url: str | Path) -> URL:
    text = str(url)
    where = make_url(text if "://" in text else f"sqlite:///{text}")
    name = where.database
    if where.get_backend_name() == "sqlite" and not (name and Path(name).exists()):
        raise NotFoundError(
            f"there is no store at {display_name(where)!r}", next_step=NextStep.CHOOSE_STORE
        )
    return where


class _SqliteFileOfAnyVersion(SqliteFile):
    """A file of any version."""

    def prepare(self) -> None:
        """Only check that it is a store."""
        with self.engine.connect() as connection:
            if not read_version_marks(connection)[0]:
                raise StoreError(
                    f"store {display_name(self.engine.url)} belongs to another program; choose "
                    "another path"
                )


class _PostgresDatabaseOfAnyVersion(PostgresDatabase):
    """A database of any version."""

    def prepare(self) -> None:
        """Only check that it is a store."""
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
    """Copy the file to a new name beside it; the name appears when the copy is complete."""
    file = Path(str(database.engine.url.database))
    target = _unused_path(file.with_name(f"{file.name}.v{version}.backup"))
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)

    def copy() -> None:
        with closing(database.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(part),))

    database.with_retries(copy)
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.rename(target)
    return target


def _unused_path(path: Path) -> Path:
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.rstrip('0123456789')}{number}")
    return path


def _migrate(connection: Connection) -> None:
    """Run the steps that are missing, within the transaction of the caller."""
    present = _stored_version(connection)
    if present == schema.VERSION:  # another process was faster
        return
    if connection.dialect.name == "sqlite":
        version_table.create(connection, checkfirst=True)
        connection.execute(version_table.delete())
        connection.execute(version_table.insert().values(version_num=str(present)))
    migrate(connection, schema.VERSION)
    write_version_marks(connection)


def migrate(connection: Connection, version: int) -> None:
    """Run the steps up to a version, within the transaction of the caller."""
    from alembic.config import Config  # noqa: PLC0415 - slow to load, and seldom needed
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))

    def steps(revision: str, _context: object) -> object:
        return script._upgrade_revs(str(version), revision)  # as its own command does

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=schema.VERSION_TABLE)
        environment.run_migrations()
