"""Files with data of people: only the user of the process may read and write them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PRIVATE_MODE = 0o600
"""Permissions of new files: their owner may read and write them."""


def create_private_file(path: Path) -> bool:
    """Create an empty file unless it exists; return whether it was created.

    SQLite gives the files of its log the permissions of the database.
    """
    with suppress(OSError):  # SQLite reports what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
        return True
    return False


@contextmanager
def open_private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file for writing; an existing file of this name is replaced.

    Raises:
        OSError: The file cannot be created.
    """
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, PRIVATE_MODE), "wb") as file:
        yield file
