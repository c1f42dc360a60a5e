"""Arrays that are computed once from a folder, and mapped by all processes."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from daybreak.data import derived_arrays, mapped_arrays
from daybreak.data.derived_arrays import DerivedArrays

ARRAYS = {"codes": np.arange(6, dtype=np.int8).reshape(2, 3), "units": np.ones(2, np.float32)}


@pytest.fixture(autouse=True)
def map_everything(monkeypatch):
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)


def fail():
    raise AssertionError("computed again")


def assert_equal(found, expected=ARRAYS):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def files(folder):
    return sorted(folder.glob(".derived-*/*"))


def test_the_second_process_maps_what_the_first_has_written(tmp_path):
    first = DerivedArrays(tmp_path / "r1", b"v1").load(b"sums", lambda: ARRAYS)
    second = DerivedArrays(tmp_path / "r1", b"v1").load(b"sums", fail)
    for found in (first, second):
        assert_equal(found)
        assert all(mapped_arrays.is_mapped(array) for array in found.values())


def test_other_arrays_originals_and_contents_have_other_files(tmp_path):
    asked = [("r1", b"v1", b"a"), ("r1", b"v1", b"b"), ("r1", b"v2", b"a"), ("r2", b"v1", b"a")]
    for number, (release, state, name) in enumerate(asked):
        one = {"x": np.array([number])}
        DerivedArrays(tmp_path / release, state).load(name, lambda one=one: one)
    for number, (release, state, name) in enumerate(asked):
        found = DerivedArrays(tmp_path / release, state).load(name, fail)
        assert found["x"].tolist() == [number]


def test_a_process_that_is_late_leaves_one_file(tmp_path):
    def compute():
        DerivedArrays(tmp_path / "r1", b"v1").load(b"sums", lambda: ARRAYS)
        return ARRAYS

    assert_equal(DerivedArrays(tmp_path / "r1", b"v1").load(b"sums", compute))
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"cut", None])
def test_a_damaged_file_is_written_again(tmp_path, content):
    shared = DerivedArrays(tmp_path / "r1", b"v1")
    shared.load(b"sums", lambda: ARRAYS)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\x07" if content is None else content)
    computed = []

    def compute():
        computed.append(1)
        return ARRAYS

    assert_equal(shared.load(b"sums", compute))
    assert computed == [1]
    assert files(tmp_path) == [file]
    assert file.read_bytes() == whole


def test_files_are_compared_with_their_checksums_once(tmp_path, monkeypatch):
    for name in (b"a", b"b"):
        DerivedArrays(tmp_path / "r1", b"v1").load(name, lambda: ARRAYS)
    files(tmp_path)[0].write_bytes(b"damaged")
    written = []
    shared = DerivedArrays(tmp_path / "r1", b"v1")
    with ThreadPoolExecutor(1) as pool:
        shared.check_files(pool)
    monkeypatch.setattr(derived_arrays, "_name_of", lambda path: fail())
    monkeypatch.setattr(shared, "_write", lambda key, arrays: written.append(key))
    for name in (b"a", b"b"):
        assert_equal(shared.load(name, lambda: ARRAYS))
    assert len(written) == 1


def test_a_folder_that_cannot_be_written_leaves_the_arrays_to_each_process(tmp_path):
    (tmp_path / "file").write_text("no folder")
    shared = DerivedArrays(tmp_path / "r1", b"v1", tmp_path / "file")
    assert shared.load(b"sums", lambda: ARRAYS) is ARRAYS


def test_small_arrays_have_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1_000)
    assert DerivedArrays(tmp_path / "r1", b"v1").load(b"sums", lambda: ARRAYS) is ARRAYS
    assert not files(tmp_path)


def test_drafts_of_killed_processes_are_removed(tmp_path):
    shared = DerivedArrays(tmp_path / "r1", b"v1")
    shared.load(b"a", lambda: ARRAYS)
    old, young = shared.folder / "old.new", shared.folder / "young.new"
    for draft in (old, young):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))
    shared.load(b"b", lambda: ARRAYS)
    assert [draft.exists() for draft in (old, young)] == [False, True]


def test_the_oldest_folders_are_removed(tmp_path):
    n = derived_arrays.MAX_DERIVED_FOLDERS
    for number in range(n + 2):
        DerivedArrays(tmp_path / f"r{number}", b"v1").load(b"sums", lambda: ARRAYS)
    assert len(files(tmp_path)) == n
    DerivedArrays(tmp_path / f"r{n + 1}", b"v1").load(b"sums", fail)
