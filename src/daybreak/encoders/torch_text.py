"""Sentence-transformers models without ONNX weights, on torch and transformers."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from daybreak.cores import thread_count
from daybreak.encoders.base import encoders
from daybreak.encoders.loading import Resolution, resolve
from daybreak.encoders.packages import file_sha256
from daybreak.encoders.sentence_folder import (
    MAX_CHARS_PER_TOKEN,
    SentenceFolderEncoder,
    pool_tokens,
)
from daybreak.errors import ConfigError, DataError, MissingExtraError
from daybreak.telemetry import import_without_telemetry
from daybreak.types import Floats

WEIGHTS_FILE = "model.safetensors"

log = logging.getLogger(__name__)


@encoders.register("torch-text")
class TorchTextEncoder(SentenceFolderEncoder):
    """A transformer on torch, for large teacher models; needs the extra ``teachers``.

    Reads ``config.json``, ``model.safetensors`` and ``tokenizer.json``; neither pickles nor
    code of the model are loaded. The settings of the model determine the pooling: mean or first
    token.

    Args:
        model: Folder, model name, or result of :func:`daybreak.encoders.resolve`.
        precision: ``fp32``; ``bf16``, about twice as fast on processors with 16-bit arithmetic;
            or ``auto``: ``bf16`` on such processors.
        threads: Number of threads of torch, for the whole process; see :func:`thread_count`.
        max_tokens: Tokens of a text; longer texts are truncated. Default: the setting of the
            model, else 256.
        prefix: Text put before every text, for models trained with one. Default: the
            default prompt of the model, else none.

    Raises:
        NotFoundError: There are no usable files for ``model``.
        MissingExtraError: torch or transformers is not installed.
        ConfigError: An option is out of range, or the model has an unsupported layer.
        DataError: A file of the model cannot be read.
    """

    batch_size = 32
    batch_chars = 4096

    def __init__(
        self,
        model: str | Path | Resolution,
        *,
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
        prefix: str | None = None,
    ) -> None:
        if precision not in {"auto", "bf16", "fp32"}:
            raise ConfigError(f"precision must be 'auto', 'bf16' or 'fp32', got {precision!r}")
        self.resolution = model if isinstance(model, Resolution) else resolve(model)
        folder = self.resolution.folder
        self._torch = _import_torch()
        self._torch.set_num_threads(thread_count(threads))
        self.precision = _fast_precision(self._torch) if precision == "auto" else precision
        self.tolerance = 2e-2 if self.precision == "bf16" else 1e-5
        self._read_folder(folder, max_tokens, prefix)
        self._model = _load_model(folder, self._torch, self.precision)
        self._hash = self._identity(folder)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._model.config.hidden_size)

    def _identity(self, folder: Path) -> str:
        files = (WEIGHTS_FILE, "config.json", "tokenizer.json")
        settings = f"{self.precision} {self.pooling} {self.max_tokens} {self.prefix!r}"
        known = "\n".join([*(file_sha256(folder / name) for name in files), settings])
        return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        max_chars = self.max_tokens * MAX_CHARS_PER_TOKEN
        tokens = self._tokenizer.encode_batch(
            [self.prefix + text[:max_chars] for text in texts]
        )
        ids = self._torch.tensor([token.ids for token in tokens])
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        with self._torch.inference_mode():
            output = self._model(input_ids=ids, attention_mask=self._torch.from_numpy(mask))
        return pool_tokens(output.last_hidden_state.float().numpy(), mask, self.pooling)


def _import_torch() -> Any:
    try:
        import torch  # noqa: PLC0415 - an extra, and slow to import

        import_without_telemetry("transformers")
    except ImportError as error:
        raise MissingExtraError(
            "a text model without ONNX weights", "'daybreak[teachers]'"
        ) from error
    return torch


def _fast_precision(torch: Any) -> Literal["bf16", "fp32"]:
    """Return the precision that is fast on this processor."""
    capabilities = (
        torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    )
    return "bf16" if capabilities.get("avx512_bf16") else "fp32"


def _load_model(folder: Path, torch: Any, precision: str) -> Any:
    transformers = import_without_telemetry("transformers")  # an extra, and slow to import
    transformers.utils.logging.disable_progress_bar()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    try:
        model = transformers.AutoModel.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except Exception as error:  # its errors have no public base class
        raise DataError(f"the text model in {folder} cannot be loaded: {error}") from error
    return model.eval()
