"""Sheets of OpenDocument workbooks, as LibreOffice writes them."""

import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from daybreak.data.readers.sheet_cells import (
    MAX_COLUMNS,
    SheetRow,
    TallCells,
    attribute,
    iter_elements,
    name_of,
    plain_number,
    to_row,
)

OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
"""Content of the file ``mimetype`` of a workbook."""
_CONTENT = "content.xml"
_NUMBERS = ("float", "currency", "percentage")


class OpenDocumentBook:
    """An OpenDocument workbook.

    Args:
        archive: The opened file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._tables: dict[str, Element] = {}
        for one in iter_elements(archive, _CONTENT, "table"):
            kept = Element(one.tag, one.attrib)
            kept.extend(list(one))
            self._tables[attribute(one, "name") or ""] = kept
        self.sheets = list(self._tables)
        """Names of the sheets."""

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that are not empty.

        Args:
            name: Name of the sheet.
        """
        tall, number = TallCells(), 1
        for element in self._tables[name].iter():
            if name_of(element) != "table-row":
                continue
            times = int(attribute(element, "number-rows-repeated") or 1)
            cells = _read_cells(element, number, tall)
            for at in range(number, number + times if any(cells.values()) else number + 1):
                row = to_row(at, tall.fill(at, cells))
                if row is not None:
                    yield row
            number += times


def _read_cells(row: Element, number: int, tall: TallCells) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = 0
    for cell in row:
        if name_of(cell) not in ("table-cell", "covered-table-cell"):
            continue
        times = int(attribute(cell, "number-columns-repeated") or 1)
        if text := _text(cell):
            for at in range(column, min(column + times, MAX_COLUMNS)):
                cells[at] = text
        if (rows := int(attribute(cell, "number-rows-spanned") or 1)) > 1:
            tall.last_rows[number, column] = number + rows - 1
        column += times
    return cells


def _text(cell: Element) -> str:
    kind = attribute(cell, "value-type")
    if kind in _NUMBERS:
        return plain_number(attribute(cell, "value") or "0")
    if kind == "date":
        return (attribute(cell, "date-value") or "").removesuffix("T00:00:00")
    if kind == "boolean":
        return (attribute(cell, "boolean-value") or "").upper()
    paragraphs = [one for one in cell if name_of(one) == "p"]
    return "\n".join("".join(one.itertext()) for one in paragraphs)
