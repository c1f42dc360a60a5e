"""Lists that may contain what a user has put staples first."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

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
