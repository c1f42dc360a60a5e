"""Options of the HTTP server."""

import ipaddress
import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from daybreak.errors import ConfigError
from daybreak.server.origins import ANY_ORIGIN, normalize_origin

KeysMode = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class ServerOptions:
    """Address, access and limits of the server.

    Example:
        >>> ServerOptions().needs_keys, ServerOptions(host="0.0.0.0").needs_keys
        (False, True)
    """

    host: str = "127.0.0.1"
    port: int = 8000
    """Port; 0: any free one."""
    keys: KeysMode = "auto"
    """Whether requests need an API key; ``auto``: if other machines can reach the server."""
    hosts: tuple[str, ...] = ()
    """Host names, besides those of this machine, that a server without keys accepts; a name
    with a port stands for this port only."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may use the server from a browser (CORS), as in
    ``https://shop.example``; ``*``: all, if requests need a key."""
    body_mb: float = 16.0
    """Largest JSON body, also after decompression [MB]."""
    upload_mb: float = 512.0
    """Largest file, also after decompression [MB]."""
    depth: int = 32
    """Largest nesting depth of a JSON body [levels]."""
    batch: int = 10_000
    """Largest number of rows in one body."""
    longest: int = 1_000
    """Largest number of items in a list."""
    rate: float = 1_000.0
    """Mean rate of requests of one key, or of one address without a key [1/s]; 0: no limit."""
    timeout_s: float = 30.0
    """Time limit of one request [s]; of imports, dumps and restores: ten times as much."""
    store_wait_s: float = 10.0
    """Longest wait of a request for a store that is locked or away [s]; files wait 30 s."""
    concurrency: int = 512
    """Largest number of requests handled at the same time; others get status 503."""
    connections: int = 4_096
    """Largest number of connections, if the system allows as many file descriptors; an idle
    connection is closed for a new one."""
    grace_s: float = 30.0
    """Longest wait for running requests while the server stops [s]."""
    workers: int = 1
    """Number of processes that answer requests, with one store and one address."""

    def __post_init__(self) -> None:
        """Check the values."""
        if self.keys not in {"auto", "on", "off"}:
            raise ConfigError(f"keys must be auto, on or off, got {self.keys!r}")
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"port must be from 0 to 65535, got {self.port!r}")
        for field in fields(self):
            if field.type in {int, float} and field.name not in {"port", "rate"}:
                _check_positive(field.name, getattr(self, field.name))
        if not (math.isfinite(self.rate) and self.rate >= 0):
            raise ConfigError(f"rate must be a number from 0, got {self.rate!r}")
        object.__setattr__(self, "origins", tuple(map(normalize_origin, self.origins)))
        if ANY_ORIGIN in self.origins and not self.needs_keys:
            raise ConfigError(
                "the origin * lets every page of the web use a server without keys; name the "
                "origins, or require keys (--keys on)"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server.

        Example:
            >>> ServerOptions(host="::1").is_loopback, ServerOptions(host="0.0.0.0").is_loopback
            (True, False)
        """
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_keys(self) -> bool:
        """Whether requests need an API key."""
        return self.keys == "on" or (self.keys == "auto" and not self.is_loopback)

    @property
    def body_bytes(self) -> int:
        """Largest JSON body [bytes]."""
        return int(self.body_mb * 1e6)

    @property
    def upload_bytes(self) -> int:
        """Largest file [bytes]."""
        return int(self.upload_mb * 1e6)


def _check_positive(name: str, value: Any) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
        raise ConfigError(f"{name} must be a number above 0, got {value!r}")
