"""A text transformer that can be trained: texts to vectors of length 1."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from daybreak.errors import DataError
from daybreak.nets.finetuning.frozen_layers import FrozenLayers
from daybreak.types import Floats

MAX_TRAINING_TOKENS = 64
"""Tokens of a text in training, at most; longer texts are cut, which costs little and saves
most of the time with long descriptions [tokens]."""
ENCODING_BATCH = 32
"""Texts that are encoded together without gradients [texts]."""

Tokenize = Callable[[Sequence[str]], tuple[list[list[int]], list[list[int]]]]
"""Function of texts that returns token ids and attention masks, padded to equal lengths."""


@dataclass(frozen=True)
class TokenLimits:
    """Special tokens and limits of a tokenizer."""

    vocabulary_size: int
    mask_id: int | None = None
    """Id of the token for a masked word; None: the tokenizer has none"""
    special_ids: frozenset[int] = frozenset()
    """Ids that are never masked"""


class TextModel(nn.Module, ABC):
    """What objectives train: texts to vectors of length 1, with gradients."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return (n, dim) vectors of length 1, with gradients.

        Args:
            texts: Texts that are not blank.
        """


class TextTransformer(TextModel):
    """A transformer with its tokenizer and pooling.

    Args:
        network: Network of the transformers library, whose result has ``last_hidden_state``.
        tokenize: Tokenizer; see :data:`Tokenize`.
        pooling: ``mean`` or ``cls``.
        limits: Special tokens.
    """

    def __init__(
        self, network: nn.Module, tokenize: Tokenize, pooling: str, limits: TokenLimits
    ) -> None:
        super().__init__()
        self.network = network
        self.tokenize = tokenize
        self.pooling = pooling
        self.limits = limits

    @property
    def dim(self) -> int:
        """Length of a vector."""
        config: Any = self.network.config
        return int(config.hidden_size)

    def hidden_states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return (n, n_tokens, dim) vectors of tokens.

        Args:
            ids: (n, n_tokens) token ids.
            mask: (n, n_tokens) 1 for a token, 0 for padding.
        """
        found: Tensor = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        return found

    def read(
        self, texts: Sequence[str], max_tokens: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return token ids and attention mask of texts.

        Args:
            texts: Texts.
            max_tokens: Tokens of a text, at most; None: as the tokenizer cuts them.
        """
        ids, mask = (torch.tensor(part) for part in self.tokenize(list(texts)))
        if max_tokens is not None and ids.shape[1] > max_tokens:
            ids, mask = ids[:, :max_tokens], mask[:, :max_tokens]
        return ids, mask

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return (n, dim) vectors of length 1, with gradients.

        Args:
            texts: Texts that are not blank.
        """
        return self._pool(*self.read(texts, MAX_TRAINING_TOKENS))

    def _pool(self, ids: Tensor, mask: Tensor) -> Tensor:
        frozen = next((one for one in self.modules() if isinstance(one, FrozenLayers)), None)
        with nullcontext() if frozen is None else frozen.remembered(ids, mask):
            hidden = self.hidden_states(ids, mask)
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weight = mask[:, :, None].to(hidden.dtype)
            pooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        return nn.functional.normalize(pooled, dim=1)

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dim) vectors of length 1 of texts that are not blank, without gradients.

        Args:
            texts: Texts.
        """
        was_training = self.training
        self.eval()
        rows = np.empty((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), ENCODING_BATCH):
            part = texts[start : start + ENCODING_BATCH]
            rows[start : start + len(part)] = self._pool(*self.read(part)).numpy()
        self.train(was_training)
        return rows


def load_network(folder: Path) -> nn.Module:
    """Return the network of a folder with ``config.json`` and ``model.safetensors``.

    Args:
        folder: Folder of the model; neither pickles nor code of the model are loaded.

    Raises:
        DataError: The weights cannot be read.
    """
    transformers: Any = import_module("transformers")  # an extra, and slow to import
    transformers.utils.logging.disable_progress_bar()
    try:
        network: nn.Module = transformers.AutoModel.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",  # which the exporter can write
        )
    except Exception as error:  # its errors have no public base class
        raise DataError(f"the text model in {folder} cannot be loaded: {error}") from error
    return network
