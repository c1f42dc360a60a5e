import numpy as np
from numpy.testing import assert_allclose

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.training.drift import (
    MAX_WINDOW_SHARE,
    content_drift,
    interest_drift,
    learn_threshold,
    popularity_drift,
    stability_index,
)


def test_drift_is_distinguished_from_chance():
    """Two samples of one distribution seldom reach what chance is said to reach."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(10))
    found = [
        stability_index(rng.multinomial(2000, shares) * 1.0, rng.multinomial(300, shares) * 1.0)
        for _ in range(500)
    ]
    assert np.mean([one.psi > one.chance_level for one in found]) < 0.04
    shifted = stability_index(
        rng.multinomial(2000, shares) * 1.0, rng.multinomial(300, shares[::-1])
    )
    assert shifted.score > 0.25


def test_the_index_equals_the_value_computed_by_hand():
    """(0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5) = 0.2749 + 0.1410."""
    found = stability_index(np.array([50.0, 50.0]), np.array([20.0, 80.0]))
    assert_allclose(found.psi, 0.27489 + 0.14100, atol=1e-4)


def test_popularity_drifts_when_other_items_are_chosen():
    then = np.r_[np.arange(100, 0, -1) * 10.0, np.zeros(20)]
    same = popularity_drift(then, then / 10)
    other = popularity_drift(then, then[::-1] / 10)
    assert same.score == 0.0
    assert other.score > 0.25


def test_content_drifts_when_new_items_are_of_another_kind():
    rng = np.random.default_rng(0)
    directions = np.eye(4, dtype=np.float32)
    kinds = np.r_[np.arange(200) % 4, np.zeros(60, dtype=np.int64), np.arange(60) % 4]
    vectors = directions[kinds] + 0.05 * rng.normal(size=(320, 4)).astype(np.float32)
    names = Vocabulary(f"i{n}" for n in range(320))
    items = Items(names, (ContentBlock("meaning", vectors.astype(np.float32)),))
    old = np.arange(200)
    assert content_drift(items, old, np.arange(200, 260)).score > 0.25
    assert content_drift(items, old, np.arange(260, 320)).score == 0.0


def delivered_shop(seed, size=40, n_new=60):
    """Six hundred items that arrive in deliveries of one kind, and new ones of two kinds."""
    rng = np.random.default_rng(seed)
    old = np.repeat(rng.integers(0, 4, -(-600 // size)), size)[:600]
    kinds = np.r_[old, np.repeat(rng.integers(0, 4, -(-n_new // size)), size)[:n_new]]
    n = len(kinds)
    vectors = np.eye(4, dtype=np.float32)[kinds] + 0.05 * rng.normal(size=(n, 4))
    names = Vocabulary(f"i{row:03d}" for row in range(n))
    items = Items(names, (ContentBlock("meaning", vectors.astype(np.float32)),))
    return items, np.arange(600), np.arange(600, n), np.arange(n) * 3_600.0


def test_deliveries_of_one_kind_are_no_drift_where_they_are_usual():
    formula, learned = [], []
    for seed in range(30):
        items, old, new, arrivals = delivered_shop(seed)
        rng = np.random.default_rng(seed)
        formula.append(content_drift(items, old, new).score > 0)
        learned.append(content_drift(items, old, new, arrivals, rng).score > 0)
    assert np.mean(formula) > 0.9
    assert np.mean(learned) <= 0.1


def test_new_content_of_another_kind_exceeds_what_mixed_arrivals_let_expect():
    items, old, _, arrivals = delivered_shop(0, size=1)
    found = content_drift(items, old, np.arange(600, 660), arrivals, np.random.default_rng(0))
    assert found.is_learned
    assert found.score == 0.0
    of_one_kind = np.r_[np.flatnonzero(np.argmax(items.blocks[0].matrix[:600], axis=1) == 0)]
    moved = content_drift(items, old, of_one_kind[:60], arrivals, np.random.default_rng(0))
    assert moved.score > 0.25


def test_without_known_arrivals_the_threshold_is_that_of_independent_items():
    items, old, new, arrivals = delivered_shop(0)
    unknown = content_drift(items, old, new, arrivals * np.nan, np.random.default_rng(0))
    assert not unknown.is_learned
    assert unknown == content_drift(items, old, new)


def topics(n, shares, rng, run=1):
    """Topics of ``n`` events; each topic is taken ``run`` times in a row."""
    drawn = rng.choice(len(shares), size=-(-n // run), p=shares)
    return np.repeat(drawn, run)[:n]


def test_a_threshold_learned_from_the_past_is_kept_without_a_change():
    """Events come in runs of five, so that a formula for independent ones gives many alarms."""
    alarms, naive = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(6))
        found = interest_drift(
            topics(10_000, shares, rng, 5), topics(1_000, shares, rng, 5), 6, rng
        )
        independent = stability_index(np.array([9_000.0, 1_000]), np.array([900.0, 100]))
        alarms.append(found.psi > found.chance_level)
        naive.append(found.psi > independent.chance_level)
    assert np.mean(alarms) <= 0.1
    assert np.mean(naive) > np.mean(alarms) + 0.2


def test_new_interests_exceed_the_learned_threshold():
    rng = np.random.default_rng(1)
    before, since = topics(10_000, [0.5, 0.3, 0.2], rng), topics(600, [0.2, 0.3, 0.5], rng)
    assert interest_drift(before, since, 3, rng).score > 0.25


def test_the_newest_events_count_when_there_are_many():
    """A change among the last tenth is not hidden by what came before it."""
    rng = np.random.default_rng(2)
    before = topics(5_000, [0.5, 0.5], rng)
    n_new = int(MAX_WINDOW_SHARE * 5_000)
    since = np.r_[topics(5_000, [0.5, 0.5], rng), topics(n_new, [0.95, 0.05], rng)]
    assert interest_drift(before, since, 2, rng).score > 0.5


def test_few_events_are_no_drift():
    rng = np.random.default_rng(0)
    assert interest_drift(np.zeros(1_000, int), np.ones(49, int), 2, rng).psi == 0
    assert interest_drift(np.zeros(0, int), np.ones(500, int), 2, rng).score == 0


def test_seasons_of_the_past_raise_the_threshold():
    """A topic that comes and goes every 500 events is usual."""
    rng = np.random.default_rng(3)
    seasonal = np.concatenate(
        [topics(500, [0.7, 0.3] if part % 2 else [0.3, 0.7], rng) for part in range(20)]
    )
    steady = rng.permutation(seasonal)
    usual = learn_threshold(seasonal, 2, 400, np.random.default_rng(0))
    assert usual > 3 * learn_threshold(steady, 2, 400, np.random.default_rng(0))
