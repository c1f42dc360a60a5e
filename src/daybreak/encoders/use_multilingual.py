"""The multilingual Universal Sentence Encoder v3 in numpy, and the reader of its vocabulary."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from daybreak.cores import thread_count
from daybreak.encoders.base import Encoder, Progress, encoders
from daybreak.encoders.loading import MULTILINGUAL_MODEL, Resolution, resolve
from daybreak.encoders.packages import file_sha256
from daybreak.encoders.sentence_folder import is_one_token
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats, Rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ByteArray: TypeAlias = npt.NDArray[np.uint8]

CONVOLUTION_WIDTHS = (2, 3, 5)
"""Widths of the three convolutions [tokens]."""
N_PADDING_ROWS = max(CONVOLUTION_WIDTHS) // 2
"""Zero rows between two texts of a batch, so that no window covers both."""
MAX_TOKENS = 512
MAX_CHARS_PER_TOKEN = 32
BEGIN_ID, END_ID = 1, 2

WireField: TypeAlias = tuple[int, bytes]

PIECES_FIELD, NORMALIZER_FIELD = 1, 3
"""Field numbers of a SentencePiece model."""
TEXT_FIELD, SCORE_FIELD, CHARSMAP_FIELD = 1, 2, 2
"""Field numbers of a piece, and of a normalizer."""

WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""


@encoders.register("use-multilingual")
class UseMultilingualEncoder(Encoder):
    """Convolutions over word pieces and a small feed-forward network; fast on a CPU.

    Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish,
    Portuguese, Russian, Spanish, Thai and Turkish texts share one vector space. Weights and
    vocabulary are read from data files; no code of their package runs.

    Args:
        model: Folder with ``weights.npz`` and ``sp.model``, the name of the packaged model, or
            result of :func:`daybreak.encoders.resolve`.
        threads: Number of batches computed concurrently, see :func:`thread_count`. Without the
            package ``threadpoolctl``, only matrix products use several threads.
        max_tokens: Tokens of a text; longer texts are truncated.

    Raises:
        NotFoundError: There are no usable files for ``model``.
        ConfigError: ``max_tokens`` is below 1.
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
            raise ConfigError(f"max_tokens must be an integer of at least 1, got {max_tokens}")
        self.resolution = model if isinstance(model, Resolution) else resolve(model)
        self.max_tokens = max_tokens
        self.workers = thread_count(threads) if find_spec("threadpoolctl") else 1
        weights, pieces = (
            self.resolution.folder / name for name in ("weights.npz", "sp.model")
        )
        self._tokenizer = read_unigram_tokenizer(pieces)
        self._tokenizer.enable_truncation(max_tokens)
        self._weights, self._table = _read_weights(weights)
        digest = f"{file_sha256(weights)} {file_sha256(pieces)} {max_tokens}"
        self._hash = hashlib.blake2b(digest.encode(), digest_size=16).hexdigest()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._weights["d3"].shape[1])

    @property
    def hash(self) -> str:
        """Hash of the weights, the vocabulary and ``max_tokens``."""
        return self._hash

    def knows(self, word: str) -> bool:
        """Return whether a word is one token of the model."""
        return is_one_token(self._tokenizer, word)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector per text; see :meth:`Encoder.encode`."""
        with _single_threaded_blas():
            return super().encode(texts, progress=progress)

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        max_chars = self.max_tokens * MAX_CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch([text[:max_chars] for text in texts])
        ids = [np.array([BEGIN_ID, *token.ids, END_ID]) for token in tokens]
        sums, counts = self._sum_features(ids)
        roots = np.sqrt(counts, dtype=np.float32)
        means = sums @ self._weights["cnn_W"] / roots + self._weights["cnn_b"] * roots
        return self._head(np.asarray(means, np.float32))

    def _sum_features(self, ids: list[Rows]) -> tuple[Floats, Floats]:
        """Return the sum of the token features of each text, and its number of tokens."""
        counts = np.array([len(text) for text in ids])
        starts = N_PADDING_ROWS + np.cumsum(counts + N_PADDING_ROWS) - (counts + N_PADDING_ROWS)
        rows = np.concatenate([at + np.arange(n) for at, n in zip(starts, counts, strict=True)])
        features = self._features(self._embed(np.concatenate(ids)), rows)
        firsts = np.cumsum(counts) - counts
        return np.add.reduceat(features, firsts, axis=0), counts[:, None].astype(np.float32)

    def _embed(self, ids: Rows) -> Floats:
        """Return the vectors of tokens; token ``i`` is row ``i // n`` of table ``i % n``."""
        part = ids % len(self._table)
        rows = self._table[part, ids // len(self._table)].astype(np.float32)
        return np.asarray(
            rows * self._weights["scale"][part, None] + self._weights["lo"][part, None]
        )

    def _features(self, embedded: Floats, rows: Rows) -> Floats:
        """Return (n_tokens, n_features): embeddings and outputs of the three convolutions."""
        w = self._weights
        parts = [embedded @ w[f"proj{n}"] + w[f"proj_b{n}"] for n in CONVOLUTION_WIDTHS]
        scale, shift = (
            np.concatenate([w[f"{k}{n}"] for n in CONVOLUTION_WIDTHS]) for k in ("ln_g", "ln_b")
        )
        widths = np.cumsum([part.shape[1] for part in parts])[:-1]
        parts = np.split(self._layer_norm(np.hstack(parts), scale, shift), widths, axis=1)
        for index, width in enumerate(CONVOLUTION_WIDTHS):
            for layer in (1, 2):
                parts[index] = parts[index] + self._convolve(parts[index], width, layer, rows)
        return self._layer_norm(np.hstack([embedded, *parts]), w["ln_g"], w["ln_b"])

    def _convolve(self, part: Floats, order: int, layer: int, rows: Rows) -> Floats:
        """Return the rectified product of each window of ``order`` tokens with the weights."""
        padded = np.zeros((rows[-1] + 1 + N_PADDING_ROWS, part.shape[1]), np.float32)
        padded[rows] = part
        left = (order - 1) // 2
        window = np.hstack([padded[rows + step - left] for step in range(order)])
        sums = window @ self._weights[f"w{layer}_{order}"] + self._weights[f"b{layer}_{order}"]
        return np.asarray(np.maximum(sums, 0), np.float32)

    def _layer_norm(self, rows: Floats, scale: Floats, shift: Floats) -> Floats:
        rows = rows - rows.mean(axis=1, keepdims=True)
        deviation = np.sqrt(
            (rows * rows).mean(axis=1, keepdims=True) + float(self._weights["eps"])
        )
        return np.asarray(rows / deviation * scale + shift, np.float32)

    def _head(self, means: Floats) -> Floats:
        """Return the vectors of texts: two residual blocks of two layers."""
        w = self._weights
        first = np.maximum(means @ w["p1"] + np.maximum(means @ w["d0"], 0) @ w["d1"], 0)
        second = np.maximum(first @ w["d2"], 0) @ w["d3"]
        return np.asarray(np.tanh(first @ w["p3"] + second), np.float32)


def _single_threaded_blas() -> AbstractContextManager[object]:
    """Limit matrix products to one thread, if ``threadpoolctl`` is installed.

    The products are small: on a busy machine, threads of one product wait for each other longer
    than they compute (measured: 18 times the processor time).
    """
    if find_spec("threadpoolctl") is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - optional

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _read_weights(path: Path) -> tuple[dict[str, Floats], ByteArray]:
    """Return the layers by name, and the quantized embedding tables as one array."""
    try:
        with np.load(path, allow_pickle=False) as file:
            tables = [name for name in file.files if name[0] == "q" and name[1:].isdigit()]
            table = np.stack([file[f"q{n + 1}"] for n in range(len(tables))])
            return {name: file[name] for name in file.files if name not in tables}, table
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path.name} of the text model cannot be read: {error}") from error


def read_unigram_tokenizer(path: Path) -> "Tokenizer":
    """Return the tokenizer of a SentencePiece unigram model, without begin and end tokens.

    Raises:
        DataError: The file is not a SentencePiece model.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415

    pieces, charsmap = read_sentencepiece_model(path)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    steps = [normalizers.Precompiled(charsmap)] if charsmap else []
    spaces = [normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()]
    tokenizer.normalizer = normalizers.Sequence([*steps, *spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return tokenizer


def read_sentencepiece_model(path: Path) -> tuple[list[tuple[str, float]], bytes]:
    """Return the pieces with their scores, and the table of the character normalization.

    Raises:
        DataError: The file is not a SentencePiece model.
    """
    pieces: list[tuple[str, float]] = []
    charsmap = b""
    try:
        for number, value in iter_wire_fields(path.read_bytes()):
            if number == PIECES_FIELD:
                pieces.append(_parse_piece(value))
            elif number == NORMALIZER_FIELD:
                charsmap = dict(iter_wire_fields(value)).get(CHARSMAP_FIELD, b"")
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise DataError(f"{path.name} is not a SentencePiece model: {error!r}") from error
    if not pieces:
        raise DataError(f"{path.name} is not a SentencePiece model: it has no pieces")
    return pieces, charsmap


def iter_wire_fields(data: bytes) -> Iterator[WireField]:
    """Yield (number, bytes) of the fields of a protocol-buffer message, except for integers.

    Raises:
        ValueError: The bytes are not a protocol-buffer message.

    Example:
        >>> list(iter_wire_fields(bytes([0x0A, 2, 104, 105, 0x10, 7])))
        [(1, b'hi')]
    """
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        size = {WIRE_FIXED64: 8, WIRE_FIXED32: 4}.get(tag & 7, 0)
        if tag & 7 in {WIRE_VARINT, WIRE_BYTES}:
            size_or_value, at = _read_varint(data, at)
            size = size_or_value if tag & 7 == WIRE_BYTES else 0
        elif not size:
            raise ValueError(f"unknown wire type {tag & 7} at byte {at}")
        if at + size > len(data):
            raise ValueError(f"truncated at byte {at}")
        if size:
            yield tag >> 3, data[at : at + size]
        at += size


def _parse_piece(data: bytes) -> tuple[str, float]:
    parts = dict(iter_wire_fields(data))
    score = struct.unpack("<f", parts[SCORE_FIELD])[0] if SCORE_FIELD in parts else 0.0
    return parts[TEXT_FIELD].decode("utf-8"), score


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer at a position, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f"an integer longer than 10 bytes at byte {at}")
