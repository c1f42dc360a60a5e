import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from daybreak.errors import ConfigError
from daybreak.ranking.exploration.thompson import (
    ExplorationConfig,
    ScorePosterior,
    SlotDraw,
    max_ndcg_loss,
    merge_list,
    sample_slot,
    sample_slots,
    win_probabilities,
)
from daybreak.rng import create_generator

NUMBERS = st.floats(-3, 3)


def hopes(mean, std=None):
    mean = np.asarray(mean, dtype=np.float64)
    return ScorePosterior(mean, np.ones(len(mean)) if std is None else np.asarray(std))


def test_one_item_wins_if_its_draw_is_above_the_threshold():
    """Mean 1, std 2, threshold 3: one standard deviation above, 15.8655 %."""
    assert win_probabilities(hopes([1.0], [2.0]), 3.0) == pytest.approx([0.158655], abs=1e-6)


def test_without_a_threshold_the_higher_draw_wins():
    """N(0, 1) against N(1, 1): the difference is N(-1, 2), above 0 with 23.9750 %."""
    assert win_probabilities(hopes([0.0, 1.0]), -np.inf)[0] == pytest.approx(0.239750, abs=1e-6)


@given(
    st.lists(st.tuples(NUMBERS, st.floats(0.2, 2)), min_size=1, max_size=30),
    st.floats(-5, 5),
)
def test_probabilities_sum_to_one(pairs, threshold):
    mean, std = np.array(pairs).T
    p_none = np.prod(ndtr((threshold - mean) / std))
    assert win_probabilities(
        ScorePosterior(mean, std), threshold
    ).sum() + p_none == pytest.approx(1, abs=1e-8)


def test_items_are_drawn_as_often_as_their_probabilities_say():
    """6,000 draws: every frequency within 4.5 standard errors of its chance."""
    options = ExplorationConfig(ranks=(1,), share=0.9, uniform=0.1)
    beliefs, rng, n = (
        hopes([0.0, 0.5, -1.0], [1.0, 0.5, 2.0]),
        create_generator(0, "picks"),
        6_000,
    )
    found = [sample_slot(beliefs, 0.2, options, rng) for _ in range(n)]
    chance = {one.new_item: one.probability for one in found}
    assert set(chance) == {-1, 0, 1, 2}
    assert sum(chance.values()) == pytest.approx(1)
    for chosen, expected in chance.items():
        often = np.mean([one.new_item == chosen for one in found])
        assert abs(often - expected) < 4.5 * np.sqrt(expected * (1 - expected) / n)


def test_inverse_propensity_weighting_is_unbiased():
    """Rewards 0.1, 0.4 and 0.7; weighted means within 4.5 standard errors of them."""
    options, beliefs = ExplorationConfig(ranks=(1, 2), uniform=0.2), hopes([0.4, 0.0, -0.4])
    reward, rng, n = np.array([0.1, 0.4, 0.7]), create_generator(1, "weights"), 6_000
    gained = np.zeros((n, 3))
    for row in range(n):
        for one in sample_slots(beliefs, [0.0, -0.5], options, rng):
            if one.new_item >= 0 and rng.random() < reward[one.new_item]:
                gained[row, one.new_item] = 1 / one.probability
    # An item competes for one of two places in every list, so it is met once a list.
    error = gained.std(axis=0) / np.sqrt(n)
    assert (abs(gained.mean(axis=0) - reward) < 4.5 * error).all()


def test_a_closed_rank_or_an_empty_pool_changes_nothing():
    closed = sample_slot(
        hopes([9.0]), 0.0, ExplorationConfig(share=0.0), create_generator(0, "closed")
    )
    empty = sample_slot(hopes([]), 0.0, ExplorationConfig(), create_generator(0, "empty"))
    assert (closed.new_item, closed.probability, closed.p_unchanged) == (-1, 1.0, 1.0)
    assert (empty.new_item, empty.probability) == (-1, 1.0)


def test_no_item_competes_for_two_ranks():
    options = ExplorationConfig(ranks=(1, 2, 3), uniform=1.0)
    for seed in range(20):
        found = sample_slots(
            hopes(np.zeros(5)), [0.0] * 3, options, create_generator(seed, "places")
        )
        chosen = [one.new_item for one in found]
        assert len(set(chosen)) == 3


def test_only_the_most_promising_compete():
    options = ExplorationConfig(ranks=(1,), uniform=1.0, pool=2)
    found = {
        sample_slots(
            hopes([0.0, 5.0, 1.0, 4.0]), [9.0], options, create_generator(seed, "pool")
        )[0].new_item
        for seed in range(40)
    }
    assert found == {1, 3}


def test_propensities_of_items_that_insertions_may_push_off():
    """Two places of three taken with 0.5 and 0.2.

    The third item stays if neither comes, 0.5 * 0.8; the second if not both, 1 - 0.1.
    """
    done = merge_list(3, 3, [SlotDraw(2, 5, 0.5, 0.5), SlotDraw(3, -1, 0.8, 0.8)])
    assert done.base_position.tolist() == [0, -1, 1]
    assert done.new_item.tolist() == [-1, 5, -1]
    assert done.propensity == pytest.approx([1.0, 0.5, 0.9])
    assert done.explored.tolist() == [False, True, False]
    assert merge_list(3, 3, []).propensity.tolist() == [1, 1, 1]


def test_a_short_list_loses_nothing():
    done = merge_list(1, 3, [SlotDraw(3, 4, 0.5, 0.5)])
    assert done.base_position.tolist() == [0, -1]
    assert done.propensity.tolist() == [1.0, 0.5]


def test_the_largest_loss_is_that_of_the_moved_items():
    """First of two places: 1 falls to 0.6309, and 0.6309 is lost.

    Only the second was right: all is lost, 0.6309 of 1. Both were: 1 of 1.6309.
    """
    assert max_ndcg_loss(2, [1]) == pytest.approx(max(1 / np.log2(3), 1 / (1 + 1 / np.log2(3))))
    assert max_ndcg_loss(10, [10]) == pytest.approx(1 / np.log2(11))
    assert max_ndcg_loss(10, [11]) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ranks": ()}, "ranks must be whole numbers of 1 or more"),
        ({"ranks": (3, 2)}, "rising"),
        ({"share": 1.5}, "share must be from 0 to 1"),
        ({"pool": 0}, "pool must be 1 or more"),
    ],
)
def test_invalid_options_are_rejected(options, words):
    with pytest.raises(ConfigError, match=words):
        ExplorationConfig(**options)
