"""Ids in paths: any text, exactly as it was, slashes included.

A server decodes ``a%2Fb`` before it looks for a route, and then nobody can tell the id ``a/b``
from two parts of a path. So under ``/api/`` routes are found by the path as it was sent, and
each part is decoded on its own.
"""

from urllib.parse import unquote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

API_PREFIX = "/api/v1"
"""Before every path of this interface."""
API_ROOT = "/api/"
"""Before every path of this interface and of those that stand beside it."""


class IdConvertor(Convertor[str]):
    """One part of a path, decoded."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the id; :func:`use_raw_path` has made sure that it is text."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Return the id as a part of a path."""
        from urllib.parse import quote  # noqa: PLC0415 - nobody builds paths here

        return quote(value, safe="")


register_url_convertor("id", IdConvertor())


def use_raw_path(scope: Scope) -> bool:
    """Let routes see the path as it was sent; say whether the address can be text at all.

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
