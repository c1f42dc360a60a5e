"""Open a file as text in bounded memory: blocks of whole lines with equal line ends."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from daybreak.data.readers.encodings import Encoding
from daybreak.errors import DataError, NotFoundError

BLOCK = 8 * 2**20
"""Bytes read at a time."""

MAX_LINE = 4 * 2**20
"""Longest line that is taken for a line [characters]."""

_BROKEN = (gzip.BadGzipFile, EOFError, zlib.error)


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, unpacked when it is gzip.

    Raises:
        NotFoundError: There is no such file.
        DataError: It is a folder, or cannot be read.
    """
    if path.is_dir():
        raise DataError(f"{path.name} is a folder, expected a file; folders: read_folder()")
    try:
        with open_bytes(path) as stream:
            return stream.read(size)
    except FileNotFoundError:
        raise NotFoundError(f"no file {str(path)!r}") from None
    except _BROKEN as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error}") from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is a damaged gzip file: {error}; get it again")


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, through gzip when it begins like gzip."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def line_blocks(path: Path, encoding: Encoding) -> Iterator[str]:
    r"""Yield the text in blocks that end with ``\n`` (the last may not).

    Bytes that are not valid come out as lone surrogates, so that the rows they are in can be
    found and rejected.

    Raises:
        DataError: A line is longer than ``MAX_LINE``, or the file breaks off.
    """
    tail, line = "", 1
    for block in _decoded(path, encoding):
        text = tail + block
        cut = text.rfind("\n") + 1
        tail = text[cut:]
        if cut:
            line += text.count("\n", 0, cut)
            yield text[:cut]
        if len(tail) > MAX_LINE:
            raise DataError(
                f"{path.name}, row {line} is longer than {MAX_LINE:,} characters; "
                "expected one record a line"
            )
    if tail:
        yield tail


def _decoded(path: Path, encoding: Encoding) -> Iterator[str]:
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding.codec)(_on_error(encoding)), translate=True
    )
    try:
        with open_bytes(path) as stream:
            while block := stream.read(BLOCK):
                yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except _BROKEN as error:
        raise _damaged(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not valid {encoding.label or encoding.codec} text: "
            f"{error.reason}; convert it to UTF-8"
        ) from error


def _on_error(encoding: Encoding) -> str:
    return "surrogateescape" if encoding.codec in {"utf-8", "utf-8-sig"} else "strict"
