"""Path prefixes, and ids in paths.

An id in a path is percent-encoded and may hold any character, slashes included. A server
decodes ``a%2Fb`` before it looks for a route, so that the id ``a/b`` looks like two parts of a
path. Below ``/api/`` routes are therefore found by the raw path, and each part is decoded on
its own.
"""

from urllib.parse import quote, unquote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

API_PREFIX = "/api/v1"
"""Prefix of every path of Daybreak's API."""
API_ROOT = "/api/"
"""Prefix of the paths of Daybreak's API and of gorse's."""


class IdConvertor(Convertor[str]):
    """Decodes one part of a path: ``{item_id:id}`` in a route."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the id; :func:`use_raw_path` has checked that it is valid text."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Return the percent-encoded id."""
        return quote(value, safe="")


register_url_convertor("id", IdConvertor())


def use_raw_path(scope: Scope) -> bool:
    """Replace the path of a request by the raw path; return whether the URL is valid text.

    Example:
        >>> scope = {"path": "/api/v1/items/a/b", "raw_path": b"/api/v1/items/a%2Fb"}
        >>> use_raw_path(scope), scope["path"]
        (True, '/api/v1/items/a%2Fb')
        >>> use_raw_path({"path": "?", "raw_path": b"/api/v1/items/%FF"})
        False
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    try:
        path = raw.decode("ascii")
        text = unquote_to_bytes(raw + b"?" + scope.get("query_string", b"")).decode()
    except UnicodeDecodeError:
        return False
    if path.startswith(API_ROOT):
        scope["path"] = path
    return "\0" not in text
