"""Settings and tokenizer in the folder of a sentence-transformers model."""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from daybreak.encoders.base import Encoder
from daybreak.encoders.scripts import is_written_in, known_scripts
from daybreak.errors import ConfigError, DataError
from daybreak.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_MAX_TOKENS = 256
PROMPTS_FILE = "config_sentence_transformers.json"
"""Settings with the texts that are put before every text."""
MAX_CHARS_PER_TOKEN = 32
"""Characters per allowed token at which a text is cut before it is tokenized."""


class SentenceFolderEncoder(Encoder):
    """A text encoder that reads its settings and its tokenizer from the folder of a model."""

    prefix: str
    """Text put before every text."""
    max_tokens: int
    """Tokens of a text that are read."""
    pooling: str
    """How a text becomes one vector; see :func:`pool_tokens`."""
    _tokenizer: "Tokenizer"
    _hash: str

    @property
    def hash(self) -> str:
        """Hash of the weights, the tokenizer and the settings."""
        return self._hash

    def reads(self, text: str) -> bool:
        """Return whether the model has learned the script of a text."""
        return is_written_in(text, self._scripts)

    def knows(self, word: str) -> bool:
        """Return whether a word is one token of the model."""
        return is_one_token(self._tokenizer, word)

    def _read_folder(self, folder: Path, max_tokens: int | None, prefix: str | None) -> None:
        """Read what does not depend on the format of the weights.

        Args:
            folder: Folder of the model.
            max_tokens: Tokens of a text; None: the setting of the model.
            prefix: Text put before every text; None: the default prompt of the model.
        """
        self.prefix = read_prefix(folder, prefix)
        self.max_tokens = read_max_tokens(folder, max_tokens)
        self.pooling = read_pooling(folder)
        self._tokenizer = read_tokenizer(folder / "tokenizer.json", self.max_tokens)

    @cached_property
    def _scripts(self) -> frozenset[str]:
        return known_scripts(self._tokenizer.get_vocab())


def pool_tokens(hidden: Floats, mask: np.ndarray[Any, Any], pooling: str) -> Floats:
    """Return one row per text: the mean of its tokens (``mean``) or its first token (``cls``).

    Args:
        hidden: (n, n_tokens, dim) vectors of tokens, or (n, dim) pooled vectors.
        mask: (n, n_tokens), 1 for a token and 0 for padding.
        pooling: ``mean`` or ``cls``.

    Example:
        >>> hidden = np.array([[[1, 2], [3, 4], [9, 9]]], np.float32)
        >>> pool_tokens(hidden, np.array([[1, 1, 0]]), "mean")
        array([[2., 3.]], dtype=float32)
        >>> pool_tokens(hidden, np.array([[1, 1, 0]]), "cls")
        array([[1., 2.]], dtype=float32)
    """
    if hidden.ndim == 2:
        return hidden
    if pooling == "cls":
        return hidden[:, 0]
    weight = mask[:, :, None].astype(np.float32)
    return np.asarray((hidden * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1))


def read_settings(path: Path) -> Any:
    """Return the content of a JSON file of the model; an empty dict without the file."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path.name} of the text model is not JSON: {error}") from error


def read_max_tokens(folder: Path, requested: int | None) -> int:
    """Return the maximum number of tokens of a text.

    Args:
        folder: Folder of the model.
        requested: Requested number; default: the setting of the model, else 256.

    Raises:
        ConfigError: The number is not an integer of at least 2.
    """
    own = read_settings(folder / "sentence_bert_config.json").get("max_seq_length")
    chosen = requested if requested is not None else own or DEFAULT_MAX_TOKENS
    if not isinstance(chosen, int) or chosen < 2:
        raise ConfigError(f"max_tokens must be an integer of at least 2, got {chosen!r}")
    return chosen


def read_prefix(folder: Path, requested: str | None) -> str:
    """Return the text that is put before every text.

    Args:
        folder: Folder of the model.
        requested: Requested text; default: the default prompt of the model, else none.
    """
    if requested is not None:
        return requested
    settings = read_settings(folder / PROMPTS_FILE)
    prompts = settings.get("prompts") or {}
    return str(prompts.get(settings.get("default_prompt_name"), ""))


def read_pooling(folder: Path) -> str:
    """Return how the model pools tokens: ``mean`` or ``cls``.

    Raises:
        ConfigError: The model has a layer or a pooling that is not supported.
    """
    if any("Dense" in module["type"] for module in read_settings(folder / "modules.json")):
        raise ConfigError("the text model ends in a Dense layer, which is not supported")
    settings = read_settings(folder / "1_Pooling" / "config.json")
    flags = [
        key for key, on in settings.items() if key.startswith("pooling_mode_") and on is True
    ]
    modes = [re.sub(r"^pooling_mode_|_tokens?$", "", flag) for flag in flags]
    modes = modes or [settings.get("pooling_mode", "mean")]
    if modes not in (["mean"], ["cls"]):
        raise ConfigError(
            f"pooling {' and '.join(modes)} is not supported; supported: cls, mean"
        )
    return str(modes[0])


def read_tokenizer(path: Path, max_tokens: int) -> "Tokenizer":
    """Return the tokenizer of a model; it pads to the longest text of a batch.

    Args:
        path: JSON file of the tokenizers library.
        max_tokens: Number of tokens at which texts are truncated.

    Raises:
        DataError: The file cannot be read.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415 - slow to import

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DataError(f"{path.name} of the text model cannot be read: {error}") from error
    padding = tokenizer.padding or {}
    tokenizer.enable_padding(
        pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]")
    )  # to the longest text of a batch instead of the fixed length in some files
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def is_one_token(tokenizer: "Tokenizer", word: str) -> bool:
    """Return whether a word is a single token, and so one that the model has often read."""
    return len(tokenizer.encode(word, add_special_tokens=False).ids) == 1
