"""Connections of a server: how many there may be, and which one is closed for a new one."""

from typing import Protocol

LISTEN_BACKLOG = 1_024
"""Largest number of connections that wait to be accepted; they may all come at once."""
RESERVED_DESCRIPTORS = 192
"""File descriptors for everything but connections: store, files, trainings."""
RESERVED_CONNECTIONS = 64
"""Connections above the limit, for probes, while all others are busy."""
MIN_CONNECTIONS = 16
UNLIMITED_DESCRIPTORS = 8_192
"""File descriptors of a process where the system does not tell a limit."""
_MAX_DESCRIPTORS = 65_536


class IdleConnection(Protocol):
    """A connection that can be closed while it has no request."""

    def close_idle(self) -> None:
        """Close the connection at once."""


class ConnectionLimit:
    """Keeps the number of connections below a limit: an idle one is closed for a new one.

    The longest idle connection goes first, whoever has opened it, so that connections that send
    nothing lock nobody out. It belongs to one event loop.

    Args:
        max_connections: Largest number of connections, besides ``RESERVED_CONNECTIONS``.
    """

    def __init__(self, max_connections: int) -> None:
        self.max_connections = max_connections
        self._idle: dict[IdleConnection, None] = {}
        """Connections without a request, in the order in which they became idle."""
        self._busy: set[IdleConnection] = set()

    def __len__(self) -> int:
        return len(self._idle) + len(self._busy)

    def add(self, connection: IdleConnection) -> bool:
        """Add a new connection; return False if there is no place for it."""
        while len(self) >= self.max_connections and self._idle:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            oldest.close_idle()
        if len(self) >= self.max_connections + RESERVED_CONNECTIONS:
            return False
        self._idle[connection] = None
        return True

    def mark_busy(self, connection: IdleConnection) -> None:
        """Note that a connection has a request."""
        if connection in self._idle:
            del self._idle[connection]
            self._busy.add(connection)

    def mark_idle(self, connection: IdleConnection) -> None:
        """Note that the request of a connection is answered."""
        if connection in self._busy:
            self._busy.remove(connection)
            self._idle[connection] = None

    def remove(self, connection: IdleConnection) -> None:
        """Remove a connection that was lost."""
        self._idle.pop(connection, None)
        self._busy.discard(connection)


def raise_descriptor_limit() -> None:
    """Let this process have as many file descriptors as the system allows it."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return  # the lower limit holds, and connections keep below it


def descriptor_limit() -> int:
    """Return the number of file descriptors that this process may have."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return UNLIMITED_DESCRIPTORS
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MAX_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def backlog_of(descriptors: int) -> int:
    """Return the number of connections that may wait to be accepted.

    Example:
        >>> backlog_of(1_024), backlog_of(65_536)
        (256, 1024)
    """
    return max(1, min(LISTEN_BACKLOG, descriptors // 4))


def connections_of(wanted: int, descriptors: int) -> int:
    """Return the largest number of connections that leaves descriptors for all else.

    Args:
        wanted: Number of connections that is allowed.
        descriptors: Number of descriptors of the process.

    Example:
        >>> connections_of(4_096, 1_024), connections_of(4_096, 65_536)
        (512, 4096)
    """
    taken = RESERVED_DESCRIPTORS + RESERVED_CONNECTIONS + backlog_of(descriptors)
    return max(MIN_CONNECTIONS, min(wanted, descriptors - taken))
