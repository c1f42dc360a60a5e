"""Tables of items, users and events."""

import polars as pl
import pytest

from daybreak.data.tables import Tables, has_values
from daybreak.errors import DataError

EVENTS = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "rum"]})


def test_ids_that_only_events_have_are_rows_of_nulls():
    items = pl.DataFrame({"item_id": [7, 8], "price": [1.5, None]})
    tables = Tables.of(EVENTS, items)
    assert tables.items["item_id"].to_list() == ["7", "8", "tea", "rum"]
    assert tables.items["price"].to_list() == [1.5, None, None, None]
    assert tables.users["user_id"].to_list() == ["ann", "bob"]


@pytest.mark.parametrize("events", [None, EVENTS])
def test_an_id_is_in_one_row_only(events):
    items = pl.DataFrame({"item_id": ["a", "tea", "tea"]})
    with pytest.raises(DataError, match="item_id 'tea' appears twice in items"):
        Tables.of(events, items)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"item_id": ["a", None]}), "1 rows of items have no item_id"),
        (pl.DataFrame({"title": ["Tea"]}), "items have no column 'item_id'"),
    ],
)
def test_a_row_without_an_id_is_told(frame, message):
    with pytest.raises(DataError, match=message):
        Tables.of(items=frame)


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({}, [False, False]),
        ({"price": [1, None]}, [True, False]),
        ({"price": [1, None], "title": ["Tea", "Rum"]}, [True, True]),
        ({"price": [1, None], "title": [None, None]}, [True, False]),
    ],
)
def test_an_item_has_values_in_any_other_column(columns, wanted):
    frame = pl.DataFrame({"item_id": ["a", "b"], **columns})
    assert has_values(frame, "item_id").to_list() == wanted
