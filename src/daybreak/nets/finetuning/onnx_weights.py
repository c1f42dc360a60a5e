"""Weights of a BERT in an ONNX file, as a network that can be trained."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from daybreak.errors import DataError
from daybreak.telemetry import import_without_telemetry
from daybreak.types import Floats

_EMBEDDINGS = {
    ".model.embeddings.word_embeddings.weight": "embeddings.word_embeddings.weight",
    ".model.embeddings.token_type_embeddings.weight": "embeddings.token_type_embeddings.weight",
    ".model.embeddings.position_embeddings.weight": "embeddings.position_embeddings.weight",
    "model.layers.-1.embeddings_norm_layernorm.weight": "embeddings.LayerNorm.weight",
    "model.layers.-1.embeddings_norm_layernorm.bias": "embeddings.LayerNorm.bias",
}
_PRODUCTS = {
    "attn.q_proj": "attention.self.query",
    "attn.k_proj": "attention.self.key",
    "attn.v_proj": "attention.self.value",
    "attn.o_proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}
_NORMS = {
    "attention_output_norm_layernorm": "attention.output.LayerNorm",
    "mlp_output_norm_layernorm": "output.LayerNorm",
}
DEFAULT_HEAD_SIZE = 32
"""Numbers of an attention head where the file does not say how many heads there are."""


def load_onnx_network(path: Path) -> nn.Module:
    """Return the BERT whose weights an ONNX file of ONNX Runtime GenAI holds.

    Args:
        path: The file; external data beside it are read too.

    Raises:
        DataError: The file holds another network, or names its weights in another way.
    """
    import onnx  # noqa: PLC0415 - an extra

    transformers = import_without_telemetry("transformers")  # an extra, and slow to import

    graph = _load_graph(path)
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    state = dict(_iter_weights(arrays))
    if not set(_EMBEDDINGS) <= set(arrays) or not any(".layer." in name for name in state):
        raise DataError(
            f"the weights in {path.name} cannot be trained; give a folder with config.json, "
            "model.safetensors and tokenizer.json"
        )
    config = transformers.BertConfig(**_read_shape(arrays, state, graph))
    config._attn_implementation = "eager"  # which the exporter can write
    network: nn.Module = transformers.BertModel(config, add_pooling_layer=False)
    missing, unexpected = network.load_state_dict(state, strict=False)
    wanted = [name for name in missing if not name.endswith("position_ids")]
    if wanted or unexpected:
        raise DataError(f"{path.name} lacks weights: {', '.join([*wanted, *unexpected][:3])}")
    return network


def _load_graph(path: Path) -> Any:
    """Return the graph of a file with its weights.

    Installers such as uv make hard links of the files of packages, and onnx reads no weights
    from those: it reads copies.
    """
    import onnx  # noqa: PLC0415 - an extra

    model = onnx.load(str(path), load_external_data=False)
    entries = [entry for one in model.graph.initializer for entry in one.external_data]
    names = {entry.value for entry in entries if entry.key == "location"}
    files = [path.parent / name for name in names if Path(name).name == name]
    if not any(file.is_file() and file.stat().st_nlink > 1 for file in files):
        return onnx.load(str(path)).graph
    with TemporaryDirectory() as folder:
        for file in files:
            shutil.copyfile(file, Path(folder) / file.name)
        onnx.load_external_data_for_model(model, folder)
    return model.graph


def _iter_weights(arrays: Mapping[str, Floats]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the weights by their names in a BERT of the transformers library."""
    for old, new in _EMBEDDINGS.items():
        if old in arrays:
            yield new, _tensor(arrays[old])
    number = 0
    while f"model.layers.{number}.mlp.fc1.MatMul.weight" in arrays:
        before, after = f"model.layers.{number}.", f"encoder.layer.{number}."
        for old, new in _PRODUCTS.items():
            product = arrays[f"{before}{old}.MatMul.weight"]
            yield f"{after}{new}.weight", _tensor(product.T)
            yield f"{after}{new}.bias", _tensor(arrays[f"{before}{old}.Add.bias"])
        for old, new in _NORMS.items():
            for part in ("weight", "bias"):
                yield f"{after}{new}.{part}", _tensor(arrays[f"{before}{old}.{part}"])
        number += 1


def _tensor(array: Floats) -> torch.Tensor:
    return torch.from_numpy(np.array(array, np.float32))


def _read_shape(
    arrays: Mapping[str, Floats], state: Mapping[str, torch.Tensor], graph: Any
) -> dict[str, Any]:
    """Return the arguments of the configuration of the network."""
    words, kinds, positions = (arrays[name].shape for name in list(_EMBEDDINGS)[:3])
    attributes = {
        attribute.name: attribute for node in graph.node for attribute in node.attribute
    }
    heads = attributes["num_heads"].i if "num_heads" in attributes else 0
    found = {
        "vocab_size": words[0],
        "hidden_size": words[1],
        "type_vocab_size": kinds[0],
        "max_position_embeddings": positions[0],
        "num_hidden_layers": sum(name.endswith("intermediate.dense.bias") for name in state),
        "num_attention_heads": heads or max(words[1] // DEFAULT_HEAD_SIZE, 1),
        "intermediate_size": len(state["encoder.layer.0.intermediate.dense.bias"]),
    }
    if "epsilon" in attributes:
        found["layer_norm_eps"] = float(attributes["epsilon"].f)
    return found
