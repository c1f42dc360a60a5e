"""Files of the web page in memory, also compressed."""

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

INDEX = "index.html"
"""Path of the HTML file."""
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
"""Media type by file extension; files with other extensions are not sent."""
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Policy of the page: everything comes from this server, and nothing inline is executed."""


@dataclass(frozen=True)
class ConsoleAsset:
    """One file of the web page."""

    body: bytes
    compressed: bytes
    """The body, compressed with gzip."""
    media_type: str
    etag: str
    """Entity tag: a hash of the body, in quotation marks."""

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "ConsoleAsset":
        """Return an asset with a given body."""
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        return cls(body, gzip.compress(body, mtime=0), media_type, f'"{digest}"')

    def matches(self, if_none_match: str) -> bool:
        """Return whether a browser already has this file.

        A proxy that compresses marks tags as weak (``W/``); the comparison ignores the mark.

        Args:
            if_none_match: Value of the header ``If-None-Match``.

        Source:
            RFC 9110 (2022), section 13.1.2, weak comparison.

        Example:
            >>> asset = ConsoleAsset.of(b"body", "text/css")
            >>> asset.matches(f'W/"other", W/{asset.etag}'), asset.matches('"other"')
            (True, False)
        """
        tags = re.findall(r'(?:W/)?("[^"]*")', if_none_match)
        return self.etag in tags


@cache
def load_assets() -> Mapping[str, ConsoleAsset]:
    """Return all files of the page by their path below ``static``.

    Example:
        >>> load_assets()["index.html"].media_type
        'text/html; charset=utf-8'
    """
    root = files("daybreak.console") / "static"
    return {
        path: ConsoleAsset.of(file.read_bytes(), MEDIA_TYPES[path.rpartition(".")[2]])
        for path, file in _walk(root, "")
        if path.rpartition(".")[2] in MEDIA_TYPES
    }


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    """Yield the files below a folder with their paths."""
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        else:
            yield path, entry
