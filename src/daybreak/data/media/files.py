"""Bytes of pictures and sounds: from a path, a data URI, base64 or a web address."""

import binascii
import re
import stat
from base64 import b64decode
from pathlib import Path, PurePosixPath

from daybreak.data.media.pictures import MAX_MEDIA_BYTES
from daybreak.data.media.refusals import MediaRefusal, RefusedMediaError

WEB_ADDRESS_PATTERN = r"^\s*(?i:https?://)"
"""Beginning of a web address, for columns; see :func:`is_web_address`."""
_BASE64_OVERHEAD = 4 / 3


def read_confined_file(value: str, folder: Path, kind: str) -> bytes:
    """Return the bytes of a file inside a folder.

    Args:
        value: Path relative to the folder; an absolute path must lead into it.
        folder: Folder that the path and the file that it leads to must not leave, also not by
            a symbolic link.
        kind: ``picture`` or ``sound``, for the error.

    Raises:
        RefusedMediaError: The path leaves the folder, or there is no such regular file, or it
            is too large.
    """
    name = value.strip().replace("\\", "/")
    if "\0" in name or ".." in PurePosixPath(name).parts or name.startswith("~"):
        raise RefusedMediaError(kind, MediaRefusal.OUTSIDE_FOLDER)
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise RefusedMediaError(kind, MediaRefusal.OUTSIDE_FOLDER)
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise RefusedMediaError(kind, MediaRefusal.NOT_A_FILE)
        if facts.st_size > MAX_MEDIA_BYTES:
            raise RefusedMediaError(kind, MediaRefusal.TOO_MANY_BYTES)
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # also a loop of links, a long name
        raise RefusedMediaError(kind, MediaRefusal.NOT_FOUND) from error


def decode_data_uri(value: str, kind: str) -> bytes:
    """Return the bytes of a data URI, or of plain base64.

    Args:
        value: ``data:image/png;base64,…``, or base64 alone.
        kind: ``picture`` or ``sound``, for the error.

    Raises:
        RefusedMediaError: The text is not base64, or the data are too large, or it is SVG.

    Example:
        >>> decode_data_uri("data:image/gif;base64,R0lG", "picture")
        b'GIF'
    """
    head, comma, body = value.partition(",") if value.startswith("data:") else ("", "", value)
    if head.startswith("data:image/svg"):
        raise RefusedMediaError(kind, MediaRefusal.SVG)
    if head and not (comma and head.endswith(";base64")):
        raise RefusedMediaError(kind, MediaRefusal.BAD_BASE64)
    if len(body) > MAX_MEDIA_BYTES * _BASE64_OVERHEAD + 4:
        raise RefusedMediaError(kind, MediaRefusal.TOO_MANY_BYTES)
    try:
        return b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedMediaError(kind, MediaRefusal.BAD_BASE64) from error


def is_web_address(value: str) -> bool:
    """Return whether a value is the address of a file on the web.

    Example:
        >>> is_web_address("HTTPS://shop.example/a.jpg"), is_web_address("a.jpg")
        (True, False)
    """
    return re.match(WEB_ADDRESS_PATTERN, value) is not None
