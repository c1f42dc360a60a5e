"""Text vectors that are computed once: a caching encoder, and a cache in memory.

A vector is stored under the hash of its encoder and the hash of its text. Stored are vectors of
texts of the catalogue only: texts of people are looked up, but never added.
"""

import hashlib
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Protocol, runtime_checkable

import numpy as np

from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.engine_texts import encode_texts
from daybreak.engines import current_engine
from daybreak.types import Floats

MAX_TEXTS_PER_CHUNK = 2048
"""Texts that are looked up, encoded and stored together, so that an interruption loses few."""
CATALOGUE_PREFIX = "catalogue "
"""Start of the names under which vectors are stored. Earlier versions stored vectors of what
people said as well, under the bare hash of the encoder; an erasure deletes those."""


class CacheStats:
    """Counts of cache lookups; safe to share between threads.

    Example:
        >>> stats = CacheStats()
        >>> stats.add(n_lookups=3, n_hits=2)
        >>> stats.n_lookups, stats.n_hits
        (3, 2)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.n_lookups = 0
        """Texts looked up; a text that a call repeats counts once."""
        self.n_hits = 0
        """Texts whose vector was in the cache."""

    def add(self, *, n_lookups: int, n_hits: int) -> None:
        """Add the counts of one call."""
        with self._lock:
            self.n_lookups += n_lookups
            self.n_hits += n_hits


CACHE_STATS = CacheStats()
"""Lookups of all cached encoders of this process."""


@runtime_checkable
class VectorCache(Protocol):
    """Storage for vectors; every :class:`daybreak.store.Store` is a vector cache."""

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the stored vectors by content hash, (dim,) float32 each.

        Args:
            model: Name of the encoder, with its hash.
            contents: Content hashes; those without a vector are missing in the result.
        """
        ...

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Add or replace vectors.

        Args:
            model: Name of the encoder, with its hash.
            vectors: (dim,) vector by content hash.
        """
        ...


def normalize_text(text: str) -> str:
    r"""Return the text in Unicode form NFC, with each run of white space as one space.

    Example:
        >>> normalize_text("  red\n  globe ")
        'red globe'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def content_hash(text: str) -> str:
    """Return the hash of the normalized text, 32 hexadecimal digits.

    Example:
        >>> content_hash("red  globe") == content_hash("red globe ")
        True
    """
    data = normalize_text(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class CachedEncoder(Encoder):
    """An encoder that computes only the vectors that its cache does not have.

    Texts are normalized before they are hashed and encoded, so that each hash has one vector.

    Args:
        encoder: Encoder of the texts that are not in the cache.
        cache: Storage for the vectors.
        max_chunk_texts: Texts that are looked up, encoded and stored together.

    Example:
        >>> from daybreak.encoders.cache import MemoryVectors
        >>> from daybreak.testing.encoders import CountingEncoder
        >>> encoder = CachedEncoder(CountingEncoder(), MemoryVectors())
        >>> first = encoder.encode(["red globe", "blue globe", "red globe"])
        >>> again = encoder.encode(["red  globe"])
        >>> encoder.encoder.encoded
        2
    """

    def __init__(
        self,
        encoder: Encoder,
        cache: VectorCache,
        *,
        max_chunk_texts: int = MAX_TEXTS_PER_CHUNK,
    ) -> None:
        self.encoder = encoder
        self.cache = cache
        self.max_chunk_texts = max_chunk_texts
        self.tolerance = encoder.tolerance

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def hash(self) -> str:
        """Hash of the cached encoder."""
        return self.encoder.hash

    def reads(self, text: str) -> bool:
        """Return whether the cached encoder reads a text."""
        return self.encoder.reads(text)

    def knows(self, word: str) -> bool:
        """Return whether the cached encoder knows a word."""
        return self.encoder.knows(word)

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self.encoder.encode(texts)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector per text, cached where possible; see :meth:`Encoder.encode`.

        Apart from the result, memory is that of one chunk of texts for each worker of the
        engine in use, which encodes them.
        """
        if isinstance(texts, str):
            return super().encode(texts)  # raises the error for a single string
        rows = np.zeros((len(texts), self.dim), np.float32)
        engine = current_engine()
        step = self.max_chunk_texts * (1 if engine is None else engine.n_shards)
        for start in range(0, len(texts), step):
            chunk = slice(start, start + step)
            rows[chunk] = self._encode_chunk(
                [normalize_text(text) for text in texts[chunk]],
                _offset_progress(progress, start, len(texts)),
            )
        return rows

    def encode_unstored(self, texts: Sequence[str]) -> Floats:
        """Return one vector per text of a person; none is added to the cache.

        The text of an item that somebody repeats is found all the same.
        """
        normalized = [normalize_text(text) for text in texts]
        return self._encode_chunk(normalized, None, is_stored=False)

    def _encode_chunk(
        self, texts: list[str], progress: Progress | None, *, is_stored: bool = True
    ) -> Floats:
        hashes = [content_hash(text) if text else "" for text in texts]
        by_hash = {key: text for key, text in zip(hashes, texts, strict=True) if key}
        name = CATALOGUE_PREFIX + self.hash
        cached = self._drop_wrong_shapes(self.cache.vectors(name, list(by_hash)))
        CACHE_STATS.add(n_lookups=len(by_hash), n_hits=len(cached))
        new = [key for key in by_hash if key not in cached]
        if new:
            rows = encode_texts(self.encoder, [by_hash[key] for key in new], progress)
            encoded = dict(zip(new, rows, strict=True))
            if is_stored:
                self.cache.put_vectors(name, encoded)
            cached.update(encoded)
        if progress is not None:
            progress(len(texts), len(texts))
        zero = np.zeros(self.dim, np.float32)
        return np.stack([cached.get(key, zero) for key in hashes])

    def _drop_wrong_shapes(self, found: dict[str, Floats]) -> dict[str, Floats]:
        """Drop vectors of a wrong length; they are computed again."""
        return {key: row for key, row in found.items() if np.shape(row) == (self.dim,)}


def _offset_progress(progress: Progress | None, start: int, n_texts: int) -> Progress | None:
    """Return a callback for one chunk that reports progress over all texts."""
    if progress is None:
        return None
    report: Callable[[int, int], None] = progress
    return lambda done, _: report(start + done, n_texts)


class MemoryVectors:
    """A vector cache in memory that evicts the least recently used vectors.

    Memory: about ``4·dim·max_rows`` bytes.

    Args:
        max_rows: Maximum number of vectors.
    """

    def __init__(self, max_rows: int = 200_000) -> None:
        self.max_rows = max_rows
        self._rows: OrderedDict[tuple[str, str], Floats] = OrderedDict()
        self._lock = Lock()

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the stored vectors; see :meth:`VectorCache.vectors`."""
        with self._lock:
            found = {
                key: self._rows[model, key] for key in contents if (model, key) in self._rows
            }
            for key in found:
                self._rows.move_to_end((model, key))
        return found

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Add or replace vectors; see :meth:`VectorCache.put_vectors`."""
        with self._lock:
            for key, row in vectors.items():
                self._rows[model, key] = np.array(row, np.float32)
                self._rows.move_to_end((model, key))
            while len(self._rows) > self.max_rows:
                self._rows.popitem(last=False)
