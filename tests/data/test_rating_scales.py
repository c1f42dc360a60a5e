import numpy as np
import pytest

from daybreak.data.rating_scales import find_rating_scale


def scale(values, *, is_rating=True):
    steps, counts = np.unique(np.array(values, dtype=np.float64), return_counts=True)
    found = find_rating_scale(steps, counts, is_rating=is_rating)
    return None if found is None else (found.lowest_positive, found.negative_bound)


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1, 2, 3, 4, 5], (4.0, 2.5)),
        ([0, 1, 2, 3, 4, 5], (4.0, 2.5)),
        ([0.5, 1.5, 3, 4.5], (3.5, 2.5)),
        ([1, 4, 6, 8, 10], (7.0, 5.0)),
        ([0, 35, 60, 80, 100], (70.0, 50.0)),
        ([0, 1], (0.7, 0.5)),
        ([-1, 1], (0.4, 0.0)),
        ([-2, -1, 0, 1, 2], (1.0, 0.0)),
        ([-1, 1, 2, 3, 4, 5], (4.0, 2.5)),
        ([1, 2, 3, 4, 5, 6, 7], (5.0, 3.5)),
    ],
)
def test_usual_scales_have_their_bounds(values, bounds):
    assert scale(values * 30) == bounds


@pytest.mark.parametrize("typo", [99, 55, 6, 1_000, -99])
def test_one_typing_error_is_no_new_scale(typo):
    assert scale([1, 2, 3, 4, 4, 5] * 70 + [typo]) == (4.0, 2.5)


def test_codes_of_missing_ratings_are_no_scale():
    assert scale([1, 2, 3, 4, 5] * 10 + [999] * 20) == (4.0, 2.5)


def test_few_high_ratings_are_no_typing_errors():
    assert scale([2, 3, 4, 5, 4, 3, 2, 1, 5, 7]) == (5.0, 3.5)
    assert scale([1, 2, 3, 4, 5] * 9 + [8, 9, 10]) == (7.0, 5.0)


def test_equal_values_and_points_are_no_scale():
    assert scale([5] * 40) is None
    assert scale([3, 200, 15_000, 40]) is None
    assert scale([1, 2, 3, 1, 1, 2, 60] * 20) is None


def test_counts_are_no_scale_without_a_name():
    assert scale([1, 1, 1, 2, 3, 10], is_rating=False) is None
    assert scale([1] * 60 + [2] * 20 + [5] * 20, is_rating=False) is None
    assert scale([5, 4, 4, 3, 1, 5], is_rating=False) == (4.0, 2.5)
