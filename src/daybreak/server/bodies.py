"""Bodies of requests: bounded, unpacked with care, plain JSON without surprises."""

import json
import math
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from daybreak.server.problems import Refused

LARGE = 50_000
"""From here on a body is read beside the event loop [bytes]."""
_PACKED = 16 + zlib.MAX_WBITS
_ESCAPED_NUL, _SURROGATE = b"\\u0000", b"\\ud"
_WHOLE = 2**63


class Body:
    """The limits of one server.

    Args:
        largest: Size of a body, also after unpacking [bytes].
        depth: Deepest nesting.
    """

    def __init__(self, largest: int, depth: int) -> None:
        self.largest = largest
        self.depth = depth

    async def read(self, request: Request) -> bytes:
        """Return a whole body.

        Raises:
            Refused: It is too large, or packed in another way than gzip.
        """
        parts = [part async for part in chunks(request, self.largest)]
        return b"".join(parts)

    async def parse(self, data: bytes) -> Any:
        """Return the JSON of a body.

        Raises:
            Refused: It is not JSON, or JSON that could do harm.
        """
        if len(data) < LARGE:
            return parse(data, self.depth)
        return await run_in_threadpool(parse, data, self.depth)


class CheckedRequest(Request):
    """A request whose body keeps to the limits."""

    limits: Body

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


async def chunks(request: Request, largest: int) -> AsyncIterator[bytes]:
    """Yield a body part by part, unpacked; at most ``largest`` bytes of it.

    A packed body is never unpacked further than that, so a small one cannot fill the memory.

    Raises:
        Refused: It is too large, damaged, or packed in another way than gzip.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced[:20]) > largest:
        _too_large(largest)
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise Refused("bad_media_type", f"bodies may be packed with gzip, got {packing!r:.60}")
    unpack = zlib.decompressobj(_PACKED) if packing == "gzip" else None
    size = 0
    async for part in request.stream():
        for plain in (part,) if unpack is None else _unpacked(unpack, part):
            size += len(plain)
            if size > largest:
                _too_large(largest)
            yield plain
    if unpack is not None and not unpack.eof:
        raise Refused("bad_request", "the packed body ends too early")


def _unpacked(unpack: Any, part: bytes) -> Iterator[bytes]:
    """Yield small pieces of what a packed part holds."""
    try:
        while part and not unpack.eof:
            yield unpack.decompress(part, LARGE)
            part = unpack.unconsumed_tail
    except zlib.error as error:
        raise Refused("bad_request", f"the body is not gzip: {error}") from error


def parse(data: bytes, depth: int) -> Any:
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
        value = json.loads(data.decode(), parse_constant=_no_number)
    except RecursionError as error:
        raise _too_deep(depth) from error
    except ValueError as error:  # not UTF-8, no JSON, NaN, a number with thousands of digits
        raise Refused("bad_json", f"the body is not JSON: {error}") from error
    escaped = data.lower()
    _check(value, depth, texts=_ESCAPED_NUL in escaped or _SURROGATE in escaped)
    return value


def _check(value: Any, depth: int, *, texts: bool) -> None:
    """Walk through a value, level by level."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        below: list[Any] = []
        for one in level:
            below += _parts(one, texts=texts)
        if not below:
            return
        level = below
    raise _too_deep(depth)


def _parts(value: Any, *, texts: bool) -> Iterable[Any]:
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
        raise Refused("bad_json", "texts must be Unicode without the character 0")


def _check_number(number: float) -> None:
    whole = isinstance(number, int)
    if (whole and not -_WHOLE <= number < _WHOLE) or (not whole and not math.isfinite(number)):
        raise Refused("bad_json", "the body holds a number that is too large")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _too_deep(depth: int) -> Refused:
    return Refused("bad_json", f"the body is nested deeper than {depth} levels")


def _too_large(largest: int) -> NoReturn:
    raise Refused("too_large", f"a body may have {largest:,} bytes, also when unpacked")
