"""API keys: a key is shown once, when it is made; the store keeps a keyed hash of it.

A key is ``dbk_<id>_<secret>`` with a random secret of 256 bits. Slow hashes protect secrets
that people choose, and would allow a caller to keep a server busy. A secret of 256 bits cannot
be guessed, so that a keyed hash (BLAKE2b with a random key for each API key) protects it as
well, and takes microseconds.
"""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal, get_args

from daybreak.errors import ConfigError, NotFoundError
from daybreak.store import DocumentStore

Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Roles from the smallest to the largest; each includes those before it."""
KEY_RECORD_KIND = "keys"
"""Kind of the documents that hold API keys in a store."""
KEY_PREFIX = "dbk"
MAX_KEY_CHARS = 200
"""Longest name of a key, and longest text that is compared with keys [characters]."""


@dataclass(frozen=True)
class ApiKey:
    """Stored data of an API key; the secret is not part of it."""

    id: str
    role: Role
    name: str
    """Name of the owner, for display."""
    created_at: float
    """Time, epoch [s]."""
    salt: str
    """Key of the hash, hexadecimal."""
    digest: str
    """Keyed hash of the secret, hexadecimal."""

    def matches(self, secret: str) -> bool:
        """Return whether a secret is that of this key; the comparison takes constant time."""
        return hmac.compare_digest(_digest(secret, self.salt), self.digest)

    def allows(self, role: Role) -> bool:
        """Return whether the key has a role, or a larger one.

        Example:
            >>> ApiKey("k1", "write", "shop", 0.0, "", "").allows("admin")
            False
        """
        return ROLES.index(self.role) >= ROLES.index(role)


_UNKNOWN_KEY = ApiKey("", "read", "", 0.0, "00" * 16, "00" * 32)


class ApiKeyStore:
    """API keys of a store; all processes that use the store share them.

    Args:
        documents: Documents of the store; every store has them.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def create(self, role: str, name: str = "") -> tuple[ApiKey, str]:
        """Make a key.

        Returns:
            The stored data, and the text of the key, which cannot be found out later.

        Raises:
            ConfigError: The role is unknown, or the name is too long or not printable.
        """
        if role not in ROLES:
            raise ConfigError(f"role must be one of {', '.join(ROLES)}, got {role!r:.60}")
        if len(name) > MAX_KEY_CHARS or not name.isprintable():
            raise ConfigError(
                f"a name may have {MAX_KEY_CHARS} printable characters, got {name!r:.60}"
            )
        id_, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        salt = secrets.token_hex(16)
        known_role = next(known for known in ROLES if known == role)
        key = ApiKey(id_, known_role, name, time.time(), salt, _digest(secret, salt))
        self._documents.put_documents(KEY_RECORD_KIND, {id_: asdict(key)})
        return key, f"{KEY_PREFIX}_{id_}_{secret}"

    def all(self) -> list[ApiKey]:
        """Return all keys that are not revoked, the oldest first."""
        records = self._documents.documents(KEY_RECORD_KIND).values()
        return sorted(map(_key_from_record, records), key=lambda key: key.created_at)

    def revoke(self, id_: str) -> ApiKey:
        """Revoke a key; running servers reject it within seconds.

        Raises:
            NotFoundError: There is no key with this id.
        """
        known = {key.id: key for key in self.all()}
        if id_ not in known:
            known_ids = ", ".join(known) or "none"
            raise NotFoundError(f"there is no key {id_!r:.60}; known: {known_ids}")
        self._documents.put_documents(KEY_RECORD_KIND, {id_: None})
        return known[id_]


class ApiKeyCache:
    """API keys in memory, so that checking a key does not read the store.

    Args:
        keys: Keys of the store.
    """

    def __init__(self, keys: ApiKeyStore) -> None:
        self._keys = keys
        self._by_id: Mapping[str, ApiKey] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the keys from the store."""
        self._by_id = {key.id: key for key in self._keys.all()}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, id_: str) -> ApiKey | None:
        """Return the key with this id; None: there is none, or it has been revoked."""
        return self._by_id.get(id_)

    def find(self, text: str) -> ApiKey | None:
        """Return the key with this text; None: there is no such valid key."""
        prefix, _, id_and_secret = text[:MAX_KEY_CHARS].partition("_")
        id_, _, secret = id_and_secret.partition("_")
        key = self._by_id.get(id_)
        is_match = (key or _UNKNOWN_KEY).matches(secret)  # an unknown id takes as long
        return key if is_match and prefix == KEY_PREFIX else None


def _digest(secret: str, salt: str) -> str:
    return blake2b(secret.encode(), key=bytes.fromhex(salt), digest_size=32).hexdigest()


def _key_from_record(record: Mapping[str, Any]) -> ApiKey:
    return ApiKey(**{name: record[name] for name in ApiKey.__dataclass_fields__})
