import numpy as np
import onnxruntime
import pytest

from daybreak.errors import DataError
from daybreak.nets.finetuning.export import export_onnx
from daybreak.nets.finetuning.onnx_weights import (
    _EMBEDDINGS,
    _NORMS,
    _PRODUCTS,
    load_onnx_network,
)
from daybreak.nets.finetuning.transformer import TextTransformer, load_network
from tests.nets.finetuning.tiny_text_model import tiny_model, tokenize

onnx = pytest.importorskip("onnx", reason="onnx, of the extra finetune, is missing")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
TEXTS = ["red globe", "an old train", "lamp"]


def write_weights(model, path, *, without=(), **options):
    """Write the weights of a BERT under the names of ONNX Runtime GenAI."""
    state = {name: value.numpy() for name, value in model.network.state_dict().items()}
    arrays = {old: state[new] for old, new in _EMBEDDINGS.items()}
    for number in range(2):
        before, after = f"model.layers.{number}.", f"encoder.layer.{number}."
        for old, new in _PRODUCTS.items():
            arrays[f"{before}{old}.MatMul.weight"] = state[f"{after}{new}.weight"].T.copy()
            arrays[f"{before}{old}.Add.bias"] = state[f"{after}{new}.bias"]
        for old, new in _NORMS.items():
            for part in ("weight", "bias"):
                arrays[f"{before}{old}.{part}"] = state[f"{after}{new}.{part}"]
    attention = helper.make_node("MultiHeadAttention", ["q"], ["r"], num_heads=2)
    tensors = [numpy_helper.from_array(a, n) for n, a in arrays.items() if n not in without]
    graph = helper.make_graph([attention], "tiny", [], [], tensors)
    onnx.save_model(helper.make_model(graph), path, **options)


def test_weights_of_an_onnx_file_give_the_same_vectors(tmp_path):
    model = tiny_model()
    write_weights(model, tmp_path / "model.onnx")
    network = load_onnx_network(tmp_path / "model.onnx")
    again = TextTransformer(network, tokenize, "mean", model.limits)
    np.testing.assert_allclose(again.encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_weights_beside_an_onnx_file_may_be_hard_links(tmp_path):
    """As uv installs the files of packages; onnx itself refuses them."""
    model, data = tiny_model(), tmp_path / "model.onnx_data"
    beside = {"save_as_external_data": True, "location": data.name, "size_threshold": 0}
    write_weights(model, tmp_path / "model.onnx", **beside)
    (tmp_path / "cache").hardlink_to(data)
    network = load_onnx_network(tmp_path / "model.onnx")
    again = TextTransformer(network, tokenize, "mean", model.limits)
    np.testing.assert_allclose(again.encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_other_onnx_files_are_refused_with_advice(tmp_path):
    write_weights(tiny_model(), tmp_path / "model.onnx", without=list(_EMBEDDINGS)[:1])
    with pytest.raises(DataError, match="cannot be trained; give a folder"):
        load_onnx_network(tmp_path / "model.onnx")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_an_exported_model_gives_the_same_vectors(pooling, tmp_path):
    model = tiny_model()
    model.pooling = pooling
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    ids, mask = (np.array(part) for part in tokenize(TEXTS))
    (hidden,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    weight = mask[:, :, None] if pooling == "mean" else np.eye(ids.shape[1])[0][None, :, None]
    rows = (hidden * weight).sum(axis=1) / np.maximum(
        (weight * mask[:, :, None]).sum(axis=1), 1
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, model.encode(TEXTS), atol=1e-5)


def test_a_folder_of_transformers_is_read_without_pickles(tmp_path):
    model = tiny_model()
    model.network.save_pretrained(tmp_path)
    again = TextTransformer(load_network(tmp_path), tokenize, "mean", model.limits)
    np.testing.assert_allclose(again.encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_a_damaged_folder_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match="cannot be loaded"):
        load_network(tmp_path)
