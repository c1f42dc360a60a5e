"""Sheets of Excel workbooks: cells, dates by their formats, cells over several rows."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from xml.etree.ElementTree import Element

from daybreak.data.readers.sheet_cells import (
    MAX_COLUMNS,
    MAX_ROWS,
    SheetRow,
    TallCells,
    attribute,
    iter_elements,
    name_of,
    plain_number,
    serial_time,
    to_row,
)

EXCEL_BOOK = "xl/workbook.xml"
"""File of a workbook that names its sheets."""
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers of formats of dates and times that need no definition."""
_ELAPSED_FORMAT = "46"
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")
_MERGED = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_CHUNK_BYTES = 2**20
_OVERLAP_BYTES = 100


class ExcelBook:
    """An Excel workbook.

    Args:
        archive: The opened file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._first_day = datetime(1899, 12, 30)
        self.sheets: dict[str, str] = {}
        """Name of each visible sheet and of its file."""
        targets = {
            attribute(one, "Id"): attribute(one, "Target") or ""
            for one in self._elements("xl/_rels/workbook.xml.rels", "Relationship")
        }
        for one in self._elements(EXCEL_BOOK, "sheet", "workbookPr"):
            if name_of(one) == "workbookPr":
                if attribute(one, "date1904") in ("1", "true"):
                    self._first_day = datetime(1904, 1, 1)
            elif attribute(one, "state") in (None, "visible"):
                target = targets.get(attribute(one, "id"), "")
                part = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
                if "worksheets" in part:
                    self.sheets[attribute(one, "name") or ""] = part

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that are not empty.

        Args:
            name: Name of the sheet.
        """
        tall = TallCells(self._read_merged(self.sheets[name]))
        number = 0
        for element in iter_elements(self._archive, self.sheets[name], "row"):
            number = int(element.get("r") or number + 1)
            if number > MAX_ROWS:
                raise ValueError(f"it has a row {number}")
            row = to_row(number, tall.fill(number, self._read_cells(element)))
            if row is not None:
                yield row

    def _elements(self, part: str, *wanted: str) -> Iterator[Element]:
        return iter_elements(self._archive, part, *wanted) if self._has(part) else iter(())

    def _has(self, part: str) -> bool:
        return part in self._archive.NameToInfo

    @cached_property
    def _strings(self) -> list[str]:
        return [_rich_text(one) for one in self._elements("xl/sharedStrings.xml", "si")]

    @cached_property
    def _formats(self) -> list[str]:
        """Return what each style shows: a date, elapsed time, zeros to fill up, or nothing."""
        codes: dict[str, str] = {}
        kinds: list[str] = []
        for one in self._elements("xl/styles.xml", "numFmt", "cellXfs"):
            if name_of(one) == "numFmt":
                codes[one.get("numFmtId", "")] = one.get("formatCode", "")
            else:
                kinds = [_format_kind(xf.get("numFmtId", "0"), codes) for xf in one]
        return kinds

    def _read_merged(self, part: str) -> dict[tuple[int, int], int]:
        """Return the last row of each cell that reaches over several."""
        found: dict[tuple[int, int], int] = {}
        with self._archive.open(part) as stream:
            tail = b""
            while chunk := stream.read(_CHUNK_BYTES):
                for match in _MERGED.finditer(tail + chunk):
                    column, first, _, last = (one.decode() for one in match.groups())
                    if int(last) > int(first):
                        found[int(first), _column(column)] = int(last)
                tail = chunk[-_OVERLAP_BYTES:]
        return found

    def _read_cells(self, row: Element) -> dict[int, str]:
        cells: dict[int, str] = {}
        column = -1
        for cell in row:
            place = _REFERENCE.match(cell.get("r", ""))
            column = _column(place[1]) if place else column + 1
            if column < MAX_COLUMNS and (text := self._text(cell)):
                cells[column] = text
        return cells

    def _text(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _rich_text(cell)
        value = next((one.text or "" for one in cell if name_of(one) == "v"), "")
        if kind == "s":
            return self._strings[int(value)] if value else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind != "n" or not value:
            return _unescape(value)
        return self._number(value, int(cell.get("s", "0")))

    def _number(self, value: str, style: int) -> str:
        shown = self._formats[style] if style < len(self._formats) else ""
        if shown == "date":
            try:
                return serial_time(float(value), self._first_day)
            except OverflowError:  # no time that there can be
                return plain_number(value)
        if shown == "elapsed":
            return plain_number(str(round(float(value) * 86_400)))
        return plain_number(value).zfill(len(shown))


def _format_kind(number: str, codes: dict[str, str]) -> str:
    """Return what a format of numbers shows.

    Example:
        >>> [_format_kind("9", {"9": one}) for one in ("dd.mm.yy", "0.00", "00000", "[h]:mm")]
        ['date', '', '00000', 'elapsed']
        >>> _format_kind("164", {"164": '#,##0.00 "Mrd"'}), _format_kind("14", {})
        ('', 'date')
    """
    code = codes.get(number)
    if code is None:
        is_date = number.isdigit() and int(number) in _DATE_FORMATS
        return "elapsed" if number == _ELAPSED_FORMAT else "date" if is_date else ""
    plain = _NO_CODE.sub("", code).split(";")[0].strip()
    if _ELAPSED.search(plain):
        return "elapsed"
    if re.fullmatch("0{2,}", plain):
        return plain
    plain = plain.casefold()
    has_parts = re.search("[ymdhs]", plain) is not None
    return "date" if has_parts and not re.search("[#?]|general|standard", plain) else ""


def _column(letters: str) -> int:
    """Return the number of a column, from 0.

    Example:
        >>> _column("A"), _column("AB")
        (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _rich_text(element: Element) -> str:
    """Return the text of an element without the readings of Japanese words."""
    if name_of(element) == "rPh":
        return ""
    own = element.text or "" if name_of(element) == "t" else ""
    return _unescape(own) + "".join(map(_rich_text, element))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
