"""The store for several machines: a PostgreSQL database."""

from sqlalchemy.engine import make_url

from daybreak.store.base import stores
from daybreak.store.database import WAIT_S
from daybreak.store.postgres_database import PostgresDatabase
from daybreak.store.sql import SqlStore


@stores.register("postgresql")
class PostgresStore(SqlStore):
    """Store in a database, ``postgresql://user:password@host/database``.

    After a restart of the server it goes on by itself: what is asked for meanwhile waits up to
    ``wait_s`` [s]. With the extension pgvector, vectors are kept in its type.

    Raises:
        StoreError: The database cannot be reached, or is of another program or version.
        MissingExtraError: The driver is not installed.
    """

    def __init__(self, url: str, *, wait_s: float = WAIT_S) -> None:
        super().__init__(PostgresDatabase(make_url(url), wait_s))
