"""Numbers that models hold, by the formulas of their cards."""

import pytest

from daybreak.memory import ComputationLimits, use_limits
from daybreak.models import models
from daybreak.models.card import ModelCard
from daybreak.models.sizes import TrainingSizes, count_numbers

SIZES = TrainingSizes(n_users=70, n_items=120, n_sold=100, n_events=1_000)


@pytest.mark.parametrize(
    ("formula", "numbers"),
    [
        ("n", 100),
        ("2n²", 20_000),
        ("6 n²", 60_000),
        ("240n + 160u", 35_200),
        ("n², or 400n", 10_000),
        ("1", None),
        ("terms of all items", None),
    ],
)
def test_formulas_by_hand(formula, numbers):
    assert count_numbers(ModelCard(memory=formula), SIZES) == numbers


def test_the_form_follows_the_limits():
    """Dense: 2n²; all pairs of users: 2u²; the nearest items: 800n."""
    card = ModelCard(memory="2n², or 2u², or 800n")
    assert count_numbers(card, SIZES) == 20_000
    with use_limits(ComputationLimits(dense_items=99)):
        assert count_numbers(card, SIZES) == 9_800
        assert SIZES.form == "users"
    with use_limits(ComputationLimits(dense_items=99, dual_users=69)):
        assert count_numbers(card, SIZES) == 80_000


def test_content_is_counted_over_landmarks():
    with use_limits(ComputationLimits(dense_items=0, landmarks=10)):
        assert count_numbers(ModelCard(memory="2n²"), SIZES) == 2_000


@pytest.mark.parametrize("name", ["ease", "graph_filter", "content_ridge"])
def test_item_item_models_hold_at_least_all_pairs(name):
    assert count_numbers(models[name].card, SIZES) >= SIZES.n_sold**2
