"""Sheets of workbooks (.xlsx, .xlsm, .ods), read as text files with commas.

A sheet has the path of its workbook followed by its name: ``shop.xlsx/Orders.csv``. Start at
:func:`sheets_of`; :mod:`.excel_sheets` and :mod:`.open_document_sheets` read the cells.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import ParseError

from daybreak.data.readers.excel_sheets import EXCEL_BOOK, ExcelBook
from daybreak.data.readers.open_document_sheets import OPEN_DOCUMENT, OpenDocumentBook
from daybreak.data.readers.sheet_cells import SheetRow
from daybreak.errors import DataError

MAX_WIDTH_ROWS = 1_000
"""Number of first rows that say how many columns a sheet has."""
MAX_MEMBERS = 10_000
"""Largest number of files of a workbook of which the names are looked at."""
_ROWS_PER_PART = 500
_DAMAGES = (ParseError, KeyError, ValueError, IndexError, EOFError, zlib.error)
_ZIP_DAMAGES = (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError)


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _format_of(archive) is not None
    except _ZIP_DAMAGES:
        return False


def sheets_of(path: Path) -> list[Path]:
    """Return the paths of the visible sheets of a workbook that have rows, in their order.

    Raises:
        DataError: The workbook is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            book = _open_book(archive)
            names = [name for name in book.sheets if next(book.rows(name), None) is not None]
    except (*_DAMAGES, *_ZIP_DAMAGES) as error:
        raise _damaged_error(path, error) from error
    return [path / f"{name.replace('/', '_')}.csv" for name in names]


def open_sheet(path: Path) -> IO[bytes]:
    """Open a sheet as a text file in UTF-8; its lines are the rows of the sheet.

    Args:
        path: Path of the workbook, followed by that of the sheet.

    Raises:
        DataError: The workbook is damaged.
    """
    return io.BufferedReader(_TextStream(_iter_text(path.parent, path.stem)))


def _format_of(archive: zipfile.ZipFile) -> type[ExcelBook | OpenDocumentBook] | None:
    names = archive.namelist()[:MAX_MEMBERS]
    if EXCEL_BOOK in names:
        return ExcelBook
    is_open = "mimetype" in names and archive.read("mimetype").startswith(OPEN_DOCUMENT)
    return OpenDocumentBook if is_open else None


def _open_book(archive: zipfile.ZipFile) -> ExcelBook | OpenDocumentBook:
    kind = _format_of(archive)
    if kind is None:
        raise KeyError("it has no sheets")
    return kind(archive)


def _iter_text(book: Path, name: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(book) as archive:
            opened = _open_book(archive)
            sheet = next(one for one in opened.sheets if one.replace("/", "_") == name)
            yield from _to_lines(opened.rows(sheet))
    except (*_DAMAGES, *_ZIP_DAMAGES) as error:
        raise _damaged_error(book, error) from error


def _damaged_error(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} is a damaged workbook: {error}; save it again, or its sheet as CSV"
    )


def _to_lines(rows: Iterator[SheetRow]) -> Iterator[bytes]:
    """Yield lines of text with the cells of rows; rows that are left out are empty lines."""
    first = list(islice(rows, MAX_WIDTH_ROWS))
    width = max((len(row.cells) for row in first), default=0)
    left = min((_first_given(row.cells) for row in first), default=0)
    line = 1
    complete = chain(first, rows)
    while part := list(islice(complete, _ROWS_PER_PART)):
        text = io.StringIO()
        write = csv.writer(text, lineterminator="\n").writerow
        for row in part:
            text.write("\n" * (row.number - line))
            write([*row.cells[left:], *[""] * (width - len(row.cells))])
            line = row.number + 1
        yield text.getvalue().encode("utf-8", "replace")


def _first_given(cells: Sequence[str]) -> int:
    return next(n for n, text in enumerate(cells) if text.strip())


class _TextStream(io.RawIOBase):
    """The parts of a text as a stream."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__()
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = next(self._parts, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
