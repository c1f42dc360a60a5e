"""Folders for uploads and dumps, which are removed even if the server is killed.

A folder is locked while its server runs. At its start, a server removes the folders that nobody
locks any more.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER_PREFIX = "daybreak-files-"
"""Beginning of the names of the folders."""
MIN_ABANDONED_AGE_S = 60.0
"""Age from which a folder without a lock file is abandoned [s]; a new one gets it at once."""
_LOCK_FILE = "lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder that only the user of this process may read; remove it at the end."""
    folder = create_temporary_folder()
    try:
        yield folder
    finally:
        remove_temporary_folder(folder)


_locks: dict[Path, int] = {}


def create_temporary_folder() -> Path:
    """Return a new locked folder, which :func:`remove_temporary_folder` removes."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    _lock(descriptor)
    _locks[folder] = descriptor
    return folder


def remove_temporary_folder(folder: Path) -> None:
    """Remove a folder with its files."""
    shutil.rmtree(folder, ignore_errors=True)
    descriptor = _locks.pop(folder, None)
    if descriptor is not None:
        os.close(descriptor)


def remove_abandoned_folders() -> int:
    """Remove the folders of servers that were killed; return how many there were."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):
            if (
                folder.is_dir()
                and folder.stat().st_uid == os.getuid()
                and _is_abandoned(folder)
            ):
                shutil.rmtree(folder)
                removed += 1
    if removed:
        log.info("removed %d folders of interrupted uploads and dumps", removed)
    return removed


def _is_abandoned(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > MIN_ABANDONED_AGE_S
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; return False if another process has locked it."""
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
