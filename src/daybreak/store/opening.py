"""Open a store by URL."""

from pathlib import Path

from sqlalchemy.engine import make_url

from daybreak.store.base import Store, stores
from daybreak.store.postgres import PostgresStore
from daybreak.store.sqlite import SqliteStore


def without_password(url: str) -> str:
    """Return a store's URL as it may be shown.

    Example:
        >>> without_password("postgresql://eve:secret@db/shop"), without_password("shop.db")
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
