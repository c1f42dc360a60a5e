"""Rows of sheets, the values of their cells as text, and cells that reach over several rows."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, iterparse

MAX_COLUMNS = 16_384
"""Largest number of columns of a sheet."""
MAX_ROWS = 1_048_576
"""Largest number of rows of a sheet."""
MAX_DIGITS = 15
"""Digits of numbers that spreadsheets keep."""
_DAY_S = 86_400
_DOCTYPE_BYTES = 2_048


@dataclass(frozen=True)
class SheetRow:
    """A row that is not empty."""

    number: int
    """Row of the sheet, from 1."""
    cells: list[str]
    """Texts of the cells up to the last one that is not empty."""


@dataclass
class TallCells:
    """Cells that reach over several rows: each row has their value, as it is read."""

    last_rows: dict[tuple[int, int], int] = field(default_factory=dict)
    """Row and column of the first cell -> the last row."""
    _open: dict[int, tuple[int, str]] = field(default_factory=dict)

    def fill(self, number: int, cells: dict[int, str]) -> dict[int, str]:
        """Return the cells of a row with those that began in rows before it.

        Args:
            number: Row, from 1.
            cells: Column, from 0, to text.

        Example:
            >>> tall = TallCells({(1, 0): 2})
            >>> tall.fill(1, {0: "tea", 1: "a"}), tall.fill(2, {1: "b"}), tall.fill(3, {})
            ({0: 'tea', 1: 'a'}, {1: 'b', 0: 'tea'}, {})
        """
        if not self.last_rows:
            return cells
        self._open = {c: one for c, one in self._open.items() if one[0] >= number}
        filled = dict(cells)
        for column, (_, text) in self._open.items():
            if not filled.get(column):
                filled[column] = text
        for column, text in cells.items():
            if (last := self.last_rows.get((number, column))) is not None and text:
                self._open[column] = (last, text)
        return filled


def to_row(number: int, cells: dict[int, str]) -> SheetRow | None:
    """Return a row; None if all of its cells are empty."""
    width = max((column for column, text in cells.items() if text.strip()), default=-1) + 1
    if not width:
        return None
    return SheetRow(number, [cells.get(column, "") for column in range(width)])


def plain_number(text: str) -> str:
    """Return a number without what floats add to it.

    Example:
        >>> [plain_number(one) for one in ("4.0", "4006381333931", "0.30000000000000004")]
        ['4', '4006381333931', '0.3']
    """
    number = float(text)
    if number.is_integer():
        return str(int(number))
    return f"{number:.{MAX_DIGITS}g}"


def serial_time(days: float, first_day: datetime) -> str:
    """Return the time of a spreadsheet: a date, a time of day, or both.

    Args:
        days: Days since ``first_day``.
        first_day: 1899-12-30, or 1904-01-01 in old books of Apple.

    Example:
        >>> [serial_time(days, datetime(1899, 12, 30)) for days in (46155.604167, 0.5, 46155)]
        ['2026-05-13 14:30:00', '12:00:00', '2026-05-13']
    """
    seconds = round(days * _DAY_S)
    time = first_day + timedelta(seconds=seconds)
    if 0 < days < 1:
        return time.strftime("%H:%M:%S")
    return time.isoformat(" ") if seconds % _DAY_S else time.date().isoformat()


def iter_elements(archive: zipfile.ZipFile, part: str, *wanted: str) -> Iterator[Element]:
    """Yield the elements of some names of a file in a workbook, and forget them.

    Args:
        archive: The workbook.
        part: Name of the file.
        *wanted: Names of elements, without their namespaces; none of them contains another.

    Raises:
        ValueError: The file defines entities, as no program that writes workbooks does.
    """
    with archive.open(part) as stream:
        if b"<!" in stream.read(_DOCTYPE_BYTES).replace(b"<!--", b""):
            raise ValueError("it defines entities")
    with archive.open(part) as stream:
        parents: list[Element] = []
        events = iterparse(stream, ("start", "end"))  # noqa: S314 - no entities, see above
        for event, element in events:
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if name_of(element) in wanted:
                yield element
                if parents:
                    parents[-1].remove(element)


def name_of(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute, whatever its namespace is."""
    found = (v for key, v in element.attrib.items() if key.rpartition("}")[2] == name)
    return next(found, None)
