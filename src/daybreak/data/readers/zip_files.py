"""Files in zip files, read without unpacking them.

A file in a zip file has the path of the archive followed by its own: ``shop.zip/orders.csv``.
"""

import zipfile
from pathlib import Path
from typing import IO

from daybreak.errors import DataError

ZIP_START = b"PK\x03\x04"
"""First bytes of a zip file."""
MAX_MEMBERS = 10_000
"""Largest number of files of a zip file of which the names are looked at."""
_OFFICE_FILE = "[Content_Types].xml"


def is_zip(path: Path) -> bool:
    """Return whether a path is a zip file, and no document of an office program."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if stream.read(len(ZIP_START)) != ZIP_START:
            return False
    is_archive = path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)
    return is_archive and _OFFICE_FILE not in _names(path)


def members_of(path: Path) -> list[Path]:
    """Return the paths of the files in a zip file; nothing if it is another file.

    Files that systems add for themselves are left out.
    """
    if not is_zip(path):
        return []
    names = [n for n in _names(path) if not n.endswith("/") and "__MACOSX" not in n]
    return sorted(path / name for name in names if not Path(name).name.startswith("."))


def open_member(path: Path) -> IO[bytes] | None:
    """Open a file in a zip file; None if no part of its path is one.

    Raises:
        DataError: The archive is damaged, or has a password.
    """
    archive = next((parent for parent in path.parents if parent.is_file()), None)
    if archive is None:
        return None
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
