import numpy as np
from numpy.testing import assert_allclose

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.training.drift import content_drift, popularity_drift, stability_index


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
