import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from daybreak.data import mapped_arrays
from daybreak.data.mapped_arrays import drop_pages, is_mapped, read_arrays, take_rows

DTYPES = (np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_)


@pytest.fixture(autouse=True)
def map_everything(monkeypatch):
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)


@given(
    shapes=st.lists(st.lists(st.integers(0, 5), max_size=3), max_size=6),
    types=st.lists(st.sampled_from(DTYPES), min_size=6, max_size=6),
    seed=st.integers(0, 9),
)
def test_mapped_arrays_are_those_of_the_library(tmp_path_factory, shapes, types, seed):
    rng, path = np.random.default_rng(seed), tmp_path_factory.mktemp("arrays") / "file"
    arrays = {
        f"array {n}": np.asarray(rng.standard_normal(shape) * 50).astype(types[n])
        for n, shape in enumerate(shapes)
    }
    save_file(arrays, path)
    found = read_arrays(path, mapped=True)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert is_mapped(found[name]) == (array.dtype.kind == "f" and array.size > 0)


def test_integers_are_mapped_only_where_the_file_is_trusted(tmp_path):
    save_file({"rows": np.arange(5)}, tmp_path / "file")
    for is_trusted in (False, True):
        found = read_arrays(tmp_path / "file", mapped=True, maps_integers=is_trusted)["rows"]
        assert is_mapped(found) == is_trusted
        assert found.tolist() == [0, 1, 2, 3, 4]


@given(st.data())
def test_damaged_files_are_refused_or_give_arrays(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("arrays") / "file"
    content = bytearray(save({"a": np.arange(12, dtype=np.float32).reshape(3, 4)}))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        arrays = read_arrays(path, mapped=True)
    except (ValueError, LookupError, TypeError, AttributeError, OSError):
        return
    assert all(array.sum() is not None for array in arrays.values())


def test_an_array_outside_of_the_file_is_refused(tmp_path):
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"a": entry}).encode()
    path = tmp_path / "file"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    with pytest.raises(ValueError, match="does not fit"):
        read_arrays(path, mapped=True)


def test_rows_are_read_from_the_file_without_touching_the_mapping(tmp_path):
    path = tmp_path / "file"
    matrix = np.arange(20, dtype=np.float32).reshape(5, 4)
    save_file({"other": np.ones(3, np.float32), "matrix": matrix}, path)
    mapped = read_arrays(path, mapped=True)["matrix"]
    np.testing.assert_array_equal(take_rows(mapped, np.array([4, 0, 4])), matrix[[4, 0, 4]])
    np.testing.assert_array_equal(take_rows(matrix, np.array([1])), matrix[[1]])
    drop_pages(mapped)
    np.testing.assert_array_equal(mapped, matrix)
    drop_pages(matrix)
    drop_pages(None)


def test_a_file_that_was_cut_is_named_when_a_row_is_read(tmp_path):
    path = tmp_path / "file"
    save_file({"matrix": np.ones((500, 500), np.float32)}, path)
    mapped = read_arrays(path, mapped=True)["matrix"]
    with path.open("r+b") as file:
        file.truncate(10_000)
    with pytest.raises(ValueError, match="cut"):
        take_rows(mapped, np.array([499]))


def test_a_mapped_file_may_be_deleted_and_replaced(tmp_path):
    path = tmp_path / "file"
    save_file({"a": np.ones(4, np.float32)}, path)
    mapped = read_arrays(path, mapped=True)["a"]
    path.unlink()
    save_file({"a": np.zeros(4, np.float32)}, path)
    assert mapped.tolist() == [1, 1, 1, 1]
