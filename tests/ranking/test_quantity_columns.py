"""Columns of prices, years, durations and ratings, by their names and values."""

import numpy as np
import polars as pl
import pytest

from daybreak.data.fields import ContentField
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.ranking.quantity_columns import QuantityColumns


def columns_of(fields=(), **values):
    return QuantityColumns(FilterColumns(pl.DataFrame(values), fields))


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("price", "price"),
        ("median_price", "price"),
        ("unitPrice", "price"),
        ("Verkaufspreis", "price"),
        ("售价", "price"),
        ("商品价格(元)", "price"),
        ("precio", "price"),
        ("cost", "price"),
        ("runtime", "duration"),
        ("Laufzeit", "duration"),
        ("时长", "duration"),
        ("avg_rating", "rating"),
        ("评分", "rating"),
    ],
)
def test_a_column_is_recognised_by_its_name(name, quantity):
    found = columns_of(**{"item_id": ["a", "b"], name: [3.0, None]}).get(quantity)
    np.testing.assert_array_equal(found.values, [3.0, np.nan])


@pytest.mark.parametrize("name", ["price_range", "rating_count", "shipping_price", "weight"])
def test_other_names_are_no_quantities(name):
    columns = columns_of(item_id=["a"], **{name: [3.0]})
    assert all(columns.get(one) is None for one in ("price", "year", "duration", "rating"))


def test_the_price_that_people_pay_comes_first():
    columns = columns_of(msrp=[9.0], list_price=[8.0], price=[5.0])
    assert columns.get("price").label == "price"
    assert columns_of(list_price=[8.0], sale_price=[5.0]).get("price").label == "sale price"


def test_texts_are_read_as_amounts():
    found = columns_of(price=["$12.50", "1,299.00 $", "on request"]).get("price")
    np.testing.assert_array_equal(found.values, [12.5, 1299.0, np.nan])
    found = columns_of(runtime=["81 min", "1h 30m", None]).get("duration")
    np.testing.assert_array_equal(found.values, [81.0, 90.0, np.nan])


def test_durations_are_in_minutes():
    assert columns_of(duration_ms=[180_000]).get("duration").values.tolist() == [3.0]
    assert columns_of(duration_hours=[2]).get("duration").values.tolist() == [120.0]


def test_years_are_from_1800_to_2100():
    found = columns_of(year=[1999] * 19 + [0]).get("year")
    np.testing.assert_array_equal(found.values[-2:], [1999.0, np.nan])
    assert columns_of(year=[1, 2, 3]).get("year") is None
    assert columns_of(年份=["1995-1997", "2003"]).get("year").values.tolist() == [
        1995.0,
        2003.0,
    ]


def test_years_are_read_from_dates_then_from_titles():
    date = ContentField("air_date", "date")
    titles = ["Heat (1995)", "Brazil (1985)", "Léon"]
    columns = columns_of([date], title=titles, air_date=["2001-02-03", "1969-12-31", None])
    np.testing.assert_array_equal(columns.get("year").values, [2001.0, 1969.0, np.nan])
    np.testing.assert_array_equal(
        columns_of(title=titles).get("year").values, [1995.0, 1985.0, np.nan]
    )
    assert columns_of(title=["Heat (1995)", "Lamp", "Mug"]).get("year") is None


def test_a_column_with_hardly_any_value_is_not_used():
    columns = columns_of(price=[5.0] + [None] * 99)
    assert columns.get("price") is None


def test_years_of_old_works_are_years():
    found = columns_of(year=[1605, 1813, 2004, 12]).get("year")
    assert found is None  # one in four is no year
    found = columns_of(year=[1605, 1813, 2004]).get("year")
    np.testing.assert_array_equal(found.values, [1605.0, 1813.0, 2004.0])
    found = columns_of(year=["1605", "c. 1813"]).get("year")
    np.testing.assert_array_equal(found.values, [1605.0, 1813.0])


@pytest.mark.parametrize("name", ["rent", "Kaltmiete", "monthly_rent", "salary", "月租"])
def test_what_is_paid_is_a_price_where_there_is_no_other(name):
    assert columns_of(**{name: [900.0, 700.0]}).get("price").values.tolist() == [900.0, 700.0]
    both = columns_of(**{name: [900.0], "price": [2.0]})
    assert both.get("price").values.tolist() == [2.0]


def test_sentences_name_columns_of_numbers():
    columns = columns_of(
        title=["a"],
        page_count=[96],
        min_players=[2],
        max_players=[4],
        author=["page"],
        price=[3],
    )
    found = columns.named("more than 200 pages for 4 players, price 3")
    assert set(found.values()) == {"page_count"}
    assert columns.get_named("page_count").values.tolist() == [96.0]
    assert columns.get_named("author") is None


@pytest.mark.parametrize(
    "values",
    [
        {"age": [3, 8]},
        {"min_age": [3, None]},
        {"min_age": [3, 60]},
        {"age_group": ["kids", "all"]},
    ],
)
def test_other_columns_are_no_ages_of_people(values):
    assert columns_of(title=["a", "b"], **values).age_column() is None


def test_a_column_of_ages_is_read_alike_before_and_after_it_is_asked_for():
    columns = columns_of(min_age=["1+", "from 8", "about 10"])
    before = columns.get_named("min_age").values.tolist()
    assert columns.age_column() == "min_age"
    assert columns.get_named("min_age").values.tolist() == before == [1.0, 8.0, 10.0]
