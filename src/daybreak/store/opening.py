"""Open a store by URL."""

from pathlib import Path

from daybreak.store.base import Store, stores
from daybreak.store.postgres import PostgresStore
from daybreak.store.sqlite import SqliteStore


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
