"""Sentence-transformers models through ONNX Runtime: no torch at run time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from daybreak.encoders.base import Encoder, encoders, thread_count
from daybreak.encoders.packaged import file_sha256
from daybreak.encoders.quantise import RECIPE, int8_file, weights_hash
from daybreak.encoders.resolve import DEFAULT_MODEL, Resolution, onnx_file, resolve
from daybreak.encoders.sentence_folder import (
    CHARS_PER_TOKEN,
    max_tokens_of,
    pooled,
    pooling_of,
    read_tokenizer,
)
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats


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
        self.max_tokens = max_tokens_of(folder, max_tokens)
        self.pooling = pooling_of(folder)
        self._tokenizer = read_tokenizer(folder / "tokenizer.json", self.max_tokens)
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
