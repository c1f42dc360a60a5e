"""Leases: who may do what only one process at a time may do, until when.

A lease expires unless its holder renews it. The clock is that of the database, so that machines
with different clocks agree; on SQLite it is that of the machine.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

LEASE_RECORDS = "leases"
"""Kind of the documents that hold leases."""
_NOW_QUERIES = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
}


def database_time(connection: Connection) -> float:
    """Return the time of the database, epoch [s]."""
    query = _NOW_QUERIES[connection.dialect.name]
    return float(connection.exec_driver_sql(query).scalar_one())


def new_lease(holder: str, at: float, duration_s: float) -> dict[str, Any]:
    """Return the document of a lease that was just taken or renewed."""
    return {"holder": holder, "renewed_at": at, "duration_s": duration_s}


def age_at(lease: Mapping[str, Any] | None, now: float) -> float | None:
    """Return the time since a lease was renewed [s]; None: nobody holds it.

    Args:
        lease: Document of the lease; None: it was never taken, or given back.
        now: Present time, epoch [s].

    Example:
        >>> age_at(new_lease("ann", 100.0, 60.0), 123.0)
        23.0
    """
    if lease is None or holder_at(lease, now) is None:
        return None
    return max(0.0, now - float(lease["renewed_at"]))


def holder_at(lease: Mapping[str, Any] | None, now: float) -> str | None:
    """Return who holds a lease; None: nobody.

    A lease that was renewed in the future has expired as well, so that a clock that was wrong
    for a while blocks nobody.

    Args:
        lease: Document of the lease; None: it was never taken, or given back.
        now: Present time, epoch [s].

    Example:
        >>> lease = new_lease("ann", 100.0, 60.0)
        >>> holder_at(lease, 160.0), holder_at(lease, 161.0), holder_at(lease, 39.0)
        ('ann', None, None)
    """
    if lease is None or abs(now - lease["renewed_at"]) > lease["duration_s"]:
        return None
    return str(lease["holder"])
