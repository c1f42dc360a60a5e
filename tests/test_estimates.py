"""Intervals cover what they promise, on worked numbers and on random input."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.sparse import csr_array
from scipy.stats import norm, t

from daybreak.estimates import (
    DIRICHLET_CONCENTRATION,
    always_valid_half_width,
    bootstrap,
    bootstrap_all,
    clustered_difference,
    clustered_ratio,
    fixed_time_half_width,
    optimal_time,
    paired_bootstrap,
    required_sample_size,
    sample_ratio_evidence,
)


def slow_bootstrap(values):
    """Draw, average, take percentiles."""
    values = values[~np.isnan(values)]
    draws = np.random.default_rng(7).integers(0, len(values), (1000, len(values)))
    return (values.mean(), *np.percentile(values[draws].mean(axis=1), [2.5, 97.5]))


@pytest.mark.parametrize("max_draws", [1 << 21, 1000])
def test_the_interval_is_that_of_the_same_draws(max_draws):
    values = np.random.default_rng(0).random(301)
    values[::50] = np.nan
    found = bootstrap_all({"value": values}, max_draws=max_draws)["value"]
    np.testing.assert_allclose(found, slow_bootstrap(values), atol=1e-12)


def test_columns_with_other_missing_users_are_independent():
    rng = np.random.default_rng(1)
    full, part = rng.random(80), rng.random(80)
    part[3] = np.nan
    both = bootstrap_all({"part": part, "full": full})
    assert list(both) == ["part", "full"]
    assert both["part"] == bootstrap(part)
    np.testing.assert_allclose(both["full"], bootstrap(full), atol=1e-12)


def test_no_users_have_no_interval():
    assert np.isnan(bootstrap(np.array([np.nan]))).all()


def test_the_interval_covers_the_truth_as_often_as_stated():
    """400 samples: 95 % ± 4 standard errors of 1.1 %."""
    rng = np.random.default_rng(2)
    inside = sum(
        low <= 0.5 <= high for _, low, high in (bootstrap(rng.random(60)) for _ in range(400))
    )
    assert 0.906 <= inside / 400 <= 0.994


def test_pairing_detects_a_small_constant_difference():
    easy = np.random.default_rng(3).random(200)
    assert bootstrap(easy + 0.01).low < bootstrap(easy).mean
    assert paired_bootstrap(easy + 0.01, easy).differs
    assert not paired_bootstrap(easy, easy).differs


def matrices(differences):
    """Gains of two recommenders that differ by the given values; NaN: no target."""
    differences = np.asarray(differences, float)
    row, column = np.nonzero(~np.isnan(differences))
    old = csr_array((np.ones(len(row)), (row, column)), shape=differences.shape)
    new = csr_array((1 + differences[row, column], (row, column)), shape=differences.shape)
    return new, old


def test_with_a_target_each_it_is_the_paired_t_interval():
    values = np.array([0.3, -0.1, 0.2, 0.0, 0.4])
    new, old = matrices(values[:, None])
    difference = clustered_difference(new, old, np.arange(5), 0.95, by_item=False)
    margin = t.ppf(0.975, 4) * values.std(ddof=1) / np.sqrt(5)
    assert difference.difference == pytest.approx(0.16)
    assert (difference.low, difference.high) == pytest.approx((0.16 - margin, 0.16 + margin))


def test_two_queries_of_a_user_are_one_independent_unit():
    values = np.array([0.3, -0.1, 0.2, 0.0])
    once = clustered_difference(*matrices(values[:, None]), np.arange(4), 0.95, by_item=False)
    twice = np.repeat(values, 2)[:, None]
    again = clustered_difference(
        *matrices(twice), np.repeat(np.arange(4), 2), 0.95, by_item=False
    )
    assert again == pytest.approx(once)


def test_an_item_that_all_users_want_is_one_unit_where_items_are_a_sample():
    by_item = np.tile([0.2, -0.1, 0.05, 0.1], 25)
    differences = np.full((100, 4), np.nan)
    differences[np.arange(100), np.arange(100) % 4] = by_item
    new, old = matrices(differences)
    users_only = clustered_difference(new, old, np.arange(100), 0.95, by_item=False)
    both = clustered_difference(new, old, np.arange(100), 0.95, by_item=True)
    assert users_only.low > 0
    # The items alone: four units.
    alone = np.array([0.2, -0.1, 0.05, 0.1])
    margin = t.ppf(0.975, 3) * alone.std(ddof=1) / 2
    assert both.high - both.difference == pytest.approx(margin, rel=0.01)


@pytest.mark.parametrize("by_item", [False, True])
def test_equal_recommenders_rarely_seem_different(by_item):
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        tastes = rng.normal(size=60)[None, :] * 0.3 * by_item
        differences = (tastes + rng.normal(size=(80, 60))) * (rng.random((80, 60)) < 0.1)
        differences[rng.random((80, 60)) < 0.6] = np.nan
        difference = clustered_difference(
            *matrices(differences), np.arange(80), 0.95, by_item=by_item
        )
        alarms += difference.low > 0 or difference.high < 0
    assert alarms / 400 < 0.08


def test_one_unit_gives_no_interval():
    difference = clustered_difference(*matrices([[0.5]]), np.array([0]), 0.95, by_item=False)
    assert (difference.low, difference.high) == (-np.inf, np.inf)


ALPHA = 0.05


def test_a_worked_number():
    """Error 0.01 and time x = 1: 0.01 · sqrt(2 · ln(2 / 0.0025)) = 0.01 · sqrt(13.369)."""
    best = optimal_time(ALPHA)
    effect = 0.01 * math.sqrt((1 + best) / best)
    assert always_valid_half_width(0.01, ALPHA, effect) == pytest.approx(0.036564, abs=1e-6)


@given(st.floats(0.001, 1), st.floats(0.001, 0.5), st.floats(0.001, 1))
def test_at_the_end_of_the_interval_the_mixture_reaches_one_over_alpha(error, alpha, effect):
    """The martingale that is mixed: exp(m·S - m²·V/2) over m ~ N(0, x/V), at S = half width."""
    best = optimal_time(alpha)
    x = best * effect**2 / ((1 + best) * error**2)
    z = always_valid_half_width(error, alpha, effect) / error
    middle, spread = z * x / (1 + x), math.sqrt(x / (1 + x))

    def mixed(drift):
        gain = math.exp(drift * z - drift * drift / 2 + math.log(alpha))
        return gain * norm.pdf(drift, scale=math.sqrt(x))

    area = quad(mixed, middle - 12 * spread, middle + 12 * spread, points=[middle])[0]
    assert area == pytest.approx(1.0, rel=1e-4)


@given(st.floats(1e-4, 0.5))
def test_the_best_time_is_best(alpha):
    best = optimal_time(alpha)

    def margin(x):
        return math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))

    assert margin(best) <= min(margin(best * 1.01), margin(best / 1.01))


@given(st.floats(1e-4, 1), st.floats(1e-4, 1))
def test_always_valid_intervals_are_wider(error, effect):
    assert always_valid_half_width(error, ALPHA, effect) > 1.5 * fixed_time_half_width(
        error, ALPHA
    )


def test_an_unknown_error_gives_no_interval():
    assert (
        always_valid_half_width(0.0, ALPHA, 0.1)
        == always_valid_half_width(math.inf, ALPHA, 0.1)
        == math.inf
    )
    assert math.isnan(always_valid_half_width(math.nan, ALPHA, 0.1))


def test_the_required_users_make_the_effect_detectable():
    n, error, effect = 500, 0.02, 0.01
    more = required_sample_size(n, error, ALPHA, effect)
    assert always_valid_half_width(error * math.sqrt(n / more), ALPHA, effect) == pytest.approx(
        effect
    )


def test_the_error_of_a_ratio_is_taken_over_users():
    """A user who does everything ten times is still one independent unit."""
    rng = np.random.default_rng(0)
    bottoms = rng.integers(1, 5, 400).astype(float)
    tops = rng.binomial(bottoms.astype(int), rng.beta(1, 4, 400)).astype(float)
    one, ten = clustered_ratio(tops, bottoms), clustered_ratio(10 * tops, 10 * bottoms)
    assert ten == pytest.approx(one)
    draws = rng.integers(0, 400, (4000, 400))
    means = tops[draws].sum(axis=1) / bottoms[draws].sum(axis=1)
    assert one.error == pytest.approx(means.std(), rel=0.05)


def test_no_users_have_no_ratio_and_one_user_no_error():
    assert math.isnan(clustered_ratio(np.array([]), np.array([])).value)
    assert clustered_ratio(np.array([1.0]), np.array([2.0])) == (0.5, math.inf)


def test_the_evidence_of_a_correct_split_is_one_on_average():
    """All 2^10 sequences of ten users, each with its probability."""
    shares, total = [0.3, 0.7], 0.0
    for rows in product([0, 1], repeat=10):
        n = rows.count(1)
        chance = shares[0] ** (10 - n) * shares[1] ** n
        total += chance * _evidence_now(rows, shares)
    assert total == pytest.approx(1.0)


def _evidence_now(rows, shares):
    """Return the evidence at the end by the slow formula."""
    counts, evidence = [0, 0], 1.0
    for n, row in enumerate(rows):
        likely = (DIRICHLET_CONCENTRATION * shares[row] + counts[row]) / (
            DIRICHLET_CONCENTRATION + n
        )
        evidence *= likely / shares[row]
        counts[row] += 1
    return evidence


@given(st.lists(st.integers(0, 1), max_size=60))
def test_the_strongest_evidence_is_that_of_some_time(rows):
    shares = [0.3, 0.7]
    slow = max(_evidence_now(rows[:n], shares) for n in range(len(rows) + 1))
    assert sample_ratio_evidence(rows, shares) == pytest.approx(slow)


def test_a_wrong_split_is_detected_and_a_correct_one_is_not():
    rng = np.random.default_rng(1)
    assert sample_ratio_evidence(rng.random(5000) < 0.55, [0.5, 0.5]) > 1000
    assert sample_ratio_evidence(rng.random(5000) < 0.5, [0.5, 0.5]) < 1000


def test_looking_all_the_time_rarely_gives_a_false_alarm():
    """400 walks of 2,000 steps, looked at after each of them from the 50th on.

    With at most 5 % false alarms, more than 35 of 400 have a chance below 1 in 1,000; the usual
    interval finds something in far more than half as many again.
    """
    rng = np.random.default_rng(2)
    steps = np.arange(1, 2001)
    means = np.cumsum(rng.standard_normal((400, 2000)), axis=1) / steps
    errors = 1 / np.sqrt(steps)
    margin = np.array([always_valid_half_width(error, ALPHA, 0.1) for error in errors])
    late = slice(50, None)
    alarms = (np.abs(means) > margin)[:, late].any(axis=1).sum()
    usual = (
        (np.abs(means) > fixed_time_half_width(1.0, ALPHA) * errors)[:, late].any(axis=1).sum()
    )
    assert alarms <= 35
    assert usual >= 100
