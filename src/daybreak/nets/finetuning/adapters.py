"""Adapters: which weights of a text transformer fine-tuning changes."""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from daybreak.nets.finetuning.frozen_layers import freeze_lower_layers, release_lower_layers
from daybreak.nets.finetuning.transformer import TextModel
from daybreak.registry import Registry

adapters: Registry["Adapter"] = Registry("adapter")
"""Adapters by name; each is a method of fine-tuning."""


class Adapter(ABC):
    """Chooses the weights of a transformer that are trained, and adds some if needed."""

    rate: ClassVar[float]
    """Learning rate at the start"""
    summary: ClassVar[str]

    @abstractmethod
    def prepare(self, model: TextModel) -> None:
        """Freeze weights and add others, in place.

        Args:
            model: Model to train.
        """

    def merge(self, model: TextModel) -> None:  # noqa: B027 - most add no weights
        """Write added weights into those that the model had before, in place.

        Args:
            model: Trained model.
        """


def freeze(model: nn.Module) -> None:
    """Exclude all weights of a model from training.

    Args:
        model: Any network.
    """
    for parameter in model.parameters():
        parameter.requires_grad_(False)


def transformer_layers(model: TextModel) -> nn.ModuleList:
    """Return the layers of a transformer, first to last.

    Args:
        model: A transformer of the transformers library.
    """
    lists = [one for one in model.modules() if isinstance(one, nn.ModuleList)]
    return max(lists, key=len)


@adapters.register("last_layer")
class LastLayer(Adapter):
    """Trains the last layer; the others stay as they are, and are computed once for a text."""

    rate: ClassVar = 1e-4
    summary: ClassVar = "the last layer of the transformer"

    def prepare(self, model: TextModel) -> None:
        """Freeze all but the last layer; see :meth:`Adapter.prepare`."""
        freeze(model)
        layers = transformer_layers(model)
        for parameter in layers[-1].parameters():
            parameter.requires_grad_(True)
        freeze_lower_layers(model, layers)

    def merge(self, model: TextModel) -> None:
        """Put the layers back as they were; see :meth:`Adapter.merge`."""
        release_lower_layers(model)


@adapters.register("full")
class FullModel(Adapter):
    """Trains all weights but the vectors of tokens, with a small learning rate."""

    rate: ClassVar = 2e-5
    summary: ClassVar = "all layers of the transformer"

    def prepare(self, model: TextModel) -> None:
        """Freeze the vectors of tokens; see :meth:`Adapter.prepare`."""
        freeze(model)
        for parameter in transformer_layers(model).parameters():
            parameter.requires_grad_(True)


class LowRankLinear(nn.Module):
    """A linear layer plus a product of two thin matrices, the second of which begins at 0.

    Args:
        linear: The layer; its weights stay as they are.
        rank: Width of the product.
        scale: Factor of the product.

    Source:
        Hu et al. 2022, "LoRA: low-rank adaptation of large language models", section 4.1.
    """

    def __init__(self, linear: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.linear = linear
        self.scale = scale
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's result plus the product's.

        Args:
            x: (…, in_features) inputs.
        """
        added = (x @ self.down.T) @ self.up.T
        result: Tensor = self.linear(x) + self.scale * added
        return result

    def merged(self) -> nn.Linear:
        """Return one linear layer with the same results."""
        with torch.no_grad():
            self.linear.weight += self.scale * (self.up @ self.down)
        return self.linear


@adapters.register("lora")
class LowRankAdapter(Adapter):
    """Adds a product of two thin matrices to the queries and values of each layer (LoRA)."""

    rate: ClassVar = 5e-4
    summary: ClassVar = "thin matrices beside the queries and values of each layer (LoRA)"
    RANK: ClassVar = 8
    SCALE: ClassVar = 2.0
    """Factor of the product: alpha / rank"""
    NAMES: ClassVar = ("query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "q", "v")
    """Names of the layers in the networks of the transformers library"""

    def prepare(self, model: TextModel) -> None:
        """Freeze all weights and add the products; see :meth:`Adapter.prepare`."""
        freeze(model)
        for parent, name, linear in self._linear_layers(model):
            setattr(parent, name, LowRankLinear(linear, self.RANK, self.SCALE))

    def merge(self, model: TextModel) -> None:
        """Add the products to the weights; see :meth:`Adapter.merge`."""
        for parent in list(model.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, LowRankLinear):
                    setattr(parent, name, child.merged())

    def _linear_layers(self, model: TextModel) -> list[tuple[Any, str, nn.Linear]]:
        return [
            (parent, name, child)
            for parent in model.modules()
            for name, child in parent.named_children()
            if name in self.NAMES and isinstance(child, nn.Linear)
        ]
