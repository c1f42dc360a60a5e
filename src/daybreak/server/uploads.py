"""Files that come as bodies: on the disk, never in memory, never larger than allowed."""

import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from daybreak.server.bodies import LARGE, chunks
from daybreak.server.problems import Refused

LONGEST_LINE = 16_000_000
"""Of a dump [bytes]."""
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"


@asynccontextmanager
async def received(
    request: Request, largest: int, *, keep_packed: bool = False
) -> AsyncIterator[Path]:
    """Keep a body as a file while it is used; a packed one is unpacked.

    The name of the file is ours, so nothing that a caller says leads anywhere.

    Args:
        request: Whose body is the file.
        largest: Size, also after unpacking [bytes].
        keep_packed: Whether a packed file stays so; see :func:`lines_of`.

    Raises:
        Refused: It is too large, damaged, empty, or of a kind whose size nobody can bound.
    """
    with tempfile.TemporaryDirectory(prefix="daybreak-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as file:
            async for part in chunks(request, largest):
                await run_in_threadpool(file.write, part)
        yield path if keep_packed else await run_in_threadpool(_unpacked, path, largest)


def lines_of(path: Path, largest: int) -> Iterator[bytes]:
    """Yield the lines of a packed file, as long as it does not get too large.

    Raises:
        Refused: It is too large, damaged, or not packed.
    """
    with path.open("rb") as file:
        rest = b""
        for piece in _bounded(file, largest):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
            if len(rest) > LONGEST_LINE:
                raise Refused("too_large", f"a line may have {LONGEST_LINE:,} bytes")
        yield rest


def _unpacked(path: Path, largest: int) -> Path:
    with path.open("rb") as file:
        head = file.read(4)
        if not head:
            raise Refused("bad_request", "the body is empty; send a file")
        if head == _PARQUET:
            raise Refused(
                "bad_media_type", "send CSV or JSON Lines; Parquet is for: daybreak import"
            )
        if not head.startswith(_GZIP):
            return path
        file.seek(0)
        plain = path.with_name("unpacked")
        with plain.open("wb") as out:
            out.writelines(_bounded(file, largest))
    return plain


def _bounded(file: BinaryIO, largest: int) -> Iterator[bytes]:
    """Unpack piece by piece, and stop where it gets too large."""
    size = 0
    try:
        for piece in _pieces(file):
            size += len(piece)
            if size > largest:
                raise Refused("too_large", f"a file may have {largest:,} bytes when unpacked")
            yield piece
    except zlib.error as error:
        raise Refused("bad_request", f"the file is not gzip: {error}") from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file holds, of all its members."""
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    while rest := file.read(LARGE):
        while rest:
            if unpack.eof:
                unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
            yield unpack.decompress(rest, LARGE)
            rest = unpack.unconsumed_tail or unpack.unused_data
    if not unpack.eof:
        raise Refused("bad_request", "the packed file ends too early")
