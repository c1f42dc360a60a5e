import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data.dataset import Dataset, Events
from daybreak.models.season import PERIODS, DatedEvents, SeasonModel, season_lifts
from tests.models.tiny import ask, dataset, items

DAY, START = 86_400.0, 1.5e9
YEAR = PERIODS["year"].length_s


def shop(years=3.0, rate=6.0, n_events=8_000, seed=0, vectors=None):
    """Twenty items; the first half sells more in the first quarter of a year."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.random(n_events)) * years * YEAR
    is_season = (at / YEAR) % 1 < 0.25
    weights = np.where(is_season[:, None] & (np.arange(20) < 10), rate, 1.0).cumsum(axis=1)
    item = (weights < (rng.random(n_events) * weights[:, -1])[:, None]).sum(axis=1)
    events = Events.of(rng.integers(0, 900, n_events), item, START + at)
    return Dataset(items(20, vectors), events, 900)


def scores_at(model, data, at, asked=None):
    """The scores after one more event, at a time of so many years after the start."""
    events = data.events
    user, item = np.r_[events.user, 0], np.r_[events.item, 0]
    later = Events.of(user, item, np.r_[events.at, START + at * YEAR])
    moved = model.recounted(Dataset(data.items, later, data.n_users))
    return moved.score(ask(data, []), data.items if asked is None else asked)[0]


def test_the_score_compares_the_same_weeks_of_last_year_with_the_whole_year():
    # Now is day 730.485. In the year around day 365.2425, item 0 has 3 events, 2 of them within
    # two weeks of that day, and item 1 has 5, 1 of them: 3 of the 8 events are at that time.
    day = np.array([0, 360, 370, 500, 365, 200, 210, 220, 510, YEAR * 2 / DAY])
    item = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    events = DatedEvents(item, day * DAY, np.ones(10), 2)
    lifts = season_lifts(events, 2 * YEAR, PERIODS["year"], (1.0, 4.0))
    expected = [
        [(2 + 1) / (3 * 3 / 8 + 1), (1 + 1) / (5 * 3 / 8 + 1)],
        [(2 + 4) / (3 * 3 / 8 + 4), (1 + 4) / (5 * 3 / 8 + 4)],
    ]
    np.testing.assert_allclose(np.exp(lifts), expected)


def test_what_sells_early_in_the_year_comes_first_early_in_the_next_year():
    data = shop()
    model = SeasonModel().fit(data)
    early, late = (scores_at(model, data, at) for at in (3.1, 3.6))
    assert early[:10].mean() - early[10:].mean() > 0.5
    assert late[:10].mean() < late[10:].mean()


def test_a_new_item_has_the_season_of_the_items_like_it():
    topics = np.repeat(np.eye(2), 10, axis=0)
    data = shop(vectors=topics)
    model = SeasonModel(neighbours=5).fit(data)
    new = items(2, np.eye(2), first=20)
    like_first, like_second = scores_at(model, data, 3.1, new)
    assert like_first > 0.2 > like_second


@pytest.mark.parametrize("years", [1.0, 1.9])
def test_a_year_needs_the_data_of_two(years):
    model = SeasonModel().fit(shop(years))
    assert model.state.priors[0] == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_shop_without_seasons_has_no_lifts(seed):
    data = shop(rate=1.0, seed=seed)
    model = SeasonModel().fit(data)
    assert not model.state.priors.any()
    assert not model.score(ask(data, []), data.items).any()


def test_events_without_an_order_in_time_have_no_season():
    data = dataset([[0], [1], [0]], 2, at=[0, 0, 0])
    assert not SeasonModel().fit(data).score(ask(data, []), data.items).any()


def test_a_blend_without_a_season_is_popularity():
    data = shop(rate=1.0)
    events = {
        "user_id": [f"u{user}" for user in data.events.user],
        "item_id": [f"i{item}" for item in data.events.item],
        "timestamp": data.events.at,
    }
    lists = [
        Recommender(encoder="none", strategies=strategies)
        .fit(pl.DataFrame(events))
        .recommend(["a stranger"], k=5)["item_id"]
        .to_list()
        for strategies in (["popular"], ["popular", "season"])
    ]
    assert lists[0] == lists[1]
