"""Arrays that are computed from the files of a folder, kept beside it for all processes.

What takes long to compute from files that do not change is written once. Later processes map
it, and the system gives all of them the same pages. Start with :class:`DerivedArrays`.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import numpy as np

from daybreak.data.mapped_arrays import MIN_MAPPED_BYTES, Array, read_arrays

log = logging.getLogger(__name__)

FOLDER_PREFIX = ".derived-"
"""Beginning of the name of a folder of derived arrays; the rest is the name of the original."""
MAX_DERIVED_FOLDERS = 4
"""Folders of derived arrays that are kept beside each other; those that were made first are
removed [folders]."""
MAX_DRAFT_AGE_S = 3_600.0
"""Age from which the draft of a file counts as left by a process that was killed [s]."""
FORMAT = 1
"""Version of what is computed; files of other versions are not read."""


class DerivedArrays:
    """Arrays that are computed from the files of a folder, in files that nobody changes.

    The name of a file has the checksum of its content, which is compared before the file is
    used. Files may be deleted at any time; they are written again.

    Args:
        original: Folder of the files that the arrays are computed from.
        state: What identifies the contents of these files, such as a checksum.
        place: Folder for the folder of the arrays; default: that of ``original``.
    """

    def __init__(self, original: Path, state: bytes, place: Path | None = None) -> None:
        self.folder = (place or original.parent) / f"{FOLDER_PREFIX}{original.name}"
        self._state = hashlib.sha256(state).digest()
        self._checks: dict[Path, Future[str]] = {}

    def check_files(self, pool: Executor) -> None:
        """Begin to compare all files with their checksums, before they are asked for.

        Args:
            pool: Threads that do it, until all of them have been loaded.
        """
        for path in self.folder.glob("*-*.safetensors"):
            self._checks[path] = pool.submit(_name_of, path)

    def load(self, name: bytes, compute: Callable[[], dict[str, Array]]) -> dict[str, Array]:
        """Return arrays from their file, which is written if there is none.

        Arrays that cannot be written or read are computed for this process alone, as are those
        that are too small for a file.

        Args:
            name: What identifies the arrays.
            compute: Returns the arrays.
        """
        key = self._key_of(name)
        computed: dict[str, Array] | None = None
        try:
            path = self._find(key)
            if path is None:
                computed = compute()
                if sum(array.nbytes for array in computed.values()) < MIN_MAPPED_BYTES:
                    return computed
                self._write(key, computed)
                path = self._find(key)
            if path is not None:
                return read_arrays(path, mapped=True, maps_integers=True)
        except (OSError, ValueError, LookupError) as error:
            log.warning("arrays in %s are not shared: %s", self.folder, error)
        return compute() if computed is None else computed

    def find(self, name: bytes) -> dict[str, Array] | None:
        """Return arrays from their file; None if there is none that can be read.

        Args:
            name: What identifies the arrays.
        """
        try:
            path = self._find(self._key_of(name))
            return None if path is None else read_arrays(path, mapped=True, maps_integers=True)
        except (OSError, ValueError, LookupError) as error:
            log.warning("arrays in %s cannot be read: %s", self.folder, error)
            return None

    def _key_of(self, name: bytes) -> str:
        """Return the beginning of the name of the file of arrays."""
        return hashlib.sha256(self._state + bytes([FORMAT]) + name).hexdigest()[:32]

    def _find(self, key: str) -> Path | None:
        """Return the first file of some arrays that is as it was written; None if none is."""
        for path in sorted(self.folder.glob(f"{key}-*.safetensors")):
            with suppress(FileNotFoundError):  # another process has removed a damaged file
                check = self._checks.pop(path, None)
                if path.name == (_name_of(path) if check is None else check.result()):
                    return path
                log.warning("%s differs from its checksum; it is written again", path)
                path.unlink()
        return None

    def _write(self, key: str, arrays: dict[str, Array]) -> None:
        """Write a file under the checksum of its content.

        Raises:
            OSError: It cannot be written.
        """
        from safetensors.numpy import save_file  # noqa: PLC0415 - only needed when writing

        self._make_folder()
        draft = self.folder / f"{key}-{uuid4().hex[:8]}.new"
        try:
            save_file({n: np.ascontiguousarray(array) for n, array in arrays.items()}, draft)
            Path(draft).replace(self.folder / _name_of(draft))
        finally:
            draft.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        """Make the folder, and remove the oldest ones; processes keep what they have mapped.

        In an existing folder, drafts of processes that were killed are removed.
        """
        if self.folder.is_dir():
            for draft in self.folder.glob("*.new"):
                if time.time() - _time_of(draft) > MAX_DRAFT_AGE_S:
                    draft.unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        folders = self.folder.parent.glob(f"{FOLDER_PREFIX}*")
        for folder in sorted(folders, key=_time_of, reverse=True)[MAX_DERIVED_FOLDERS:]:
            shutil.rmtree(folder, ignore_errors=True)


def _name_of(path: Path) -> str:
    """Return the name that a file has by what it contains and by its content."""
    key = path.name.partition("-")[0]
    with path.open("rb") as file:
        return f"{key}-{hashlib.file_digest(file, 'sha256').hexdigest()}.safetensors"


def _time_of(path: Path) -> float:
    """Return the time of the last change [epoch s]; 0 if the path is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
