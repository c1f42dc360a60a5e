"""Pseudonyms: ids that only the holder of a key can link to users."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from daybreak.errors import ConfigError

MIN_KEY_BYTES = 32
"""Shortest key [bytes]."""
KEY_VARIABLE = "DAYBREAK_PSEUDONYM_KEY"
"""Environment variable of the key."""


@dataclass(frozen=True)
class Pseudonyms:
    """Replaces ids of users by their HMAC-SHA256 before anything is stored or logged.

    The same id and key give the same pseudonym, so histories and profiles work as usual.
    Without the key a pseudonym cannot be linked to a user, not even by trying likely ids. If
    the key is lost, all users are new users.

    Args:
        key: The key, at least 32 bytes.

    Source:
        RFC 2104 (HMAC) and FIPS 180-4 (SHA-256).

    Example:
        >>> names = Pseudonyms(b"k" * 32)
        >>> names.of("ann") == names.of("ann"), names.of("ann") == names.of("bob")
        (True, False)
        >>> len(names.of("ann"))
        64
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Reject keys that are too short."""
        if len(self.key) < MIN_KEY_BYTES:
            raise ConfigError(
                f"the pseudonym key must have at least {MIN_KEY_BYTES} bytes, got "
                f"{len(self.key)}; create one with: openssl rand -hex 32"
            )

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read the key from a file; leading and trailing white space is removed.

        Raises:
            ConfigError: The file cannot be read, or the key is too short.
        """
        try:
            return cls(Path(path).read_bytes().strip())
        except OSError as error:
            raise ConfigError(
                f"the pseudonym key cannot be read from {str(path)!r}: {error.strerror}"
            ) from error

    @classmethod
    def from_environment(cls, variable: str = KEY_VARIABLE) -> Self | None:
        """Read the key from an environment variable; return None if it is empty."""
        value = os.environ.get(variable, "")
        return cls(value.encode()) if value else None

    def of(self, user: str) -> str:
        """Return the pseudonym of a user: 64 hexadecimal digits."""
        return hmac.new(self.key, user.encode(), hashlib.sha256).hexdigest()
