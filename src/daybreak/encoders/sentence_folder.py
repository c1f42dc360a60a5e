"""What the files of a sentence-transformers folder say of the model, whoever runs it."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_MAX_TOKENS = 256
MAX_CHARS_PER_TOKEN = 32
"""A text is cut at this many characters per allowed token before it is tokenised."""


def pool_tokens(hidden: Floats, mask: np.ndarray[Any, Any], pooling: str) -> Floats:
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


def read_settings(path: Path) -> Any:
    """Return what a JSON file of the model says; nothing when the model has no such file."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path.name} of the text model is not JSON: {error}") from error


def read_max_tokens(folder: Path, requested: int | None) -> int:
    """Return where a text is cut: as asked, else as the model says, else at 256 tokens."""
    own = read_settings(folder / "sentence_bert_config.json").get("max_seq_length")
    chosen = requested if requested is not None else own or DEFAULT_MAX_TOKENS
    if not isinstance(chosen, int) or chosen < 2:
        raise ConfigError(f"max_tokens must be a whole number from 2, got {chosen!r}")
    return chosen


def read_pooling(folder: Path) -> str:
    """Read how tokens become one vector; refuse what would give other vectors."""
    if any("Dense" in module["type"] for module in read_settings(folder / "modules.json")):
        raise ConfigError(
            "the text model ends in a Dense layer, without which its vectors are others"
        )
    settings = read_settings(folder / "1_Pooling" / "config.json")
    flags = [
        key for key, on in settings.items() if key.startswith("pooling_mode_") and on is True
    ]
    modes = [re.sub(r"^pooling_mode_|_tokens?$", "", flag) for flag in flags]
    modes = modes or [settings.get("pooling_mode", "mean")]
    if modes not in (["mean"], ["cls"]):
        raise ConfigError(f"pooling {' and '.join(modes)} is not known; known: cls, mean")
    return str(modes[0])


def read_tokenizer(path: Path, max_tokens: int) -> "Tokenizer":
    """Return the tokenizer of a model, padding to the longest of a batch.

    Raises:
        DataError: The file cannot be read.
    """
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
