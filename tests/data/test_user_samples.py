import numpy as np

from daybreak.data import Vocabulary
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.user_samples import sample_data, sample_users


def shop(n_users=40, n_each=5):
    user = np.repeat(np.arange(n_users), n_each)
    return Events.of(user, np.tile(np.arange(n_each), n_users), np.arange(len(user)))


def test_few_events_are_all_kept():
    events = shop()
    assert sample_users(events, 0, max_events=200) is events


def test_whole_histories_are_drawn_up_to_the_bound():
    events = shop()
    sampled = sample_users(events, 0, max_events=52)
    assert len(sampled) == 50
    assert np.bincount(sampled.user)[np.unique(sampled.user)].tolist() == [5] * 10
    again, other = sample_users(events, 0, 52), sample_users(events, 1, 52)
    assert again.user.tolist() == sampled.user.tolist() != other.user.tolist()


def test_a_user_with_more_events_than_the_bound_is_left_out():
    user = np.r_[np.zeros(100, dtype=int), np.arange(1, 21)]
    events = Events.of(user, np.r_[np.arange(100), np.zeros(20, dtype=int)], np.zeros(120))
    sampled = sample_users(events, 0, max_events=50)
    assert 0 not in sampled.user
    assert len(sampled) == 20


def test_repeated_events_of_the_drawn_users_stay():
    events = shop(n_users=8)
    twice = Events(*(np.repeat(getattr(events, name), 2) for name in ("user", "item", "at")))
    items = Items(Vocabulary(f"i{row}" for row in range(5)))
    data = Dataset(items, events, 8, repeated=twice)
    sampled = sample_data(data, 0, max_events=20)
    assert len(sampled.events) == 20
    assert len(sampled.all_events) == 40
    assert set(sampled.all_events.user) == set(sampled.events.user)
    assert sample_data(data, 0, max_events=40) is data
