import functools
import json
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from daybreak.encoders import OnnxTextEncoder, load_encoder
from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.finetuning.finetune import finetune_encoder
from daybreak.service.finetuning.folders import TRAINING_FOLDER
from daybreak.service.finetuning.methods import FinetuningOptions, methods
from tests.encoders.tiny_models import tiny_torch
from tests.service.finetuning.tasteful_shop import write_encoder

pytest.importorskip("transformers", reason="transformers, of the extra finetune, is missing")
onnx = pytest.importorskip("onnx", reason="onnx, of the extra finetune, is missing")

WORDS = ("red", "globe", "tiny", "lamp", "ein", "kreisel", "aus", "holz")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shop with three words for each item, whose people choose by the first word."""
    folder = tmp_path_factory.mktemp("networks")
    titles = [" ".join(words) for words in product(WORDS[:4], WORDS, WORDS)][:150]
    (folder / "shop").mkdir()
    ids = [f"i{row}" for row in range(150)]
    items = pl.DataFrame({"item_id": ids, "title": titles})
    items.write_csv(folder / "shop/items.csv")
    rng = np.random.default_rng(0)
    rows = []
    for user in range(60):
        liked = [row for row in range(150) if titles[row].split()[0] == WORDS[user % 3]]
        chosen = rng.choice(liked, min(10, len(liked)), replace=False)
        rows += [(f"u{user}", f"i{row}", float(rng.integers(4, 6))) for row in chosen]
    rows += [(f"v{row}", f"i{row}", 5.0) for row in range(150)]
    schema = ["user_id", "item_id", "rating"]
    pl.DataFrame(rows, schema=schema, orient="row").write_csv(folder / "shop/events.csv")
    tiny_torch(folder / "base")
    return folder


def tune(place, out, method="lora", progress=None, **options):
    return finetune_encoder(
        place / "shop",
        place / out,
        encoder=str(place / "base"),
        options=FinetuningOptions(method, steps=options.pop("steps", 8), **options),
        progress=progress or (lambda done, total, task: None),
    )


@pytest.fixture(scope="module")
def tuned(place):
    """Return a function that returns the result of a method, which is tuned once."""
    return functools.cache(lambda method: tune(place, method, method))


@pytest.mark.parametrize(
    "method", [name for name in methods if name not in {"whitening", "factors", "delta"}]
)
def test_a_tuned_transformer_is_an_encoder_with_8_bit_weights(method, tuned):
    result = tuned(method)
    encoder = load_encoder(result.folder)
    assert isinstance(encoder, OnnxTextEncoder)
    assert encoder.precision == "int8"
    assert encoder.encode(["red globe", ""]).shape == (2, 8)
    assert not (result.folder / TRAINING_FOLDER).exists()
    facts = json.loads((result.folder / "finetuned.json").read_text())
    assert facts["objective"] == "contrastive"
    assert facts["best_step"] in {0, 2, 4, 6, 8}
    assert facts["precision"] == "int8"
    assert 0.95 <= facts["int8_cosine"] <= 1.0001
    assert facts["verdict"] == result.verdict
    assert "Verdict" in (result.folder / "README.md").read_text()


@pytest.mark.parametrize("objective", ["history", "masked", "click", "rating", "ranking"])
def test_every_objective_runs_from_the_tables(objective, place):
    if objective == "masked":
        with pytest.raises(Exception, match=r"\[MASK\]"):
            tune(place, objective, objective=objective)
        return
    assert tune(place, objective, objective=objective, steps=2).facts["steps"] == 2


class InterruptedTrainingError(Exception):
    """Stands for the end of a process."""


def test_an_interrupted_training_continues_where_it_was(place, tuned):
    whole = tuned("lora")

    def interrupt(done, total, task):
        if task.startswith("training") and done == 5:
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        tune(place, "part", progress=interrupt)
    assert (place / "part" / TRAINING_FOLDER / "checkpoint.safetensors").is_file()
    steps = []
    part = tune(place, "part", progress=lambda done, total, task: steps.append((task, done)))
    assert min(done for task, done in steps if task.startswith("training")) == 4
    assert part.slices == whole.slices
    assert load_encoder(place / "part").hash == load_encoder(whole.folder).hash


@pytest.mark.parametrize("method", ["last_layer", "delta"])
def test_a_killed_process_continues_and_writes_the_same_encoder(method, place, tuned):
    code = f"""
import os, signal
from tests.service.finetuning.test_networks import tune, one_thread
from pathlib import Path
import torch
torch.set_num_threads(1)

def kill(done, total, task):
    if task.startswith("training") and done >= total // 2 + 1:
        os.kill(os.getpid(), signal.SIGKILL)

tune(Path({str(place)!r}), "killed_{method}", {method!r}, kill)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert (place / f"killed_{method}" / TRAINING_FOLDER / "checkpoint.safetensors").is_file()
    steps = []
    part = tune(
        place, f"killed_{method}", method, lambda done, total, task: steps.append((task, done))
    )
    whole = tuned(method)
    assert min(done for task, done in steps if task.startswith("training")) > 0
    texts = ["red globe", "tiny lamp", "aus holz"]
    first, second = (load_encoder(one.folder).encode(texts) for one in (part, whole))
    np.testing.assert_allclose(first, second, atol=1e-3)
    assert part.verdict == whole.verdict


def test_other_options_do_not_continue_an_unfinished_training(place):
    def interrupt(done, total, task):
        if task.startswith("training") and done == 3:
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        tune(place, "mine", progress=interrupt)
    with pytest.raises(ConfigError, match="other data or options"):
        tune(place, "mine", objective="history")


def test_a_model_without_layers_is_sent_to_the_closed_form(place):
    write_encoder(place / "words")
    with pytest.raises(ConfigError, match="no layers to train; fine-tune it with the method"):
        finetune_encoder(
            place / "shop",
            place / "no",
            encoder=str(place / "words"),
            options=FinetuningOptions("lora"),
        )


def test_weights_that_8_bits_would_spoil_are_written_with_32(place, monkeypatch):
    def spoil(model, target):
        found = onnx.load(str(model))
        for one in found.graph.initializer:
            if one.data_type == onnx.TensorProto.FLOAT:
                noise = np.random.default_rng(0).normal(size=tuple(one.dims))
                one.CopyFrom(onnx.numpy_helper.from_array(noise.astype(np.float32), one.name))
        onnx.save_model(found, str(target))

    monkeypatch.setattr("daybreak.service.finetuning.networks.quantise", spoil)
    result = tune(place, "spoilt", "last_layer", steps=2)
    assert result.facts["precision"] == "fp32"
    assert result.facts["int8_cosine"] < 0.95
    encoder = load_encoder(result.folder)
    assert encoder.precision == "fp32"
    assert sorted(path.name for path in (result.folder / "onnx").iterdir()) == ["model.onnx"]
    base = load_encoder(place / "base")
    if result.facts["best_step"] == 0:  # the exported model is the one that it was
        np.testing.assert_allclose(encoder.encode(WORDS), base.encode(WORDS), atol=2e-2)


def test_a_tuned_folder_trains_a_release_without_torch_and_onnx(place, tmp_path):
    folder = tune(place, "base_install", "last_layer", steps=2).folder
    code = f"""
import sys
for name in ("torch", "transformers", "onnx", "peft"):
    sys.modules[name] = None
from daybreak.cli.app import run
store = ["--store", "shop.db"]
assert run(["import", {str(place / "shop")!r}, *store]) == 0
train = ["train", "--encoder", {str(folder)!r}, "--strategy", "content/ridge", "--no-gate"]
assert run([*train, *store]) == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_unknown_objective_is_named(place):
    with pytest.raises(NotFoundError, match="no objective named 'magic'; known: click"):
        tune(place, "unknown", objective="magic")


def test_steps_below_1_are_refused():
    with pytest.raises(ConfigError, match="steps must be at least 1"):
        FinetuningOptions(steps=0)


def test_a_delta_works_with_every_encoder(place):
    write_encoder(place / "words")
    options = FinetuningOptions("delta", steps=8)
    base = str(place / "words")
    result = finetune_encoder(place / "shop", place / "d", encoder=base, options=options)
    encoder = load_encoder(result.folder)
    assert encoder.dim == load_encoder(base).dim
    assert not (result.folder / TRAINING_FOLDER).exists()
    assert result.facts["objective"] == "contrastive"


def test_a_later_result_replaces_one_of_another_method(place):
    write_encoder(place / "words")
    options = FinetuningOptions("delta", steps=4)
    base = str(place / "words")
    finetune_encoder(place / "shop", place / "both", encoder=base, options=options)
    tune(place, "both", "last_layer", steps=2)
    assert isinstance(load_encoder(place / "both"), OnnxTextEncoder)
    finetune_encoder(place / "shop", place / "both", encoder=base, options=options)
    assert load_encoder(place / "both").dim == load_encoder(base).dim
    assert not (place / "both" / "onnx").exists()


def test_an_encoder_is_not_tuned_into_its_own_folder(place):
    (place / "own").mkdir()
    own = tiny_torch(place / "own")
    with pytest.raises(ConfigError, match="has other files"):
        finetune_encoder(place / "shop", own, encoder=str(own))
    with pytest.raises(ConfigError, match="share a folder"):
        finetune_encoder(place / "shop", own / "tuned", encoder=str(own))
