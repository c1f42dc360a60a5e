import numpy as np
import pytest

from daybreak.errors import ConfigError
from daybreak.ranking.exploration.exposure import ExposureBudget

PLAN = ExposureBudget(impressions=10, days=5, early=0.8, patience=2)


def test_impressions_are_due_evenly_until_the_early_share_of_the_days_is_over():
    """10 impressions over 4 of 5 days: 2.5 a day, all after four."""
    assert PLAN.impressions_due(np.array([0.0, 1.0, 4.0, 9.0])).tolist() == [0, 2.5, 10, 10]


def test_missing_impressions_give_a_bonus():
    """Due 5, given 1 and 7: 4 behind at 2 a standard deviation, and nothing to make up."""
    assert PLAN.bonus(np.array([2.0, 2.0]), np.array([1, 7])).tolist() == [2.0, 0.0]


def test_an_item_is_eligible_while_it_is_new_and_has_missing_impressions():
    age, given = np.array([4.9, 5.0, 1.0]), np.array([9, 0, 10])
    assert PLAN.is_eligible(age, given).tolist() == [True, False, False]


def test_required_impressions_count_eligible_items_only():
    """6 in 2 days, 4 in 4 days, and one that is too old: 3 + 1."""
    age, given = np.array([3.0, 1.0, 6.0]), np.array([4, 6, 0])
    assert PLAN.required_per_day(age, given) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"impressions": 0}, "impressions must be 1 or more"),
        ({"days": 0}, "days must be above 0"),
        ({"early": 1.5}, "early must be at most 1"),
        ({"patience": float("nan")}, "patience must be above 0"),
    ],
)
def test_invalid_budgets_are_rejected(options, words):
    with pytest.raises(ConfigError, match=words):
        ExposureBudget(**options)
