"""Text vectors by adding up vectors of tokens: what distilling leaves of a big encoder.

No network is run: a text costs its tokens and one row of a sparse product.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from daybreak.encoders.bags import Tokens, bags
from daybreak.encoders.base import Encoder, encoders, thread_count
from daybreak.encoders.resolve import Resolution, resolve
from daybreak.encoders.static_files import TOKENIZER, StaticParts, read_static, write_static
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 20_000
"""Characters of a text that are read."""


@encoders.register("static-text")
class StaticText(Encoder):
    """The weighted mean of the vectors of a text's tokens and token pairs, scaled to length 1.

    The order of words is known only through pairs. Made by
    :func:`daybreak.transfer.distil_encoder`; a folder with one is a model name everywhere.

    Memory: 4 bytes for each number of the matrix, and about 60 MB for a batch.

    Args:
        model: Folder, model name, what :func:`daybreak.encoders.resolve` returned, or parts.
        threads: Batches computed at the same time; the tokenizer has threads of its own, see
            ``RAYON_NUM_THREADS``.

    Raises:
        NotFoundError: There is no such model.
        ConfigError: The folder holds a model of another kind.
        DataError: The files are damaged.

    Source:
        Weights and the mean as in Arora, Liang and Ma 2017, "A simple but tough-to-beat
        baseline for sentence embeddings", section 3; see ``distil_encoder`` for ours.

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
        self, model: str | Path | Resolution | StaticParts, *, threads: int | None = None
    ) -> None:
        self.parts = model if isinstance(model, StaticParts) else _read(model)
        self.workers = thread_count(threads)
        self._tokenizer = _tokenizer(self.parts)
        self._vectors = self.parts.vectors.astype(np.float32)
        self._hash = self.parts.hash

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    @property
    def hash(self) -> str:
        """Id of the tokenizer and the vectors."""
        return self._hash

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder, which is its name from then on; return the folder."""
        write_static(Path(folder), self.parts)
        return Path(folder)

    def shortened(self, dim: int) -> "StaticText":
        """Return the same model with the first ``dim`` numbers of every vector.

        Distilled models have their directions in the order of importance, so this is what a
        shorter one would have been, but for a slightly different ridge.

        Raises:
            ConfigError: ``dim`` is not from 1 to the length of a vector.
        """
        if not 1 <= dim <= self.dim:
            raise ConfigError(f"dim must be from 1 to {self.dim}, got {dim!r}")
        parts = self.parts
        vectors, fallback = parts.vectors[:, :dim].copy(), parts.fallback[:dim].copy()
        return StaticText(replace(parts, vectors=vectors, fallback=fallback))

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        tokens = Tokens.of(self._tokenizer, [text[:LONGEST] for text in texts])
        counts = bags(tokens, self.parts.n_tokens, self.parts.pairs)
        rows = np.asarray(counts @ self._vectors, np.float32)
        rows[~rows.any(axis=1)] = self.parts.fallback
        return rows


def _read(model: str | Path | Resolution) -> StaticParts:
    found = model if isinstance(model, Resolution) else resolve(model)
    if found.kind != "static-text":
        raise ConfigError(
            f"{found.name} is a model of kind {found.kind}, not static-text; load_encoder() "
            "takes every kind"
        )
    return read_static(found.folder)


def tokenizer_from(text: str) -> "Tokenizer":
    """Return a tokenizer of its JSON, which neither pads nor cuts.

    Raises:
        DataError: It is not the JSON of a tokenizer.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415 - only who encodes text pays for it

    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise DataError(
            f"{TOKENIZER} of the static text model cannot be read: {error}"
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _tokenizer(parts: StaticParts) -> "Tokenizer":
    tokenizer = tokenizer_from(parts.tokenizer)
    if tokenizer.get_vocab_size() != parts.n_tokens:
        raise DataError(
            f"the static text model has {parts.n_tokens} rows for tokens, and a tokenizer of "
            f"{tokenizer.get_vocab_size()}"
        )
    return tokenizer
