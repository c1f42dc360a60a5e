"""The embedded store: one SQLite file with a write-ahead log."""

from sqlalchemy.engine import make_url

from daybreak.store.base import stores
from daybreak.store.database import WAIT_S
from daybreak.store.sql import SqlStore
from daybreak.store.sqlite_file import SqliteFile


@stores.register("sqlite")
class SqliteStore(SqlStore):
    """Store in one file, ``sqlite:///shop.db``, or in memory, ``sqlite:///:memory:``.

    Many processes may read while one writes; a second writer waits up to ``wait_s`` [s].

    Raises:
        StoreError: The file is damaged, locked, of another program or another version.

    Example:
        >>> import polars as pl
        >>> from daybreak.data import Tables
        >>> with SqliteStore("sqlite:///:memory:") as store:
        ...     shop = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        ...     store.write(shop), store.write(shop)
        (Written(items=1, users=1, events=1), Written(items=0, users=0, events=0))
    """

    def __init__(self, url: str, *, wait_s: float = WAIT_S) -> None:
        super().__init__(SqliteFile(make_url(url), wait_s))
