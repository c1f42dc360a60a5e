"""How often texts were looked up, and found, among vectors that are kept.

Encode a text once: vectors kept by the hash of the weights and the hash of the text.

Two places to keep vectors without a store: memory, and files in the user's cache folder.
"""

import hashlib
import logging
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Protocol, runtime_checkable
from uuid import uuid4

import numpy as np

from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.folders import atomic_write, cache_folder
from daybreak.types import Floats

log = logging.getLogger(__name__)


class CacheStats:
    """Two numbers that only grow; may be shared by threads.

    Example:
        >>> tally = CacheStats()
        >>> tally.add(asked=3, found=2)
        >>> tally.asked, tally.found
        (3, 2)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.n_lookups = 0
        """Different texts of each call."""
        self.n_hits = 0
        """Those that needed no model."""

    def add(self, *, n_lookups: int, n_hits: int) -> None:
        """Count what one call looked for."""
        with self._lock:
            self.n_lookups += n_lookups
            self.n_hits += n_hits


CACHE_STATS = CacheStats()
"""Of all cached encoders of this process, whichever release they belong to."""


MAX_TEXTS_PER_CHUNK = 2048
"""Texts looked up, encoded and kept at a time: what is done survives an interruption."""


@runtime_checkable
class VectorCache(Protocol):
    """Where vectors are kept; every :class:`daybreak.store.Store` is one."""

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there, (dim,) float32 each, by content hash."""
        ...

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors by content hash, of the encoder with the hash ``model``."""
        ...


def normalize_text(text: str) -> str:
    r"""Return the text in Unicode's composed form, runs of white space made one space.

    Example:
        >>> normalised("  red\n  globe ")
        'red globe'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def content_hash(text: str) -> str:
    """Return 32 hexadecimal digits that stand for the normalised text.

    Example:
        >>> content_hash("red  globe") == content_hash("red globe ")
        True
    """
    data = normalize_text(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class CachedEncoder(Encoder):
    """An encoder that asks the cache first; unchanged texts cost no call of the model.

    Texts are normalised before they are hashed and encoded, so one hash has one vector.

    Example:
        >>> from daybreak.encoders.cache import MemoryVectors
        >>> from daybreak.testing.encoders import CountingEncoder
        >>> encoder = CachedEncoder(CountingEncoder(), MemoryVectors())
        >>> first = encoder.encode(["red globe", "blue globe", "red globe"])
        >>> again = encoder.encode(["red  globe"])
        >>> encoder.encoder.encoded
        2
    """

    def __init__(self, encoder: Encoder, cache: VectorCache) -> None:
        self.encoder = encoder
        self.cache = cache
        self.tolerance = encoder.tolerance

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def hash(self) -> str:
        """Id of the weights and settings of the encoder behind the cache."""
        return self.encoder.hash

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self.encoder.encode(texts)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector a text, from the cache where it has them.

        See :meth:`Encoder.encode`. Memory beside the answer: that of 2,048 texts.
        """
        if isinstance(texts, str):
            return super().encode(texts)  # which explains what is wrong
        rows = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), MAX_TEXTS_PER_CHUNK):
            part = [normalize_text(text) for text in texts[start : start + MAX_TEXTS_PER_CHUNK]]
            rows[start : start + MAX_TEXTS_PER_CHUNK] = self._encode_chunk(
                part, _offset_progress(progress, start, len(texts))
            )
        return rows

    def _encode_chunk(self, texts: list[str], progress: Progress | None) -> Floats:
        hashes = [content_hash(text) if text else "" for text in texts]
        by_hash = {key: text for key, text in zip(hashes, texts, strict=True) if key}
        known = self._drop_wrong_shapes(self.cache.vectors(self.hash, list(by_hash)))
        CACHE_STATS.add(n_lookups=len(by_hash), n_hits=len(known))
        new = [key for key in by_hash if key not in known]
        if new:
            rows = self.encoder.encode([by_hash[key] for key in new], progress=progress)
            made = dict(zip(new, rows, strict=True))
            self.cache.put_vectors(self.hash, made)
            known.update(made)
        if progress is not None:
            progress(len(texts), len(texts))
        nothing = np.zeros(self.dim, np.float32)
        return np.stack([known.get(key, nothing) for key in hashes])

    def _drop_wrong_shapes(self, found: dict[str, Floats]) -> dict[str, Floats]:
        """Drop what this encoder cannot have made, so that it is made again."""
        return {key: row for key, row in found.items() if np.shape(row) == (self.dim,)}


def _offset_progress(progress: Progress | None, start: int, n_texts: int) -> Progress | None:
    """Return a progress of one chunk that reports the texts of all chunks."""
    if progress is None:
        return None
    tell: Callable[[int, int], None] = progress
    return lambda done, _: tell(start + done, n_texts)


MAX_REMEMBERED_FILES = 100
"""Files of which one process remembers what is in them: at most 30 MB."""
MAX_ROWS_PER_FILE = 2048


class MemoryVectors:
    """Vectors in memory; the least recently used go when there are too many.

    Memory: about ``4·dim·max_rows`` bytes.
    """

    def __init__(self, max_rows: int = 200_000) -> None:
        self.max_rows = max_rows
        self._rows: OrderedDict[tuple[str, str], Floats] = OrderedDict()
        self._lock = Lock()

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there; see :class:`daybreak.encoders.VectorCache`."""
        with self._lock:
            found = {
                key: self._rows[model, key] for key in contents if (model, key) in self._rows
            }
            for key in found:
                self._rows.move_to_end((model, key))
        return found

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; see :class:`daybreak.encoders.VectorCache`."""
        with self._lock:
            for key, row in vectors.items():
                self._rows[model, key] = np.array(row, np.float32)
                self._rows.move_to_end((model, key))
            while len(self._rows) > self.max_rows:
                self._rows.popitem(last=False)


class FileVectors:
    """Vectors in files of at most 2,048 rows, one folder a model; safe for several processes.

    A file is written whole under a name of its own and never changed; small ones are joined. A
    file that cannot be read is passed over, and its texts are encoded again.

    Args:
        folder: Where to keep them; None is ``vectors`` in the user's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "vectors"
        self._keys_by_file: dict[Path, frozenset[str]] = {}
        """What is in files that were read before."""

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there; see :class:`daybreak.encoders.VectorCache`."""
        wanted = set(contents)
        found: dict[str, Floats] = {}
        for path in self._files(model):
            if len(found) == len(wanted):
                break
            known = self._keys_by_file.get(path)
            if known is not None and known.isdisjoint(wanted):
                continue  # a file never changes, so what is not in it need not be looked for
            rows = _read_file(path)
            self._remember(path, rows)
            found.update((key, row) for key, row in rows.items() if key in wanted)
        return found

    def _remember(self, path: Path, rows: Mapping[str, Floats]) -> None:
        if rows and len(self._keys_by_file) < MAX_REMEMBERED_FILES:
            self._keys_by_file[path] = frozenset(rows)

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; see :class:`daybreak.encoders.VectorCache`."""
        rows = dict(vectors)
        joined = []
        for path in self._files(model):
            old = (
                _read_file(path)
                if _read_row_count(path) + len(rows) <= MAX_ROWS_PER_FILE
                else {}
            )
            if old:
                rows = {**old, **rows}
                joined.append(path)
        keys = list(rows)
        for start in range(0, len(keys), MAX_ROWS_PER_FILE):
            part = {key: rows[key] for key in keys[start : start + MAX_ROWS_PER_FILE]}
            _write_file(self.folder / model / f"{uuid4().hex}.safetensors", part)
        for path in joined:
            path.unlink(missing_ok=True)
            self._keys_by_file.pop(path, None)

    def _files(self, model: str) -> list[Path]:
        return sorted((self.folder / model).glob("[!.]*.safetensors"))


def _read_row_count(path: Path) -> int:
    """Return the number of rows of a file, from its head; 0 when it cannot be read."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - pays who keeps files

    try:
        with safe_open(path, framework="numpy") as file:
            return int(file.get_slice("rows").get_shape()[0])
    except (OSError, SafetensorError):
        return 0


def _read_file(path: Path) -> dict[str, Floats]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    try:
        file = load_file(path)
        return {
            bytes(key).hex(): row for key, row in zip(file["keys"], file["rows"], strict=True)
        }
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        log.warning("%s is passed over: %s", path.name, error)
        return {}


def _write_file(path: Path, vectors: Mapping[str, Floats]) -> None:
    from safetensors.numpy import save_file  # noqa: PLC0415

    keys = np.array([list(bytes.fromhex(key)) for key in vectors], np.uint8)
    rows = np.array(list(vectors.values()), np.float32)
    with atomic_write(path) as draft:
        save_file({"keys": keys, "rows": rows}, draft)
