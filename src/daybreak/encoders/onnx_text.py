"""Sentence-transformers models through ONNX Runtime: no torch at run time."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from daybreak.encoders.base import Encoder, encoders, thread_count
from daybreak.encoders.packaged import file_sha256
from daybreak.encoders.quantise import RECIPE, int8_file, weights_hash
from daybreak.encoders.resolve import DEFAULT_MODEL, Resolution, onnx_file, resolve
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS = 256
CHARS_PER_TOKEN = 32
"""A text is cut at this many characters per allowed token before it is tokenised."""


@encoders.register("onnx-text")
class OnnxTextEncoder(Encoder):
    """Any sentence-transformers model with ONNX weights and ``tokenizer.json``.

    Mean or first-token pooling as the model's settings say, then length 1. 32-bit weights give
    the same vector whatever stands in the batch; 8-bit ones scale their activations by the
    batch, so they run one text at a time, which is also where they are fastest.

    Args:
        model: Folder, model id, or what :func:`daybreak.encoders.resolve` returned.
        precision: ``fp32``, or ``int8`` made once and cached (needs the package ``onnx``).
        threads: Texts computed at the same time; see :func:`thread_count`.
        max_tokens: Cut longer texts here; None is the model's own setting, or 256.
        prefix: Put before every text, for models that were trained with one (``"query: "``).

    Raises:
        NotFoundError: There are no usable files for ``model``.
        MissingExtraError: ``int8`` is asked for, not cached yet, and ``onnx`` is not installed.
        ConfigError: An option is out of range, or the model has a layer that ONNX lacks.
        DataError: A file of the model cannot be read.
    """

    def __init__(
        self,
        model: str | Path | Resolution = DEFAULT_MODEL,
        *,
        precision: Literal["fp32", "int8"] = "fp32",
        threads: int | None = None,
        max_tokens: int | None = None,
        prefix: str = "",
    ) -> None:
        if precision not in {"fp32", "int8"}:
            raise ConfigError(f"precision must be 'fp32' or 'int8', got {precision!r}")
        self.resolution = model if isinstance(model, Resolution) else resolve(model)
        self.precision = precision
        self.prefix = prefix
        self.workers = thread_count(threads)
        folder = self.resolution.folder
        self.max_tokens = _max_tokens(folder, max_tokens)
        self.pooling = _pooling(folder)
        self._tokenizer = _tokenizer(folder / "tokenizer.json", self.max_tokens)
        self._weights = onnx_file(folder) or folder / "model.onnx"
        self._session = _session(
            self._weights if precision == "fp32" else int8_file(self._weights)
        )
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}
        self._output = _output(self._session)
        if precision == "int8":
            self.batch_size, self.tolerance = 1, 1e-3
        self._hash = self._identity(folder)
        self._dim = int(self._encode_batch(["a"]).shape[1])

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def hash(self) -> str:
        """Id of the weights, the tokenizer and the settings."""
        return self._hash

    def _identity(self, folder: Path) -> str:
        parts = (
            weights_hash(self._weights),
            file_sha256(folder / "tokenizer.json"),
            RECIPE if self.precision == "int8" else "fp32",
            f"{self.pooling} {self.max_tokens} {self._output} {self.prefix!r}",
        )
        digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=16)
        return digest.hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        longest = self.max_tokens * CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch([self.prefix + text[:longest] for text in texts])
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        given = {
            "input_ids": np.array([token.ids for token in tokens], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        inputs = {name: given[name] for name in given.keys() & self._inputs}
        (hidden,) = self._session.run([self._output], inputs)
        return pooled(hidden, mask, self.pooling)


def pooled(hidden: Floats, mask: np.ndarray[Any, Any], pooling: str) -> Floats:
    """Return one row a text: the mean over its tokens (``mean``), or its first token (``cls``).

    Args:
        hidden: (n, n_tokens, dim), or (n, dim) when the graph pools by itself.
        mask: (n, n_tokens), 1 for a token and 0 for padding.
        pooling: ``mean`` or ``cls``.

    Example:
        >>> hidden = np.array([[[1, 2], [3, 4], [9, 9]]], np.float32)
        >>> pooled(hidden, np.array([[1, 1, 0]]), "mean")
        array([[2., 3.]], dtype=float32)
        >>> pooled(hidden, np.array([[1, 1, 0]]), "cls")
        array([[1., 2.]], dtype=float32)
    """
    if hidden.ndim == 2:
        return hidden
    if pooling == "cls":
        return hidden[:, 0]
    weight = mask[:, :, None].astype(np.float32)
    return np.asarray((hidden * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1))


def _settings(path: Path) -> Any:
    """Return what a JSON file of the model says; nothing when the model has no such file."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path.name} of the text model is not JSON: {error}") from error


def _max_tokens(folder: Path, asked: int | None) -> int:
    own = _settings(folder / "sentence_bert_config.json").get("max_seq_length")
    chosen = asked if asked is not None else own or MAX_TOKENS
    if not isinstance(chosen, int) or chosen < 2:
        raise ConfigError(f"max_tokens must be a whole number from 2, got {chosen!r}")
    return chosen


def _pooling(folder: Path) -> str:
    """Read how tokens become one vector; refuse what would give other vectors."""
    if any("Dense" in module["type"] for module in _settings(folder / "modules.json")):
        raise ConfigError(
            "the text model ends in a Dense layer, which its ONNX weights leave out"
        )
    settings = _settings(folder / "1_Pooling" / "config.json")
    flags = [
        key for key, on in settings.items() if key.startswith("pooling_mode_") and on is True
    ]
    modes = [re.sub(r"^pooling_mode_|_tokens?$", "", flag) for flag in flags]
    modes = modes or [settings.get("pooling_mode", "mean")]
    if modes not in (["mean"], ["cls"]):
        raise ConfigError(f"pooling {' and '.join(modes)} is not known; known: cls, mean")
    return str(modes[0])


def _tokenizer(path: Path, max_tokens: int) -> "Tokenizer":
    from tokenizers import Tokenizer  # noqa: PLC0415 - only who encodes text pays for it

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DataError(f"{path.name} of the text model cannot be read: {error}") from error
    padding = tokenizer.padding or {}
    tokenizer.enable_padding(
        pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]")
    )  # as long as the longest of a batch, not the fixed length that some files ask for
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _session(path: Path) -> Any:
    import onnxruntime as ort  # noqa: PLC0415 - half of all imports' time

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # batches run side by side instead: no waiting at barriers
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no public base class
        raise DataError(f"{path.name} of the text model cannot be loaded: {error}") from error


def _output(session: Any) -> str:
    """Name the output to pool: token vectors when there are any, else whole-text vectors."""
    ranks = {tensor.name: len(tensor.shape) for tensor in session.get_outputs()}
    for rank in (3, 2):
        for name, found in ranks.items():
            if found == rank:
                return str(name)
    raise DataError(f"the text model has no output of rank 3 or 2, only {ranks}")
