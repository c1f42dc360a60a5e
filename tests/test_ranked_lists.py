import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from daybreak import ranked_lists
from daybreak.ranked_lists import contains, top_k

few = st.sampled_from([0.0, 1.0, 2.0, np.nan, -np.inf, np.inf])


def slow_top_k(scores, k, exclude):
    """Sort whole rows by (-score, column)."""
    answer = np.full((len(scores), k), -1)
    for row, line in enumerate(scores):
        order = [
            (-s, c)
            for c, s in enumerate(line)
            if not np.isnan(s) and s != -np.inf and not exclude[row, c]
        ]
        best = [c for _, c in sorted(order)[:k]]
        answer[row, : len(best)] = best
    return answer


@settings(deadline=None)
@given(
    arrays(np.float64, (4, 7), elements=few),
    arrays(np.bool_, (4, 7)),
    st.integers(1, 9),
)
def test_the_fast_way_equals_sorting_whole_rows(scores, exclude, k):
    expected = slow_top_k(scores, k, exclude)
    np.testing.assert_array_equal(top_k(scores, k, exclude), expected)
    np.testing.assert_array_equal(top_k(scores, k, csr_array(exclude)), expected)


@pytest.mark.parametrize("n_values", [3, 40, 10**6])
@pytest.mark.parametrize("n_columns", [511, 512, 700, 3_001])
def test_columns_that_reach_the_bound_of_groups_are_enough(n_columns, n_values):
    rng = np.random.default_rng(n_columns)
    scores = rng.integers(0, n_values, (4, n_columns)).astype(np.float32)
    scores[1, rng.random(n_columns) < 0.99] = -np.inf
    scores[2, :30] = np.nan
    scores[3, :2] = np.inf
    nothing = np.zeros(scores.shape, dtype=bool)
    for k in (1, 10, 33):
        np.testing.assert_array_equal(top_k(scores, k), slow_top_k(scores, k, nothing))
        for row in range(4):
            one = top_k(scores[row : row + 1], k)
            np.testing.assert_array_equal(one, top_k(scores, k)[row : row + 1])


def test_different_scores_are_not_partitioned(monkeypatch):
    monkeypatch.setattr(ranked_lists, "_select_first_ties", None)
    scores = np.random.default_rng(5).permutation(20_000).reshape(2, -1).astype(np.float64)
    assert ranked_lists._likely_columns(scores, 10) is not None
    assert ranked_lists._likely_columns(np.zeros((2, 10_000)), 10) is None
    assert ranked_lists._likely_columns(scores[:, :300], 10) is None


def test_blocks_do_not_change_the_answer():
    scores = np.random.default_rng(0).integers(0, 9, (50, 30)).astype(np.float32)
    whole = top_k(scores, 5)
    np.testing.assert_array_equal(top_k(scores, 5, max_scores=64), whole)


def test_scores_are_left_as_they_were():
    scores = np.array([[np.nan, 1.0]])
    top_k(scores, 1, np.array([[False, True]]))
    np.testing.assert_array_equal(scores, [[np.nan, 1.0]])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_to_rank_gives_empty_lists(shape):
    assert (top_k(np.zeros(shape), 2) == -1).all()


def test_contains_ignores_stored_zeros_and_unsorted_columns():
    matrix = csr_array(
        (np.array([True, False, True]), np.array([2, 1, 0]), np.array([0, 3])), shape=(1, 3)
    )
    assert contains(matrix, np.array([[0, 1, 2, -1]])).tolist() == [[True, False, True, False]]
