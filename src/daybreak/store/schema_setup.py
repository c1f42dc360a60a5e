"""Creating the tables of a new store, and checking the version of an existing one."""

from sqlalchemy import Column, Connection, MetaData, String, Table, insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from daybreak.errors import NextStep, StoreError
from daybreak.store import schema
from daybreak.store.cursors import create_sequence
from daybreak.store.schema import APPLICATION_ID, VERSION, VERSION_TABLE

version_table = Table(
    VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True)
)
"""The version table of Alembic, defined without loading Alembic."""


def display_name(url: URL) -> str:
    """Return the name of a store for messages: a path, or a URL without password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def check_version(is_store: bool, version: int, url: URL) -> None:
    """Raise an error unless a database is a store of the present version.

    Args:
        is_store: Whether Daybreak created the database.
        version: Version of the store.
        url: URL of the database, for messages.

    Raises:
        StoreError: The database is of another program or version.
    """
    name = display_name(url)
    if not is_store:
        raise StoreError(f"store {name} belongs to another program; choose another path")
    if version < VERSION:
        raise StoreError(
            f"store {name} has version {version}, this program reads version {VERSION}",
            next_step=NextStep.UPGRADE_STORE,
            store=name,
        )
    if version > VERSION:
        raise StoreError(
            f"store {name} has version {version}, this program reads version {VERSION}; "
            "use the release that wrote it, or a newer one"
        )


def write_version_marks(connection: Connection) -> None:
    """Write program and version to the header of an SQLite file, where old releases look."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def use_pgvector(connection: Connection) -> None:
    """Give the empty column of vectors the type of pgvector, if the extension is available."""
    if connection.dialect.name != "postgresql" or not _has_extension(connection):
        return
    connection.exec_driver_sql("ALTER TABLE vectors DROP COLUMN vector")
    connection.exec_driver_sql("ALTER TABLE vectors ADD COLUMN vector vector NOT NULL")


def _has_extension(connection: Connection) -> bool:
    """Return whether the extension is available; install it if that is permitted."""
    query = "SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'"
    row = connection.exec_driver_sql(query).first()
    if row is None:
        return False
    if row[0] is not None:
        return True
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION vector")
    except DBAPIError:  # without the privilege, vectors are stored as bytes
        return False
    return True


def create_tables(connection: Connection) -> None:
    """Create all tables in an empty database, within the transaction of the caller."""
    schema.metadata.create_all(connection)
    version_table.create(connection, checkfirst=True)
    connection.execute(insert(version_table).values(version_num=str(schema.VERSION)))
    use_pgvector(connection)
    create_sequence(connection)
    write_version_marks(connection)
