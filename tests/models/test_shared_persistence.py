import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.models.popular import PopularModel
from daybreak.models.shared_persistence import read_state, write_state
from tests.models.tiny import dataset


@dataclass(frozen=True, eq=False)
class Everything:
    array: Any
    empty: Any
    sparse: Any
    words: Vocabulary
    number: float
    flag: bool


def test_every_kind_of_value_comes_back(tmp_path):
    state = Everything(
        np.arange(6, dtype=np.int64).reshape(2, 3).T,
        np.empty((0, 0), dtype=np.float32),
        sp.csc_array(np.array([[0, 1.5], [0, 0]], dtype=np.float32)),
        Vocabulary(["tea", "茶"]),
        0.25,
        True,
    )
    write_state(tmp_path, {"k": 3}, state)
    config, back = read_state(tmp_path, Everything)
    assert config == {"k": 3}
    np.testing.assert_array_equal(back.array, state.array)
    assert back.array.dtype == np.int64
    assert back.empty.shape == (0, 0)
    np.testing.assert_array_equal(back.sparse.toarray(), state.sparse.toarray())
    assert (back.words, back.number, back.flag) == (state.words, 0.25, True)


@pytest.fixture
def folder(tmp_path):
    PopularModel().fit(dataset([[0], [0, 1]], 2)).save(tmp_path)
    return tmp_path


def rewrite(folder, **changes):
    header = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**header, **changes}))


def test_an_empty_folder_holds_no_model(tmp_path):
    with pytest.raises(NotFoundError, match=r"expected model\.json"):
        PopularModel.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "null", "\udcff"])
def test_a_damaged_header_is_named(folder, text):
    (folder / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match="damaged"):
        PopularModel.load(folder)


@pytest.mark.parametrize("end", [0, 5, -1])
def test_a_cut_file_of_arrays_is_damaged(folder, end):
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(DataError, match="damaged"):
        PopularModel.load(folder)


def test_a_missing_file_of_arrays_is_damaged(folder):
    (folder / "state.safetensors").unlink()
    with pytest.raises(DataError, match="damaged"):
        PopularModel.load(folder)


def test_another_format_says_what_to_do(folder):
    rewrite(folder, format=99)
    with pytest.raises(DataError, match=r"format 99; this version reads 1, so train it again"):
        PopularModel.load(folder)


@pytest.mark.parametrize("values", [{}, [], {"values": {"array": True}}])
def test_a_state_without_its_parts_is_named(folder, values):
    rewrite(folder, values=values)
    with pytest.raises(DataError, match="no usable part"):
        PopularModel.load(folder)


def test_an_unknown_option_is_named(folder):
    rewrite(folder, config={"halflife": 3})
    with pytest.raises(
        ConfigError, match=r"no option 'halflife'; options: learns_half_life, logarithm, window"
    ):
        PopularModel.load(folder)
