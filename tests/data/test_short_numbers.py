import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.short_numbers import read_short_numbers


@pytest.mark.parametrize(
    ("name", "values", "numbers"),
    [
        ("price", ["1,5k", "200", "1000"], [1500, 200, 1000]),
        ("price", ["1.2M", "3M", "900k"], [1.2e6, 3e6, 9e5]),
        ("price", ["$1.5k", "2k €", "£900"], [1500, 2000, 900]),
        ("price", ["from 12,50 €", "ab 15 €", "ca. 20"], [12.5, 15, 20]),
        ("salary", ["50k", "1.1 mln", "60 Tsd."], [50_000, 1.1e6, 60_000]),
        ("views", ["2k views", "15 views", "1.1k"], [2000, 15, 1100]),
        ("n_followers", ["1,5k", "2k", "3,1 Mio"], [1500, 2000, 3.1e6]),
        ("播放量", ["3k", "15次", "10+"], [3000, 15, 10]),
    ],
)
def test_amounts_and_counts_in_short_are_numbers(name, values, numbers):
    frame = pl.DataFrame({"item_id": ["a", "b", "c"], name: values})
    result = read_tables(items=frame)
    assert result.tables.items.select(pl.last()).to_series().to_list() == numbers
    assert any("texts are read as numbers" in note for note in result.notes)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("resolution", ["4k", "8k", "4k"]),
        ("gold", ["24k", "18k", "14k"]),
        ("length", ["5m", "10m", "3m"]),
        ("min_age", ["18+", "16+", "12+"]),
        ("views", ["sea view", "no view", "garden"]),
        ("reviews", ["really good, 5 of 5", "2 broke", "fine"]),
    ],
)
def test_other_columns_stay_texts(name, values):
    frame = pl.DataFrame({"item_id": ["a", "b", "c"], name: values})
    assert (
        read_tables(items=frame).tables.items.select(pl.last()).to_series().to_list() == values
    )


def test_a_price_that_stays_a_text_is_told():
    frame = pl.DataFrame({"item_id": ["a", "b", "c"], "price": ["12-15", "15-20", "20"]})
    assert read_short_numbers(frame["price"], None) is None
    (note,) = read_tables(items=frame).notes
    assert note == (
        "items: price is kept as text: 2 of 3 values are no numbers, such as '12-15'"
    )
