"""Files in zip files, and sheets of workbooks, read without unpacking them.

A file in a zip file has the path of the archive followed by its own: ``shop.zip/orders.csv``.
"""

import zipfile
from pathlib import Path
from typing import IO

from daybreak.data.readers.workbooks import is_workbook, open_sheet, sheets_of
from daybreak.errors import DataError

ZIP_START = b"PK\x03\x04"
"""First bytes of a zip file."""
MAX_MEMBERS = 10_000
"""Largest number of files of a zip file of which the names are looked at."""
_OFFICE_FILES = frozenset({"[Content_Types].xml", "mimetype"})


def is_zip(path: Path) -> bool:
    """Return whether a path is a zip file, and no document of an office program."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if stream.read(len(ZIP_START)) != ZIP_START:
            return False
    is_packed = path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)
    return is_packed and not _OFFICE_FILES.intersection(_names(path))


def is_archive(path: Path) -> bool:
    """Return whether a path is a zip file or a workbook."""
    return is_zip(path) or _is_book(path)


def _is_book(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        is_packed = stream.read(len(ZIP_START)) == ZIP_START
    return is_packed and is_workbook(path)


def members_of(path: Path) -> list[Path]:
    """Return the paths of the files in a zip file or of the sheets of a workbook, else nothing.

    Files that systems add for themselves are left out. Nothing is unpacked, and paths that
    lead out of the archive are refused: joined to its path, they would name other files.

    Raises:
        DataError: The archive is damaged, or has a file with such a path.
    """
    if _is_book(path):
        return sheets_of(path)
    if not is_zip(path):
        return []
    names = [n for n in _names(path) if not n.endswith("/") and "__MACOSX" not in n]
    if outside := next((name for name in names if _leads_out(name)), None):
        raise DataError(
            f"{path.name} has a file with the path {outside[:80]!r}, expected paths within the "
            "zip file; pack the files again"
        )
    return sorted(path / name for name in names if not Path(name).name.startswith("."))


def _leads_out(name: str) -> bool:
    """Return whether the path of a member is absolute or has a step upwards.

    Example:
        >>> [_leads_out(name) for name in ("a/b.csv", "a..b.csv", "/b.csv", "../b.csv")]
        [False, False, True, True]
    """
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or parts[0].endswith(":")


def unpacked_bytes(path: Path) -> int:
    """Return the size of all files of a zip file or a workbook [bytes].

    No more than these bytes of a file are ever read, whatever its data unpack to.

    Raises:
        DataError: The archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path.name} is a damaged zip file: {error}") from error


def open_member(path: Path) -> IO[bytes] | None:
    """Open a file in a zip file; None if no part of its path is one.

    Raises:
        DataError: The archive is damaged, or has a password.
    """
    archive = next((parent for parent in path.parents if parent.is_file()), None)
    if archive is None:
        return None
    if _is_book(archive):
        return open_sheet(path)
    try:
        name = path.relative_to(archive).as_posix()
        return zipfile.ZipFile(archive).open(name)
    except KeyError:
        return None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise DataError(f"{archive.name} cannot be unpacked: {error}") from error


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()[:MAX_MEMBERS]
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path.name} is a damaged zip file: {error}") from error
