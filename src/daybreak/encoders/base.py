"""The contract of text encoders, and the batching that they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np

from daybreak.errors import ConfigError
from daybreak.registry import Registry
from daybreak.types import Floats

Progress: TypeAlias = Callable[[int, int], None]
"""Callback after each batch: (number of encoded texts, number of all texts)."""

encoders: Registry["Encoder"] = Registry("encoder")
"""Encoder classes by kind; :func:`daybreak.encoders.load_encoder` chooses one for a model."""


class Encoder(ABC):
    """Turns texts into vectors whose dot product is the similarity of the texts.

    A new kind implements :attr:`dim`, :attr:`hash` and :meth:`_encode_batch`. This class sorts
    texts by length to avoid padding, forms batches, runs them on :attr:`workers` threads,
    normalizes the vectors, and returns them in the order of the texts.

    Example:
        >>> class Lengths(Encoder):
        ...     dim, hash = 2, "lengths-1"
        ...     def _encode_batch(self, texts):
        ...         return np.array([[len(text), 0] for text in texts], np.float32)
        >>> Lengths().encode(["abc", " "])
        array([[1., 0.],
               [0., 0.]], dtype=float32)
    """

    tolerance: float = 1e-5
    """Largest difference of a coordinate between a text alone and in a batch."""

    batch_size: int = 32
    """Maximum number of texts in a batch."""

    batch_chars: int = 1024
    """Maximum number of characters in a batch, with padding; a longer text is a batch alone.

    A transformer on a CPU is fastest while its activations fit into the cache."""

    workers: int = 1
    """Number of batches that are computed concurrently."""

    loaded_from: tuple[str, Mapping[str, object]] | None = None
    """Name and options by which another process can load the encoder; None: it cannot."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @property
    @abstractmethod
    def hash(self) -> str:
        """Hash of the weights and of all settings that vectors depend on."""

    def reads(self, text: str) -> bool:
        """Return whether the model has learned the script of a text; if not known: True.

        Args:
            text: A text of somebody.
        """
        return True

    def knows(self, word: str) -> bool:
        """Return whether a word is one of the vocabulary; if there is none: False.

        Args:
            word: Word in lower case.
        """
        return False

    @abstractmethod
    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        """Return (n, dim) float32 vectors of texts that are not blank; any length."""

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector per text, in the order of the texts; blank texts have zero rows.

        Args:
            texts: Texts in any language that the weights know.
            progress: Callback after each batch; default: none.

        Returns:
            (n_texts, dim) float32, rows of length 1 or all zero.

        Raises:
            ConfigError: ``texts`` is one string instead of a list of strings.
        """
        if isinstance(texts, str):
            raise ConfigError(f"texts must be a list of strings, got the string {texts[:40]!r}")
        rows = np.zeros((len(texts), self.dim), np.float32)
        batches = list(self._batches(texts))
        done = len(texts) - sum(map(len, batches))
        for batch, vectors in self._run(texts, batches):
            rows[batch] = l2_normalize(vectors)
            done += len(batch)
            if progress is not None:
                progress(done, len(texts))
        return rows

    def encode_unstored(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts of people, which are not stored; see :meth:`encode`."""
        return self.encode(texts)

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Yield row numbers of texts of similar length, longest first."""
        batch: list[int] = []
        filled = [row for row, text in enumerate(texts) if text and not text.isspace()]
        for row in sorted(filled, key=lambda row: -len(texts[row])):
            capacity = self.batch_chars // max(len(texts[batch[0] if batch else row]), 1)
            if batch and len(batch) >= min(self.batch_size, max(capacity, 1)):
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def _run(
        self, texts: Sequence[str], batches: Sequence[list[int]]
    ) -> Iterator[tuple[list[int], Floats]]:
        def encode_rows(batch: list[int]) -> Floats:
            return self._encode_batch([replace_surrogates(texts[row]) for row in batch])

        if self.workers == 1 or len(batches) <= 1:
            yield from ((batch, encode_rows(batch)) for batch in batches)
            return
        with ThreadPoolExecutor(self.workers, "daybreak-encode") as pool:
            yield from zip(batches, pool.map(encode_rows, batches), strict=True)


def replace_surrogates(text: str) -> str:
    r"""Return the text with each unpaired surrogate replaced by a question mark.

    Tokenizers reject surrogates; JSON that was cut inside an emoji contains them.

    Example:
        >>> replace_surrogates("globe \ud83c")
        'globe ?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def l2_normalize(rows: Floats) -> Floats:
    """Return the rows scaled to length 1; zero rows stay zero.

    Example:
        >>> l2_normalize(np.array([[3, 4], [0, 0]], np.float32))
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """
    rows = np.asarray(rows, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
