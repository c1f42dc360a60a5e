"""A static text model as it lies on disk: a tokenizer, one matrix, and what is known of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daybreak.encoders.folders import written_whole
from daybreak.errors import DataError, NotFoundError
from daybreak.types import Floats, Rows

FORMAT = 1
TOKENIZER, ARRAYS, FACTS = "tokenizer.json", "static_text.safetensors", "static_text.json"


@dataclass(frozen=True, eq=False)
class StaticParts:
    """Everything a static text model consists of."""

    tokenizer: str
    """The tokenizer, as the JSON of the tokenizers library."""
    vectors: npt.NDArray[np.float16]
    """(n_tokens + n_pairs, dim) float16, tokens before pairs, each row times its weight"""
    pairs: Rows
    """(n_pairs,) int64 keys ``first * n_tokens + second``, rising"""
    fallback: Floats
    """(dim,) float32, for texts in which nothing is known"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from and how good it is; changes no vector."""

    @property
    def n_tokens(self) -> int:
        """Number of tokens that have a row."""
        return len(self.vectors) - len(self.pairs)

    @property
    def hash(self) -> str:
        """Id of everything that changes a vector: 32 hexadecimal digits."""
        digest = hashlib.blake2b(f"static-text {FORMAT}\n".encode(), digest_size=16)
        digest.update(self.tokenizer.encode())
        for array in (self.vectors, self.pairs, self.fallback):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def is_static(folder: Path) -> bool:
    """Say whether a folder holds a static text model."""
    return all((folder / name).is_file() for name in (TOKENIZER, ARRAYS, FACTS))


def write_static(folder: Path, parts: StaticParts) -> None:
    """Write three files; a reader sees the old ones or the new ones, each whole."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - only who writes pays for it

    arrays = {"vectors": parts.vectors, "pairs": parts.pairs, "fallback": parts.fallback}
    facts = {"format": FORMAT, "hash": parts.hash, "facts": dict(parts.facts)}
    with written_whole(folder / ARRAYS) as draft:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, draft)
    with written_whole(folder / TOKENIZER) as draft:
        draft.write_text(parts.tokenizer, "utf-8")
    with written_whole(folder / FACTS) as draft:
        draft.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_static(folder: Path) -> StaticParts:
    """Read what :func:`write_static` wrote.

    Raises:
        NotFoundError: The files are not there.
        DataError: They are damaged, do not belong together, or are of another version.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - only who reads pays for it
    from safetensors.numpy import load_file  # noqa: PLC0415

    if not is_static(folder):
        raise NotFoundError(
            f"{folder} holds no static text model: {TOKENIZER}, {ARRAYS} and {FACTS} are needed"
        )
    try:
        head = json.loads((folder / FACTS).read_text("utf-8"))
        arrays = load_file(folder / ARRAYS)
        tokenizer = (folder / TOKENIZER).read_text("utf-8")
        parts = StaticParts(
            tokenizer,
            arrays["vectors"],
            arrays["pairs"],
            arrays["fallback"],
            head["facts"],
        )
        version, wanted = head["format"], head["hash"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"the static text model in {folder} is damaged: {error}") from error
    if version != FORMAT:
        raise DataError(f"the static text model in {folder} has format {version}, not {FORMAT}")
    if parts.hash != wanted:
        raise DataError(
            f"the files of the static text model in {folder} do not belong together"
        )
    return parts
