import json
from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.prior import BlendPrior, PriorWeights, best_seller_share
from daybreak.ranking.blending.shop_features import (
    LEVEL_FEATURES,
    SHOP_FEATURES,
    level_features,
    shop_features,
)
from daybreak.ranking.blending.shrinkage import (
    on_sale_correction,
    shrink_new_item_weights,
    shrink_weights,
)
from daybreak.ranking.blending.strategies import default_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS

N_FEATURES = 1 + len(SHOP_FEATURES) + len(LEVEL_FEATURES)


def flat_prior(**coefficients):
    """Return a prior whose weights are the same in all shops."""
    zeros, ones = np.zeros(N_FEATURES), np.ones(N_FEATURES)
    first = np.eye(N_FEATURES)[0]
    warm = {name: value * first for name, value in coefficients.items()}
    return BlendPrior(zeros, ones, -9 * ones, 9 * ones, warm, {}, -first, 50.0, 60.0, 70.0)


def test_a_weight_is_the_softplus_of_its_coefficients(data):
    found = flat_prior(popular=0.0, ease=2.0).predict(data, ["ease", "popular"])
    np.testing.assert_allclose(found.weights[3], [np.log1p(np.exp(2)), np.log(2)])
    np.testing.assert_allclose(found.new_bias, -1)


def test_a_strategy_without_a_row_has_no_weight_and_a_row_without_a_strategy_is_ignored(data):
    found = flat_prior(popular=0.0, gone=2.0).predict(data, ["popular", "plugin"])
    assert found.weights.shape == (len(EVENT_LEVELS), 2)
    assert not found.weights[:, 1].any()
    assert not found.new_weights.any()


def test_a_strategy_that_is_silent_without_events_has_no_weight_there(data):
    prior = replace(
        flat_prior(popular=1.0, ease=1.0), silent_without_events={"warm": ("ease",)}
    )
    weights = prior.predict(data, ["popular", "ease"]).weights
    assert weights[0, 1] == 0
    assert (weights[1:, 1] > 0).all()


def test_strangers_get_the_best_sellers_where_customers_are_few(data):
    names = ["popular", "ease"]
    prior = flat_prior(popular=0.0, ease=0.0)
    few = data.filter_events(np.isin(data.events.user, data.active_user_rows[:5]))
    weights = prior.predict(few, names).weights
    np.testing.assert_allclose(weights[0], [2 * np.log(2), 0])
    np.testing.assert_allclose(weights[1], [np.log(2), np.log(2)])
    assert (prior.predict(data, names).weights[0] > 0).all()
    assert prior.predict(few, ["ease"]).weights[0, 0] > 0


def test_other_measures_of_counts_count_for_the_best_sellers_where_no_event_is_known(data):
    names, share = ["ease", "factors", "popular"], best_seller_share(len(data.active_user_rows))
    prior = flat_prior(popular=0.0, factors=0.0, ease=0.0)
    weights = prior.predict(data, names).weights / np.log(2)
    np.testing.assert_allclose(weights[0], [1 - share, 0, 2 + share])
    np.testing.assert_allclose(weights[1:], 1)
    without = prior.predict(data, names[:2]).weights / np.log(2)
    np.testing.assert_allclose(without, 1)


def test_recent_popularity_counts_for_the_best_sellers_of_few_customers(data):
    """Each has a weight of log 2; the share of recent popularity is that of all time."""
    names = ["popular/now", "popular", "popular/share", "ease"]
    prior = flat_prior(**dict.fromkeys(names, 0.0))
    few = data.filter_events(np.isin(data.events.user, data.active_user_rows[:5]))
    undated = replace(few, events=replace(few.events, at=np.zeros(len(few.events))))
    for shop in (few, undated):
        weights = prior.predict(shop, names).weights[1:] / np.log(2)
        np.testing.assert_allclose(weights, np.tile([0, 2, 1, 1], (len(weights), 1)))
    without = prior.predict(few, ["popular/now", "ease"]).weights[1:]
    np.testing.assert_allclose(without, np.log(2))


def test_the_share_of_the_best_sellers_falls_with_the_number_of_customers():
    """Halfway between 20 and 100 on a logarithmic scale is 44.7."""
    shares = [best_seller_share(n) for n in (0, 1, 20, 21, 44, 45, 99, 100, 5_000)]
    assert shares[:3] == [1, 1, 1]
    assert shares[-2:] == [0, 0]
    assert shares[4] > 0.5 > shares[5]
    assert shares == sorted(shares, reverse=True)


def test_a_small_weight_is_left_out(data):
    found = flat_prior(popular=3.0, ease=-6.0).predict(data, ["popular", "ease"])
    assert found.weights[0, 1] == 0


def test_a_prior_is_the_same_after_a_round_trip_through_json(data):
    prior = flat_prior(popular=0.25)
    again = BlendPrior.from_json(json.loads(json.dumps(prior.to_json())))
    expected, found = (one.predict(data, ["popular"]) for one in (prior, again))
    np.testing.assert_allclose(found.weights, expected.weights)
    assert found.counts_for_new_items == (60.0, 70.0)


def test_the_packaged_prior_knows_strategies_and_has_weights_at_every_level(data):
    names = [strategy.name for strategy in default_strategies()]
    found = BlendPrior.load().predict(data, names)
    assert (found.weights.sum(axis=1) > 0).all()
    assert np.isfinite(found.new_bias).all()
    assert found.questions > 0


def test_features_outside_the_known_range_are_clipped(data):
    prior = BlendPrior.load()
    huge = level_features(np.full(len(SHOP_FEATURES), 1e9), np.array([0.0]))
    scaled = prior.scale_features(huge)
    assert (np.abs(scaled) < 100).all()


def test_features_of_a_shop_are_finite_without_events(data):
    empty = data.filter_events(np.zeros(len(data.events), dtype=bool))
    for shop in (data, empty):
        assert np.isfinite(shop_features(shop)).all()
    found = dict(zip(SHOP_FEATURES, shop_features(data), strict=True))
    assert found["log_users"] == pytest.approx(np.log10(80))
    assert found["log_unsold_ratio"] == pytest.approx(np.log10(9 / 33))
    assert found["has_words"] == 1


def test_weights_are_shrunk_by_the_number_of_questions():
    fitted, prior = np.array([4.0, 0.0]), np.array([0.0, 1.0])
    shrunk = shrink_weights(fitted, prior, 30, 10)
    assert shrunk[0] / shrunk.sum() == pytest.approx(0.75)
    assert shrunk.sum() == pytest.approx(4**0.75)
    assert shrink_weights(fitted, 0 * prior, 1, 10) is fitted


def test_weights_and_bias_of_new_items_are_shrunk_by_numbers_of_their_own():
    fitted, prior = np.array([1.0, 4.0]), np.array([[3.0, 0.0]])
    assert shrink_new_item_weights(fitted, prior, 10, (10, 30)).tolist() == [[2.0, 1.0]]


def test_the_prior_of_new_items_is_on_the_scale_of_the_fitted_weights():
    levels = np.ones((len(EVENT_LEVELS), 2))
    prior = PriorWeights(levels, levels, -levels[:, 0])
    scaled = prior.new_item_weights(np.full((len(EVENT_LEVELS), 1), 6.0))
    np.testing.assert_allclose(scaled[0], [3.0, 3.0, -3.0])


def test_the_bias_of_the_prior_counts_as_far_as_new_items_are_arrivals():
    prior = PriorWeights(*[np.ones((len(EVENT_LEVELS), 1))] * 2, np.zeros(8), 10, 10, 300.0)
    assert prior.trust_bias(1.0).bias_questions == 300
    assert prior.trust_bias(0.0).bias_questions == 0
    assert 0 < prior.trust_bias(None).bias_questions < 300
    assert prior.bias_share(np.array([0.0, 100.0])).tolist() == [0.0, 0.25]


def test_items_that_were_on_sale_and_not_sold_lower_the_bias_of_the_prior(data):
    few_sold = data.filter_events(data.events.item < 4)
    usual, lower = (
        flat_prior(popular=0.0).predict(one, ["popular"]) for one in (data, few_sold)
    )
    assert lower.new_bias[0] < usual.new_bias[0] - 1


def test_the_bias_is_corrected_for_the_share_of_items_that_were_on_sale(data):
    assert on_sale_correction(data) == 0.0  # eight arrivals beside 32 sold items
    few_sold = data.filter_events(data.events.item < 4)
    on_sale = 36 - 4 / 3
    expected = np.log(1 - on_sale / 36) - np.log(0.8 / (0.8 + on_sale))
    assert on_sale_correction(few_sold) == pytest.approx(min(expected, 0.0))
