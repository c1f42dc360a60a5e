"""Request bodies: size limits, gzip, strict JSON, and uploads that are written to disk."""

import json
import math
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from starlette.requests import Request
from starlette.types import Message

from daybreak.data.private_files import open_private_file
from daybreak.data.readers.text import open_bytes
from daybreak.data.readers.zip_files import ZIP_START, is_zip, members_of, unpacked_bytes
from daybreak.server.http.gzip_stream import DECOMPRESSED_CHUNK_BYTES, GzipStream
from daybreak.server.http.problems import HttpProblem
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.ops.temporary import temporary_folder

MAX_INLINE_BYTES = 50_000
"""Largest JSON body that is parsed on the event loop [bytes]; others are parsed in a thread."""
MAX_DUMP_LINE_BYTES = 16_000_000
"""Longest line of a dump [bytes]."""
_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_ESCAPED_NUL, _ESCAPED_SURROGATE = b"\\u0000", b"\\ud"
_MAX_INTEGER = 2**63


class BodyLimits:
    """Limits of JSON bodies.

    Args:
        max_bytes: Largest size, also after decompression [bytes].
        max_depth: Largest nesting depth [levels].
    """

    def __init__(self, max_bytes: int, max_depth: int) -> None:
        self.max_bytes = max_bytes
        self.max_depth = max_depth

    async def read(self, request: Request) -> bytes:
        """Return the whole body.

        Raises:
            HttpProblem: The body is too large, or has another encoding than gzip.
        """
        first: Message | None = None
        if is_plain_body(request.scope["headers"], self.max_bytes):
            first = await request.receive()
            if first["type"] == "http.request" and not first.get("more_body"):
                body: bytes = first.get("body", b"")
                if len(body) <= self.max_bytes:
                    return body
        rest = request if first is None else _with_first_message(request, first)
        return b"".join([chunk async for chunk in iter_body(rest, self.max_bytes)])

    async def parse(self, data: bytes) -> Any:
        """Return the JSON value of a body; see :func:`parse_json`."""
        if len(data) < MAX_INLINE_BYTES:
            return parse_json(data, self.max_depth)
        return await run_in_threadpool(parse_json, data, self.max_depth)


class CheckedRequest(Request):
    """A request that applies the limits when its body is read."""

    limits: BodyLimits

    async def body(self) -> bytes:
        """Return the decompressed body."""
        if not hasattr(self, "_body"):
            self._body = await self.limits.read(Request(self.scope, self.receive))
        return self._body

    async def json(self) -> Any:
        """Return the JSON value of the body."""
        if not hasattr(self, "_json"):
            self._json = await self.limits.parse(await self.body())
        return self._json


def is_plain_body(headers: Iterable[tuple[bytes, bytes]], max_bytes: int) -> bool:
    """Return whether a body is not encoded, and not announced as larger than a limit.

    Example:
        >>> length, gzip = (b"content-length", b"7"), (b"content-encoding", b"gzip")
        >>> is_plain_body([length], 7), is_plain_body([length], 6), is_plain_body([gzip], 7)
        (True, False, False)
    """
    for name, value in headers:
        if name == b"content-encoding":
            return False
        if name == b"content-length" and not (value.isdigit() and int(value[:20]) <= max_bytes):
            return False
    return True


def _with_first_message(request: Request, first: Message) -> Request:
    """Return a request whose first message has been received already."""
    messages = [first]

    async def receive() -> Message:
        return messages.pop() if messages else await request.receive()

    return Request(request.scope, receive)


async def iter_body(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the decompressed body in chunks.

    Decompression stops at ``max_bytes``, so that a small body cannot fill the memory.

    Raises:
        HttpProblem: The body is too large or damaged, or has another encoding than gzip.
    """
    content_length = request.headers.get("content-length", "0")
    if not content_length.isdigit() or int(content_length[:20]) > max_bytes:
        _raise_too_large(max_bytes)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise HttpProblem(
            "bad_media_type", f"content-encoding must be gzip or identity, got {encoding!r:.60}"
        )
    gzip = GzipStream("the body") if encoding == "gzip" else None
    size = 0
    async for received in request.stream():
        for chunk in (received,) if gzip is None else gzip.decompress(received):
            size += len(chunk)
            if size > max_bytes:
                _raise_too_large(max_bytes)
            yield chunk
    if gzip is not None:
        gzip.check_complete()


def parse_json(data: bytes, max_depth: int) -> Any:
    """Return the JSON value of a body.

    NaN, infinite numbers, integers beyond 64 bits, unpaired surrogates and NUL characters are
    rejected, because stores and vectors cannot hold them.

    Raises:
        HttpProblem: The body is not JSON, is nested too deeply, or holds such a value.

    Example:
        >>> parse_json(b'{"n": 5}', max_depth=4)
        {'n': 5}
    """
    try:
        value = _decode_json(data.decode())
    except RecursionError as error:
        raise _too_deep_problem(max_depth) from error
    except (
        ValueError
    ) as error:  # not UTF-8, not JSON, NaN, or a number with thousands of digits
        raise HttpProblem("bad_json", f"the body is not JSON: {error}") from error
    lower = data.lower()
    has_escapes = _ESCAPED_NUL in lower or _ESCAPED_SURROGATE in lower
    _check_nesting(value, max_depth, check_texts=has_escapes)
    return value


def check_text(text: str) -> None:
    """Raise an HttpProblem for text that a store cannot hold."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise HttpProblem(
            "bad_json", "texts must be Unicode without NUL characters or unpaired surrogates"
        )


@asynccontextmanager
async def receive_file(
    request: Request, max_bytes: int, *, keep_packed: bool = False
) -> AsyncIterator[Path]:
    """Write the body to a temporary file; delete the file when the context ends.

    The server chooses the name of the file: nothing in the request is used as a path.

    Args:
        request: Request whose body is the file.
        max_bytes: Largest size, also after decompression [bytes].
        keep_packed: Whether a gzip file is kept as it is; see :func:`iter_gzip_lines`.

    Raises:
        HttpProblem: The file is too large, damaged or empty, or a Parquet file, whose size in
            memory is not bounded.
    """
    with temporary_folder() as folder:
        path = folder / "upload"
        with open_private_file(path) as file:
            async for chunk in iter_body(request, max_bytes):
                await run_in_threadpool(file.write, chunk)
        yield path if keep_packed else await run_in_threadpool(_unpack_file, path, max_bytes)


def iter_gzip_lines(path: Path, max_bytes: int) -> Iterator[bytes]:
    """Yield the lines of a gzip file.

    Raises:
        HttpProblem: The file or a line is too large, or the file is damaged or not gzip.
    """
    with path.open("rb") as file:
        unfinished = b""
        for chunk in _iter_bounded(file, max_bytes):
            *lines, unfinished = (unfinished + chunk).split(b"\n")
            yield from lines
            if len(unfinished) > MAX_DUMP_LINE_BYTES:
                raise HttpProblem("too_large", f"a line may have {MAX_DUMP_LINE_BYTES:,} bytes")
        yield unfinished


def _check_nesting(value: Any, max_depth: int, *, check_texts: bool) -> None:
    """Check a value level by level, without recursion."""
    level: list[Any] = [value]
    for _ in range(max_depth + 1):
        next_level: list[Any] = []
        for contained in level:
            if type(contained) is not str or check_texts:
                next_level += _check_value(contained, check_texts=check_texts)
        if not next_level:
            return
        level = next_level
    raise _too_deep_problem(max_depth)


def _check_value(value: Any, *, check_texts: bool) -> Iterable[Any]:
    """Check one value; return the values that it contains."""
    if isinstance(value, dict):
        return [*value, *value.values()] if check_texts else value.values()
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        if check_texts:
            check_text(value)
    elif value is not None:
        _check_number(value)
    return ()


def _check_number(number: float) -> None:
    if isinstance(number, int):
        is_valid = -_MAX_INTEGER <= number < _MAX_INTEGER
    else:
        is_valid = math.isfinite(number)
    if not is_valid:
        raise HttpProblem("bad_json", "the body contains a number that is too large")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_decode_json = json.JSONDecoder(parse_constant=_reject_constant).decode
"""Parses JSON; ``json.loads`` makes a decoder with this option for each text."""


def _too_deep_problem(max_depth: int) -> HttpProblem:
    return HttpProblem("bad_json", f"the body is nested deeper than {max_depth} levels")


def _raise_too_large(max_bytes: int) -> NoReturn:
    raise HttpProblem(
        "too_large", f"a body may have {max_bytes:,} bytes, also after decompression"
    )


def _unpack_file(path: Path, max_bytes: int) -> Path:
    """Return the path of the decompressed file, or of the file itself if it is not gzip."""
    with path.open("rb") as file:
        magic = file.read(4)
        if not magic:
            raise HttpProblem("bad_request", "the body is empty; send a file")
        if magic == _PARQUET_MAGIC:
            raise _parquet_problem()
        if magic == ZIP_START:
            _check_archive(path, max_bytes)
        if not magic.startswith(_GZIP_MAGIC):
            return path
        file.seek(0)
        unpacked = path.with_name("unpacked")
        with unpacked.open("wb") as out:
            out.writelines(_iter_bounded(file, max_bytes))
    return unpacked


def _check_archive(path: Path, max_bytes: int) -> None:
    """Check the files of a zip file as those that are sent alone are checked."""
    if unpacked_bytes(path) > max_bytes:
        raise _unpacked_problem(max_bytes)
    for member in members_of(path) if is_zip(path) else ():
        with open_bytes(member) as file:
            if file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC:
                raise _parquet_problem()


def _parquet_problem() -> HttpProblem:
    return HttpProblem(
        "bad_media_type", "Parquet files cannot be uploaded; send CSV or JSON Lines"
    )


def _unpacked_problem(max_bytes: int) -> HttpProblem:
    return HttpProblem("too_large", f"a file may have {max_bytes:,} bytes after decompression")


def _iter_bounded(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield the decompressed content of all members of a file in chunks, up to a limit."""
    size = 0
    gzip = GzipStream("the file")
    while data := file.read(DECOMPRESSED_CHUNK_BYTES):
        for chunk in gzip.decompress(data):
            size += len(chunk)
            if size > max_bytes:
                raise _unpacked_problem(max_bytes)
            yield chunk
    gzip.check_complete()
