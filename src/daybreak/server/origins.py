"""Host names and origins: which requests a server accepts from pages in a browser.

A browser sends requests of any page to a server on the same machine. Without keys, the server
would take them for requests of its owner; it recognises them by headers no page can change.
"""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from daybreak.errors import ConfigError
from daybreak.server.http.problems import HttpProblem

ANY_ORIGIN = "*"
"""Allowed origin that stands for every one."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.+)")
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_SITES = frozenset({"same-origin", "same-site", "none"})
"""Values of ``Sec-Fetch-Site`` of the server's own pages; ``none``: the user typed the URL."""
_KEY_HEADERS = ("x-api-key", "authorization", "x-api-version")
"""Headers that make a request non-simple: a browser asks first whether a page may send them."""


@dataclass(frozen=True)
class Authority:
    """Host name and port of a URL.

    Example:
        >>> Authority.parse("[::1]:8000"), Authority.parse("evil.example:80@localhost")
        (Authority(name='::1', port=8000), None)
    """

    name: str
    """Host name or address, in lower case, without brackets."""
    port: int | None
    """Port; None: not given."""

    @classmethod
    def parse(cls, text: str) -> "Authority | None":
        """Return the parsed text; None if it is anything but a name and a port."""
        found = _AUTHORITY.fullmatch(text.lower())
        if found is None:
            return None
        name, port = found.groups()
        return cls(name.strip("[]"), int(port) if port else None)

    @classmethod
    def of_origin(cls, text: str) -> "Authority | None":
        """Return name and port of an origin; None if it is anything but an origin.

        Example:
            >>> Authority.of_origin("https://shop.example")
            Authority(name='shop.example', port=443)
            >>> Authority.of_origin("null"), Authority.of_origin("http://a/b")
            (None, None)
        """
        found = _ORIGIN.fullmatch(text.lower())
        authority = cls.parse(found[2]) if found else None
        if found is None or authority is None:
            return None
        return cls(authority.name, authority.port or _DEFAULT_PORTS[found[1]])


def normalize_origin(text: str) -> str:
    """Return an origin as browsers write it.

    Raises:
        ConfigError: The text is not ``*`` and no origin.

    Example:
        >>> normalize_origin("HTTPS://Shop.Example:443"), normalize_origin("http://[::1]:3000")
        ('https://shop.example', 'http://[::1]:3000')
    """
    text = text.strip().lower()
    if text == ANY_ORIGIN:
        return text
    authority = Authority.of_origin(text)
    if authority is None:
        raise ConfigError(
            f"origins must be scheme://host[:port] without a path, as in https://shop.example, "
            f"or *; got {text!r}"
        )
    scheme = text.partition(":")[0]
    return text.removesuffix(f":{_DEFAULT_PORTS[scheme]}")


class OriginPolicy:
    """Rejects requests of other sites' pages, for a server without keys.

    Args:
        own_name: Host name or address that the server listens on.
        hosts: Further host names, with or without a port.
        origins: Origins whose pages may use the server.
    """

    def __init__(self, own_name: str, hosts: tuple[str, ...], origins: tuple[str, ...]) -> None:
        self._own_names = _OWN_NAMES | {own_name.lower()}
        self._hosts = frozenset(
            Authority.parse(host) or Authority(host.lower(), None) for host in hosts
        )
        self._origins = frozenset(origins)

    def check_host(self, scope: Scope, headers: Headers) -> None:
        """Reject a request to another host name: another site's name may lead here.

        Raises:
            HttpProblem: The header ``Host`` names another server.
        """
        host = Authority.parse(headers.get("host", ""))
        if host is None or not self._is_own(scope, host):
            raise HttpProblem(
                "bad_host",
                "this server does not accept this host name; "
                "an option of the server (--allow-host) allows others",
            )

    def check_site(self, scope: Scope, headers: Headers) -> None:
        """Reject a request that a page of another site causes.

        Source:
            Fetch Metadata Request Headers, W3C Working Draft 2021; Fetch Standard, section
            3.1: browsers send ``Origin`` with every request but simple ones for reading.

        Raises:
            HttpProblem: ``Origin`` or ``Sec-Fetch-Site`` names another site.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            is_accepted = self._accepts(scope, origin)
        elif site == "same-site":  # another port of this machine is the same site
            referrer = "/".join(headers.get("referer", "").split("/")[:3])
            is_accepted = not referrer or self._accepts(scope, referrer)
        else:
            is_accepted = site != "cross-site"
        if not is_accepted:
            raise HttpProblem(
                "bad_origin",
                "requests from pages of other sites are rejected; "
                "an option of the server (--allow-origin) allows them",
            )

    def check_change(self, headers: Headers) -> None:
        """Reject a change by GET that an image in any page could cause in any browser.

        Raises:
            HttpProblem: Nothing shows that the caller is no such image.
        """
        is_deliberate = (
            "origin" in headers  # it is checked already
            or headers.get("sec-fetch-site") in _OWN_SITES
            or any(name in headers for name in _KEY_HEADERS)
            or headers.get("content-type", "").startswith("application/json")
        )
        if not is_deliberate:
            raise HttpProblem(
                "bad_origin",
                "a GET request that changes data needs the header X-API-Key (any text, on a "
                "server without keys), so that no image in a page can send it",
            )

    def _accepts(self, scope: Scope, origin: str) -> bool:
        """Return whether pages of an origin may use the server."""
        authority = Authority.of_origin(origin)
        if authority is None:
            return False
        return origin.lower() in self._origins or self._is_own(scope, authority)

    def _is_own(self, scope: Scope, authority: Authority) -> bool:
        """Return whether a name and port are those of this server, or allowed."""
        if not self._hosts.isdisjoint({authority, Authority(authority.name, None)}):
            return True
        port = (scope.get("server") or ("", None))[1]
        return authority.name in self._own_names and authority.port in {None, port}


def check_own_page(headers: Headers) -> None:
    """Reject a request for a session that a page of another origin causes.

    The server may have any name behind a proxy, so that the browser's own word decides, and
    without it (plain HTTP) whether the page was loaded from the host of the request.

    Raises:
        HttpProblem: The page has another origin.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None:
        is_own = site in {"same-origin", "none"}
    else:
        is_own = origin is None or origin.partition("://")[2] == headers.get("host")
    if not is_own:
        raise HttpProblem("bad_origin", "only pages of this server can use sessions")
