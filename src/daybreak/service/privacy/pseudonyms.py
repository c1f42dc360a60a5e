"""Pseudonyms: ids of users that only the holder of a key can link to people."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from daybreak.errors import ConfigError

MIN_KEY_BYTES = 32
"""Bytes of a key [bytes]."""
KEY_VARIABLE = "DAYBREAK_PSEUDONYM_KEY"


@dataclass(frozen=True)
class Pseudonyms:
    """Replace ids of users by HMAC-SHA256 of them, before anything is stored or logged.

    The same id and key give the same pseudonym, so histories and profiles work as ever. Without
    the key nobody can find out whose a pseudonym is, not even by trying all likely ids. A lost
    key cannot be replaced: every user is new then.

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
        """Refuse keys that could be guessed."""
        if len(self.key) < MIN_KEY_BYTES:
            raise ConfigError(
                f"the key of pseudonyms must have at least {MIN_KEY_BYTES} bytes, got "
                f"{len(self.key)}; make one with: openssl rand -hex 32"
            )

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read the key from a file; surrounding blanks do not count.

        Raises:
            ConfigError: It cannot be read, or the key is too short.
        """
        try:
            return cls(Path(path).read_bytes().strip())
        except OSError as error:
            raise ConfigError(
                f"the key of pseudonyms cannot be read from {str(path)!r}: {error.strerror}"
            ) from error

    @classmethod
    def from_environment(cls, variable: str = KEY_VARIABLE) -> Self | None:
        """Read the key from a variable; None where there is none."""
        value = os.environ.get(variable, "")
        return cls(value.encode()) if value else None

    def of(self, user: str) -> str:
        """Return the pseudonym of a user: 64 hexadecimal digits."""
        return hmac.new(self.key, user.encode(), hashlib.sha256).hexdigest()
