"""JSON Lines from the body of a request: bare, or as the file of a form."""

import re
from collections.abc import AsyncIterator

from daybreak.server.problems import Refused

_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
LONGEST = 1_000_000
"""Of a line [bytes]."""


async def lines_of(parts: AsyncIterator[bytes], content_type: str) -> AsyncIterator[bytes]:
    """Yield the lines that are not empty.

    A form is read by lines, too: JSON Lines never hold a line that begins like its boundary.
    Whatever has another name than a form is read as it is.

    Args:
        parts: The body, in pieces of any size.
        content_type: Of the request.

    Raises:
        Refused: A line is longer than any row can be, or the form has no boundary.
    """
    border = _border(content_type)
    inside = border is None
    async for line in _split(parts):
        if border is not None and line.startswith(border):
            inside = False
        elif inside:
            if line:
                yield line
        elif not line:
            inside = True  # an empty line ends the headers of a part of a form


def _border(content_type: str) -> bytes | None:
    if not content_type.lower().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Refused("bad_request", "the form has no boundary")
    return b"--" + found[1].strip().encode()


async def _split(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line.strip()
        if len(rest) > LONGEST:
            raise Refused("too_large", f"a line may have {LONGEST:,} bytes")
    if rest.strip():
        yield rest.strip()
