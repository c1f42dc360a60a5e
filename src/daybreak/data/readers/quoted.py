"""Split text with quotes, record by record, going on after a record that cannot be read."""

import csv
import io
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from daybreak.data.readers.layout import BYTES, QUOTES, RAGGED, Layout, Split, ragged

LONGEST = 2**20
"""Longest record that may go on in the next block [characters]."""


def split_quoted(text: str, line: int, layout: Layout, *, last: bool) -> Split:
    """Split whole lines whose first has the number ``line``; ``last``: no block follows."""
    lines = list(io.StringIO(text, newline="\n"))
    records = _Records(layout, line)
    at, rest = 0, ""
    while at < len(lines):
        reached, at = _read(lines, at, records)
        if at == len(lines):
            break
        rest = "".join(lines[at:]) if reached == len(lines) and not last else ""
        if rest and len(rest) < LONGEST:
            break
        rest = ""
        records.bad.append((line + at, QUOTES, lines[at].rstrip("\n")))
        at += 1
    return records.split(rest)


def _read(lines: list[str], at: int, records: "_Records") -> tuple[int, int]:
    """Read from line ``at``; return the line reached and the first that is not yet used."""
    layout = records.layout
    reader = csv.reader(
        (lines[i] for i in range(at, len(lines))),
        delimiter=layout.separator,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        strict=True,
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
class _Records:
    layout: Layout
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
            text = ragged(len(record), self.layout, shown)
            self.bad.append((self.line + at, RAGGED, text))
        else:
            self.kept.append(record[:width])
            self.rows.append(self.line + at)

    def split(self, rest: str) -> Split:
        try:
            frame = self._frame()
        except UnicodeEncodeError:
            self._reject_bytes()
            frame = self._frame()
        return Split(frame, np.asarray(self.rows, dtype=np.int64), self.bad, self.blank, rest)

    def _frame(self) -> pl.DataFrame:
        names = self.layout.names
        if not self.kept:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        columns = zip(names, zip(*self.kept, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, v, dtype=pl.String) for name, v in columns])

    def _reject_bytes(self) -> None:
        """Set records with lone surrogates aside: they stand for bytes that are not UTF-8."""
        records, rows = self.kept, self.rows
        self.kept, self.rows = [], []
        for record, row in zip(records, rows, strict=True):
            text = self.layout.separator.join(record)
            if any("\ud800" <= c <= "\udfff" for c in text):
                self.bad.append((row, BYTES, text))
            else:
                self.kept.append(record)
                self.rows.append(row)
