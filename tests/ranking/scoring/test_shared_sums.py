"""Sums of weights that all processes map from the same files."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import derived_arrays, mapped_arrays
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.quantized_weights import quantize_weights
from daybreak.ranking.scoring.shared_sums import load_sum

WEIGHTS = np.array([[0.5, 0.25], [0, 1]], dtype=np.float32)
DENSE = np.arange(6, dtype=np.float32).reshape(3, 2)
SPARSE = sp.csr_array(np.array([[0, 2], [0, 0], [3, 0]], dtype=np.float32))


@pytest.fixture(autouse=True)
def map_everything(monkeypatch):
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)


@pytest.fixture
def shared(tmp_path):
    return DerivedArrays(tmp_path / "r1", b"v1")


def fail():
    raise AssertionError("computed again")


@pytest.mark.parametrize(
    "matrix",
    [
        WeightMatrix(dense=DENSE),
        WeightMatrix(sparse=SPARSE),
        WeightMatrix(dense=DENSE, sparse=SPARSE),
    ],
)
def test_the_second_process_maps_what_the_first_has_written(shared, matrix):
    first = load_sum(shared, "history", WEIGHTS, lambda: matrix)
    second = load_sum(shared, "history", WEIGHTS, fail)
    for found in (first, second):
        np.testing.assert_array_equal(found.to_dense(), matrix.to_dense())
    parts = [second.dense] if matrix.dense is not None else []
    parts += [second.sparse.data, second.sparse.indices] if matrix.sparse is not None else []
    assert all(mapped_arrays.is_mapped(part) for part in parts)


@pytest.mark.parametrize("columns", [None, np.array([1, -1, 0])])
def test_weights_of_8_bits_are_shared(shared, columns):
    weights = quantize_weights([DENSE], DENSE.shape, columns)
    load_sum(shared, "history", WEIGHTS, lambda: weights)
    found = load_sum(shared, "history", WEIGHTS, fail)
    np.testing.assert_array_equal(found.to_dense(), weights.to_dense())
    assert mapped_arrays.is_mapped(found.codes)


def test_other_weights_and_kinds_have_other_sums(shared):
    asked = [("history", 1), ("recent", 1), ("history", 2)]
    matrices = [WeightMatrix(dense=DENSE + n) for n in range(3)]
    for (kind, factor), matrix in zip(asked, matrices, strict=True):
        load_sum(shared, kind, factor * WEIGHTS, lambda one=matrix: one)
    for (kind, factor), matrix in zip(asked, matrices, strict=True):
        found = load_sum(shared, kind, factor * WEIGHTS, fail)
        np.testing.assert_array_equal(found.dense, matrix.dense)
