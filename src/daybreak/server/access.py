"""Who may do what: keys and roles, how often, and through which names."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from daybreak.server.keys import KeyRing, Role
from daybreak.server.options import ServerOptions
from daybreak.server.problems import Refused
from daybreak.server.rates import Rates

CALLER = "daybreak.caller"
"""In the scope: who asks, for the log; the id of a key, never the key."""
_HERE = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="daybreak"'}


class Gate:
    """What every request has to pass before its body is read.

    Args:
        options: Of the server.
        ring: The keys; None: everybody may do everything.
    """

    def __init__(self, options: ServerOptions, ring: KeyRing | None) -> None:
        self.ring = ring
        self._rates = Rates(options.rate)
        self._names = _HERE | {name.lower() for name in options.hosts} | {options.host}
        self._open = ring is None and options.loopback

    def admit(self, scope: Scope, role: Role) -> None:
        """Let a request in.

        Raises:
            Refused: The key is missing, wrong or not enough, or it comes too often.
        """
        headers = Headers(scope=scope)
        caller = self._by_address(scope, headers) if self.ring is None else ""
        if not caller:
            caller = self._by_key(headers, role, scope)
        scope[CALLER] = caller
        self._count(caller)

    def _count(self, caller: str) -> None:
        wait = self._rates.wait_s(caller)
        if wait:
            raise Refused("too_many_requests", "too many requests", retry_after_s=wait)

    def _by_address(self, scope: Scope, headers: Headers) -> str:
        """Let anybody in, but no page of somebody else in a browser of this machine."""
        if self._open and _name(f"//{headers.get('host', '')}") not in self._names:
            raise Refused("bad_host", "this server is not known by that name; see --allow-host")
        origin = headers.get("origin")
        if origin is not None and _name(origin) not in self._names:
            raise Refused("bad_origin", "pages of other sites may not use this server")
        return _address(scope)

    def _by_key(self, headers: Headers, role: Role, scope: Scope) -> str:
        assert self.ring is not None  # noqa: S101 - there is one wherever keys are needed
        text = _presented(headers)
        if not text:
            self._count(_address(scope))
            raise Refused("no_key", "an API key is needed: X-API-Key: KEY", headers=_CHALLENGE)
        key = self.ring.find(text)
        if key is None:
            self._count(_address(scope))
            raise Refused("wrong_key", "the API key is not valid", headers=_CHALLENGE)
        if not key.allows(role):
            raise Refused("forbidden", f"this needs a key with the role {role}, not {key.role}")
        return f"key {key.id}"


def _presented(headers: Headers) -> str:
    bearer = headers.get("authorization", "")
    scheme, _, token = bearer.partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return f"address {client[0]}" if client else "address unknown"


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
