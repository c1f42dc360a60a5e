"""Text models of a few numbers, written to disk, so that the loaders are tested offline."""

import json
import struct
from pathlib import Path
from string import ascii_letters

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = [*MARKS, "a", "red", "globe", "with", "tiny", "lamp", "ein", "kreisel", "aus", "holz"]
DIM = 8


def tiny_onnx(folder: Path, *, inputs=("input_ids", "attention_mask"), external=False) -> Path:
    """Write a sentence-transformers folder: an embedding table and one matrix product."""
    import onnx  # noqa: PLC0415 - the other tiny models do without it
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    rng = np.random.default_rng(0)
    table = rng.normal(size=(len(WORDS), DIM)).astype(np.float32)
    matrix = rng.normal(size=(DIM, DIM)).astype(np.float32)
    shape = ["batch", "sequence"]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
            helper.make_node("MatMul", ["embedded", "matrix"], ["last_hidden_state"]),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in inputs],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, DIM])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(matrix, "matrix")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save_model(
        model,
        folder / "onnx" / "model.onnx",
        save_as_external_data=external,
        location="model.onnx_data" if external else None,
        size_threshold=0,
    )
    tiny_tokenizer(folder / "tokenizer.json")
    return folder


def tiny_tokenizer(path: Path) -> None:
    """Write a word-level tokenizer with the marks of BERT and a fixed padding to overrule."""
    vocabulary = {word: row for row, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=12)
    tokenizer.save(str(path))


def settings(folder: Path, name: str, content: object) -> None:
    """Write one of the JSON files that sentence-transformers keeps beside the weights."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), "utf-8")


def tiny_use(folder: Path) -> Path:
    """Write weights and vocabulary of a Universal Sentence Encoder with 6 numbers a text."""
    rng = np.random.default_rng(1)
    width, cnn, out = 6, 4, 6
    total = width + 3 * cnn
    shapes = {"cnn_W": (total, width), "cnn_b": (width,), "ln_g": (total,), "ln_b": (total,)}
    shapes |= {"d0": (width, 5), "d1": (5, 5), "p1": (width, 5)}
    shapes |= {"d2": (5, 5), "p3": (5, out), "d3": (5, out), "scale": (3,), "lo": (3,)}
    for order in (2, 3, 5):
        shapes |= {f"proj{order}": (width, cnn), f"proj_b{order}": (cnn,)}
        shapes |= {f"ln_g{order}": (cnn,), f"ln_b{order}": (cnn,)}
        for layer in (1, 2):
            shapes |= {f"w{layer}_{order}": (order * cnn, cnn), f"b{layer}_{order}": (cnn,)}
    arrays = {
        name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()
    }
    tables = {f"q{n}": rng.integers(0, 9, (20, width)).astype(np.uint8) for n in (1, 2, 3)}
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", eps=np.float64(1e-6), **arrays, **tables)
    words = ["▁", "▁red", "▁globe", "▁Holz", "红色"]
    pieces = ["<unk>", "<s>", "</s>", *words, *ascii_letters]
    (folder / "sp.model").write_bytes(b"".join(map(piece, pieces)))
    return folder


def piece(text: str) -> bytes:
    """Return a piece of a SentencePiece model as a field of a protocol-buffer message."""
    raw = text.encode()
    body = bytes([0x0A, len(raw)]) + raw + b"\x15" + struct.pack("<f", -len(raw)) + b"\x18\x01"
    return bytes([0x0A, len(body)]) + body


def tiny_torch(folder: Path) -> Path:
    """Write a sentence-transformers folder without ONNX weights: a BERT of one small layer."""
    import torch  # noqa: PLC0415 - an extra, which the other tiny models do without
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    torch.manual_seed(0)
    shape = {"hidden_size": DIM, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(
        vocab_size=len(WORDS), intermediate_size=16, max_position_embeddings=512, **shape
    )
    BertModel(config).save_pretrained(folder)
    tiny_tokenizer(folder / "tokenizer.json")
    return folder
