"""The file of a dump: gzipped JSON Lines whose last line proves that all others are there."""

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from daybreak.errors import DataError

FORMAT = 1
"""Of the lines; grows when older programs could not read them."""


class Lines:
    """Lines on their way into a file."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._hash = sha256()
        self.counts: Counter[str] = Counter()
        self._put({"daybreak": "dump", "format": FORMAT})

    def row(self, table: str, row: dict[str, Any]) -> None:
        """Write one row."""
        self.counts[table] += 1
        self._put({table: row})

    def end(self) -> None:
        """Write the last line."""
        proof = {"rows": dict(self.counts), "sha256": self._hash.hexdigest()}
        self._put({"end": proof})

    def _put(self, value: dict[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._hash.update(line)
        self._stream.write(line)


@contextmanager
def writing(file: Path) -> Iterator[Lines]:
    """Make a file; it gets its name when it is complete and on the disk.

    Raises:
        DataError: It cannot be written.
    """
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as raw:
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
                lines = Lines(stream)
                yield lines
                lines.end()
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def read_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, row) of each line; the last step checks that nothing was missing.

    Raises:
        DataError: It is no dump, of a newer program, cut off, or changed.
    """
    try:
        with gzip.open(file) as stream:
            yield from _checked(stream, file)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {str(file)!r}") from error
    except EOFError as error:
        raise DataError(f"{str(file)!r} is cut off; copy or make the dump again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{str(file)!r} is no dump, or is damaged: {error}") from error
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror}") from error


def _checked(stream: gzip.GzipFile, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    first = stream.readline()
    _check_format(_parsed(first, file, 1), file)
    hash_, counts = sha256(first), Counter[str]()
    for number, line in enumerate(stream, 2):
        ((table, row),) = _parsed(line, file, number).items()
        if table == "end":
            proof = {"rows": dict(counts), "sha256": hash_.hexdigest()}
            if row != proof or stream.read(1):
                raise DataError(f"{str(file)!r} was changed: its checksum is wrong")
            return
        hash_.update(line)
        counts[table] += 1
        yield table, row
    raise DataError(f"{str(file)!r} is cut off; copy or make the dump again")


def _check_format(first: dict[str, Any], file: Path) -> None:
    if first.get("daybreak") != "dump":
        raise DataError(f"{str(file)!r} is no dump of a store")
    if first.get("format") != FORMAT:
        raise DataError(
            f"{str(file)!r} is a dump of format {first.get('format')}, this program reads "
            f"format {FORMAT}; use the release that wrote it"
        )


def _parsed(line: bytes, file: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError(f"{str(file)!r}, line {number}: no JSON ({error})") from error
    if not isinstance(value, dict) or (number > 1 and len(value) != 1):
        raise DataError(f"{str(file)!r}, line {number}: no row of a dump")
    return value
