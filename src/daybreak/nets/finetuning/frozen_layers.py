"""Layers that stay as they are: their results are computed once for each text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

MAX_REMEMBERED_BYTES = 1 << 30
"""Memory of the results that are kept; those of further texts are computed again [bytes]."""


class FrozenLayers(nn.Module):
    """Stands for the first layers of a transformer and remembers what they return.

    The layers are evaluated without dropout and without gradients.

    Args:
        layers: The layers, first to last.
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self._known: dict[bytes, Tensor] = {}
        self._n_bytes = 0
        self._returns_tuple = False
        self._keys: list[bytes] | None = None
        self._lengths: list[int] = []

    @contextmanager
    def remembered(self, ids: Tensor, mask: Tensor) -> Iterator[None]:
        """Keep or recall the results of a call in the context, which is about these texts.

        Args:
            ids: (n, n_tokens) token ids.
            mask: (n, n_tokens) 1 for a token, 0 for padding.
        """
        if bool((mask.diff(dim=1) <= 0).all()):  # padding is on the right
            self._lengths = mask.sum(dim=1).tolist()
            rows = zip(ids.numpy(), self._lengths, strict=True)
            self._keys = [row[:length].tobytes() for row, length in rows]
        try:
            yield
        finally:
            self._keys = None

    def train(self, mode: bool = True) -> "FrozenLayers":
        """Stay in evaluation mode; see :meth:`torch.nn.Module.train`.

        Args:
            mode: Ignored.
        """
        return super().train(False)

    @torch.no_grad()
    def forward(self, hidden: Tensor, *args: Any, **options: Any) -> Any:
        """Return the result of the last layer.

        Args:
            hidden: (n, n_tokens, dim) vectors of tokens.
            *args: Further arguments of each layer.
            **options: The same.
        """
        keys = self._keys
        if keys is not None and all(key in self._known for key in keys):
            recalled = self._recall(keys, hidden)
            return (recalled,) if self._returns_tuple else recalled
        result: Any = hidden
        for layer in self.layers:
            result = layer(result[0] if isinstance(result, tuple) else result, *args, **options)
        self._returns_tuple = isinstance(result, tuple)
        found: Tensor = result[0] if self._returns_tuple else result
        if keys is not None:
            self._remember(keys, found)
        return result

    def _recall(self, keys: Sequence[bytes], like: Tensor) -> Tensor:
        found = torch.zeros_like(like)
        for row, key in enumerate(keys):
            known = self._known[key]
            found[row, : len(known)] = known
        return found

    def _remember(self, keys: Sequence[bytes], found: Tensor) -> None:
        for row, (key, length) in enumerate(zip(keys, self._lengths, strict=True)):
            if key not in self._known and self._n_bytes < MAX_REMEMBERED_BYTES:
                self._known[key] = found[row, :length].clone()
                self._n_bytes += self._known[key].nbytes


def freeze_lower_layers(model: nn.Module, layers: nn.ModuleList) -> None:
    """Put the layers before the last one into one that remembers, in place.

    What is before the layers gets no dropout: it is the same each time, too.

    Args:
        model: A transformer.
        layers: Its layers, first to last.
    """
    if len(layers) > 1:
        trained = set(layers[-1].modules())
        for module in model.modules():
            if isinstance(module, nn.Dropout) and module not in trained:
                module.p = 0.0
        frozen = FrozenLayers(list(layers[:-1]))
        del layers[1:-1]
        layers[0] = frozen


def release_lower_layers(model: nn.Module) -> None:
    """Undo :func:`freeze_lower_layers`.

    Args:
        model: A transformer.
    """
    for layers in list(model.modules()):
        if isinstance(layers, nn.ModuleList) and isinstance(layers[0], FrozenLayers):
            last, lower = layers[-1], list(layers[0].layers)
            del layers[:]
            layers.extend([*lower, last])
            return
