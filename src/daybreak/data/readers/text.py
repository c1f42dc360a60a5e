"""Reading of text files in bounded memory, with detection of their encoding."""

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from daybreak.data.readers.byte_encodings import (
    TextEncoding,
    detect_alphabet,
    detect_big5,
    detect_neighbour_of_chinese,
    detect_thai,
)
from daybreak.data.readers.zip_files import open_member
from daybreak.errors import ConfigError, DataError, NotFoundError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_CONTROL_BYTES = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 26, 27}) + b"\x7f"

_TEXT_CONTROLS = "\t\n\r\u00a0\u200b\u2028\u3000\ufeff\ue000"
_WINDOW_BYTES = 65_536
MIN_ZEROS = 4
"""Smallest number of zero bytes of a text in UTF-16."""
MIN_ZERO_SHARE = 0.02
"""Smallest share of zero bytes of a text in UTF-16."""
MAX_OTHER_ZEROS = 0.5
"""Largest ratio of zero bytes at the other places to those at the usual ones."""
MAX_ODD_SHARE = 0.01
"""Largest share of characters of a text in UTF-16 that are no text."""
MIN_MIXED_SHARE = 0.1
"""Share of valid UTF-8 characters from which a file that is not UTF-8 is partly so."""


def detect_encoding(sample: bytes, file: str) -> TextEncoding:
    """Return the encoding of a text that begins with ``sample``.

    Raises:
        DataError: The bytes are not text in any encoding that is recognised.

    Example:
        >>> detect_encoding("größe".encode("latin-1"), "a.csv").label
        'Windows-1252 (Western European)'
    """
    for mark, codec, label in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return TextEncoding(codec, label)
    if wide := _detect_utf16(sample):
        return wide
    _raise_if_binary(sample, file)
    if _is_mostly_utf8(sample):
        return TextEncoding("utf-8")
    found = (detect(sample) for detect in _TESTS)
    return next(filter(None, found), None) or _detect_western(sample, file)


def look_up_encoding(name: str) -> TextEncoding:
    """Return the encoding with the given name.

    Raises:
        ConfigError: Python has no codec of that name.
    """
    try:
        return TextEncoding(codecs.lookup(name).name)
    except LookupError:
        raise ConfigError(f"no encoding named {name!r}; try utf-8, gb18030, cp1252") from None


def _detect_utf16(sample: bytes) -> TextEncoding | None:
    """Detect UTF-16 without byte order mark.

    Every second byte of separators, digits, ends of lines and ASCII letters is zero. Characters
    such as U+4E00 have the zero at the other place.
    """
    sample = sample[: len(sample) // 2 * 2]
    zeros = {"utf-16-be": sample[0::2].count(0), "utf-16-le": sample[1::2].count(0)}
    codec = max(zeros, key=lambda name: zeros[name])
    if zeros[codec] < max(MIN_ZEROS, MIN_ZERO_SHARE * len(sample)):
        return None
    if min(zeros.values()) > MAX_OTHER_ZEROS * zeros[codec]:
        return None
    text = codecs.getincrementaldecoder(codec)("replace").decode(sample)
    odd = sum(not (one.isprintable() or one in _TEXT_CONTROLS) for one in text)
    return TextEncoding(codec, "UTF-16") if odd <= MAX_ODD_SHARE * len(text) else None


def _raise_if_binary(sample: bytes, file: str) -> None:
    for start in range(0, len(sample), _WINDOW_BYTES):
        part = sample[start : start + _WINDOW_BYTES]
        control = len(part) - len(part.translate(None, _CONTROL_BYTES))
        if control > 4 + 0.005 * len(part):
            raise DataError(
                f"{file} is not text: {control:,} control characters in {len(part):,} bytes "
                f"from byte {start:,} on; expected CSV, TSV, JSON Lines or Parquet"
            )


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether at most a tenth of the non-ASCII characters are invalid UTF-8.

    A file with a few invalid bytes loses their rows only. The sample may end in the middle of a
    character.
    """
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    bad = text.count("\ufffd")
    return not bad or bad <= 0.1 * sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))


def _is_partly_utf8(sample: bytes) -> bool:
    """Return whether files of two encodings were put together, one of them UTF-8.

    Letters of Windows-1252 hardly ever form a valid sequence of UTF-8 by chance.
    """
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    bad = text.count("\ufffd")
    valid = sum(character > "\x7f" for character in text) - bad
    return valid >= MIN_MIXED_SHARE * (valid + bad)


def _decode_as_western(error: UnicodeError) -> tuple[str, int]:
    """Return the invalid bytes of a text in UTF-8 as Windows-1252, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


WESTERN_FALLBACK = "daybreak_western_fallback"
"""Error handler that reads bytes that are not UTF-8 as Windows-1252."""
codecs.register_error(WESTERN_FALLBACK, _decode_as_western)


def _is_chinese(sample: bytes) -> bool:
    """Return whether at least 80 % of the non-ASCII characters are common ones of GB 2312."""
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(sample)
    except UnicodeDecodeError:
        return False
    other = [c for c in text if c > "\x7f"]
    return sum(map(_is_common_character, set(other))) >= 0.8 * len(set(other))


def _is_common_character(character: str) -> bool:
    code = character.encode("gb18030")
    return len(code) == 2 and 0xA1 <= code[0] <= 0xD7 and code[1] >= 0xA1


def _detect_chinese(sample: bytes) -> TextEncoding | None:
    return TextEncoding("gb18030", "GB18030 (GBK)") if _is_chinese(sample) else None


def _detect_mixture(sample: bytes) -> TextEncoding | None:
    label = "a mixture of UTF-8 and Windows-1252 (Western European)"
    is_mixed = _is_partly_utf8(sample)
    return TextEncoding("utf-8", label, WESTERN_FALLBACK) if is_mixed else None


_TESTS = (
    detect_neighbour_of_chinese,
    _detect_chinese,
    detect_big5,
    detect_thai,
    _detect_mixture,
    detect_alphabet,
)
"""Tests of the encoding of a text that is not UTF-8, in their order."""


def _detect_western(sample: bytes, file: str) -> TextEncoding:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} is not UTF-8, UTF-16, GB18030 or Windows-1252 text "
            f"(byte {error.start:,}); name its encoding with encoding='NAME' "
            "or convert the file to UTF-8"
        ) from None
    return TextEncoding("cp1252", "Windows-1252 (Western European)")


INVALID_BYTES = "bytes are not valid UTF-8"
"""Reason for the rejection of a row."""
READ_BLOCK_BYTES = 8 * 2**20
"""Size of the blocks in which a file is read [bytes]."""

MAX_LINE_CHARS = 4 * 2**20
"""Maximum length of a line [characters]."""

_GZIP_ERRORS = (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error)


def has_valid_bytes(text: str) -> bool:
    """Return whether the text has no lone surrogates, which stand for invalid bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, decompressed if it is a gzip file.

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
    except _GZIP_ERRORS as error:
        raise _damaged_gzip_error(path, error) from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error}") from error


def _damaged_gzip_error(path: Path, error: Exception) -> DataError:
    kind = "zip" if isinstance(error, zipfile.BadZipFile) else "gzip"
    return DataError(
        f"{path.name} is a damaged {kind} file: {error}; copy or download it again"
    )


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, also one in a zip file; gzip files are decompressed."""
    if not path.exists() and (member := open_member(path)) is not None:
        return member
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def iter_line_blocks(path: Path, encoding: TextEncoding) -> Iterator[str]:
    r"""Yield the text in blocks that end with ``\n`` (the last may not).

    Invalid bytes become lone surrogates, so that their rows can be found and rejected.

    Raises:
        DataError: A line is longer than ``MAX_LINE_CHARS``, or the file breaks off.
    """
    tail, line = "", 1
    for block in iter_text_blocks(path, encoding):
        text = tail + block
        cut = text.rfind("\n") + 1
        tail = text[cut:]
        if cut:
            line += text.count("\n", 0, cut)
            yield text[:cut]
        if len(tail) > MAX_LINE_CHARS:
            raise DataError(
                f"{path.name}, row {line} is longer than {MAX_LINE_CHARS:,} characters; "
                "expected one record a line"
            )
    if tail:
        yield tail


def iter_text_blocks(path: Path, encoding: TextEncoding) -> Iterator[str]:
    """Yield the text in blocks that end anywhere.

    Raises:
        DataError: The file breaks off, or is not valid in a strict encoding.
    """
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding.codec)(_decoding_errors(encoding)), translate=True
    )
    try:
        with open_bytes(path) as stream:
            while block := stream.read(READ_BLOCK_BYTES):
                yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except _GZIP_ERRORS as error:
        raise _damaged_gzip_error(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not valid {encoding.label or encoding.codec} text: "
            f"{error.reason}; convert it to UTF-8"
        ) from error


def _decoding_errors(encoding: TextEncoding) -> str:
    if encoding.errors:
        return encoding.errors
    return "surrogateescape" if encoding.codec in {"utf-8", "utf-8-sig"} else "strict"
