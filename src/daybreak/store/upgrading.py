"""Bring a store to the version of this program, completely or not at all."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url

from daybreak.errors import NotFoundError, StoreError
from daybreak.store import schema
from daybreak.store.database import WAIT_S, Database
from daybreak.store.postgres_database import PostgresDatabase, version_of
from daybreak.store.sqlite_file import SqliteFile, marks
from daybreak.store.versions import check_version, mark, shown, versions


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did."""

    before: int
    """The version that it found."""
    after: int
    backup: Path | None
    """The copy of the file as it was, if one was made."""


def upgrade_store(url: str | Path, *, wait_s: float = WAIT_S) -> Upgraded:
    """Change the tables of an older store into those of this version, in one transaction.

    An SQLite file is copied first, to a name that ends in ``.v1.backup`` (its version); the
    copy is complete, or not there. Killed at any moment, the store is the old or the new one.
    Stop programs of the old version before.

    Raises:
        NotFoundError: There is no such store.
        StoreError: It cannot be used, or is newer than this program.
    """
    where = _url(url)
    database: Database
    if where.get_backend_name() == "sqlite":
        database = _SqliteFileAsItIs(where, wait_s)
    else:
        database = _PostgresDatabaseAsItIs(where, wait_s)
    try:
        before = database.read(_version)
        if before == schema.VERSION:
            return Upgraded(before, before, None)
        check_not_newer(before, where)
        backup = _back_up(database, before) if isinstance(database, SqliteFile) else None
        database.write(_migrate)
        return Upgraded(before, schema.VERSION, backup)
    finally:
        database.close()


def check_not_newer(version: int, url: URL) -> None:
    """Refuse the store of a newer program, which cannot be made older."""
    if version > schema.VERSION:
        check_version(True, version, url)


def _url(url: str | Path) -> URL:
    text = str(url)
    where = make_url(text if "://" in text else f"sqlite:///{text}")
    name = where.database
    if where.get_backend_name() == "sqlite" and not (name and Path(name).exists()):
        raise NotFoundError(f"there is no store at {shown(where)!r}; name another with --store")
    return where


class _SqliteFileAsItIs(SqliteFile):
    """A file of any version."""

    def prepare(self) -> None:
        """Only check that it is a store."""
        with self.engine.connect() as connection:
            if not marks(connection)[0]:
                raise StoreError(
                    f"store {shown(self.engine.url)} belongs to another program; choose "
                    "another path"
                )


class _PostgresDatabaseAsItIs(PostgresDatabase):
    """A database of any version."""

    def prepare(self) -> None:
        """Only check that it is a store."""
        with self.engine.connect() as connection:
            if version_of(connection) is None:
                name = shown(self.engine.url)
                raise NotFoundError(f"there is no store in {name!r}; name another with --store")


def _version(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        return marks(connection)[1]
    return version_of(connection) or 0


def _back_up(database: Database, version: int) -> Path:
    """Copy the file to a new name beside it; the name appears when the copy is complete."""
    file = Path(str(database.engine.url.database))
    target = _unused(file.with_name(f"{file.name}.v{version}.backup"))
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)

    def copy() -> None:
        with closing(database.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(part),))

    database.patiently(copy)
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.rename(target)
    return target


def _unused(path: Path) -> Path:
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.rstrip('0123456789')}{number}")
    return path


def _migrate(connection: Connection) -> None:
    """Run the steps that are missing, within the transaction of the caller."""
    present = _version(connection)
    if present == schema.VERSION:  # another process was faster
        return
    if connection.dialect.name == "sqlite":
        versions.create(connection, checkfirst=True)
        connection.execute(versions.delete())
        connection.execute(versions.insert().values(version_num=str(present)))
    migrate(connection, schema.VERSION)
    mark(connection)


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
