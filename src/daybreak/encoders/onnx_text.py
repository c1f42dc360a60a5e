"""Sentence-transformers models on ONNX Runtime, with 32-bit or 8-bit weights."""

import hashlib
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from daybreak.cores import thread_count
from daybreak.encoders.base import encoders
from daybreak.encoders.folders import atomic_write, cache_folder
from daybreak.encoders.loading import (
    DEFAULT_MODEL,
    INT8_FILE,
    Resolution,
    find_onnx_file,
    resolve,
)
from daybreak.encoders.onnx_session import create_session
from daybreak.encoders.packages import file_sha256
from daybreak.encoders.sentence_folder import (
    MAX_CHARS_PER_TOKEN,
    SentenceFolderEncoder,
    pool_tokens,
)
from daybreak.errors import ConfigError, DataError, MissingExtraError
from daybreak.telemetry import import_without_telemetry
from daybreak.types import Floats

log = logging.getLogger(__name__)


INT8_RECIPE = "int8-channel-7bit-1"
"""Name of the quantization settings; part of the hash of an encoder."""


def weights_hash(model: Path) -> str:
    """Return the hash of an ONNX file and of its external data."""
    files = [model, *(path for path in external_data_paths(model) if path.is_file())]
    return hashlib.sha256("".join(map(file_sha256, files)).encode()).hexdigest()


def external_data_paths(model: Path) -> tuple[Path, Path]:
    """Return the two paths at which exporters store external data of a model."""
    return model.with_name(f"{model.name}_data"), model.with_name(f"{model.name}.data")


def make_int8_file(model: Path) -> Path:
    """Return the 8-bit version of an ONNX file; it is made once and cached.

    Weights are rounded per output channel to 7 bits: processors without VNNI add pairs of
    products in 16 bits, where 8-bit weights would overflow silently.

    Args:
        model: ONNX file with 32-bit weights; external data beside it are read too.

    Raises:
        MissingExtraError: The file is not cached and the package ``onnx`` is not installed.
    """
    made = cache_folder() / "int8" / f"{weights_hash(model)[:32]}-{INT8_RECIPE}.onnx"
    if made.is_file():
        return made
    if find_spec("onnx") is None:
        raise MissingExtraError("making 8-bit weights", "onnx")
    started = perf_counter()
    with atomic_write(made) as draft:
        quantise(model, draft)
    log.info("8-bit weights made in %.1f s: %s", perf_counter() - started, made)
    return made


def quantise(model: Path, target: Path) -> None:
    """Write an ONNX file with weights of 8 bits; see :func:`make_int8_file`.

    Args:
        model: ONNX file with 32-bit weights.
        target: File to write.
    """
    quantization = import_without_telemetry("onnxruntime.quantization")  # slow to import
    root = logging.getLogger()
    root.addFilter(_is_not_advice)  # the library logs an inapplicable advice to the root logger
    try:
        quantization.quantize_dynamic(
            model,
            target,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    finally:
        root.removeFilter(_is_not_advice)


def _is_not_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


@encoders.register("onnx-text")
class OnnxTextEncoder(SentenceFolderEncoder):
    """Any sentence-transformers model with ONNX weights and ``tokenizer.json``.

    The settings of the model determine the pooling: mean or first token. With 32-bit weights, a
    vector does not depend on the batch. With 8-bit weights, activations are scaled per batch,
    so texts are encoded one at a time, which is also fastest.

    Args:
        model: Folder, model id, or result of :func:`daybreak.encoders.resolve`.
        precision: ``fp32``, or ``int8``, which is made once and cached (needs ``onnx``); a
            folder with 8-bit weights only is always ``int8``.
        threads: Number of batches computed concurrently, see :func:`thread_count`.
        max_tokens: Tokens of a text; longer texts are truncated. Default: the setting of the
            model, else 256.
        prefix: Text put before every text, for models trained with one (``"query: "``).
            Default: the default prompt of the model, else none.

    Raises:
        NotFoundError: There are no usable files for ``model``.
        MissingExtraError: ``int8`` weights are not cached and ``onnx`` is not installed.
        ConfigError: An option is out of range, or the model has an unsupported layer.
        DataError: A file of the model cannot be read.
    """

    def __init__(
        self,
        model: str | Path | Resolution = DEFAULT_MODEL,
        *,
        precision: Literal["fp32", "int8"] = "fp32",
        threads: int | None = None,
        max_tokens: int | None = None,
        prefix: str | None = None,
    ) -> None:
        if precision not in {"fp32", "int8"}:
            raise ConfigError(f"precision must be 'fp32' or 'int8', got {precision!r}")
        self.resolution = model if isinstance(model, Resolution) else resolve(model)
        self.workers = thread_count(threads)
        folder = self.resolution.folder
        self._read_folder(folder, max_tokens, prefix)
        self._weights = find_onnx_file(folder) or folder / "model.onnx"
        is_rounded = self._weights.name == INT8_FILE
        self.precision = "int8" if is_rounded else precision
        needs_file = precision == "int8" and not is_rounded
        self._session = create_session(
            make_int8_file(self._weights) if needs_file else self._weights, "text model"
        )
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}
        self._output = _find_output(self._session)
        if self.precision == "int8":
            self.batch_size, self.tolerance = 1, 1e-3
        self._hash = self._identity(folder)
        self._dim = int(self._encode_batch(["a"]).shape[1])

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def _identity(self, folder: Path) -> str:
        parts = (
            weights_hash(self._weights),
            file_sha256(folder / "tokenizer.json"),
            INT8_RECIPE if self.precision == "int8" else "fp32",
            f"{self.pooling} {self.max_tokens} {self._output} {self.prefix!r}",
        )
        digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=16)
        return digest.hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        max_chars = self.max_tokens * MAX_CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch(
            [self.prefix + text[:max_chars] for text in texts]
        )
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        all_inputs = {
            "input_ids": np.array([token.ids for token in tokens], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        inputs = {name: all_inputs[name] for name in all_inputs.keys() & self._inputs}
        (hidden,) = self._session.run([self._output], inputs)
        return pool_tokens(hidden, mask, self.pooling)


def _find_output(session: Any) -> str:
    """Return the name of the output: vectors of tokens if there are any, else of texts."""
    ranks = {tensor.name: len(tensor.shape) for tensor in session.get_outputs()}
    for rank in (3, 2):
        for name, found in ranks.items():
            if found == rank:
                return str(name)
    raise DataError(f"the text model has no output of rank 3 or 2, only {ranks}")
