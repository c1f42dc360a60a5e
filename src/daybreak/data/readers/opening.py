"""Detect the format of an input from its content and open it with the right reader."""

import codecs
import re
from pathlib import Path
from typing import Any

from daybreak.data.column_aliases import TableRole
from daybreak.data.columns import has_all_known_names
from daybreak.data.readers.byte_encodings import TextEncoding
from daybreak.data.readers.delimited import DelimitedFile, open_delimited
from daybreak.data.readers.frames import open_frame
from daybreak.data.readers.json_maps import HEAD_CHARS, open_json_map
from daybreak.data.readers.jsonlines import JsonLinesFile
from daybreak.data.readers.parquet import ParquetFile, open_parquet
from daybreak.data.readers.source import LoadedFrame, OpenedTable
from daybreak.data.readers.text import (
    detect_encoding,
    look_up_encoding,
    read_head,
)
from daybreak.data.readers.workbooks import is_workbook
from daybreak.data.readers.zip_files import ZIP_START, members_of
from daybreak.errors import DataError

_SHEET_ENCODING = TextEncoding("utf-8")
ENCODING_SAMPLE_BYTES = 4 * 2**20
"""Sample from which the encoding is detected [bytes]."""

_UNSUPPORTED_FORMATS = (
    (ZIP_START, "a zip file or an office document; unpack it or save its table as CSV"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel file, or one with a password; save it as .xlsx without a password",
    ),
    (b"SQLite format 3", "an SQLite file; export its tables as CSV"),
    (b"%PDF", "a PDF; expected CSV, TSV, JSON Lines or Parquet"),
    (b"BZh", "a bzip2 file; unpack it or pack it with gzip"),
    (b"\xfd7zXZ", "an xz file; unpack it or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it or pack it with gzip"),
    (b"ARROW1", "an Arrow file; save it as Parquet"),
)


def open_table(data: Any, role: TableRole, encoding: str | None = None) -> OpenedTable:
    """Open a path or a frame as the table ``role``.

    The content selects the reader, not the name: a Parquet file called ``.csv`` is read as
    Parquet.

    Args:
        data: Path of a file, data in memory (see :func:`.to_polars`), or a table that is open
            already.
        role: Table that the input holds; it decides about the columns of a file without header.
        encoding: Encoding of a text file; None: detect it.

    Raises:
        DataError: The input cannot be read as a table; the message says what it is.
        NotFoundError: The file does not exist.
        ConfigError: There is no such encoding.
    """
    if isinstance(data, DelimitedFile | JsonLinesFile | ParquetFile | LoadedFrame):
        return data
    if not isinstance(data, str | Path):
        return open_frame(data, role)
    path = _only_member(Path(data), role)
    head = read_head(path, 65_536)
    if head.startswith(b"PAR1"):
        return open_parquet(path, role)
    _raise_if_unsupported(path, head)
    codec = _encoding_of(path, head, encoding)
    source = _open_text_file(path, role, codec)
    if _is_sheet(path) and path != Path(data):
        source.file = Path(data).name
        source.notes = [note.replace(path.name, source.file, 1) for note in source.notes]
        if others := ", ".join(one.stem for one in members_of(Path(data)) if one != path):
            source.notes.append(
                f"{source.file}: the sheet {path.stem!r} is read; others: {others[:200]}"
            )
    if isinstance(source, LoadedFrame):
        source.path = path
    if codec.label:
        source.notes.append(f"{path.name}: read as {codec.label}")
    return source


def _only_member(path: Path, role: TableRole) -> Path:
    """Return the file in a zip file, or the sheet of a workbook, that holds the table.

    Of several sheets it is the only one that has the columns of the table.
    """
    members = members_of(path)
    if len(members) > 1 and is_workbook(path):
        fitting = [sheet for sheet in members if _holds(sheet, role)]
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(sheet.stem for sheet in members[:5])
        raise DataError(
            f"{path.name} has several sheets: {names}; read it as a folder with read_folder(), "
            "or save the sheet that is meant as CSV"
        )
    if len(members) > 1:
        names = ", ".join(member.name for member in members[:5])
        raise DataError(
            f"{path.name} has several files: {names}; read it as a folder with read_folder(), "
            "or unpack it"
        )
    if not members and path.is_file() and is_workbook(path):
        raise DataError(f"{path.name} is empty; expected a header line and one record a line")
    return members[0] if members else path


def _holds(sheet: Path, role: TableRole) -> bool:
    """Return whether a sheet has columns for all ids of a table, and is no table of events."""
    columns = open_delimited(sheet, role, _SHEET_ENCODING).columns
    is_events = has_all_known_names(columns, "events")
    return is_events if role == "events" else has_all_known_names(columns, role) > is_events


def _is_sheet(path: Path) -> bool:
    return path.parent.is_file() and is_workbook(path.parent)


def _encoding_of(path: Path, head: bytes, encoding: str | None) -> TextEncoding:
    if _is_sheet(path):
        return _SHEET_ENCODING
    return look_up_encoding(encoding) if encoding else _detect_file_encoding(path, head)


_MARKUP_FORMATS = (
    (
        b"<!doctype html",
        "a web page, perhaps of a login or an error; download the file itself",
    ),
    (b"<html", "a web page, perhaps of a login or an error; download the file itself"),
    (b"<?xml", "an XML file; export it as CSV or JSON"),
    (b"{\\rtf", "a document of a word processor; export it as CSV"),
)
"""Beginnings of text files that are no tables, in lower case."""


def _raise_if_unsupported(path: Path, head: bytes) -> None:
    if not head.strip():
        raise DataError(f"{path.name} is empty; expected a header line and one record a line")
    text = head[:100].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for start, what in _MARKUP_FORMATS:
        if text.startswith(start):
            raise DataError(f"{path.name} is {what}")
    for magic, what in _UNSUPPORTED_FORMATS:
        if head.startswith(magic):
            raise DataError(f"{path.name} is {what}")


def _detect_file_encoding(path: Path, head: bytes) -> TextEncoding:
    detect_encoding(head, path.name)  # rejects binary data before more of it is read
    return detect_encoding(read_head(path, ENCODING_SAMPLE_BYTES), path.name)


def _open_text_file(path: Path, role: TableRole, codec: TextEncoding) -> OpenedTable:
    head = read_head(path, HEAD_CHARS).decode(codec.codec, "replace")
    start = head.lstrip("\ufeff \t\r\n")
    named = {".jsonl", ".ndjson", ".json"}.intersection(path.suffixes)
    if named or re.match(r"\{|\[\s*\{", start):
        if start.startswith("{") and (found := open_json_map(path, codec, start)) is not None:
            return found
        return JsonLinesFile(path, codec, role)
    return open_delimited(path, role, codec)
