"""Impressions leave lists full; a shop or a list may decide otherwise."""

import polars as pl
import pytest

from daybreak import Recommender, Rules
from daybreak.data import EventRules

ITEMS = [f"i{n}" for n in range(12)]


@pytest.fixture(scope="module")
def events():
    rows = [
        (f"u{n % 9}", ITEMS[(n * 5 + n // 9) % 12], "purchase", float(n)) for n in range(60)
    ]
    schema = ["user_id", "item_id", "event_type", "timestamp"]
    return pl.DataFrame(rows, schema, orient="row").unique(["user_id", "item_id"], keep="first")


@pytest.fixture(scope="module")
def shop(events):
    model = Recommender(encoder="none", strategies=["popular"])
    return model.fit(events, pl.DataFrame({"item_id": ITEMS}))


def told(kind):
    return [{"user_id": "eve", "item_id": item, "event_type": kind} for item in ITEMS[:6]]


@pytest.mark.parametrize(("kind", "height"), [
    ("impression", 12), ("item_view", 12), ("purchase", 6), ("dislike", 6), ("wishlist", 6),
])  # fmt: skip
def test_events_of_a_call(shop, kind, height):
    assert shop.recommend(histories=told(kind), k=99).height == height


def test_added_events_count_like_those_of_a_call(events):
    model = Recommender(encoder="none", strategies=["popular"]).fit(events)
    n = model.items.height
    model.add_events([{"user_id": "eve", "item_id": "i1", "event_type": "view"}])
    assert model.recommend(["eve"], k=99).height == n
    model.add_events([{"user_id": "eve", "item_id": "i1", "event_type": "purchase"}])
    assert model.recommend(["eve"], k=99).height == n - 1


def test_a_list_may_name_the_types(shop):
    rules = Rules(exclude_events=("Item view",))
    assert shop.recommend(histories=told("item_view"), k=99, rules=rules).height == 6
    assert shop.recommend(histories=told("purchase"), k=99, rules=rules).height == 12


def test_a_list_may_exclude_nothing(shop):
    assert shop.recommend(histories=told("purchase"), k=99, exclude_seen=False).height == 12
    rules = Rules(exclude_seen=False)
    assert shop.recommend(histories=told("purchase"), k=99, rules=rules).height == 12


def test_a_shop_may_name_the_types_and_a_release_keeps_them(events, tmp_path):
    model = Recommender(
        encoder="none", strategies=["popular"], rules=EventRules(excludes="cart")
    )
    model.fit(events, pl.DataFrame({"item_id": ITEMS})).save(tmp_path / "release")
    for one in (model, Recommender.load(tmp_path / "release")):
        assert one.recommend(histories=told("purchase"), k=99).height == 12
        assert one.recommend(histories=told("cart"), k=99).height == 6


def test_clicks_of_a_newsroom_exclude_and_a_release_keeps_that(events, tmp_path):
    clicks = events.with_columns(event_type=pl.lit("click"))
    shown = clicks[:3].with_columns(event_type=pl.lit("impression"))
    model = Recommender(encoder="none", strategies=["popular"])
    model.fit(pl.concat([clicks, shown])).save(tmp_path / "release")
    n = model.items.height
    for one in (model, Recommender.load(tmp_path / "release")):
        assert one.recommend(histories=told("click"), k=99).height == n - 6
        assert one.recommend(histories=told("impression"), k=99).height == n


def test_who_was_shown_an_item_is_still_among_its_audience(events):
    model = Recommender(encoder="none", strategies=["popular"]).fit(events)
    (user, *_) = model.audience("i5", k=99)["user_id"].to_list()
    for kind, stays in (("impression", True), ("purchase", False)):
        model.add_events([{"user_id": user, "item_id": "i5", "event_type": kind}])
        assert (user in model.audience("i5", k=99)["user_id"].to_list()) == stays
