import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.ranking.blending.arrival_shift import arrival_probability


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
