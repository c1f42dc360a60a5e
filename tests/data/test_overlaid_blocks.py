"""Content blocks in which few rows have changed."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.data.dataset import ContentBlock
from daybreak.data.overlaid_blocks import MAX_OVERLAID_ROWS, OverlaidBlock, overlay_rows


def dense(block: ContentBlock) -> np.ndarray:
    matrix = block.matrix
    return matrix.toarray() if sp.issparse(matrix) else matrix


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_any_sequence_of_changes_gives_the_matrix_that_a_copy_gives(seed, is_sparse):
    rng = np.random.default_rng(seed)
    made = sp.csr_array if is_sparse else np.asarray
    n, dim = int(rng.integers(0, 6)), 3
    expected = rng.integers(-3, 4, (n, dim)).astype(np.float32)
    block = ContentBlock("words", made(expected), 0.3)
    for _ in range(int(rng.integers(1, 5))):
        n_new = int(rng.integers(0, 3))
        known = rng.permutation(len(expected))[: rng.integers(0, 3)]
        rows = np.r_[known, len(expected) + np.arange(n_new)].astype(np.int64)
        added = rng.integers(-3, 4, (len(rows), dim)).astype(np.float32)
        expected = np.r_[expected, np.zeros((n_new, dim), np.float32)]
        expected[rows] = added
        block = overlay_rows(block, rows, made(added), len(expected))
    vectors = made(rng.integers(-3, 4, (2, dim)).astype(np.float32))
    plain = ContentBlock("words", made(expected), 0.3)
    picked = rng.integers(0, len(expected), 4) if len(expected) else np.empty(0, np.int64)
    assert np.array_equal(dense(block.take(picked)), expected[picked])
    assert np.array_equal(block.products(vectors), plain.products(vectors))
    assert np.array_equal(dense(block), expected)
    assert np.array_equal(dense(block.take(picked)), expected[picked])
    assert (block.name, block.weight) == ("words", 0.3)


def test_no_change_of_an_empty_catalogue_is_the_block_itself():
    empty = ContentBlock("words", np.zeros((0, 3), np.float32))
    nothing = np.empty(0, np.int64)
    same = overlay_rows(empty, nothing, np.zeros((0, 3), np.float32), 0)
    assert same.take(nothing).matrix.shape == (0, 3)


def test_a_change_does_not_touch_the_block_before():
    before = ContentBlock("meaning", np.ones((3, 2), np.float32))
    after = overlay_rows(before, np.array([1]), np.zeros((1, 2), np.float32), 3)
    later = overlay_rows(after, np.array([1]), np.full((1, 2), 7, np.float32), 3)
    assert before.matrix.tolist() == [[1, 1]] * 3
    assert after.take(np.array([1])).matrix.tolist() == [[0, 0]]
    assert later.take(np.array([1])).matrix.tolist() == [[7, 7]]


def test_many_changed_rows_are_copied_once():
    before = ContentBlock("meaning", np.zeros((2 * MAX_OVERLAID_ROWS, 1), np.float32))
    rows = np.arange(MAX_OVERLAID_ROWS)
    ones = np.ones((len(rows), 1), np.float32)
    few = overlay_rows(before, rows, ones, len(before.matrix))
    assert isinstance(few, OverlaidBlock)
    many = overlay_rows(few, np.array([MAX_OVERLAID_ROWS]), ones[:1], len(before.matrix))
    assert type(many) is ContentBlock
    assert many.matrix.sum() == MAX_OVERLAID_ROWS + 1


def test_an_overlay_has_no_other_attributes():
    block = overlay_rows(
        ContentBlock("words", np.eye(2, dtype=np.float32)),
        np.array([0]),
        np.ones((1, 2), np.float32),
        2,
    )
    with pytest.raises(AttributeError, match="nothing"):
        block.nothing  # noqa: B018 - the access is the test
