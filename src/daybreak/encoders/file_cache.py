"""A vector cache in a file: one SQLite database, to which a new vector is added as a row."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np

from daybreak.encoders.folders import cache_folder
from daybreak.types import Floats

log = logging.getLogger(__name__)

MAX_CACHE_BYTES = 4_000_000_000
"""Largest size of the file of a :class:`FileVectors` [bytes]; a million vectors of 512 numbers
fit twice."""
EVICTED_SHARE = 0.1
"""Share of the vectors, the oldest, that are removed when the file has reached its size."""
DATABASE_FILE = "vectors.db"
_MAX_KEYS_PER_QUERY = 500
_LOCK_TIMEOUT_S = 10.0
_CREATE = (
    "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, model TEXT NOT NULL, "
    "content BLOB NOT NULL, vector BLOB NOT NULL, UNIQUE (model, content))"
)
_INSERT = "INSERT OR REPLACE INTO vectors (model, content, vector) VALUES (?, ?, ?)"

Result = TypeVar("Result")


class FileVectors:
    """A vector cache in a file of the cache folder; safe for several threads and processes.

    A new vector costs a few pages of the file, however many there are. The file has a largest
    size; when it is reached, the oldest vectors are removed. A damaged file is replaced. Where
    the file cannot be read or written, texts are encoded again.

    Args:
        folder: Folder of the cache; default: ``vectors`` in the user's cache folder.
        max_bytes: Largest size of the file [bytes].
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self.folder = folder or cache_folder() / "vectors"
        self.max_bytes = max_bytes
        self._has_cleaned = self._has_warned = False

    @property
    def path(self) -> Path:
        """File of the database."""
        return self.folder / DATABASE_FILE

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the stored vectors; see :meth:`.VectorCache.vectors`."""
        if not self.path.exists():
            return {}
        keys = [bytes.fromhex(content) for content in dict.fromkeys(contents)]

        def read(database: sqlite3.Connection) -> dict[str, Floats]:
            return {
                content.hex(): np.frombuffer(vector, "<f4").astype(np.float32)
                for content, vector in _select(database, model, keys)
            }

        return self._run(read) or {}

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Add or replace vectors; see :meth:`.VectorCache.put_vectors`."""
        rows = [
            (model, bytes.fromhex(content), np.asarray(row, "<f4").tobytes())
            for content, row in vectors.items()
        ]

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(_INSERT, rows)
                self._evict(database)

        self._remove_files_of_earlier_versions()
        if rows:
            self._run(write)

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Return the result of some work with the database; None if it cannot be used."""
        try:
            self._create_file()
            with closing(sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT_S)) as database:
                # To lose vectors when the power fails costs less than to wait for disks.
                database.execute("PRAGMA synchronous = OFF")
                database.execute(_CREATE)
                return work(database)
        except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only
            if not self._has_warned:
                log.warning("the cache of text vectors is not used: %s", error)
            self._has_warned = True
        except sqlite3.DatabaseError as error:
            log.warning("the cache of text vectors is damaged, and is made anew: %s", error)
            self._remove_database()
        return None

    def _create_file(self) -> None:
        """Create the file so that other users cannot read it."""
        if not self.path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def _evict(self, database: sqlite3.Connection) -> None:
        """Remove the oldest vectors while the used part of the file exceeds its limit."""
        while _used_bytes(database) > self.max_bytes:
            query = "SELECT min(number), max(number) FROM vectors"
            first, last = database.execute(query).fetchone()
            if first is None:
                return
            oldest = first + max(1, round((last - first) * EVICTED_SHARE))
            database.execute("DELETE FROM vectors WHERE number < ?", (oldest,))

    def _remove_database(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", self.path.name, error)

    def _remove_files_of_earlier_versions(self) -> None:
        """Remove the files of version 0.1, which hold vectors of what people said as well."""
        if self._has_cleaned:
            return
        self._has_cleaned = True
        for path in self.folder.glob("*/*.safetensors"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s cannot be removed: %s", path.name, error)


def _used_bytes(database: sqlite3.Connection) -> int:
    page_bytes, n_pages, n_free = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return (n_pages - n_free) * page_bytes


def _select(
    database: sqlite3.Connection, model: str, keys: Sequence[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    for start in range(0, len(keys), _MAX_KEYS_PER_QUERY):
        chunk = keys[start : start + _MAX_KEYS_PER_QUERY]
        places = ",".join("?" * len(chunk))
        yield from database.execute(
            f"SELECT content, vector FROM vectors WHERE model = ? AND content IN ({places})",  # noqa: S608 - question marks
            (model, *chunk),
        )
