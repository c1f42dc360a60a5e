import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Tables, validate
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.event_limits import event_cap, limit_events
from daybreak.data.repeats import repeat_share
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.popular import PopularModel

NOON = 1_700_000_000.0
"""A time that is no whole hour [epoch s]."""


def shop(n_users=40, n_items=10, more_user=(), more_item=(), more_at=()):
    """Events of people with two items each, a day apart, and further events."""
    user = np.repeat(np.arange(n_users), 2)
    item = (user + np.tile([0, 1], n_users)) % n_items
    at = NOON + 86_400.0 * np.arange(len(user))
    return Events.of(np.r_[user, more_user], np.r_[item, more_item], np.r_[at, more_at])


def popularity(events, **options):
    n_items = int(events.item.max()) + 1
    items = Items(Vocabulary([str(row) for row in range(n_items)]))
    data = Dataset(items, events, int(events.user.max()) + 1)
    return PopularModel(logarithm=False, **options).fit(data).state.values


def test_an_account_counts_at_most_ten_times_the_95th_percentile_and_at_least_100_events():
    """The 95th percentile of 0, 2, 2, ..., 2, 40 is 2; of twenty accounts with 30 it is 30."""
    assert event_cap(np.array([0] + [2] * 30 + [40])) == 100
    assert event_cap(np.array([30] * 20 + [5_000])) == 300
    assert event_cap(np.array([5_000, 3])) == 100
    assert event_cap(np.array([], dtype=np.int64)) == 100


def test_a_person_with_very_many_events_weighs_what_the_cap_allows():
    many = np.arange(1_000)
    events = shop(more_user=np.full(1_000, 40), more_item=many, more_at=NOON + many)
    limits = limit_events(events)
    assert limits.capped_users.tolist() == [40]
    assert limits.event_weights[events.user == 40].sum() == pytest.approx(100)
    assert set(limits.event_weights[events.user < 40]) == {1}
    assert len(limits.thin(events)) == 80 + 100


def test_popularity_counts_people_as_far_as_the_cap():
    """Eight people have item 0. One account adds a tenth of a person to each of 1,000 items."""
    many = np.arange(1_000)
    events = shop(more_user=np.full(1_000, 40), more_item=many, more_at=NOON + many)
    counts = popularity(events)
    assert counts[0] / counts[999] == pytest.approx((8 + 0.1) / 0.1)
    recent = popularity(events, window=0.1)
    assert recent[0] > recent[999]


def test_throw_away_accounts_on_one_item_at_one_moment_count_as_ten():
    n = 50
    events = shop(
        more_user=40 + np.arange(n), more_item=np.full(n, 7), more_at=np.full(n, NOON + 3.0)
    )
    (burst,) = limit_events(events).bursts
    assert (burst.item, burst.n_accounts, burst.n_counted) == (7, 50, 10)
    counts = popularity(events)
    assert counts[7] / counts[0] == pytest.approx((8 + 10) / 8)


def test_customers_who_come_once_over_time_all_count():
    n = 50
    events = shop(
        more_user=40 + np.arange(n),
        more_item=np.full(n, 7),
        more_at=NOON + 7_000.0 * np.arange(n),
    )
    assert limit_events(events).bursts == ()


def test_visitors_who_come_once_count_where_that_is_usual():
    """A headline: 40 single visitors and 20 readers in a minute; both come elsewhere, too."""
    single, readers = 100 + np.arange(200), np.repeat(np.arange(100), 2)
    user = np.r_[readers, single, np.arange(20)]
    item = np.r_[readers % 5 + np.tile([0, 6], 100), single[:160] % 5, np.full(40 + 20, 99)]
    at = np.r_[NOON + 600.0 * np.arange(360), np.full(60, NOON + 1.0)]
    assert limit_events(Events.of(user, item, at)).bursts == ()


def test_days_without_clock_times_are_no_moments():
    n = 50
    events = shop(
        more_user=40 + np.arange(n),
        more_item=np.full(n, 7),
        more_at=np.full(n, 86_400.0 * 19_000),
    )
    by_day = Events(events.user, events.item, events.at // 86_400 * 86_400)
    assert limit_events(by_day).bursts == ()


def test_one_person_does_not_make_repeats_usual():
    """Thirty people never repeat; one repeats 5,000 times, of which 100 events count."""
    user = np.r_[np.repeat(np.arange(30), 20), np.full(5_000, 30)]
    item = np.r_[np.tile(np.arange(20), 30), np.zeros(5_000, dtype=int)]
    at = NOON + np.r_[np.tile(np.arange(20), 30), np.arange(5_000)] * 86_400.0
    share = repeat_share(Events(user, item, at))
    weight = 200 / 5_000
    assert share == pytest.approx(4_999 * weight / (30 * 19 + 4_999 * weight))


def test_a_validation_names_accounts_that_count_less():
    crowd = [(f"p{n}", f"item-{n % 7}", NOON + 1_000.0 * n) for n in range(40)]
    crowd += [(f"p{n}", f"item-{(n + 1) % 7}", NOON + 1_000.0 * n + 50) for n in range(40)]
    robot = [("robot", f"item-{n}", NOON + n) for n in range(400)]
    pushed = [(f"bot {n}", "item-3", NOON + 5.0) for n in range(30)]
    rows = crowd + robot + pushed
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    told = [str(one) for one in validate(Tables.of(events)) if one.code == "accounts"]
    assert told == [
        "WARN accounts: account robot has 400 of 510 events, and counts as 100",
        "WARN accounts: 30 accounts without further events chose item-3 within a minute, and "
        "count as 10; are they automatic?",
    ]
    calm = pl.DataFrame(crowd, schema=["user_id", "item_id", "timestamp"], orient="row")
    assert "accounts" not in [one.code for one in validate(Tables.of(calm))]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.floats(0, 1e6)), max_size=60),
    st.integers(0, 300),
)
def test_limits_hold_for_all_events(rows, n_more):
    user, item, at = np.array(rows).reshape(-1, 3).T
    more = np.arange(n_more)
    events = Events.of(
        np.r_[user, np.zeros(n_more)], np.r_[item, 10 + more], np.r_[at, more + 0.5]
    )
    limits = limit_events(events)
    assert len(limits.event_weights) == len(events)
    assert ((limits.event_weights > 0) & (limits.event_weights <= 1)).all()
    of_user = np.bincount(events.user, limits.event_weights, minlength=1)
    assert (of_user <= limits.user_cap * (1 + 1e-9)).all()
    assert abs(len(limits.thin(events)) - limits.user_weights[events.user].sum()) <= 1


@pytest.mark.parametrize("at", [np.finfo(np.float64).max, np.inf])
def test_events_that_come_last_without_a_time_are_no_burst(at):
    """Thirty people with one event each, and others whose times are those of a log."""
    more = shop(more_user=40 + np.arange(30), more_item=np.full(30, 3), more_at=np.full(30, at))
    assert limit_events(more).bursts == ()
    assert limit_events(more).event_weights.tolist() == [1.0] * len(more)
