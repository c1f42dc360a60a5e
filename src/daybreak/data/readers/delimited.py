"""Reader of delimited text: CSV, TSV, RecBole atomic files and MovieLens ``::`` files."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from daybreak.data.column_aliases import TableRole
from daybreak.data.columns import (
    HEADERLESS_COLUMNS,
    has_all_known_names,
    has_known_names,
    number_duplicates,
)
from daybreak.data.readers.byte_encodings import TextEncoding
from daybreak.data.readers.program_traces import blank_lines_of_programs, unguard_cells
from daybreak.data.readers.source import RawTable, raise_if_mostly_rejected
from daybreak.data.readers.text import INVALID_BYTES, iter_line_blocks
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError
from daybreak.types import Mask, Rows

MAX_COLUMNS = 5_000
MAX_OPEN_RECORD_CHARS = 2**20
"""Maximum length of a record that continues in the next block [characters]."""
SAMPLE_LINES = 20
"""Number of first lines that say which character is around fields."""
MAX_PREAMBLE_LINES = 30
"""Maximum number of lines in which the header is looked for."""
WRONG_FIELD_COUNT = "wrong number of fields"
BAD_QUOTES = "quotes are not closed or not doubled"
_SEPARATORS = ("\t", ",", ";", "|")
_RARE_SEPARATORS = (":", " ", "^", "~")
"""Separators that are believed only if they separate known names."""
_UNIT_SEPARATOR = "\x1f"
"""Replaces ``::`` during splitting, because readers need a separator of one character."""
_ATOMIC_SUFFIXES = frozenset({".inter", ".item", ".user", ".link", ".kg"})
_SEPARATOR_LINE = re.compile(
    r"\s*\"?sep=(\\t|[^\w\s\"]|\t)\"?[^\S\n]*(?:\1+[^\S\n]*)?\n", re.IGNORECASE
)
_NUMBER_PATTERN = re.compile(r"^\s*-?\d+(\.\d+)?\s*$")


@dataclass(frozen=True)
class DelimitedLayout:
    """How the fields of a file are separated."""

    separator: str
    """One character; ``::`` is replaced by ``_UNIT_SEPARATOR``."""
    quoted: bool
    """Whether fields may be enclosed in double quotes."""
    names: tuple[str, ...]
    escaped: bool = False
    """Whether quotes inside a field have a backslash before them instead of being doubled."""
    quote: str = '"'
    """Character around fields."""
    has_blanks: bool = False
    """Whether blanks follow the separators, so that quotes begin after them."""


@dataclass
class SplitBlock:
    """The records of one block of text, and the records that are rejected."""

    frame: pl.DataFrame
    """All columns are String."""
    rows: Rows
    """(n_records,) number of the first line of each record."""
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, reason and text of each rejected record."""
    n_blank: int = 0
    """Number of empty lines, which are no records."""
    remainder: str = ""
    """Text of a record that continues in the next block."""


@dataclass
class DelimitedFile:
    """A delimited text file; a record is one line, or several lines inside quotes."""

    file: str
    path: Path
    encoding: TextEncoding
    layout: DelimitedLayout
    header_lines: int
    """Number of lines before the first record."""
    notes: list[str] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names in the header; repeated names are numbered."""
        return self.layout.names

    sample_columns = columns

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Split the first block; see :meth:`OpenedTable.sample`."""
        first = next(self._iter_blocks(), None)
        return _empty_frame(wanted) if first is None else first.frame.select(wanted)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Split all lines; see :meth:`OpenedTable.read`."""
        parts: list[SplitBlock] = []
        blank = 0
        for split in self._iter_blocks():
            for line, reason, text in split.rejected:
                rejects.add(Reject(self.file, line, reason, value=text))
            blank += split.n_blank
            parts.append(replace(split, frame=split.frame.select(wanted), rejected=[]))
            raise_if_mostly_rejected(self.file, sum(len(p.rows) for p in parts), rejects)
        if blank:
            self.notes.append(f"{self.file}: {blank:,} empty lines skipped")
        frame = pl.concat([part.frame for part in parts]) if parts else _empty_frame(wanted)
        rows = [pl.Series("row", part.rows) for part in parts]
        return RawTable(self.file, frame, pl.concat(rows) if rows else _empty_rows())

    def _iter_blocks(self) -> Iterator[SplitBlock]:
        """Split the text block by block, one block late, to know which block is the last."""
        blocks = _skip_lines(self.header_lines, iter_line_blocks(self.path, self.encoding))
        line, pending = self.header_lines + 1, next(blocks, "")
        while pending:
            following = next(blocks, "")
            text = blank_lines_of_programs(self._replace_double_colons(pending))
            split = _split_block(text, line, self.layout, last=not following)
            line += text.count("\n") - split.remainder.count("\n")
            pending = split.remainder + following
            yield self._without_traces(split)

    def _without_traces(self, split: SplitBlock) -> SplitBlock:
        """Return a block without guards of cells and lines that repeat the header."""
        frame, rows = unguard_cells(split.frame), split.rows
        first, *others = self.columns
        repeats = frame[first].str.strip_chars() == first
        if others and repeats.any():
            names = [pl.col(name).str.strip_chars() == name for name in self.columns]
            repeats = frame.select(pl.all_horizontal(names).fill_null(value=False)).to_series()
            frame, rows = frame.filter(~repeats), rows[~repeats.to_numpy()]
            self._note_once(f"{self.file}: lines that repeat the header are skipped")
        return replace(split, frame=frame, rows=rows)

    def _note_once(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _replace_double_colons(self, text: str) -> str:
        return (
            text.replace("::", _UNIT_SEPARATOR)
            if self.layout.separator == _UNIT_SEPARATOR
            else text
        )


def open_delimited(path: Path, role: TableRole, encoding: TextEncoding) -> DelimitedFile:
    """Detect the separator and the header of a text file.

    Raises:
        DataError: The file is empty, or its first line is no header and no record.
    """
    first = next(iter_line_blocks(path, encoding), "").lstrip("\ufeff")
    stated, first, passed = _read_stated_separator(first)
    first, n_preamble = _skip_preamble(first, role)
    if not first.strip():
        raise DataError(f"{path.name} is empty; expected a header line and one record a line")
    separator = stated or _detect_separator(path, first, role)
    quoted = separator != _UNIT_SEPARATOR and not _ATOMIC_SUFFIXES.intersection(path.suffixes)
    text = first.replace("::", _UNIT_SEPARATOR) if separator == _UNIT_SEPARATOR else first
    layout = _detect_quotes(text, DelimitedLayout(separator, quoted, ()))
    blank, fields, used = _read_first_record(text, layout)
    if len(fields) > MAX_COLUMNS:
        raise DataError(
            f"{path.name} has {len(fields):,} columns; the maximum is {MAX_COLUMNS:,}"
        )
    blank += passed + n_preamble
    source = DelimitedFile(path.name, path, encoding, layout, blank)
    if n_preamble:
        source.notes.append(f"{path.name}: {n_preamble} lines before the header are skipped")
    if names := _headerless_names(fields, role, separator):
        source.notes.append(f"{path.name}: no header; columns read as {', '.join(names)}")
    else:
        names, source.header_lines = number_duplicates(f.strip() for f in fields), blank + used
    escaped = quoted and re.search(rf'\\"[^\n"{re.escape(separator)}]', text) is not None
    source.layout = replace(layout, names=names, escaped=escaped)
    return source


def _read_stated_separator(text: str) -> tuple[str, str, int]:
    """Return the separator that a first line ``sep=;`` states, the rest, and its lines.

    Spreadsheets write the line for themselves; without it the separator is empty.
    """
    found = _SEPARATOR_LINE.match(text)
    if found is None:
        return "", text, 0
    separator = found.group(1).replace("\\t", "\t")
    return separator, text[found.end() :], found.group(0).count("\n")


def _skip_preamble(text: str, role: TableRole) -> tuple[str, int]:
    """Return the text from its header on, and the number of lines before it.

    Reports begin with a title or remarks. A later line is the header only if it has known names
    for all ids of the table, and more fields than
    the first line has values.
    """
    lines = text[:100_000].split("\n")[:MAX_PREAMBLE_LINES]
    fields = {mark: _split_names(lines[0], mark) for mark in _SEPARATORS}
    if any(has_known_names(names, role) for names in fields.values()):
        return text, 0
    for n, line in enumerate(lines[1:], start=1):
        for mark in _SEPARATORS:
            names = _split_names(line, mark)
            if len(names) > sum(map(bool, fields[mark])) and has_all_known_names(names, role):
                return text.split("\n", n)[n], n
    return text, 0


def _split_names(line: str, separator: str) -> list[str]:
    return [name.strip(' \t"') for name in line.split(separator)]


def _detect_separator(path: Path, text: str, role: TableRole) -> str:
    lines = [line for line in text[:100_000].split("\n") if line][:20]
    if path.name.removesuffix(".gz").endswith(".dat") and "::" in lines[0]:
        return _UNIT_SEPARATOR
    counts = {mark: lines[0].count(mark) for mark in _SEPARATORS}
    best = max(counts, key=lambda mark: counts[mark])
    if lines[0].count("::") >= max(counts[best], 1):
        return _UNIT_SEPARATOR
    if counts[best]:
        return best
    known = (
        m for m in _RARE_SEPARATORS if has_all_known_names(_split_names(lines[0], m), role)
    )
    return next(known, ",")


def _detect_quotes(text: str, layout: DelimitedLayout) -> DelimitedLayout:
    """Return the layout with the character around fields, and whether blanks are before it."""
    sample, mark = text[:100_000], re.escape(layout.separator)
    if not layout.quoted:
        return layout
    if '"' in sample:
        has_blanks = re.search(rf'{mark} +"', sample) is not None
        return replace(layout, has_blanks=has_blanks and layout.separator != " ")
    lines = [line for line in sample.split("\n") if line.strip()][1 : SAMPLE_LINES + 1]
    single = re.compile(rf"(?:^|{mark})\s*'[^'\n]*'\s*(?={mark}|$)")
    n_single = sum(len(single.findall(line)) for line in lines)
    n_fields = sum(line.count(layout.separator) + 1 for line in lines)
    return replace(layout, quote="'") if n_fields and 2 * n_single >= n_fields else layout


def _read_first_record(text: str, layout: DelimitedLayout) -> tuple[int, list[str], int]:
    """Return the number of empty lines before the first record, its fields and its lines."""
    lines = text.split("\n")
    blank = next(n for n, line in enumerate(lines) if line.strip())
    reader = csv.reader((line + "\n" for line in lines[blank:]), **_csv_options(layout))
    try:
        return blank, next(reader), reader.line_num
    except csv.Error as error:
        raise DataError(f"the first line cannot be read as columns: {error}") from error


def _csv_options(layout: DelimitedLayout) -> dict[str, Any]:
    return {
        "delimiter": layout.separator,
        "quotechar": layout.quote,
        "quoting": csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        "skipinitialspace": layout.has_blanks,
    }


def _headerless_names(fields: list[str], role: TableRole, separator: str) -> tuple[str, ...]:
    """Return names by position if the first line is a record, () if it is a header."""
    if has_known_names(fields, role) or not fields[0].strip():
        return ()
    names = HEADERLESS_COLUMNS[role]
    if separator == _UNIT_SEPARATOR:
        return _pad_names(names, len(fields)) if _NUMBER_PATTERN.match(fields[0]) else ()
    if role != "events" or len(fields) < 2 or not all(map(_NUMBER_PATTERN.match, fields[2:4])):
        return ()
    if len(fields) == 2 and not all(map(_NUMBER_PATTERN.match, fields)):
        return ()
    if len(fields) == 3 and float(fields[2]) > 1e8:
        names = ("user_id", "item_id", "timestamp")
    return _pad_names(tuple("value" if n == "rating" else n for n in names), len(fields))


def _pad_names(names: tuple[str, ...], n: int) -> tuple[str, ...]:
    return (*names[:n], *(f"column_{i + 1}" for i in range(len(names), n)))


def _skip_lines(lines: int, blocks: Iterator[str]) -> Iterator[str]:
    """Skip the first lines, which are all in the first block."""
    for block in blocks:
        start = 0
        for _ in range(lines):
            start = block.find("\n", start) + 1 or len(block)
        lines = 0
        if start < len(block):
            yield block[start:]


def _empty_frame(names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _empty_rows() -> pl.Series:
    return pl.Series("row", [], dtype=pl.Int64)


def _split_block(text: str, line: int, layout: DelimitedLayout, *, last: bool) -> SplitBlock:
    if not (layout.quoted and layout.quote in text):
        try:
            return split_unquoted(text.encode(), line, layout)
        except UnicodeEncodeError:  # invalid bytes: find their records
            pass
    return split_quoted(text, line, layout, last=last)


def split_unquoted(data: bytes, line: int, layout: DelimitedLayout) -> SplitBlock:
    """Split UTF-8 text without quotes: one record per line, checked by array operations.

    Args:
        data: Whole lines as UTF-8.
        line: Number of the first line, from 1.
        layout: Layout of the file.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    codes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    marks = np.searchsorted(np.flatnonzero(codes == ord(layout.separator)), ends)
    good = np.diff(marks, prepend=0) + 1 == len(layout.names)
    blank = np.diff(ends, prepend=-1) == 1
    good &= ~blank
    bad: list[tuple[int, str, str]] = []
    if not good.all():
        data, bad = _drop_bad_lines(data, good, blank, layout)
    frame = _parse_lines(data, layout)
    rows = np.flatnonzero(good)
    if frame.height != len(rows):
        raise AssertionError(f"{frame.height} records from {len(rows)} lines")
    bad = [(line + at, reason, text) for at, reason, text in bad]
    return SplitBlock(frame, rows + line, bad, int(blank.sum()))


def _drop_bad_lines(
    data: bytes, good: Mask, blank: Mask, layout: DelimitedLayout
) -> tuple[bytes, list[tuple[int, str, str]]]:
    """Remove lines with a wrong number of fields; surplus empty fields are cut off.

    ``good`` is updated in place.
    """
    lines = data.split(b"\n")
    bad: list[tuple[int, str, str]] = []
    separator, width = layout.separator.encode(), len(layout.names)
    for at in np.flatnonzero(~good & ~blank).tolist():
        fields = lines[at].split(separator)
        if len(fields) > width and not any(fields[width:]):
            lines[at] = separator.join(fields[:width])
            good[at] = True
        else:
            text = lines[at][:200].decode("utf-8", "replace")
            bad.append((at, WRONG_FIELD_COUNT, describe_field_count(len(fields), layout, text)))
    return b"".join(lines[at] + b"\n" for at in np.flatnonzero(good).tolist()), bad


def _parse_lines(data: bytes, layout: DelimitedLayout) -> pl.DataFrame:
    schema = dict.fromkeys(layout.names, pl.String)
    if not data.strip(b"\n"):
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        io.BytesIO(data),
        has_header=False,
        schema=schema,
        separator=layout.separator,
        quote_char=None,
        infer_schema=False,
    )


def split_quoted(text: str, line: int, layout: DelimitedLayout, *, last: bool) -> SplitBlock:
    """Split text with quotes record by record; reading continues after an invalid record.

    Args:
        text: Whole lines.
        line: Number of the first line, from 1.
        layout: Layout of the file.
        last: Whether no block follows.
    """
    lines = list(io.StringIO(text, newline="\n"))
    records = _QuotedRecords(layout, line)
    at, rest = 0, ""
    while at < len(lines):
        reached, at = _read_records(lines, at, records)
        if at == len(lines):
            break
        rest = "".join(lines[at:]) if reached == len(lines) and not last else ""
        if rest and len(rest) < MAX_OPEN_RECORD_CHARS:
            break
        rest = ""
        records.bad.append((line + at, BAD_QUOTES, lines[at].rstrip("\n")))
        at += 1
    return records.to_block(rest)


def _read_records(lines: list[str], at: int, records: "_QuotedRecords") -> tuple[int, int]:
    """Read from line ``at``; return the line reached and the first line that is not used."""
    layout = records.layout
    reader = csv.reader(
        (lines[i] for i in range(at, len(lines))),
        escapechar="\\" if layout.escaped else None,
        strict=True,
        **_csv_options(layout),
    )
    start = at
    try:
        for record in reader:
            records.add(start, record)
            start = at + reader.line_num
    except csv.Error:
        pass
    return at + reader.line_num, start


@dataclass
class _QuotedRecords:
    layout: DelimitedLayout
    line: int
    kept: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    blank: int = 0

    def add(self, at: int, record: list[str]) -> None:
        width = len(self.layout.names)
        if not record:
            self.blank += 1
        elif len(record) < width or any(record[width:]):
            shown = self.layout.separator.join(record)[:200]
            text = describe_field_count(len(record), self.layout, shown)
            self.bad.append((self.line + at, WRONG_FIELD_COUNT, text))
        else:
            self.kept.append(record[:width])
            self.rows.append(self.line + at)

    def to_block(self, rest: str) -> SplitBlock:
        try:
            frame = self._to_frame()
        except UnicodeEncodeError:
            self._reject_bytes()
            frame = self._to_frame()
        return SplitBlock(
            frame, np.asarray(self.rows, dtype=np.int64), self.bad, self.blank, rest
        )

    def _to_frame(self) -> pl.DataFrame:
        names = self.layout.names
        if not self.kept:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        columns = zip(names, zip(*self.kept, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, v, dtype=pl.String) for name, v in columns])

    def _reject_bytes(self) -> None:
        """Reject records with lone surrogates, which stand for invalid bytes."""
        records, rows = self.kept, self.rows
        self.kept, self.rows = [], []
        for record, row in zip(records, rows, strict=True):
            text = self.layout.separator.join(record)
            if any("\ud800" <= c <= "\udfff" for c in text):
                self.bad.append((row, INVALID_BYTES, text))
            else:
                self.kept.append(record)
                self.rows.append(row)


def describe_field_count(n_fields: int, layout: DelimitedLayout, text: str) -> str:
    """Return a description of a record with a wrong number of fields."""
    return f"{n_fields} instead of {len(layout.names)}: {text}"
