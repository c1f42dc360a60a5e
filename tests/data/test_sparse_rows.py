import numpy as np
import scipy.sparse as sp

from daybreak.data.sparse_rows import build_csr, entry_indices, slice_rows, take_rows

RNG = np.random.default_rng(0)
MATRIX = sp.csr_array(RNG.random((6, 4)) * (RNG.random((6, 4)) < 0.4), dtype=np.float32)


def test_rows_are_those_that_scipy_takes():
    rows = np.array([5, 0, 0, 3])
    np.testing.assert_array_equal(take_rows(MATRIX, rows).toarray(), MATRIX[rows].toarray())


def test_a_row_that_is_not_there_is_empty():
    found = take_rows(MATRIX, np.array([-1, 2, -1])).toarray()
    assert not found[[0, 2]].any()
    np.testing.assert_array_equal(found[1], MATRIX.toarray()[2])


def test_no_rows_are_a_matrix_too():
    assert take_rows(MATRIX, np.empty(0, dtype=np.int64)).shape == (0, 4)
    nothing = sp.csr_array((0, 4), dtype=np.float32)
    assert take_rows(nothing, np.array([-1, -1])).shape == (2, 4)


def test_a_span_is_a_slice():
    for span in (slice(0, 6), slice(2, 5), slice(3, 3)):
        np.testing.assert_array_equal(
            slice_rows(MATRIX, span).toarray(), MATRIX[span].toarray()
        )


def test_entries_make_a_matrix_in_any_order():
    rows, columns = entry_indices(MATRIX)
    order = RNG.permutation(len(rows))
    found = build_csr(rows[order], columns[order], MATRIX.data[order], MATRIX.shape)
    np.testing.assert_array_equal(found.toarray(), MATRIX.toarray())


def test_entries_of_one_place_are_added():
    twice = np.array([1, 1])
    found = build_csr(twice, twice, np.array([2.0, 3.0], dtype=np.float32), (2, 2))
    assert found.toarray().tolist() == [[0, 0], [0, 5]]
