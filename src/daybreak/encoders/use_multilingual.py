"""The multilingual Universal Sentence Encoder v3 in numpy: 16 languages, 512 numbers a text."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from daybreak.encoders.base import Encoder, Progress, encoders, thread_count
from daybreak.encoders.packaged import file_sha256
from daybreak.encoders.resolve import MULTILINGUAL_MODEL, Resolution, resolve
from daybreak.encoders.sentencepiece import unigram_tokenizer
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats, Rows

Bytes: TypeAlias = npt.NDArray[np.uint8]

ORDERS = (2, 3, 5)
"""Widths of the three convolutions [tokens]."""
GAP = max(ORDERS) // 2
"""Zero rows between two texts of a batch, so that no window reaches from one into the other."""
MAX_TOKENS = 512
CHARS_PER_TOKEN = 32
BEGIN, END = 1, 2


@encoders.register("use-multilingual")
class UseMultilingualEncoder(Encoder):
    """Convolutions over word pieces, then a small feed-forward net; light and quick on a CPU.

    Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish,
    Portuguese, Russian, Spanish, Thai and Turkish share one space. Weights and vocabulary are
    read from data files; no code of the package that carries them is run.

    Args:
        model: Folder with ``weights.npz`` and ``sp.model``, the name of the packaged model, or
            what :func:`daybreak.encoders.resolve` returned.
        threads: Batches computed at the same time; see :func:`thread_count`. Needs the package
            ``threadpoolctl``; without it, the threads of numpy's own products are used.
        max_tokens: Cut longer texts here.

    Raises:
        NotFoundError: There are no usable files for ``model``.
        ConfigError: ``max_tokens`` is not a whole number from 1.
        DataError: A file of the model cannot be read.

    Source:
        Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval",
        the convolutional variant.
    """

    def __init__(
        self,
        model: str | Path | Resolution = MULTILINGUAL_MODEL,
        *,
        threads: int | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        if max_tokens < 1:
            raise ConfigError(f"max_tokens must be a whole number from 1, got {max_tokens}")
        self.resolution = model if isinstance(model, Resolution) else resolve(model)
        self.max_tokens = max_tokens
        self.workers = thread_count(threads) if find_spec("threadpoolctl") else 1
        weights, pieces = (
            self.resolution.folder / name for name in ("weights.npz", "sp.model")
        )
        self._tokenizer = unigram_tokenizer(pieces)
        self._tokenizer.enable_truncation(max_tokens)
        self._w, self._table = _weights(weights)
        digest = f"{file_sha256(weights)} {file_sha256(pieces)} {max_tokens}"
        self._hash = hashlib.blake2b(digest.encode(), digest_size=16).hexdigest()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._w["d3"].shape[1])

    @property
    def hash(self) -> str:
        """Id of the weights, the vocabulary and the longest text."""
        return self._hash

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector a text; see :meth:`Encoder.encode`."""
        with _one_thread_a_product():
            return super().encode(texts, progress=progress)

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        longest = self.max_tokens * CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch([text[:longest] for text in texts])
        ids = [np.array([BEGIN, *token.ids, END]) for token in tokens]
        sums, counts = self._sums(ids)
        roots = np.sqrt(counts, dtype=np.float32)
        means = sums @ self._w["cnn_W"] / roots + self._w["cnn_b"] * roots
        return self._head(np.asarray(means, np.float32))

    def _sums(self, ids: list[Rows]) -> tuple[Floats, Floats]:
        """Return the sum of the token features of each text, and its number of tokens."""
        counts = np.array([len(text) for text in ids])
        starts = GAP + np.cumsum(counts + GAP) - (counts + GAP)
        rows = np.concatenate([at + np.arange(n) for at, n in zip(starts, counts, strict=True)])
        features = self._features(self._embed(np.concatenate(ids)), rows)
        firsts = np.cumsum(counts) - counts
        return np.add.reduceat(features, firsts, axis=0), counts[:, None].astype(np.float32)

    def _embed(self, ids: Rows) -> Floats:
        """Return the vectors of tokens; token ``i`` is row ``i // n`` of table ``i % n``."""
        part = ids % len(self._table)
        rows = self._table[part, ids // len(self._table)].astype(np.float32)
        return np.asarray(rows * self._w["scale"][part, None] + self._w["lo"][part, None])

    def _features(self, embedded: Floats, rows: Rows) -> Floats:
        """Return (n_tokens, features): the embedding beside the three convolutions."""
        w = self._w
        parts = [embedded @ w[f"proj{n}"] + w[f"proj_b{n}"] for n in ORDERS]
        scale, shift = (
            np.concatenate([w[f"{k}{n}"] for n in ORDERS]) for k in ("ln_g", "ln_b")
        )
        widths = np.cumsum([part.shape[1] for part in parts])[:-1]
        parts = np.split(self._normal(np.hstack(parts), scale, shift), widths, axis=1)
        for place, order in enumerate(ORDERS):
            for layer in (1, 2):
                parts[place] = parts[place] + self._convolve(parts[place], order, layer, rows)
        return self._normal(np.hstack([embedded, *parts]), w["ln_g"], w["ln_b"])

    def _convolve(self, part: Floats, order: int, layer: int, rows: Rows) -> Floats:
        """Return the rectified product of each window of ``order`` tokens with the weights."""
        spread = np.zeros((rows[-1] + 1 + GAP, part.shape[1]), np.float32)
        spread[rows] = part
        left = (order - 1) // 2
        window = np.hstack([spread[rows + step - left] for step in range(order)])
        sums = window @ self._w[f"w{layer}_{order}"] + self._w[f"b{layer}_{order}"]
        return np.asarray(np.maximum(sums, 0), np.float32)

    def _normal(self, rows: Floats, scale: Floats, shift: Floats) -> Floats:
        rows = rows - rows.mean(axis=1, keepdims=True)
        spread = np.sqrt((rows * rows).mean(axis=1, keepdims=True) + float(self._w["eps"]))
        return np.asarray(rows / spread * scale + shift, np.float32)

    def _head(self, means: Floats) -> Floats:
        """Return the text vectors: two blocks of two layers with a shortcut each."""
        w = self._w
        first = np.maximum(means @ w["p1"] + np.maximum(means @ w["d0"], 0) @ w["d1"], 0)
        second = np.maximum(first @ w["d2"], 0) @ w["d3"]
        return np.asarray(np.tanh(first @ w["p3"] + second), np.float32)


def _one_thread_a_product() -> AbstractContextManager[object]:
    """Keep each matrix product on the thread that asked for it, where that can be arranged.

    The products here are small: on a busy machine their threads wait for each other longer than
    they compute (18 times the processor time was measured).
    """
    if find_spec("threadpoolctl") is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - optional

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _weights(path: Path) -> tuple[dict[str, Floats], Bytes]:
    """Return the layers by name, and the quantised embedding tables stacked into one array."""
    try:
        with np.load(path, allow_pickle=False) as file:
            tables = [name for name in file.files if name[0] == "q" and name[1:].isdigit()]
            table = np.stack([file[f"q{n + 1}"] for n in range(len(tables))])
            return {name: file[name] for name in file.files if name not in tables}, table
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path.name} of the text model cannot be read: {error}") from error
