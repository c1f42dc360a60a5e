"""CSV, TSV, RecBole atomic files and MovieLens ``::`` files."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from daybreak.data.aliases import POSITIONS, Role
from daybreak.data.columns import has_known_names
from daybreak.data.names import unique_names
from daybreak.data.readers.encodings import Encoding
from daybreak.data.readers.layout import Layout, Split
from daybreak.data.readers.plain import split_plain
from daybreak.data.readers.quoted import split_quoted
from daybreak.data.readers.raw import Raw, refuse_if_hopeless
from daybreak.data.readers.text import line_blocks
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

_SEPARATORS = ("\t", ",", ";", "|")
_UNIT = "\x1f"
"""Stands for ``::`` while splitting: readers want one character."""
_ATOMIC = frozenset({".inter", ".item", ".user", ".link", ".kg"})
_NUMBER = re.compile(r"^\s*-?\d+(\.\d+)?\s*$")
MAX_COLUMNS = 5_000


@dataclass
class DelimitedSource:
    """A text file with one record a line (or more, inside quotes)."""

    file: str
    path: Path
    encoding: Encoding
    layout: Layout
    header_lines: int
    """Lines before the first record."""
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names in the header, repeated ones numbered."""
        return self.layout.names

    def read(self, wanted: Sequence[str], rejects: Rejects) -> Raw:
        """Split all lines; see :meth:`Source.read`."""
        parts: list[Split] = []
        blank = 0
        for split in self._splits():
            for line, reason, text in split.bad:
                rejects.add(Reject(self.file, line, reason, value=text))
            blank += split.blank
            parts.append(replace(split, frame=split.frame.select(wanted), bad=[]))
            refuse_if_hopeless(self.file, sum(len(p.rows) for p in parts), rejects)
        if blank:
            self.notes.append(f"{self.file}: {blank:,} empty lines skipped")
        frame = pl.concat([part.frame for part in parts]) if parts else _empty(wanted)
        rows = [pl.Series("row", part.rows) for part in parts]
        return Raw(self.file, frame, pl.concat(rows) if rows else _no_rows())

    def _splits(self) -> Iterator[Split]:
        """Split block by block; ``pending`` is known to be the last one only when it comes."""
        blocks = _after(self.header_lines, line_blocks(self.path, self.encoding))
        line, pending = self.header_lines + 1, next(blocks, "")
        while pending:
            following = next(blocks, "")
            text = self._single(pending)
            split = _split(text, line, self.layout, last=not following)
            line += text.count("\n") - split.rest.count("\n")
            pending = split.rest + following
            yield split

    def _single(self, text: str) -> str:
        return text.replace("::", _UNIT) if self.layout.separator == _UNIT else text


def _split(text: str, line: int, layout: Layout, *, last: bool) -> Split:
    if not (layout.quoted and '"' in text):
        try:
            return split_plain(text.encode(), line, layout)
        except UnicodeEncodeError:  # some bytes were not valid: find their records
            pass
    return split_quoted(text, line, layout, last=last)


def _empty(names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _no_rows() -> pl.Series:
    return pl.Series("row", [], dtype=pl.Int64)


def _after(lines: int, blocks: Iterator[str]) -> Iterator[str]:
    """Skip the first lines (they all lie in the first block)."""
    for block in blocks:
        start = 0
        for _ in range(lines):
            start = block.find("\n", start) + 1 or len(block)
        lines = 0
        if start < len(block):
            yield block[start:]


def open_delimited(path: Path, role: Role, encoding: Encoding) -> DelimitedSource:
    """Find the separator and the header of a text file.

    Raises:
        DataError: The file is empty, or its first line is no header and no record.
    """
    first = next(line_blocks(path, encoding), "").lstrip("\ufeff")
    if not first.strip():
        raise DataError(f"{path.name} is empty; expected a header line and one record a line")
    separator = _separator(path, first)
    quoted = separator != _UNIT and not _ATOMIC.intersection(path.suffixes)
    text = first.replace("::", _UNIT) if separator == _UNIT else first
    blank, fields, used = _first_record(text, separator, quoted=quoted)
    if len(fields) > MAX_COLUMNS:
        raise DataError(f"{path.name} has {len(fields):,} columns; at most {MAX_COLUMNS:,}")
    source = DelimitedSource(path.name, path, encoding, Layout(separator, quoted, ()), blank)
    if names := _positions(fields, role, separator):
        source.notes.append(f"{path.name}: no header; columns read as {', '.join(names)}")
    else:
        names, source.header_lines = unique_names(f.strip() for f in fields), blank + used
    source.layout = replace(source.layout, names=names)
    return source


def _separator(path: Path, text: str) -> str:
    lines = [line for line in text[:100_000].split("\n") if line][:20]
    if path.name.removesuffix(".gz").endswith(".dat") and "::" in lines[0]:
        return _UNIT
    counts = {mark: lines[0].count(mark) for mark in _SEPARATORS}
    best = max(counts, key=lambda mark: counts[mark])
    if lines[0].count("::") >= max(counts[best], 1):
        return _UNIT
    return best if counts[best] else ","


def _first_record(text: str, separator: str, *, quoted: bool) -> tuple[int, list[str], int]:
    """Return the empty lines before the first record, its fields and the lines it takes."""
    lines = text.split("\n")
    blank = next(n for n, line in enumerate(lines) if line.strip())
    reader = csv.reader(
        (line + "\n" for line in lines[blank:]),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    try:
        return blank, next(reader), reader.line_num
    except csv.Error as error:
        raise DataError(f"the first line cannot be read as columns: {error}") from error


def _positions(fields: list[str], role: Role, separator: str) -> tuple[str, ...]:
    """Name columns by position when the first line is a record; () when it is a header."""
    if has_known_names(fields, role):
        return ()
    names = POSITIONS[role]
    if separator == _UNIT:
        return _numbered(names, len(fields)) if _NUMBER.match(fields[0]) else ()
    if role != "events" or len(fields) < 2 or not all(map(_NUMBER.match, fields[2:4])):
        return ()
    if len(fields) == 2 and not all(map(_NUMBER.match, fields)):
        return ()
    if len(fields) == 3 and float(fields[2]) > 1e8:
        names = ("user_id", "item_id", "timestamp")
    return _numbered(tuple("value" if n == "rating" else n for n in names), len(fields))


def _numbered(names: tuple[str, ...], n: int) -> tuple[str, ...]:
    return (*names[:n], *(f"column_{i + 1}" for i in range(len(names), n)))
