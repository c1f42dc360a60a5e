"""Make the tables of a new store; it is of the newest version at once."""

from sqlalchemy import Connection, insert

from daybreak.store import counter, schema
from daybreak.store.pgvector_column import use_pgvector
from daybreak.store.versions import mark, versions


def create(connection: Connection) -> None:
    """Make all tables in an empty database, within the transaction of the caller."""
    schema.metadata.create_all(connection)
    versions.create(connection, checkfirst=True)
    connection.execute(insert(versions).values(version_num=str(schema.VERSION)))
    use_pgvector(connection)
    counter.begin(connection)
    mark(connection)
