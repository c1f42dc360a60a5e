import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.ranking.blending.arrival_shift import (
    arrival_posterior,
    arrival_probabilities,
    arrival_probability,
    estimate_item_arrivals,
)


@pytest.fixture
def by_season():
    """A hundred items whose content shows when they arrived, and a hundred without events."""
    when = np.r_[np.arange(100), np.arange(100)] / 100
    words = np.stack([np.cos(when * 1.5), np.sin(when * 1.5)], axis=1).astype(np.float32)
    ids = Vocabulary(f"i{row}" for row in range(200))
    items = Items(ids, (ContentBlock("words", sp.csr_array(words)),))
    user = np.repeat(np.arange(50), 10)
    item = (np.arange(500) * 7) % 100
    return Dataset(items, Events.of(user, item, item * 1000.0 + user), 50)


def test_items_like_the_latest_arrivals_are_probably_arrivals(by_season):
    late, any_time = np.arange(180, 200), np.arange(100, 200)
    assert arrival_probability(by_season, late) > 0.9
    assert arrival_probability(by_season, any_time) < arrival_probability(by_season, late) - 0.2


def test_without_times_the_probability_is_zero(by_season):
    undated = Events(by_season.events.user, by_season.events.item, np.zeros(500))
    data = Dataset(by_season.items, undated, 50)
    assert arrival_probability(data, np.arange(180, 200)) == 0.0


def test_without_new_items_the_probability_is_one(by_season):
    assert arrival_probability(by_season, np.arange(0)) == 1.0


def test_arrivals_of_the_past_say_how_far_the_next_ones_move():
    """The middle between both kinds is half the expected position; the prior odds are 4."""
    assert arrival_posterior(0.25, 0.1, expected=0.5) == pytest.approx(0.8)
    assert arrival_posterior(0.25, 0.1, expected=1.0) < 0.05


def test_each_item_has_its_own_probability(by_season):
    rows = np.array([100, 199])
    early, late = arrival_probabilities(by_season, rows)
    assert late > early


def test_only_items_that_differ_from_the_mean_are_kept(by_season):
    found = estimate_item_arrivals(by_season)
    assert all(abs(p - found.mean) > 0.009 for p in found.items.values())
    assert set(found.items) <= {f"i{row}" for row in range(100, 200)}


def test_an_item_created_with_the_latest_is_an_arrival_and_an_old_one_is_not(by_season):
    """Every item is created a minute before its first event; the new ones at both ends."""
    created = np.r_[np.arange(100) * 1000.0 - 60, np.full(50, 0.0), np.full(50, 99_000.0)]
    items = Items(by_season.items.ids, by_season.items.blocks, created)
    data = Dataset(items, by_season.events, 50)
    old, late = arrival_probabilities(data, np.array([100, 199]))
    assert old < 0.1
    assert late > 0.7
