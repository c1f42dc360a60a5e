"""Encode a text once: vectors kept by the hash of the weights and the hash of the text."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.tally import LOOKUPS
from daybreak.types import Floats

CHUNK = 2048
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


def normalised(text: str) -> str:
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
    data = normalised(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class CachedEncoder(Encoder):
    """An encoder that asks the cache first; unchanged texts cost no call of the model.

    Texts are normalised before they are hashed and encoded, so one hash has one vector.

    Example:
        >>> from daybreak.encoders.vectors import MemoryVectors
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
        for start in range(0, len(texts), CHUNK):
            part = [normalised(text) for text in texts[start : start + CHUNK]]
            rows[start : start + CHUNK] = self._chunk(
                part, _shifted(progress, start, len(texts))
            )
        return rows

    def _chunk(self, texts: list[str], progress: Progress | None) -> Floats:
        hashes = [content_hash(text) if text else "" for text in texts]
        by_hash = {key: text for key, text in zip(hashes, texts, strict=True) if key}
        known = self._checked(self.cache.vectors(self.hash, list(by_hash)))
        LOOKUPS.add(asked=len(by_hash), found=len(known))
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

    def _checked(self, found: dict[str, Floats]) -> dict[str, Floats]:
        """Drop what this encoder cannot have made, so that it is made again."""
        return {key: row for key, row in found.items() if np.shape(row) == (self.dim,)}


def _shifted(progress: Progress | None, start: int, n_texts: int) -> Progress | None:
    """Return a progress of one chunk that reports the texts of all chunks."""
    if progress is None:
        return None
    tell: Callable[[int, int], None] = progress
    return lambda done, _: tell(start + done, n_texts)
