"""Picture models of a few numbers: a picture is its mean colour, a class is a colour."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from daybreak.data.media.pictures import keep_picture
from daybreak.encoders import Encoder
from daybreak.encoders.media.efficientnet import MODEL_FILE, SETTINGS_FILE
from tests.data.media.samples import encode, plain

COLOURS = {"red": (230, 10, 10), "green": (10, 230, 10), "blue": (10, 10, 230)}


def picture(colour, size=40):
    """Return a kept picture of one colour, by name or as three numbers."""
    return keep_picture(encode(plain(COLOURS.get(colour, colour), size, size)))


class ColourWords(Encoder):
    """A text encoder that knows three colours; other words are the fourth number."""

    dim, hash = 4, "colour-words-1"

    def _encode_batch(self, texts):
        rows = np.zeros((len(texts), 4), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace(".", " ").split():
                row[[*COLOURS, word].index(word)] += 1
        return rows


def tiny_model(folder: Path) -> Path:
    """Write a model like EfficientNet: the mean colour is its features and its classes."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Mul", ["features", "five"], ["logits"]),
    ]
    _write(folder / MODEL_FILE, nodes, {"features": 3, "logits": 3}, {"five": np.float32(5)})
    settings = {"source": "tiny", "classes": list(COLOURS)}
    (folder / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    return folder


def tiny_clip(folder: Path) -> Path:
    """Write a model like CLIP: pictures and sentences are mean colours."""
    pool = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["image_embeds"]),
    ]
    (folder / "onnx").mkdir()
    _write(folder / "onnx" / "vision_model.onnx", pool, {"image_embeds": 3}, {})
    table = np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)
    read = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["text_embeds"], axes=[1], keepdims=0),
    ]
    graph = helper.make_graph(
        read,
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(table, "table")],
    )
    _save(graph, folder / "onnx" / "text_model.onnx")
    tokenizer = Tokenizer(
        models.WordLevel({"[UNK]": 0, **{w: n for n, w in enumerate(COLOURS, 1)}}, "[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"size": {"shortest_edge": 32}, "crop_size": {"height": 24, "width": 24}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def _write(path, nodes, outputs, constants):
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", d])
            for n, d in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    _save(graph, path)


def _save(graph, path):
    opset = [helper.make_opsetid("", 17)]
    onnx.save_model(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
