"""API keys: made once, shown once, kept as keyed hashes.

A key is ``dbk_<id>_<secret>`` with 256 random bits of secret. Slow hashes protect secrets that
people choose, and can be used to keep a server busy; nobody can guess 256 bits, so a keyed hash
(BLAKE2b, its key random and different for each) is as safe at rest and costs microseconds.
"""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal, get_args

from daybreak.errors import ConfigError, NotFoundError
from daybreak.store.base import Journal

Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""
KEY_RECORD_KIND = "keys"
"""Under which the journal keeps them."""
KEY_PREFIX = "dbk"
MAX_KEY_CHARS = 200
"""Of a name, and of a key that is looked at [characters]."""


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; not the key itself."""

    id: str
    role: Role
    name: str
    """Who has it, in words."""
    created_at: float
    """Epoch [s]."""
    salt: str
    digest: str
    """Keyed hash of the secret, hexadecimal."""

    def matches(self, secret: str) -> bool:
        """Say whether a secret is that of this key, in a time that does not tell how nearly."""
        return hmac.compare_digest(_digest(secret, self.salt), self.digest)

    def allows(self, role: Role) -> bool:
        """Say whether it may do what a role may.

        Example:
            >>> Key("k1", "write", "shop", 0.0, "", "").allows("admin")
            False
        """
        return ROLES.index(self.role) >= ROLES.index(role)


_UNKNOWN_KEY = ApiKey("", "read", "", 0.0, "00" * 16, "00" * 32)


class ApiKeyStore:
    """The keys of a store; every process with that store sees the same ones.

    Args:
        journal: Where they are kept.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def create(self, role: str, name: str = "") -> tuple[ApiKey, str]:
        """Make a key; return what is kept of it, and the key, which nobody can find out again.

        Raises:
            ConfigError: There is no such role, or the name is too long.
        """
        if role not in ROLES:
            raise ConfigError(f"a role is one of {', '.join(ROLES)}, got {role!r:.60}")
        if len(name) > MAX_KEY_CHARS or not name.isprintable():
            raise ConfigError(
                f"a name may have {MAX_KEY_CHARS} printable characters, got {name!r:.60}"
            )
        id_, secret, salt = (
            secrets.token_hex(4),
            secrets.token_urlsafe(32),
            secrets.token_hex(16),
        )
        known = next(one for one in ROLES if one == role)
        key = ApiKey(id_, known, name, time.time(), salt, _digest(secret, salt))
        self._journal.put_documents(KEY_RECORD_KIND, {id_: asdict(key)})
        return key, f"{KEY_PREFIX}_{id_}_{secret}"

    def all(self) -> list[ApiKey]:
        """Return every key that has not been revoked, the oldest first."""
        found = [
            _key_from_record(plain)
            for plain in self._journal.documents(KEY_RECORD_KIND).values()
        ]
        return sorted(found, key=lambda key: key.created_at)

    def revoke(self, id_: str) -> ApiKey:
        """Let a key open nothing any more; servers notice within seconds.

        Raises:
            NotFoundError: There is no such key.
        """
        known = {key.id: key for key in self.all()}
        if id_ not in known:
            listed = ", ".join(known) or "none"
            raise NotFoundError(f"there is no key {id_!r:.60}; known: {listed}")
        self._journal.put_documents(KEY_RECORD_KIND, {id_: None})
        return known[id_]


class ApiKeyCache:
    """The keys as one server sees them; asking costs no look into the store."""

    def __init__(self, keys: ApiKeyStore) -> None:
        self._keys = keys
        self._by_id: Mapping[str, ApiKey] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the keys anew."""
        self._by_id = {key.id: key for key in self._keys.all()}

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, text: str) -> ApiKey | None:
        """Return the key whose text this is; None: of none that is in force."""
        prefix, _, rest = text[:MAX_KEY_CHARS].partition("_")
        id_, _, secret = rest.partition("_")
        key = self._by_id.get(id_)
        fits = (key or _UNKNOWN_KEY).matches(
            secret
        )  # unknown ids take as long as wrong secrets
        return key if fits and prefix == KEY_PREFIX else None


def _digest(secret: str, salt: str) -> str:
    return blake2b(secret.encode(), key=bytes.fromhex(salt), digest_size=32).hexdigest()


def _key_from_record(plain: Mapping[str, Any]) -> ApiKey:
    return ApiKey(**{name: plain[name] for name in ApiKey.__dataclass_fields__})
