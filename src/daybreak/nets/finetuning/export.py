"""Writing a trained transformer as ONNX, with 32-bit weights."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from daybreak.nets.finetuning.transformer import TextTransformer

OPSET = 17
"""Version of the ONNX operators, which ONNX Runtime 1.18 reads."""


class _TokenVectors(nn.Module):
    """The transformer with tensors instead of an object as its result."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the vectors of the tokens.

        Args:
            input_ids: (n, n_tokens) token ids.
            attention_mask: (n, n_tokens) 1 for a token, 0 for padding.
        """
        found: Tensor = self.network(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return found


def export_onnx(model: TextTransformer, path: Path) -> None:
    """Write the transformer of a model; its inputs are ``input_ids`` and ``attention_mask``.

    Args:
        model: Trained model.
        path: File to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ids, mask = model.read(["a", "a b c"])
    axes = {0: "batch", 1: "sequence"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the tracer, about constants that are constant here
        torch.onnx.export(
            _TokenVectors(model.network).eval(),
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys(
                ("input_ids", "attention_mask", "last_hidden_state"), axes
            ),
            opset_version=OPSET,
            dynamo=False,  # the other exporter needs a further package
        )
