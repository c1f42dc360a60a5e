"""Sums of weights that the workers of a server map from the same files."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import mapped_arrays
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring import shared_sums
from daybreak.ranking.scoring.quantized_weights import quantize_weights
from daybreak.ranking.scoring.shared_sums import SharedSums

WEIGHTS = np.array([[0.5, 0.25], [0, 1]], dtype=np.float32)
DENSE = np.arange(6, dtype=np.float32).reshape(3, 2)
SPARSE = sp.csr_array(np.array([[0, 2], [0, 0], [3, 0]], dtype=np.float32))


@pytest.fixture(autouse=True)
def map_everything(monkeypatch):
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    monkeypatch.setattr(shared_sums, "MIN_MAPPED_BYTES", 1)


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
def test_the_second_process_maps_what_the_first_has_written(tmp_path, matrix):
    first = SharedSums(tmp_path, "r1").add("history", WEIGHTS, lambda: matrix)
    second = SharedSums(tmp_path, "r1").add("history", WEIGHTS, fail)
    for found in (first, second):
        np.testing.assert_array_equal(found.to_dense(), matrix.to_dense())
    parts = [second.dense] if matrix.dense is not None else []
    parts += [second.sparse.data, second.sparse.indices] if matrix.sparse is not None else []
    assert all(mapped_arrays._file_of(part) is not None for part in parts)


@pytest.mark.parametrize("columns", [None, np.array([1, -1, 0])])
def test_weights_of_8_bits_are_shared(tmp_path, columns):
    weights = quantize_weights([DENSE], DENSE.shape, columns)
    SharedSums(tmp_path, "r1").add("history", WEIGHTS, lambda: weights)
    found = SharedSums(tmp_path, "r1").add("history", WEIGHTS, fail)
    np.testing.assert_array_equal(found.to_dense(), weights.to_dense())
    assert mapped_arrays._file_of(found.codes) is not None


def test_other_weights_kinds_and_releases_have_other_sums(tmp_path):
    matrices = [WeightMatrix(dense=DENSE + n) for n in range(4)]
    asked = [
        ("r1", "history", 1),
        ("r1", "recent", 1),
        ("r1", "history", 2),
        ("r2", "history", 1),
    ]
    for (release, kind, factor), matrix in zip(asked, matrices, strict=True):
        SharedSums(tmp_path, release).add(kind, factor * WEIGHTS, lambda one=matrix: one)
    for (release, kind, factor), matrix in zip(asked, matrices, strict=True):
        found = SharedSums(tmp_path, release).add(kind, factor * WEIGHTS, fail)
        np.testing.assert_array_equal(found.dense, matrix.dense)


def test_a_process_that_is_late_takes_the_file_of_the_first(tmp_path):
    sums = SharedSums(tmp_path, "r1")

    def compute():
        SharedSums(tmp_path, "r1").add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
        return WeightMatrix(dense=DENSE + 1)

    np.testing.assert_array_equal(sums.add("history", WEIGHTS, compute).dense, DENSE)
    assert len(list(tmp_path.glob("*/*"))) == 1


def test_a_folder_that_cannot_be_written_leaves_the_sums_to_each_process(tmp_path):
    (tmp_path / "file").write_text("no folder")
    sums = SharedSums(tmp_path / "file", "r1")
    found = sums.add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
    assert found.dense is DENSE


def test_a_damaged_file_is_computed_again(tmp_path):
    sums = SharedSums(tmp_path, "r1")
    sums.add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
    next(tmp_path.glob("*/*")).write_bytes(b"cut")
    found = sums.add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
    assert found.dense is DENSE


def test_sums_of_old_releases_are_removed(tmp_path):
    for number in range(shared_sums.MAX_SHARED_RELEASES + 2):
        sums = SharedSums(tmp_path, f"r{number}")
        sums.add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
    assert len(list(tmp_path.iterdir())) == shared_sums.MAX_SHARED_RELEASES
    sums.add("history", WEIGHTS, fail)


def test_small_sums_are_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_sums, "MIN_MAPPED_BYTES", 1_000)
    SharedSums(tmp_path, "r1").add("history", WEIGHTS, lambda: WeightMatrix(dense=DENSE))
    assert not list(tmp_path.glob("*/*"))
