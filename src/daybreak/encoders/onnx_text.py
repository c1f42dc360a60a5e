"""Make 8-bit ONNX weights once, on this machine, and keep them in the user's cache folder.

Sentence-transformers models through ONNX Runtime: no torch at run time.
"""

import hashlib
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from daybreak.encoders.base import Encoder, encoders, thread_count
from daybreak.encoders.folders import atomic_write, cache_folder
from daybreak.encoders.loading import DEFAULT_MODEL, Resolution, find_onnx_file, resolve
from daybreak.encoders.packages import file_sha256
from daybreak.encoders.sentence_folder import (
    MAX_CHARS_PER_TOKEN,
    pool_tokens,
    read_max_tokens,
    read_pooling,
    read_tokenizer,
)
from daybreak.errors import ConfigError, DataError, MissingExtraError
from daybreak.types import Floats

log = logging.getLogger(__name__)


INT8_RECIPE = "int8-channel-7bit-1"
"""Names the settings below; weights made by another recipe are other weights."""


def weights_hash(model: Path) -> str:
    """Return one hash of an ONNX file and of the external data that lie beside it."""
    files = [model, *(path for path in external_data_paths(model) if path.is_file())]
    return hashlib.sha256("".join(map(file_sha256, files)).encode()).hexdigest()


def external_data_paths(model: Path) -> tuple[Path, Path]:
    """Return the two names that exporters give to the weights kept outside ``model``."""
    return model.with_name(f"{model.name}_data"), model.with_name(f"{model.name}.data")


def make_int8_file(model: Path) -> Path:
    """Return the 8-bit weights made of an ONNX file, making them when they are not cached.

    Weights are rounded per output channel to 7 of the 8 bits: processors without VNNI add pairs
    of products in 16 bits, and full 8-bit weights would overflow there without a word.

    Args:
        model: ONNX file with 32-bit weights; external data beside it are read too.

    Raises:
        MissingExtraError: The weights must be made and the package ``onnx`` is not installed.
    """
    made = cache_folder() / "int8" / f"{weights_hash(model)[:32]}-{INT8_RECIPE}.onnx"
    if made.is_file():
        return made
    if find_spec("onnx") is None:
        raise MissingExtraError("making 8-bit weights", "onnx")
    started = perf_counter()
    with atomic_write(made) as draft:
        _quantise(model, draft)
    log.info("8-bit weights made in %.1f s: %s", perf_counter() - started, made)
    return made


def _quantise(model: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow

    root = logging.getLogger()
    root.addFilter(
        _is_not_advice
    )  # it advises, on the root logger, a step that changes nothing here
    try:
        quantize_dynamic(
            model, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    finally:
        root.removeFilter(_is_not_advice)


def _is_not_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


@encoders.register("onnx-text")
class OnnxTextEncoder(Encoder):
    """Any sentence-transformers model with ONNX weights and ``tokenizer.json``.

    Mean or first-token pooling as the model's settings say, then length 1. 32-bit weights give
    the same vector whatever stands in the batch; 8-bit ones scale their activations by the
    batch, so they run one text at a time, which is also where they are fastest.

    Args:
        model: Folder, model id, or what :func:`daybreak.encoders.loading` returned.
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
        self.max_tokens = read_max_tokens(folder, max_tokens)
        self.pooling = read_pooling(folder)
        self._tokenizer = read_tokenizer(folder / "tokenizer.json", self.max_tokens)
        self._weights = find_onnx_file(folder) or folder / "model.onnx"
        self._session = _create_session(
            self._weights if precision == "fp32" else make_int8_file(self._weights)
        )
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}
        self._output = _find_output(self._session)
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
            INT8_RECIPE if self.precision == "int8" else "fp32",
            f"{self.pooling} {self.max_tokens} {self._output} {self.prefix!r}",
        )
        digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=16)
        return digest.hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        longest = self.max_tokens * MAX_CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch([self.prefix + text[:longest] for text in texts])
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        given = {
            "input_ids": np.array([token.ids for token in tokens], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        inputs = {name: given[name] for name in given.keys() & self._inputs}
        (hidden,) = self._session.run([self._output], inputs)
        return pool_tokens(hidden, mask, self.pooling)


def _create_session(path: Path) -> Any:
    import onnxruntime as ort  # noqa: PLC0415 - half of all imports' time

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # batches run side by side instead: no waiting at barriers
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no public base class
        raise DataError(f"{path.name} of the text model cannot be loaded: {error}") from error


def _find_output(session: Any) -> str:
    """Name the output to pool: token vectors when there are any, else whole-text vectors."""
    ranks = {tensor.name: len(tensor.shape) for tensor in session.get_outputs()}
    for rank in (3, 2):
        for name, found in ranks.items():
            if found == rank:
                return str(name)
    raise DataError(f"the text model has no output of rank 3 or 2, only {ranks}")
