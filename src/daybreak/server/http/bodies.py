"""Bodies of requests: bounded, unpacked with care, plain JSON without surprises.

Files that come as bodies: on the disk, never in memory, never larger than allowed.
"""

import json
import math
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from daybreak.server.http.problems import HttpProblem

MAX_INLINE_BYTES = 50_000
"""From here on a body is read beside the event loop [bytes]."""
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS
_ESCAPED_NUL, _SURROGATE = b"\\u0000", b"\\ud"
_MAX_INTEGER = 2**63


class BodyLimits:
    """The limits of one server.

    Args:
        largest: Size of a body, also after unpacking [bytes].
        depth: Deepest nesting.
    """

    def __init__(self, max_bytes: int, max_depth: int) -> None:
        self.max_bytes = max_bytes
        self.max_depth = max_depth

    async def read(self, request: Request) -> bytes:
        """Return a whole body.

        Raises:
            Refused: It is too large, or packed in another way than gzip.
        """
        parts = [part async for part in iter_body(request, self.max_bytes)]
        return b"".join(parts)

    async def parse(self, data: bytes) -> Any:
        """Return the JSON of a body.

        Raises:
            Refused: It is not JSON, or JSON that could do harm.
        """
        if len(data) < MAX_INLINE_BYTES:
            return parse_json(data, self.max_depth)
        return await run_in_threadpool(parse_json, data, self.max_depth)


class CheckedRequest(Request):
    """A request whose body keeps to the limits."""

    limits: BodyLimits

    async def body(self) -> bytes:
        """Return the body, unpacked."""
        if not hasattr(self, "_body"):
            self._body = await self.limits.read(Request(self.scope, self.receive))
        return self._body

    async def json(self) -> Any:
        """Return the body as plain values."""
        if not hasattr(self, "_json"):
            self._json = await self.limits.parse(await self.body())
        return self._json


async def iter_body(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield a body part by part, unpacked; at most ``largest`` bytes of it.

    A packed body is never unpacked further than that, so a small one cannot fill the memory.

    Raises:
        Refused: It is too large, damaged, or packed in another way than gzip.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced[:20]) > max_bytes:
        _raise_too_large(max_bytes)
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise HttpProblem(
            "bad_media_type", f"bodies may be packed with gzip, got {packing!r:.60}"
        )
    unpack = zlib.decompressobj(_GZIP_WINDOW_BITS) if packing == "gzip" else None
    size = 0
    async for part in request.stream():
        for plain in (part,) if unpack is None else _decompress(unpack, part):
            size += len(plain)
            if size > max_bytes:
                _raise_too_large(max_bytes)
            yield plain
    if unpack is not None and not unpack.eof:
        raise HttpProblem("bad_request", "the packed body ends too early")


def _decompress(unpack: Any, part: bytes) -> Iterator[bytes]:
    """Yield small pieces of what a packed part holds."""
    try:
        while part and not unpack.eof:
            yield unpack.decompress(part, MAX_INLINE_BYTES)
            part = unpack.unconsumed_tail
    except zlib.error as error:
        raise HttpProblem("bad_request", f"the body is not gzip: {error}") from error


def parse_json(data: bytes, max_depth: int) -> Any:
    """Return the JSON of a body.

    NaN, infinite and endless numbers, unpaired surrogates and the character 0 are no part of
    it: stores and vectors cannot hold them.

    Raises:
        Refused: With the place of the fault.

    Example:
        >>> parse(b'{"n": 5}', depth=4)
        {'n': 5}
    """
    try:
        value = json.loads(data.decode(), parse_constant=_reject_constant)
    except RecursionError as error:
        raise _too_deep_problem(max_depth) from error
    except ValueError as error:  # not UTF-8, no JSON, NaN, a number with thousands of digits
        raise HttpProblem("bad_json", f"the body is not JSON: {error}") from error
    escaped = data.lower()
    _check_nesting(value, max_depth, texts=_ESCAPED_NUL in escaped or _SURROGATE in escaped)
    return value


def _check_nesting(value: Any, depth: int, *, texts: bool) -> None:
    """Walk through a value, level by level."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        below: list[Any] = []
        for one in level:
            below += _check_value(one, texts=texts)
        if not below:
            return
        level = below
    raise _too_deep_problem(depth)


def _check_value(value: Any, *, texts: bool) -> Iterable[Any]:
    """Check one value; return what it holds."""
    if isinstance(value, dict):
        return [*value, *value.values()] if texts else value.values()
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        if texts:
            check_text(value)
    elif value is not None:
        _check_number(value)
    return ()


def check_text(text: str) -> None:
    """Refuse text that no store can hold."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise HttpProblem("bad_json", "texts must be Unicode without the character 0")


def _check_number(number: float) -> None:
    whole = isinstance(number, int)
    if (whole and not -_MAX_INTEGER <= number < _MAX_INTEGER) or (
        not whole and not math.isfinite(number)
    ):
        raise HttpProblem("bad_json", "the body holds a number that is too large")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _too_deep_problem(depth: int) -> HttpProblem:
    return HttpProblem("bad_json", f"the body is nested deeper than {depth} levels")


def _raise_too_large(largest: int) -> NoReturn:
    raise HttpProblem("too_large", f"a body may have {largest:,} bytes, also when unpacked")


MAX_DUMP_LINE_BYTES = 16_000_000
"""Of a dump [bytes]."""
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"


@asynccontextmanager
async def receive_file(
    request: Request, max_bytes: int, *, keep_packed: bool = False
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
            async for part in iter_body(request, max_bytes):
                await run_in_threadpool(file.write, part)
        yield path if keep_packed else await run_in_threadpool(_unpack_file, path, max_bytes)


def iter_gzip_lines(path: Path, max_bytes: int) -> Iterator[bytes]:
    """Yield the lines of a packed file, as long as it does not get too large.

    Raises:
        Refused: It is too large, damaged, or not packed.
    """
    with path.open("rb") as file:
        rest = b""
        for piece in _iter_bounded(file, max_bytes):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
            if len(rest) > MAX_DUMP_LINE_BYTES:
                raise HttpProblem("too_large", f"a line may have {MAX_DUMP_LINE_BYTES:,} bytes")
        yield rest


def _unpack_file(path: Path, largest: int) -> Path:
    with path.open("rb") as file:
        head = file.read(4)
        if not head:
            raise HttpProblem("bad_request", "the body is empty; send a file")
        if head == _PARQUET:
            raise HttpProblem(
                "bad_media_type", "send CSV or JSON Lines; Parquet is for: daybreak import"
            )
        if not head.startswith(_GZIP):
            return path
        file.seek(0)
        plain = path.with_name("unpacked")
        with plain.open("wb") as out:
            out.writelines(_iter_bounded(file, largest))
    return plain


def _iter_bounded(file: BinaryIO, largest: int) -> Iterator[bytes]:
    """Unpack piece by piece, and stop where it gets too large."""
    size = 0
    try:
        for piece in _iter_gzip(file):
            size += len(piece)
            if size > largest:
                raise HttpProblem(
                    "too_large", f"a file may have {largest:,} bytes when unpacked"
                )
            yield piece
    except zlib.error as error:
        raise HttpProblem("bad_request", f"the file is not gzip: {error}") from error


def _iter_gzip(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file holds, of all its members."""
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    while rest := file.read(MAX_INLINE_BYTES):
        while rest:
            if unpack.eof:
                unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
            yield unpack.decompress(rest, MAX_INLINE_BYTES)
            rest = unpack.unconsumed_tail or unpack.unused_data
    if not unpack.eof:
        raise HttpProblem("bad_request", "the packed file ends too early")
