import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.data import sparse_rows
from daybreak.data.sparse_rows import (
    EntryPlaces,
    build_csr,
    drop_zeros,
    empty_csr,
    entry_indices,
    has_equal_values,
    join_columns,
    make_csr,
    slice_rows,
    sum_sorted,
    take_rows,
)

RNG = np.random.default_rng(0)
MATRIX = sp.csr_array(RNG.random((6, 4)) * (RNG.random((6, 4)) < 0.4), dtype=np.float32)


def test_rows_are_those_that_scipy_takes():
    rows = np.array([5, 0, 0, 3])
    np.testing.assert_array_equal(take_rows(MATRIX, rows).toarray(), MATRIX[rows].toarray())


def assert_parts_are(found, wanted):
    for part in ("indptr", "indices", "data"):
        one, other = getattr(found, part), getattr(wanted, part)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype, part
    assert found.shape == wanted.shape


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_places_of_entries_are_those_that_scipy_chooses(pairs):
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    places = EntryPlaces.of(rows, columns, (5, 4))
    for _ in range(2):  # once found, they serve for other values
        values = RNG.random(len(rows), dtype=np.float32)
        wanted = sp.csr_array((values, (rows, columns)), shape=(5, 4))
        assert_parts_are(places.fill(values), wanted)


def test_very_many_entries_have_the_same_places(monkeypatch):
    rows, columns = RNG.permuted(np.indices((6, 4)).reshape(2, -1), axis=1)
    values = RNG.random(len(rows), dtype=np.float32)
    few = EntryPlaces.of(rows, columns, (6, 4)).fill(values)
    monkeypatch.setattr(sparse_rows, "MAX_SORTED_ENTRIES", 3)
    assert_parts_are(EntryPlaces.of(rows, columns, (6, 4)).fill(values), few)


def test_stored_zeros_are_dropped_as_scipy_drops_them():
    data = np.array([1.0, 0.0, 0.0, 2.0], dtype=np.float32)
    stored = sp.csr_array((data, [2, 0, 1, 3], [0, 2, 3, 3, 4]), shape=(4, 4))
    wanted = stored.copy()
    wanted.eliminate_zeros()
    assert_parts_are(drop_zeros(stored), wanted)
    assert drop_zeros(wanted) is wanted


def test_rows_have_the_parts_that_scipy_takes():
    rows = np.array([5, 0, 0, 3])
    assert_parts_are(take_rows(MATRIX, rows), MATRIX[rows])


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


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_sorted_entries_are_added_in_their_order(pairs):
    rows, columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    values = RNG.random(len(rows), dtype=np.float32)
    wanted = np.zeros((5, 4), dtype=np.float32)
    for row, column, value in zip(rows, columns, values, strict=True):
        wanted[row, column] += value
    found = sum_sorted(rows, columns, values, (5, 4))
    np.testing.assert_array_equal(found.toarray(), wanted)
    assert found.nnz == len(set(pairs))


def test_a_matrix_without_entries():
    found = empty_csr((3, 2)) @ np.ones((2, 4), dtype=np.float32)
    assert found.dtype == np.float32
    assert found.shape == (3, 4)
    assert not found.any()


def test_entries_of_one_place_are_added():
    twice = np.array([1, 1])
    found = build_csr(twice, twice, np.array([2.0, 3.0], dtype=np.float32), (2, 2))
    assert found.toarray().tolist() == [[0, 0], [0, 5]]


@given(
    st.integers(0, 6),
    st.integers(1, 5),
    st.integers(0, 2**31),
    st.sampled_from([np.int32, np.int64]),
    st.sampled_from([np.int32, np.int64]),
)
def test_a_matrix_without_checks_is_that_of_scipy(n_rows, n_columns, seed, kind, other_kind):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, n_columns + 1, size=n_rows)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(kind)
    columns = rng.integers(0, n_columns, size=starts[-1]).astype(other_kind)
    values = rng.random(starts[-1]).astype(np.float32)
    made = make_csr(values, columns, starts, (n_rows, n_columns))
    checked = sp.csr_array((values, columns, starts), shape=(n_rows, n_columns))
    assert made.shape == checked.shape
    assert made.dtype == checked.dtype
    for part in ("data", "indices", "indptr"):
        one, other = getattr(made, part), getattr(checked, part)
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
    assert np.array_equal((made @ made.T).toarray(), (checked @ checked.T).toarray())
    assert np.array_equal(made[:, :1].toarray(), checked[:, :1].toarray())
    assert np.array_equal(made.sum(axis=1), checked.sum(axis=1))


def test_a_large_matrix_has_long_indices():
    shape = (1, 2**31 + 5)
    made = make_csr(np.ones(1), np.array([2**31 + 4]), np.array([0, 1]), shape)
    assert made.indices.dtype == np.int64
    assert sp.csr_array((np.ones(1), ([0], [2**31 + 4])), shape=shape).indices.dtype == np.int64


def test_another_scipy_checks_its_matrices_itself(monkeypatch):
    monkeypatch.setattr(sparse_rows, "_HAS_KNOWN_PARTS", False)
    made = make_csr(np.ones(1), np.array([1]), np.array([0, 1]), (1, 2))
    assert made.toarray().tolist() == [[0.0, 1.0]]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_joined_columns_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    left, right = (
        sp.csr_array(sp.random_array((n, int(rng.integers(1, 5))), density=0.4, rng=rng))
        for _ in range(2)
    )
    joined, wanted = join_columns(left, right), sp.csr_array(sp.hstack([left, right]))
    assert joined.shape == wanted.shape
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(joined, part), getattr(wanted, part))


def test_matrices_differ_in_shape_kind_or_any_entry():
    other = MATRIX.copy()
    other.data[0] += 1
    assert has_equal_values(MATRIX, MATRIX.copy())
    assert has_equal_values(MATRIX.toarray(), MATRIX.toarray())
    assert not has_equal_values(MATRIX, other)
    assert not has_equal_values(MATRIX, MATRIX[1:])
    assert not has_equal_values(MATRIX, MATRIX.toarray())


@pytest.mark.parametrize("least", [10_000_000, 1])
def test_entries_in_the_order_of_rows_need_no_sort_of_rows(monkeypatch, least):
    """Very many entries have short indices, and are the same."""
    monkeypatch.setattr("daybreak.data.sparse_rows.MAX_SORTED_ENTRIES", 3)
    monkeypatch.setattr("daybreak.data.sparse_rows.MIN_SHORT_ENTRIES", least)
    rows, columns = np.array([0, 0, 0, 2, 2]), np.array([3, 1, 3, 2, 0])
    values = np.arange(1, 6, dtype=np.float32)
    found = EntryPlaces.of(rows, columns, (4, 4)).fill(values)
    wanted = sp.csr_array((np.arange(1, 6, dtype=np.float32), (rows, columns)), shape=(4, 4))
    np.testing.assert_array_equal(found.toarray(), wanted.toarray())
    assert found.indices.tolist() == wanted.indices.tolist()
    assert found.indices.dtype == (np.int32 if least == 1 else np.int64)
    assert values.tolist() == [1, 2, 3, 4, 5]
