"""Lists that may contain what a user has put staples first."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from daybreak import Recommender
from daybreak.data.dataset import Items
from daybreak.data.event_log import EventLog
from daybreak.data.repeats import repeat_frequencies
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.state.query_builder import QueryBuilder, UserContext

WEEK = 604_800


@pytest.fixture(scope="module")
def grocer():
    """Sixty people take three staples of their own each week, for ten weeks."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(60):
        staples = rng.choice(25, 3, replace=False)
        for week in range(10):
            at = 1_700_000_000_000 + 1000 * (week * WEEK + person)  # milliseconds
            rows += [(f"p{person}", f"s{n}", at) for n in staples]
            rows.append((f"p{person}", f"n{rng.integers(40)}", at))
    return pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")


@pytest.fixture(scope="module")
def shop(grocer):
    return Recommender(encoder="none").fit(grocer)


def own(events, user):
    counts = events.filter(user_id=user).group_by("item_id").len().filter(pl.col("len") > 5)
    return set(counts["item_id"])


def test_staples_come_first_by_default_where_repeats_are_usual(grocer, shop):
    for choice in (None, False):
        found = shop.recommend(["p0", "p1"], k=3, exclude_seen=choice)
        for user in ("p0", "p1"):
            assert set(found.filter(user_id=user)["item_id"]) == own(grocer, user)


def test_what_one_has_stays_out_on_request(grocer, shop):
    found = shop.recommend(["p0"], k=9, exclude_seen=True)["item_id"]
    assert not set(found) & set(grocer.filter(user_id="p0")["item_id"])


def test_fresh_events_count(shop):
    weeks = [
        {"user_id": "guest", "item_id": "s7", "timestamp": 1.71e9 + week * WEEK}
        for week in range(3)
    ]
    assert shop.recommend(histories=weeks, k=1)["item_id"].to_list() == ["s7"]


def test_reasons_add_up_to_the_score(shop):
    (first,) = shop.recommend(["p0"], k=1).iter_rows(named=True)
    reasons = shop.explain("p0", first["item_id"])
    assert reasons["value"].sum() == pytest.approx(first["score"], abs=1e-3)
    event = reasons.filter(kind="event", name=first["item_id"])
    assert event["value"].to_list()[0] > 0


def test_a_release_keeps_what_people_take_again(grocer, shop, tmp_path):
    shop.save(tmp_path / "release")
    loaded = Recommender.load(tmp_path / "release", events=grocer)
    for user in ("p2", "p3"):
        assert set(loaded.recommend([user], k=3)["item_id"]) == own(grocer, user)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_frequencies_leave_out_what_lists_may_not_contain(share):
    rng = np.random.default_rng(3)
    items = Items(Vocabulary(map(str, range(12))))
    trained = Items(Vocabulary(map(str, rng.permutation(12)[:9])))
    builder = QueryBuilder(trained, items, True, lambda _: (), repeat_decay=0.9)
    rows = rng.integers(0, [[4], [12], [8]], (3, 200))
    log = EventLog.of(rows[0], rows[1], rows[2] * float(WEEK), [("buy", 1)] * 200)
    excluded = sp.csr_array(rng.random((4, 12)) < share, dtype=np.float32)
    profile = sp.csr_array((4, 0), dtype=np.float32)
    context = UserContext(log.first_positive(), profile, {}, log)
    found = builder._personal_frequencies(context, excluded).toarray()
    wanted = repeat_frequencies(log.positive(), 0.9, 4, 12).toarray()
    wanted[excluded.toarray() > 0] = 0
    np.testing.assert_array_equal(found, wanted[:, items.ids.rows(trained.ids.ids)])
    assert found.any() == (share < 1)
