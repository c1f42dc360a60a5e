"""Layers of several networks, and the arrays that a State keeps of them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from daybreak.nets.training import copy_into, to_array
from daybreak.types import Floats


class Perceptron(nn.Module):
    """One hidden layer of tanh, with dropout.

    Args:
        n_inputs: Length of the inputs.
        hidden: Width of the hidden layer.
        n_outputs: Length of the outputs.
        dropout: Dropout of the hidden layer [share].
        output_scale: Factor of the initial weights of the last layer; 0 for an output of 0.
    """

    def __init__(
        self, n_inputs: int, hidden: int, n_outputs: int, dropout: float, output_scale: float
    ) -> None:
        super().__init__()
        self.first = nn.Linear(n_inputs, hidden)
        self.second = nn.Linear(hidden, n_outputs)
        self.dropout = dropout
        self.second.bias.data.zero_()
        if output_scale:
            self.second.weight.data *= output_scale
        else:
            self.second.weight.data.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, n_outputs) outputs."""
        hidden = dropout(torch.tanh(self.first(x)), self.dropout, self.training)
        output: Tensor = self.second(hidden)
        return output

    def load_arrays(self, arrays: Mapping[str, Floats], prefix: str = "") -> None:
        """Copy the arrays that :meth:`to_arrays` returned into the layers."""
        copy_into(self.first.weight, arrays[f"{prefix}first"].T)
        copy_into(self.first.bias, arrays[f"{prefix}first_bias"])
        copy_into(self.second.weight, arrays[f"{prefix}second"].T)
        copy_into(self.second.bias, arrays[f"{prefix}second_bias"])

    def to_arrays(self, prefix: str = "") -> dict[str, Floats]:
        """Return the weights as arrays that inputs are multiplied with from the right."""
        return {
            f"{prefix}first": to_array(self.first.weight.T),
            f"{prefix}first_bias": to_array(self.first.bias),
            f"{prefix}second": to_array(self.second.weight.T),
            f"{prefix}second_bias": to_array(self.second.bias),
        }


class Tower(nn.Module):
    """A linear map plus a hidden layer of rectifiers that starts at 0, both with bias.

    Args:
        n_inputs: Length of the inputs.
        dim: Length of the outputs.
        hidden: Width of the hidden layer.
        dropout: Dropout of the hidden layer [share].
    """

    def __init__(self, n_inputs: int, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(n_inputs, dim)
        self.first = nn.Linear(n_inputs, hidden)
        self.second = nn.Linear(hidden, dim, bias=False)
        self.dropout = dropout
        nn.init.zeros_(self.second.weight)

    def load_arrays(self, linear: Floats, first: Floats, second: Floats) -> None:
        """Copy arrays into the layers; the last rows of ``linear`` and ``first`` are biases."""
        for layer, values in ((self.linear, linear), (self.first, first)):
            copy_into(layer.weight, values[:-1].T)
            copy_into(layer.bias, values[-1])
        copy_into(self.second.weight, second.T)

    def forward(self, inputs: Tensor, more: Tensor | float = 0.0) -> Tensor:
        """Return (n, dim) vectors.

        Args:
            inputs: (n, n_inputs) inputs.
            more: (n, hidden) added to the hidden layer before its activation.
        """
        activation = torch.relu(self.first(inputs) + more)
        nonlinear = self.second(dropout(activation, self.dropout, self.training))
        output: Tensor = self.linear(inputs) + nonlinear
        return output


def weights_with_bias(layer: nn.Linear) -> Tensor:
    """Return the (n_inputs + 1, n_outputs) weights of a layer; the last row is the bias."""
    return torch.cat([layer.weight.T, layer.bias[None, :]])
