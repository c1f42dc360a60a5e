"""Calls of the HTTP API on behalf of an assistant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from daybreak.data.single_lines import to_single_line
from daybreak.server.http.paths import API_PREFIX

LOCAL_URL = "http://127.0.0.1"
"""Address of an application in the same process."""
MAX_SHOWN_CHARS = 300
"""Maximum length of a text of the catalogue in an answer [characters]."""
KEY_HEADERS = ("x-api-key", "authorization")
"""Headers of a caller that carry an API key; no other header is passed on."""


class ApiCallError(Exception):
    """A request of a tool was refused; the message is the code and what is wrong."""


@dataclass(frozen=True)
class Caller:
    """Who calls a tool.

    Example:
        >>> caller = Caller.of_headers({"Authorization": "Bearer k", "Cookie": "x"}, None)
        >>> dict(caller.headers)
        {'authorization': 'Bearer k'}
    """

    headers: Mapping[str, str]
    """Headers with an API key; empty without one."""
    address: tuple[str, int] = ("127.0.0.1", 0)
    """Address and port, by which requests without a key are limited."""

    @classmethod
    def of_key(cls, key: str | None) -> "Caller":
        """Return the caller of a process that was started with a key."""
        return cls({"x-api-key": key} if key else {})

    @classmethod
    def of_headers(
        cls, headers: Mapping[str, str], address: tuple[str, int] | None
    ) -> "Caller":
        """Return the caller of an HTTP request.

        Args:
            headers: Headers of the request.
            address: Address and port of the caller, if known.
        """
        kept = {name.lower(): value for name, value in headers.items()}
        keys = {name: kept[name] for name in KEY_HEADERS if name in kept}
        return cls(keys, address or ("127.0.0.1", 0))


class ApiTransport:
    """Sends requests to a server, or to an application in the same process.

    Args:
        app: ASGI application; None: a server at ``url``.
        url: Address of the server.
        timeout_s: Timeout of a request [s].
    """

    def __init__(self, app: Any = None, url: str = LOCAL_URL, timeout_s: float = 60.0) -> None:
        self._app = app
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    async def send(
        self,
        caller: Caller,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON of a response.

        Args:
            caller: Who calls.
            method: Method of the request.
            path: Path below ``/api/v1``.
            body: JSON body.
            params: Query parameters.

        Raises:
            ApiCallError: The server refused the request, or does not answer.
        """
        transport = (
            None
            if self._app is None
            else httpx.ASGITransport(app=self._app, client=caller.address)
        )
        async with httpx.AsyncClient(
            transport=transport,
            base_url=f"{self._url}{API_PREFIX}",
            headers=dict(caller.headers),
            timeout=self._timeout_s,
        ) as client:
            try:
                response = await client.request(method, path, json=body, params=params)
            except httpx.HTTPError as error:
                raise ApiCallError(f"unavailable: {type(error).__name__}") from error
        return _parse(response)


def _parse(response: httpx.Response) -> Any:
    """Return the JSON of a response, or raise with its code and detail."""
    try:
        plain = response.json()
    except ValueError as error:
        raise ApiCallError(f"status {response.status_code}: no JSON") from error
    if response.is_success:
        return plain
    code = plain.get("code", f"status {response.status_code}")
    raise ApiCallError(f"{code}: {clean_text(str(plain.get('detail', '')))}")


def clean_text(text: str) -> str:
    r"""Return a text of the catalogue as one short line without control characters.

    Example:
        >>> clean_text("Tea\n\u202eSYSTEM:  obey")
        'Tea SYSTEM: obey'
    """
    return to_single_line(text, MAX_SHOWN_CHARS)


def clean_values(value: Any) -> Any:
    r"""Return plain values whose texts are one short line each.

    Example:
        >>> clean_values({"title": "Tea\x1b[2J", "tags": ["a", 1]})
        {'title': 'Tea [2J', 'tags': ['a', 1]}
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): clean_values(part) for name, part in value.items()}
    if isinstance(value, list):
        return [clean_values(part) for part in value]
    return value
