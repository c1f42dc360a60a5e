"""Files of a static text model: tokenizer, vectors and metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daybreak.deprecation import warn_deprecated
from daybreak.encoders.folders import atomic_write
from daybreak.errors import DataError, NotFoundError
from daybreak.types import Floats, Rows

STATIC_TEXT_FORMAT = 1
TOKENIZER_FILE, ARRAYS_FILE, METADATA_FILE = (
    "tokenizer.json",
    "static_text.safetensors",
    "static_text.json",
)


@dataclass(frozen=True, eq=False)
class StaticTextModel:
    """Tokenizer and vectors of a static text model."""

    tokenizer: str
    """Tokenizer as JSON of the tokenizers library."""
    vectors: npt.NDArray[np.float16]
    """(n_tokens + n_pairs, dim) float16, tokens before pairs, rows multiplied by weights"""
    pairs: Rows
    """(n_pairs,) int64 keys ``first * n_tokens + second``, ascending"""
    fallback: Floats
    """(dim,) float32, vector of texts without a known token"""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON values on the origin and the quality of the model; not part of :attr:`hash`."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Deprecated: the metadata."""
        warn_deprecated("StaticTextModel.facts", "StaticTextModel.metadata")
        return self.metadata

    @property
    def n_tokens(self) -> int:
        """Number of tokens of the vocabulary."""
        return len(self.vectors) - len(self.pairs)

    @property
    def hash(self) -> str:
        """Hash of everything that vectors depend on, 32 hexadecimal digits."""
        digest = hashlib.blake2b(f"static-text {STATIC_TEXT_FORMAT}\n".encode(), digest_size=16)
        digest.update(self.tokenizer.encode())
        for array in (self.vectors, self.pairs, self.fallback):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def is_static_text(folder: Path) -> bool:
    """Return whether a folder contains a static text model."""
    return all(
        (folder / name).is_file() for name in (TOKENIZER_FILE, ARRAYS_FILE, METADATA_FILE)
    )


def write_static_text(folder: Path, parts: StaticTextModel) -> None:
    """Write three files, each atomically."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - used when writing only

    arrays = {"vectors": parts.vectors, "pairs": parts.pairs, "fallback": parts.fallback}
    content = {"format": STATIC_TEXT_FORMAT, "hash": parts.hash, "facts": dict(parts.metadata)}
    with atomic_write(folder / ARRAYS_FILE) as draft:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, draft)
    with atomic_write(folder / TOKENIZER_FILE) as draft:
        draft.write_text(parts.tokenizer, "utf-8")
    with atomic_write(folder / METADATA_FILE) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_static_text(folder: Path) -> StaticTextModel:
    """Read what :func:`write_static_text` wrote.

    Raises:
        NotFoundError: The files are not there.
        DataError: They are damaged, do not belong together, or are of another version.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - used when reading only
    from safetensors.numpy import load_file  # noqa: PLC0415

    if not is_static_text(folder):
        raise NotFoundError(
            f"{folder} holds no static text model: {TOKENIZER_FILE}, {ARRAYS_FILE} and "
            f"{METADATA_FILE} are needed"
        )
    try:
        head = json.loads((folder / METADATA_FILE).read_text("utf-8"))
        arrays = load_file(folder / ARRAYS_FILE)
        tokenizer = (folder / TOKENIZER_FILE).read_text("utf-8")
        parts = StaticTextModel(
            tokenizer,
            arrays["vectors"],
            arrays["pairs"],
            arrays["fallback"],
            head["facts"],
        )
        version, wanted = head["format"], head["hash"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"the static text model in {folder} is damaged: {error}") from error
    if version != STATIC_TEXT_FORMAT:
        raise DataError(
            f"the static text model in {folder} has format {version}, not {STATIC_TEXT_FORMAT}"
        )
    if parts.hash != wanted:
        raise DataError(
            f"the files of the static text model in {folder} do not belong together"
        )
    return parts
