"""Checksums of the files of a release: written with it, and verified before it is loaded.

Start with :func:`build_manifest` and :func:`verify_files`.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from daybreak.data.json_files import read_json
from daybreak.errors import DataError

MANIFEST_FILE = "checksums.json"
"""Size and SHA-256 of every other file of a release; releases before 0.3 have none."""
MANIFEST_FORMAT = 1
"""Version of the format of the manifest."""
MAX_MANIFEST_BYTES = 10_000_000
"""Largest manifest that is read [bytes]."""
MAX_REMEMBERED_RELEASES = 64
"""Number of releases whose verification is remembered."""

VERIFIED_FILE = ".verified.json"
"""Releases of a folder whose files were compared with their checksums; see
:func:`verify_files`. It may be deleted at any time."""
MAX_VERIFIED_AGE_S = 7 * 86_400.0
"""Age from which a verification in that file does not count: a disk can lose bits [s]."""

FileMark = tuple[str, int, int, int, int]
"""Name, size [bytes], times of the last change of content and of properties [ns], inode."""

_verified: dict[Path, tuple[FileMark, ...]] = {}
_verified_lock = Lock()


def build_manifest(folder: Path, pending: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the manifest of a folder.

    Args:
        folder: Folder of the release.
        pending: Contents of files that are written later, by name.
    """
    files = {name: _describe_file(folder / name) for name in _file_names(folder)}
    files |= {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in pending.items()
    }
    return {"format": MANIFEST_FORMAT, "files": dict(sorted(files.items()))}


def verify_files(folder: Path, *, required: bool, remember: bool = False) -> bool:
    """Compare every file of a release with its manifest.

    A release that has not changed since an earlier call is not read again: size, times and
    inode of all files must be those of the call. Writing to a file changes its times, and a
    copy has another inode. A program that sets the first time back changes the second one.

    Args:
        folder: Folder of the release.
        required: Whether the release must have a manifest; earlier versions wrote none.
        remember: Whether earlier calls of other processes count as well, for a week. They are
            kept in the file :data:`VERIFIED_FILE` next to the folder.

    Returns:
        Whether the files were compared; False if there is no manifest.

    Raises:
        DataError: A file is missing, has another size or another content, or the manifest is
            missing or damaged.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        if required:
            raise DataError(f"the release in {folder} is damaged: {MANIFEST_FILE} is missing")
        return False
    files = read_manifest(path)
    marks = tuple(_file_mark(folder, name) for name in (MANIFEST_FILE, *files))
    if _verified.get(folder) == marks:
        return True
    kept_in = folder.parent / VERIFIED_FILE
    if not (remember and _is_verified(kept_in, folder.name, marks)):
        _compare_files(folder, files)
        if remember:
            _keep_verified(kept_in, folder.name, marks)
    with _verified_lock:
        _verified.pop(folder, None)
        while len(_verified) >= MAX_REMEMBERED_RELEASES:
            _verified.pop(next(iter(_verified)))
        _verified[folder] = marks
    return True


def _compare_files(folder: Path, files: Mapping[str, Any]) -> None:
    """Compare files with their checksums.

    Raises:
        DataError: A file has another content.
    """
    for name, expected in files.items():
        if _describe_file(folder / name) != expected:
            raise DataError(
                f"the release in {folder} is damaged: {name} differs from its checksum; "
                "restore the folder from a copy, or train again"
            )


def _is_verified(path: Path, name: str, marks: tuple[FileMark, ...]) -> bool:
    """Return whether a file says that a release with these marks was verified lately."""
    found = _read_verified(path).get(name)
    if not isinstance(found, dict) or found.get("marks") != [list(mark) for mark in marks]:
        return False
    at = found.get("at")
    return isinstance(at, int | float) and 0 <= time.time() - at < MAX_VERIFIED_AGE_S


def _keep_verified(path: Path, name: str, marks: tuple[FileMark, ...]) -> None:
    """Write into a file that a release was verified; nothing happens if it cannot be written.

    Two processes that write at once lose one of the entries, which costs one verification.
    """
    kept = {
        other: entry
        for other, entry in _read_verified(path).items()
        if other != name and (path.parent / other).is_dir()
    }
    latest = list(kept.items())[-MAX_REMEMBERED_RELEASES + 1 :]
    entry = {"at": time.time(), "marks": marks}
    draft = path.with_name(f"{VERIFIED_FILE}-{uuid4().hex[:8]}")
    with suppress(OSError):
        text = json.dumps(
            {"format": MANIFEST_FORMAT, "releases": {**dict(latest), name: entry}}
        )
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    with suppress(OSError):
        draft.unlink(missing_ok=True)


def _read_verified(path: Path) -> dict[str, Any]:
    """Return the entries of a file of verified releases; none if it cannot be read."""
    if not path.is_file():
        return {}
    with suppress(DataError):
        found = read_json(path, max_bytes=MAX_MANIFEST_BYTES)
        releases = found.get("releases") if isinstance(found, dict) else None
        if isinstance(releases, dict) and found.get("format") == MANIFEST_FORMAT:
            return releases
    return {}


def flush_folder(folder: Path) -> None:
    """Write the files of a folder and their names to the disk, so that a power cut keeps them.

    Raises:
        OSError: The disk does not confirm the content of a file.
    """
    for name in _file_names(folder):
        flush_file(folder / name)
    for parent, _, _ in os.walk(folder):
        flush_names(Path(parent))


def flush_file(path: Path) -> None:
    """Write a file to the disk.

    Raises:
        OSError: The disk does not confirm it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_names(folder: Path) -> None:
    """Write the list of the names in a folder to the disk, where the system can do that."""
    with suppress(OSError):
        flush_file(folder)


def _file_names(folder: Path) -> Iterator[str]:
    """Yield the names of all files in a folder and in its folders, relative to it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def read_manifest(path: Path) -> dict[str, Any]:
    """Return size and hash of every file that a manifest lists, by name.

    Args:
        path: The manifest.

    Raises:
        DataError: It is missing or damaged.
    """
    manifest = read_json(path, max_bytes=MAX_MANIFEST_BYTES)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or manifest.get("format") != MANIFEST_FORMAT:
        raise DataError(f"{path} is damaged: expected format {MANIFEST_FORMAT} and files")
    return files


def _describe_file(path: Path) -> dict[str, Any]:
    """Return size and checksum of a file.

    Raises:
        DataError: The file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"bytes": file.tell(), "sha256": digest}
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is missing or cannot be read: {error}") from error


def _file_mark(folder: Path, name: str) -> FileMark:
    try:
        stat = (folder / name).stat()
    except (OSError, ValueError) as error:
        raise DataError(
            f"the release in {folder} is damaged: {name!r:.200} is missing"
        ) from error
    return name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
