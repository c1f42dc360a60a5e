"""The ONNX encoder reads any sentence-transformers folder, tested on one of a few numbers."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from daybreak.encoders import OnnxTextEncoder
from daybreak.encoders.onnx_text import make_int8_file
from daybreak.errors import ConfigError, DataError, MissingExtraError
from tests.encoders.tiny_models import DIM, settings, tiny_onnx

onnx = pytest.importorskip("onnx", reason="onnx, which writes the tiny model, is missing")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    return tiny_onnx(tmp_path / "model")


def table_and_matrix(folder):
    initializers = onnx.load(folder / "onnx" / "model.onnx").graph.initializer
    return [onnx.numpy_helper.to_array(tensor) for tensor in initializers]


def test_a_text_is_the_mean_of_its_tokens_made_length_one(folder):
    """ "red globe" is [CLS] red globe [SEP], rows 2, 5, 6 and 3 of the table."""
    table, matrix = table_and_matrix(folder)
    mean = (table[[2, 5, 6, 3]] @ matrix).mean(axis=0)
    row = OnnxTextEncoder(folder).encode(["red globe"])[0]
    np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize("config", [{"pooling_mode_cls_token": True}, {"pooling_mode": "cls"}])
def test_first_token_pooling_is_read_from_the_settings(folder, config):
    settings(folder, "1_Pooling/config.json", config)
    table, matrix = table_and_matrix(folder)
    first = table[2] @ matrix
    row = OnnxTextEncoder(folder).encode(["red globe"])[0]
    np.testing.assert_allclose(row, first / np.linalg.norm(first), atol=1e-6)


def test_an_unknown_pooling_is_refused_by_name(folder):
    config = {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}
    settings(folder, "1_Pooling/config.json", config)
    with pytest.raises(
        ConfigError, match="pooling max and mean is not supported; supported: cls, mean"
    ):
        OnnxTextEncoder(folder)


def test_a_dense_layer_outside_the_graph_is_refused(folder):
    settings(folder, "modules.json", [{"type": "sentence_transformers.models.Dense"}])
    with pytest.raises(ConfigError, match="Dense layer"):
        OnnxTextEncoder(folder)


def test_token_types_are_given_only_to_a_graph_that_names_them(tmp_path):
    plain = OnnxTextEncoder(tiny_onnx(tmp_path / "plain"))
    typed = tiny_onnx(
        tmp_path / "typed", inputs=("input_ids", "attention_mask", "token_type_ids")
    )
    texts = ["red lamp", "blue"]
    np.testing.assert_array_equal(plain.encode(texts), OnnxTextEncoder(typed).encode(texts))


def test_weights_kept_outside_the_graph_are_read_and_are_part_of_the_hash(tmp_path):
    inside = OnnxTextEncoder(tiny_onnx(tmp_path / "inside"))
    folder = tiny_onnx(tmp_path / "outside", external=True)
    outside = OnnxTextEncoder(folder)
    np.testing.assert_array_equal(inside.encode(["red"]), outside.encode(["red"]))
    data = folder / "onnx" / "model.onnx_data"
    data.write_bytes(data.read_bytes()[:-1] + b"\x01")
    assert OnnxTextEncoder(folder).hash != outside.hash


def test_a_text_is_cut_at_the_models_own_length(folder):
    settings(folder, "sentence_bert_config.json", {"max_seq_length": 4})
    encoder = OnnxTextEncoder(folder)
    assert encoder.max_tokens == 4
    rows = encoder.encode(["red globe", "red globe with a tiny lamp"])
    np.testing.assert_array_equal(rows[0], rows[1])


def test_a_text_of_a_million_words_takes_the_time_of_a_short_one(folder):
    assert OnnxTextEncoder(folder).encode(["globe " * 1_000_000]).shape == (1, DIM)


def test_every_setting_that_changes_a_vector_changes_the_hash(folder):
    options = [{}, {"max_tokens": 9}, {"prefix": "query: "}, {"precision": "int8"}]
    assert len({OnnxTextEncoder(folder, **given).hash for given in options}) == len(options)
    assert OnnxTextEncoder(folder, threads=1).hash == OnnxTextEncoder(folder, threads=2).hash


def test_threads_change_no_number(folder):
    texts = [f"red globe {'lamp ' * n}" for n in range(40)]
    one, two = (OnnxTextEncoder(folder, threads=n).encode(texts) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_eight_bit_weights_are_made_once_and_lie_close(folder):
    texts = ["red globe", "tiny lamp with holz"]
    rows = OnnxTextEncoder(folder, precision="int8").encode(texts)
    made = make_int8_file(folder / "onnx" / "model.onnx")
    when = made.stat().st_mtime_ns
    assert make_int8_file(folder / "onnx" / "model.onnx") == made
    assert made.stat().st_mtime_ns == when
    assert list(made.parent.iterdir()) == [made]
    cosine = (rows * OnnxTextEncoder(folder).encode(texts)).sum(axis=1)
    assert cosine.min() > 0.98


def test_making_eight_bit_weights_without_onnx_names_the_package(folder, monkeypatch):
    monkeypatch.setattr("daybreak.encoders.onnx_text.find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match="8-bit weights needs an extra: pip install onnx"
    ):
        OnnxTextEncoder(folder, precision="int8")


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model.onnx"])
def test_a_damaged_file_is_named(folder, name):
    (folder / name).write_bytes(b"\x00garbage")
    with pytest.raises(
        DataError, match=f"{name.rpartition('/')[2]} of the text model cannot be"
    ):
        OnnxTextEncoder(folder)


def test_damaged_settings_are_named(folder):
    (folder / "sentence_bert_config.json").write_text("{")
    with pytest.raises(
        DataError, match=r"sentence_bert_config\.json of the text model is not JSON"
    ):
        OnnxTextEncoder(folder)


@pytest.mark.parametrize("options", [{"precision": "int4"}, {"max_tokens": 1}, {"threads": 0}])
def test_an_option_out_of_range_is_named(folder, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        OnnxTextEncoder(folder, **options)


def test_the_environment_decides_the_threads(folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert OnnxTextEncoder(folder).workers == 3
    monkeypatch.setenv("DAYBREAK_THREADS", "1")
    assert OnnxTextEncoder(folder).workers == 1
    monkeypatch.setenv("DAYBREAK_THREADS", "many")
    with pytest.raises(ConfigError, match="DAYBREAK_THREADS must be an integer of at least 1"):
        OnnxTextEncoder(folder)


def test_importing_the_encoders_loads_no_runtime():
    code = "import sys, daybreak.encoders; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["onnxruntime", "tokenizers", "onnx", "torch", "huggingface_hub"]
    run = subprocess.run(
        [sys.executable, "-c", code, *heavy],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert json.loads(run.stdout.replace("'", '"')) == []
