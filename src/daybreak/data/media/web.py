"""Fetch pictures and sounds from web addresses, within limits and not from private networks.

A name is resolved once, all of its addresses are checked, and the connection goes to the
checked address, so that a second answer of the name server cannot lead elsewhere.
"""

import ipaddress
import os
import socket
import time
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from daybreak.config import MEDIA_URLS_VALUES
from daybreak.data.media.pictures import MAX_MEDIA_BYTES
from daybreak.data.media.refusals import MediaRefusal, RefusedMediaError
from daybreak.errors import ConfigError

URLS_VARIABLE = "DAYBREAK_MEDIA_URLS"
"""Environment variable of the setting ``media_urls``."""
URL_POLICIES = MEDIA_URLS_VALUES
"""Whether web addresses are fetched: never, from public networks, or from private ones too."""
MAX_FETCH_S = 10.0
"""Longest duration of a fetch with its redirections [s]."""
MAX_REDIRECTIONS = 3
"""Redirections of a fetch that are followed."""
_PORTS = {"http": 80, "https": 443}


def url_policy() -> str:
    """Return the setting ``media_urls`` of this process.

    Raises:
        ConfigError: It has another value than ``none``, ``public`` or ``any``.
    """
    policy = os.environ.get(URLS_VARIABLE) or "none"
    if policy not in URL_POLICIES:
        raise ConfigError(
            f"media_urls must be one of {', '.join(URL_POLICIES)}, got {policy!r}"
        )
    return policy


def fetch_media(url: str, kind: str, policy: str) -> bytes:
    """Return the bytes at a web address.

    Args:
        url: Address, ``http`` or ``https``.
        kind: ``picture`` or ``sound``, for the error.
        policy: One of :data:`URL_POLICIES`.

    Raises:
        RefusedMediaError: The policy forbids the address, or it cannot be fetched within
            :data:`MAX_FETCH_S`, or the file is too large.
    """
    if policy == "none":
        raise RefusedMediaError(kind, MediaRefusal.URL_NOT_ALLOWED)
    deadline = time.monotonic() + MAX_FETCH_S
    for _ in range(MAX_REDIRECTIONS + 1):
        data, location = _fetch_once(url.strip(), kind, policy, deadline)
        if location is None:
            return data
        url = urljoin(url, location)
    raise RefusedMediaError(kind, MediaRefusal.URL_FAILED)


def is_public_address(address: str) -> bool:
    """Return whether an IP address is outside private, local and reserved networks.

    Example:
        >>> [is_public_address(one) for one in ("9.9.9.9", "10.0.0.1", "::1", "169.254.1.1")]
        [True, False, False, False]
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)


def _resolve(host: str, port: int, kind: str, policy: str) -> str:
    """Return an address of a host, of which all must be allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedMediaError(kind, MediaRefusal.URL_FAILED) from error
    addresses = [str(one[4][0]) for one in found]
    if policy != "any" and not all(map(is_public_address, addresses)):
        raise RefusedMediaError(kind, MediaRefusal.PRIVATE_ADDRESS)
    return addresses[0]


def _fetch_once(url: str, kind: str, policy: str, deadline: float) -> tuple[bytes, str | None]:
    """Return the bytes, or where the address leads instead."""
    import httpx  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme.lower()]
        host = parts.hostname or ""
    except (ValueError, KeyError) as error:
        raise RefusedMediaError(kind, MediaRefusal.URL_FAILED) from error
    address = _resolve(host, port, kind, policy)
    literal = f"[{address}]" if ":" in address else address
    target = urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))
    shown = host if port == _PORTS[parts.scheme.lower()] else f"{host}:{port}"
    try:
        with (
            httpx.Client(timeout=_left_s(deadline, kind), trust_env=False) as client,
            client.stream(
                "GET", target, headers={"Host": shown}, extensions={"sni_hostname": host}
            ) as response,
        ):
            return _read_response(response, kind, deadline)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise RefusedMediaError(kind, MediaRefusal.URL_FAILED) from error


def _read_response(response: Any, kind: str, deadline: float) -> tuple[bytes, str | None]:
    if response.is_redirect:
        return b"", str(response.headers.get("location", ""))
    if response.status_code != 200:
        raise RefusedMediaError(kind, MediaRefusal.URL_FAILED)
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_MEDIA_BYTES:
            raise RefusedMediaError(kind, MediaRefusal.TOO_MANY_BYTES)
        _left_s(deadline, kind)
        parts.append(chunk)
    return b"".join(parts), None


def _left_s(deadline: float, kind: str) -> float:
    """Return the rest of the time, and raise if there is none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise RefusedMediaError(kind, MediaRefusal.URL_FAILED)
    return left
