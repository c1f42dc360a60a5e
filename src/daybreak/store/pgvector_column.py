"""Let PostgreSQL keep vectors in the type of pgvector, where the server has it."""

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def use_pgvector(connection: Connection) -> None:
    """Change the type of the (empty) column; without the extension it stays as bytes."""
    if connection.dialect.name != "postgresql" or not _extension(connection):
        return
    connection.exec_driver_sql("ALTER TABLE vectors DROP COLUMN vector")
    connection.exec_driver_sql("ALTER TABLE vectors ADD COLUMN vector vector NOT NULL")


def _extension(connection: Connection) -> bool:
    """Tell whether the extension is there; install it if we may."""
    query = "SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'"
    row = connection.exec_driver_sql(query).first()
    if row is None:
        return False
    if row[0] is not None:
        return True
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION vector")
    except DBAPIError:  # only some users may; then vectors are kept as bytes
        return False
    return True
