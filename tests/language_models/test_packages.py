import hashlib
import sys

import pytest

from daybreak.errors import NotFoundError
from daybreak.language_models import packages
from daybreak.language_models.loading import load_language_model
from daybreak.language_models.packages import (
    PACKAGED_LANGUAGE_MODELS,
    PackagedLanguageModel,
    find_packaged_file,
    is_installed,
)

PIECES = (b"GGUF first ", b"second ", b"third")


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """A model in three packages; importing one of them would fail."""
    for number, piece in enumerate(PIECES):
        folder = tmp_path / "site" / f"tiny_model_part{number}"
        (folder / "data").mkdir(parents=True)
        (folder / "__init__.py").write_text("raise AssertionError('imported')")
        (folder / "data" / "part.bin").write_bytes(piece)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    return PackagedLanguageModel(
        model="tiny",
        packages=tuple(f"tiny-model-part{n}==1.0" for n in range(3)),
        pieces=tuple((f"tiny_model_part{n}", "data/part.bin") for n in range(3)),
        sha256=hashlib.sha256(b"".join(PIECES)).hexdigest(),
        licence="none",
        n_parameters="0",
    )


def test_pieces_are_put_together_once_and_not_imported(entry, monkeypatch):
    file = find_packaged_file(entry)
    assert file.read_bytes() == b"".join(PIECES)
    monkeypatch.setattr(packages, "atomic_write", None)  # a second copy would fail
    assert find_packaged_file(entry) == file
    assert not [name for name in sys.modules if name.startswith("tiny_model_part")]
    assert is_installed(entry)


def test_a_file_with_another_hash_is_refused(entry):
    changed = PackagedLanguageModel(**{**vars(entry), "sha256": "0" * 64})
    with pytest.raises(NotFoundError, match=r"tiny is refused: .* has sha256"):
        find_packaged_file(changed)


def test_a_missing_package_is_named_with_the_command(entry, tmp_path):
    (tmp_path / "site" / "tiny_model_part1" / "data" / "part.bin").unlink()
    with pytest.raises(NotFoundError, match=r"pip install .* tiny-model-part0==1\.0"):
        find_packaged_file(entry)


def test_a_packaged_model_is_loaded_by_its_name(entry, monkeypatch):
    monkeypatch.setattr("daybreak.language_models.loading.PACKAGED_LANGUAGE_MODELS", (entry,))
    model = load_language_model("tiny", threads=1)
    assert (model.name, model.is_local) == ("tiny", True)


def test_every_packaged_model_states_its_hash_and_licence():
    for entry in PACKAGED_LANGUAGE_MODELS:
        assert len(entry.sha256) == 64
        assert entry.licence == "Apache-2.0"
        assert len(entry.packages) == len(entry.pieces)
