"""Static text models: sums of the vectors of tokens and of pairs of adjacent tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from daybreak.cores import thread_count
from daybreak.encoders.base import Encoder, encoders
from daybreak.encoders.loading import Resolution, resolve
from daybreak.encoders.static_files import (
    TOKENIZER_FILE,
    StaticTextModel,
    read_static_text,
    write_static_text,
)
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats, Rows, Sparse

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TEXT_CHARS = 20_000
"""Characters of a text that are encoded; the rest is ignored."""


@encoders.register("static-text")
class StaticText(Encoder):
    """The weighted mean of the vectors of tokens and token pairs, scaled to length 1.

    No network is run: a text costs its tokenization and one row of a sparse product. The order
    of words has an effect through pairs only. :func:`daybreak.transfer.distil_encoder` makes
    such models; the folder of one is a valid model name everywhere.

    Memory: 4 bytes per number of the matrix, and about 60 MB per batch.

    Args:
        model: Folder, model name, result of :func:`daybreak.encoders.resolve`, or the model.
        threads: Number of batches computed concurrently, see :func:`thread_count`; the
            tokenizer has its own threads, see ``RAYON_NUM_THREADS``.

    Raises:
        NotFoundError: There is no such model.
        ConfigError: The model is of another kind.
        DataError: The files are damaged.

    Source:
        Weights and mean as in Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline
        for sentence embeddings", section 3; ``distil_encoder`` documents the differences.

    Example:
        >>> from daybreak.testing.encoders import static_parts
        >>> encoder = StaticText(static_parts({"red": [3, 0], "globe": [0, 4]}))
        >>> encoder.encode(["red globe", "Globe!"])
        array([[0.6, 0.8],
               [0. , 1. ]], dtype=float32)
    """

    batch_size = 2048
    batch_chars = 1 << 20

    def __init__(
        self, model: str | Path | Resolution | StaticTextModel, *, threads: int | None = None
    ) -> None:
        self.parts = model if isinstance(model, StaticTextModel) else _find_model(model)
        self.workers = thread_count(threads)
        self._tokenizer = _checked_tokenizer(self.parts)
        self._vectors = self.parts.vectors.astype(np.float32)
        self._hash = self.parts.hash

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    @property
    def hash(self) -> str:
        """Hash of the tokenizer and the vectors."""
        return self._hash

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder and return the folder, which then is a model name."""
        write_static_text(Path(folder), self.parts)
        return Path(folder)

    def shortened(self, dim: int) -> "StaticText":
        """Return the model with the first ``dim`` numbers of every vector.

        The directions of distilled models are ordered by importance, so the result equals a
        model that was distilled to ``dim`` numbers, except for a slightly different ridge.

        Raises:
            ConfigError: ``dim`` is not between 1 and the length of a vector.
        """
        if not 1 <= dim <= self.dim:
            raise ConfigError(f"dim must be from 1 to {self.dim}, got {dim!r}")
        parts = self.parts
        vectors, fallback = parts.vectors[:, :dim].copy(), parts.fallback[:dim].copy()
        return StaticText(replace(parts, vectors=vectors, fallback=fallback))

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        tokens = TokenizedTexts.from_texts(
            self._tokenizer, [text[:MAX_TEXT_CHARS] for text in texts]
        )
        counts = token_counts(tokens, self.parts.n_tokens, self.parts.pairs)
        rows = np.asarray(counts @ self._vectors, np.float32)
        rows[~rows.any(axis=1)] = self.parts.fallback
        return rows


def _find_model(model: str | Path | Resolution) -> StaticTextModel:
    found = model if isinstance(model, Resolution) else resolve(model)
    if found.kind != "static-text":
        raise ConfigError(
            f"{found.name} is a model of kind {found.kind}, not static-text; load_encoder() "
            "loads every kind"
        )
    return read_static_text(found.folder)


def parse_tokenizer(text: str) -> "Tokenizer":
    """Return a tokenizer from its JSON, without padding and truncation.

    Raises:
        DataError: It is not the JSON of a tokenizer.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415 - slow to import

    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise DataError(
            f"{TOKENIZER_FILE} of the static text model cannot be read: {error}"
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _checked_tokenizer(parts: StaticTextModel) -> "Tokenizer":
    tokenizer = parse_tokenizer(parts.tokenizer)
    if tokenizer.get_vocab_size() != parts.n_tokens:
        raise DataError(
            f"the static text model has {parts.n_tokens} rows for tokens, and a tokenizer of "
            f"{tokenizer.get_vocab_size()}"
        )
    return tokenizer


@dataclass(frozen=True, eq=False)
class TokenizedTexts:
    """Tokens of many texts in one array."""

    ids: Rows
    """(n,) token ids, text after text"""
    text_index: Rows
    """(n,) text of each token, ascending"""
    n_texts: int

    @classmethod
    def from_texts(cls, tokenizer: "Tokenizer", texts: Sequence[str]) -> "TokenizedTexts":
        """Tokenize texts, without special tokens."""
        found = [
            text.ids
            for text in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        return cls(ids, np.repeat(np.arange(len(found)), lengths), len(found))

    def pair_keys(self, n_tokens: int) -> tuple[Rows, Rows]:
        """Return the key of each pair of adjacent tokens and its text.

        The key is ``first * n_tokens + second``.

        Example:
            >>> TokenizedTexts(np.array([1, 2, 0]), np.array([0, 0, 1]), 2).pair_keys(10)
            (array([12]), array([0]))
        """
        inside = self.text_index[:-1] == self.text_index[1:]
        keys = self.ids[:-1] * n_tokens + self.ids[1:]
        return keys[inside], self.text_index[:-1][inside]


def token_counts(tokens: TokenizedTexts, n_tokens: int, pairs: Rows) -> Sparse:
    """Return the number of occurrences of tokens and known pairs in each text.

    Args:
        tokens: Tokens of the texts.
        n_tokens: Size of the vocabulary.
        pairs: (n_pairs,) keys of the pairs to count, in ascending order; see
            :meth:`TokenizedTexts.pair_keys`.

    Returns:
        (n_texts, n_tokens + n_pairs) float32 CSR.

    Example:
        >>> tokens = TokenizedTexts(np.array([1, 2, 1, 0]), np.array([0, 0, 0, 1]), 2)
        >>> token_counts(tokens, 3, np.array([5])).toarray()
        array([[0., 2., 1., 1.],
               [1., 0., 0., 0.]], dtype=float32)
    """
    keys, pair_texts = tokens.pair_keys(n_tokens)
    position = np.searchsorted(pairs, keys)
    known = np.zeros(len(keys), bool)
    inside = position < len(pairs)
    known[inside] = pairs[position[inside]] == keys[inside]
    rows = np.concatenate([tokens.text_index, pair_texts[known]])
    columns = np.concatenate([tokens.ids, n_tokens + position[known]])
    shape = (tokens.n_texts, n_tokens + len(pairs))
    return sp.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def frequent_pairs(
    tokens: TokenizedTexts, n_tokens: int, *, max_pairs: int, min_texts: int = 2
) -> Rows:
    """Return the keys of the pairs that occur in the most texts, in ascending order.

    Args:
        tokens: Tokens of the texts.
        n_tokens: Size of the vocabulary.
        max_pairs: Maximum number of pairs returned.
        min_texts: Minimum number of texts that contain a pair.

    Example:
        >>> tokens = TokenizedTexts(np.array([1, 2, 1, 2, 0]), np.array([0, 0, 1, 1, 1]), 2)
        >>> frequent_pairs(tokens, 3, max_pairs=10)
        array([5])
    """
    keys, pair_texts = tokens.pair_keys(n_tokens)
    # A pair counts once per text; after sorting, repetitions are adjacent.
    order = np.lexsort((pair_texts, keys))
    keys, pair_texts = keys[order], pair_texts[order]
    first = np.ones(len(keys), bool)
    first[1:] = (keys[1:] != keys[:-1]) | (pair_texts[1:] != pair_texts[:-1])
    found, counts = np.unique(keys[first], return_counts=True)
    frequent = np.flatnonzero(counts >= min_texts)
    chosen = frequent[np.argsort(-counts[frequent], kind="stable")[:max_pairs]]
    return np.asarray(np.sort(found[chosen]))
