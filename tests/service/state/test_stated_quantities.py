"""Prices and years in the words of users: lists, reasons, notes and the page of obstacles."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.encoders.quantities import QuantityRange
from daybreak.errors import UnreadTextWarning
from daybreak.messages import translate_text
from daybreak.service.state.stated_quantities import (
    StatedBound,
    StatedQuantities,
    combine_ranges,
    value_quantiles,
)

KINDS = ("lamp", "mug", "clock", "rug")
PRICES = [5.0, 12.5, 20.0, 45.0, 80.0, None]
ITEMS = pl.DataFrame(
    [
        {
            "item_id": f"{kind}-{n}",
            "title": f"{colour} {kind} (19{60 + 10 * (n % 4)})",
            "price": price,
        }
        for kind in KINDS
        for n, (price, colour) in enumerate(
            zip(PRICES, ("red", "blue", "green", "white", "black", "grey"), strict=True)
        )
    ]
)
EVENTS = pl.DataFrame(
    [
        {"user_id": f"user-{user}", "item_id": f"{KINDS[(user + n) % 4]}-{n}"}
        for user in range(12)
        for n in range(4)
    ]
)


@pytest.fixture(scope="module")
def shop():
    return Recommender(encoder="none", strategies=["popular", "content/ridge", "wish"]).fit(
        EVENTS, items=ITEMS
    )


def bound_of(values, high):
    values = np.array(values)
    said = QuantityRange("price", high=high)
    return StatedBound("price", (said,), values, values <= high)


def recommend(shop, text, user="new", k=4, **options):
    profiles = pl.DataFrame({"user_id": [user], "text": [text]})
    found = shop.recommend(profiles=profiles, k=k, **options)
    return found.join(ITEMS, on="item_id", how="left", maintain_order="left")


@pytest.mark.parametrize("user", ["new", "user-1"])
@pytest.mark.parametrize("history", [None, "rug-4"])
@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("a lamp under 20 euros", 0, 19.99),
        ("20元以下的 lamp", 0, 20),
        ("eine lamp über 40 Euro", 40.01, 99),
        ("lamp between 10 and 50 dollars", 10, 50),
        ("no more than 12.50", 0, 12.5),
    ],
)
def test_a_bound_filters_the_list_for_everybody(shop, user, history, text, low, high):
    events = (
        None if history is None else pl.DataFrame({"user_id": [user], "item_id": [history]})
    )
    found = recommend(shop, text, user, histories=events, exclude_seen=False)
    assert len(found) == 4
    assert found["price"].null_count() == 0
    assert found["price"].is_between(low, high).all()
    if "lamp" in text:
        assert found["item_id"][0].startswith("lamp")


def test_the_topic_is_that_of_the_text_without_the_bound(shop):
    state = shop.state
    texts = state.user_context(["a"]).texts
    assert texts == {}
    reader = state.ranker.rule_compiler.quantity_reader
    topics, stated = reader.read_each({0: "a lamp under 20 euros", 1: "a lamp", 2: "cheap"})
    assert topics == {0: "a lamp", 1: "a lamp"}
    assert sorted(stated) == [0, 2]


def test_relative_words_move_the_list(shop):
    cheap = recommend(shop, "a cheap lamp", k=3)
    dear = recommend(shop, "an expensive lamp", k=3)
    assert cheap["item_id"].str.starts_with("lamp").all()
    assert cheap["price"].mean() < dear["price"].mean()
    assert cheap["price"][0] == 5.0
    assert dear["price"][0] >= 45.0


def test_an_approximate_price_is_near(shop):
    found = recommend(shop, "a clock for about 20 euros", k=1)
    assert found["item_id"].to_list() == ["clock-2"]


def test_reasons_name_the_bound_and_add_up(shop):
    found = recommend(shop, "a cheap lamp under 20 euros", explain="text", k=1)
    reasons = found["reasons"][0].to_list()
    assert reasons[0]["kind"] == "quantity"
    assert reasons[0]["text"] == "price 5 is below 20, as you asked"
    assert reasons[1]["text"] == "price 5 is low, as you asked"
    assert sum(r["value"] for r in reasons) == pytest.approx(found["score"][0], abs=1e-3)
    assert "price 5 is below 20" in found["explanation"][0]
    told = recommend(shop, "20元以下的 lamp", explain="text", language="zh", k=1)
    assert "符合“20元以下”" in told["explanation"][0]


def test_explain_says_what_is_not_met(shop):
    profiles = pl.DataFrame({"user_id": ["new"], "text": ["a lamp under 20 euros"]})
    found = shop.explain("new", "lamp-4", profiles=profiles)
    assert found["text"][0] == "price 80 is not below 20, which you asked for"
    assert found["value"][0] == 0
    found = shop.explain("new", "lamp-5", profiles=profiles)
    assert found["text"][0] == "the price is unknown, and you asked for below 20"


def test_no_rule_moves_an_item_that_a_preference_moves(shop):
    found = recommend(shop, "a cheap lamp", k=6, where="price > 0")
    assert found["rule"].null_count() == len(found) == 6


def test_years_are_read_from_titles(shop):
    found = recommend(shop, "a lamp from the eighties", k=3)
    years = found["title"].str.extract(r"\((\d+)\)").cast(pl.Int64)
    assert years.is_between(1980, 1989).all()


def test_words_without_a_column_are_told_and_the_topic_still_counts(shop):
    with pytest.warns(UnreadTextWarning, match="'under 90 minutes'.*no column of durations"):
        found = recommend(shop, "a lamp, under 90 minutes")
    assert found["item_id"].str.starts_with("lamp").all()


@pytest.mark.parametrize(
    "text", ["a lamp under 15 and a clock over 40", "40以上的 clock 和15以下的 lamp"]
)
def test_two_objects_have_bounds_of_their_own(shop, text):
    found = recommend(shop, text, k=4)
    assert set(found["item_id"]) == {"lamp-0", "lamp-1", "clock-3", "clock-4"}


def test_a_bound_names_the_range_of_its_own_object(shop):
    found = recommend(shop, "a lamp under 15 euros and a clock over 40 euros", explain=True)
    said = {row["item_id"]: row["reasons"][0]["text"] for row in found.iter_rows(named=True)}
    assert said["lamp-0"] == "price 5 is below 15, as you asked"
    assert said["clock-4"] == "price 80 is above 40, as you asked"


def test_what_is_never_as_dear_is_listed_by_the_nearest_price(shop):
    items = ITEMS.with_columns(
        pl.when(pl.col("title").str.contains("lamp")).then(pl.col("price") / 10)
        .otherwise(pl.col("price")).alias("price")
    )  # fmt: skip
    cheap_lamps = Recommender(
        encoder="none", strategies=["popular", "content/ridge", "wish"]
    ).fit(EVENTS, items=items)
    with pytest.warns(UnreadTextWarning, match="nothing that is about the other words"):
        found = recommend(cheap_lamps, "a lamp over 30")
    assert found["item_id"].str.starts_with("lamp").all()
    assert found["item_id"][0] == "lamp-4"


@pytest.mark.parametrize("text", ["rugs for children under 12", "rugs for over 18"])
def test_ages_are_no_prices(shop, text):
    assert shop.state.ranker.rule_compiler.quantity_reader.read(text) is None


def test_what_is_most_like_the_topic_within_a_bound_is_fully_about_it():
    said = StatedQuantities("lamp", (bound_of([1.0, 1.0, 9.0, 9.0], high=5),))
    likeness = np.array([[0.5, 0.1, 1.0, 0.2]], dtype=np.float32)
    restricted, allowed = said.restrict(np.ones(4, dtype=bool))
    gains = restricted.with_likeness(allowed, likeness).gains
    # Within the bound, the reference is 0.5 instead of 1: 0.5 counts as 1, and 0.1 as 0.2.
    assert gains.tolist() == pytest.approx([0.5, 0.1, 0, 0])


@pytest.mark.parametrize(
    ("text", "high"), [("lamps under 15 euros", 14.99), ("under 10", 9.99)]
)
def test_similar_items_of_a_text_are_within_its_bounds(shop, text, high):
    found = shop.similar_items(texts=[text], k=3).join(ITEMS, on="item_id", how="left")
    assert found.height
    assert found["price"].is_between(0, high).all()


def test_a_bound_that_few_items_meet_is_told(shop):
    with pytest.warns(UnreadTextWarning, match="leaves only 4 items.*4 items have no price"):
        found = recommend(shop, "a lamp under 6 euros", k=10)
    assert found["price"].to_list() == [5.0] * 4


def test_a_bound_that_no_item_meets_prefers_the_nearest(shop):
    with pytest.warns(UnreadTextWarning, match="price is from 5 to 80"):
        found = recommend(shop, "a lamp under 1 euro", k=1)
    assert found["item_id"].to_list() == ["lamp-0"]


def test_a_bound_holds_with_the_rules_of_the_list(shop):
    found = recommend(shop, "under 20 euros", where="price > 10")
    assert set(found["price"]) == {12.5}


@pytest.mark.parametrize(
    "text", ["a lamp", "set of 6 mugs", "top 10", "1984", "mug for children under 5"]
)
def test_texts_without_bounds_give_the_lists_that_they_gave(shop, text):
    reader = shop.state.ranker.rule_compiler.quantity_reader
    assert reader.read(text) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreadTextWarning)
        assert len(recommend(shop, text)) == 4


def test_a_stored_text_counts_too():
    users = pl.DataFrame({"user_id": ["ann"], "text": ["lamps under 20 euros"]})
    shop = Recommender(encoder="none", strategies=["popular", "content/ridge", "wish"])
    shop.fit(EVENTS, items=ITEMS, users=users)
    found = shop.recommend(["ann"], k=3).join(ITEMS, on="item_id", maintain_order="left")
    assert (found["price"] < 20).all()
    # An item that a bound rules out has no audience in her.
    assert "ann" not in shop.audience("lamp-4", k=20)["user_id"].to_list()
    assert "ann" in shop.audience("lamp-0", k=20)["user_id"].to_list()


@pytest.mark.parametrize(
    ("message", "translated"),
    [
        (
            "median price 2.5 is below 20, as you asked",
            "median price 2.5：低于 20，符合您的要求",
        ),
        (
            "price 25 is not at most 20, which you asked for",
            "price 25：不符合您要求的“不超过 20”",
        ),
        (
            "year 1985 is from 1980 to 1989, as you asked",
            "year 1985：1980 至 1989，符合您的要求",
        ),
        ("price 5 is low, as you asked", "price 5：偏低，符合您的要求"),
        (
            "the words 'before 1960' have no effect as a bound: the catalogue has no column of "
            "years",
            "'before 1960' 没有作为限制起作用：商品目录没有年份列",
        ),
        ("'20元以下' leaves only 3 items to be listed", "'20元以下' 只剩下 3 个可推荐的物品"),
    ],
)
def test_messages_are_there_in_chinese(message, translated):
    assert translate_text(message, "zh") == translated


@given(
    st.lists(st.floats(0, 100, allow_nan=False) | st.just(float("nan")), min_size=1),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_ranges_hold_for_what_is_inside(values, low, high):
    array = np.array(values)
    inside = combine_ranges(array, [QuantityRange("price", low, high)])
    assert inside.tolist() == [low <= value <= high for value in values]
    outside = combine_ranges(array, [QuantityRange("price", low, high, is_excluded=True)])
    assert not (inside & outside).any()
    assert (inside | outside).tolist() == (~np.isnan(array)).tolist()
    quantiles = value_quantiles(array)
    known = quantiles[~np.isnan(array)]
    assert ((known >= 0) & (known <= 1)).all()


SOFAS = pl.DataFrame(
    [("s1", "Leather sofa with seats", 1299.0), ("s2", "Two-seat sofa", 449.0)]
    + [("s3", "Corner sofa to sleep on", 899.0)]
    + [(f"t{n}", f"table {n}", 40.0 + 10 * n) for n in range(20)],
    schema=["item_id", "title", "price"],
    orient="row",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the most expensive sofa", ["s1", "s3", "s2"]),
        ("the cheapest sofa", ["s2", "s3", "s1"]),
    ],
)
def test_superlatives_order_the_few_items_that_are_meant(text, expected):
    """Among the prices of all items, all three sofas are alike."""
    furniture = Recommender(encoder="none").fit([], items=SOFAS)
    assert recommend(furniture, text, k=3)["item_id"].to_list() == expected


@pytest.mark.parametrize(
    ("text", "first"), [("recent books", "b9"), ("old books", "b0"), ("new paperbacks", "b5")]
)
def test_a_name_for_all_that_there_is_is_no_topic(text, first):
    books = pl.DataFrame(
        {
            "item_id": [f"b{n}" for n in range(10)],
            "title": [f"novel of {city}" for city in "abcde"]
            + ["paperbacks"]
            + [f"tales of {city}" for city in "fghi"],
            "year": [1605 + 40 * n for n in range(10)],
        }
    )
    shop = Recommender(encoder="none").fit([], items=books)
    assert recommend(shop, text, k=1)["item_id"].item() == first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a book for my 3 year old", {"b1", "b3"}),
        ("for a girl of eight", {"b1", "b3", "b8"}),
        ("books for children under 12", {"b1", "b3", "b8", "b12"}),
        ("ein Buch für einen 8-jährigen", {"b1", "b3", "b8"}),
        ("a book for a man of 40", {"b1", "b3", "b8", "b12", "b16"}),
    ],
)
@pytest.mark.parametrize("name", ["min_age", "FSK"])
def test_what_is_for_older_people_is_left_out(text, expected, name):
    ages = (1, 3, 8, 12, 16)
    books = pl.DataFrame(
        {
            "item_id": [f"b{age}" for age in ages],
            "title": ["Moon", "Bear", "Wizard", "Island", "Girl"],
            name: [f"{age}+" for age in ages],
        }
    )
    shop = Recommender(encoder="none").fit([], items=books)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = recommend(shop, text, k=5)
    assert set(found["item_id"]) == expected
    notes = [str(one.message) for one in caught]
    assert any("leaves only" in note for note in notes) == (len(expected) < 5)
    assert any("has no effect" in note for note in notes) == (len(expected) == 5)
