"""Items that come after a training under the names of its data."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.service.inputs.catalogue_names import match_catalogue

N = 12
ITEMS = pl.DataFrame({
    "sku": [f"a{n}" for n in range(N)],
    "name": [f"Tea {n}" if n % 2 else f"Rum {n}" for n in range(N)],
    "Kategorie": ["Tee" if n % 2 else "Rum" for n in range(N)],
    "Preis": [1.5 + n for n in range(N)],
    "published_at": [f"2026-05-{n + 1:02}" for n in range(N)],
})  # fmt: skip
EVENTS = pl.DataFrame({
    "user_id": [f"u{n % 7}" for n in range(40)],
    "item_id": [f"a{n * 5 % N}" for n in range(40)],
})  # fmt: skip
SENT = {
    "sku": ["b1"],
    "name": ["Green tea"],
    "Kategorie": ["Tee"],
    "Preis": ["3,50 €"],
    "published_at": ["2026-06-01"],
}
STORED = {
    "title": "Green tea",
    "categories": "Tee",
    "preis": 3.5,
    "created_at": 1780272000.0,  # by hand: 1 June 2026, midnight UTC
}


@pytest.fixture
def model():
    return Recommender(encoder="none").fit(EVENTS, ITEMS)


def stored(model, id_):
    (row,) = model.items.filter(pl.col("item_id") == id_).to_dicts()
    return {name: row.get(name) for name in STORED}


@pytest.mark.parametrize("id_", ["a1", "b1"])
def test_items_are_updated_under_the_names_of_the_training(model, id_):
    model.update_items({**SENT, "sku": [id_]})
    assert stored(model, id_) == STORED
    assert set(model.items.columns) == {"item_id", *STORED}


def test_items_are_added_and_replaced_under_the_names_of_the_training(model):
    model.add_items(pl.DataFrame(SENT))
    assert stored(model, "b1") == STORED
    wish = {"user_id": ["new"], "text": ["green tea"]}
    assert model.recommend(["new"], k=1, profiles=wish)["item_id"].to_list() == ["b1"]
    model.replace_items([{name: value[0] for name, value in SENT.items()}])
    assert stored(model, "b1") == STORED
    assert model.recommend(["new"], k=5)["item_id"].to_list() == ["b1"]


@pytest.mark.parametrize(
    ("names", "known", "wanted"),
    [
        (["item_id", "title", "name"], ["title"], {}),
        (["item_id", "name"], ["name", "title"], {}),
        (["item_id", "name", "Title"], ["title"], {"Title": "title"}),
        (["item_id", "unitPrice"], ["unit_price"], {"unitPrice": "unit_price"}),
        (["item_id", "expires_at", "genre"], [], {"expires_at": "available_until"}),
        (["name"], ["title"], {}),
        ([], ["title"], {}),
    ],
)  # fmt: skip
def test_names_are_those_of_the_catalogue_where_it_has_them(names, known, wanted):
    assert match_catalogue(names, ["item_id", *known]) == wanted


@pytest.mark.parametrize(
    ("name", "beside", "ends"),
    [
        ("starts_at", "venue", 7_226_668_800.0),  # by hand: the end of 1 January 2199
        ("expires", "price", 7_226_582_400.0),
    ],
)
def test_items_that_come_later_end_as_those_of_the_training_do(name, beside, ends):
    """Before, a concert that was added stayed in the lists for ever after it was over."""
    items = ITEMS.select("sku", "name").with_columns(
        pl.lit("2199-01-01").alias(name), pl.lit("x").alias(beside)
    )
    model = Recommender(encoder="none").fit(EVENTS, items)
    day = {"sku": ["b1"], "name": ["Jazz"], name: ["2199-01-01"], beside: ["y"]}
    model.add_items(pl.DataFrame(day))
    model.add_items(pl.DataFrame({**day, "sku": ["b2"], name: ["2020-01-01"]}))
    found = dict(model.items.select("item_id", "available_until").iter_rows())
    assert found["b1"] == found["a1"] == ends
    assert "b2" not in model.recommend(["new"], k=50)["item_id"].to_list()
