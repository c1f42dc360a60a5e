"""Tell whether this program can use a store that is there already."""

from sqlalchemy import Column, Connection, MetaData, String, Table
from sqlalchemy.engine import URL

from daybreak.errors import StoreError
from daybreak.store.schema import APPLICATION, VERSION, VERSION_TABLE

versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
"""The table of Alembic, made without loading Alembic."""


def shown(url: URL) -> str:
    """Return the name of a store as messages show it: a path, or a URL without password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def check_version(ours: bool, version: int, url: URL) -> None:
    """Refuse what is not ours, or of another version.

    Raises:
        StoreError: With the command that helps.
    """
    name = shown(url)
    if not ours:
        raise StoreError(f"store {name} belongs to another program; choose another path")
    if version < VERSION:
        raise StoreError(
            f"store {name} has version {version}, this program reads version {VERSION}; "
            f"run: daybreak store upgrade --store {name}"
        )
    if version > VERSION:
        raise StoreError(
            f"store {name} has version {version}, this program reads version {VERSION}; "
            "use the release that wrote it, or a newer one"
        )


def mark(connection: Connection) -> None:
    """Note program and version in the header of an SQLite file, where old releases look."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
