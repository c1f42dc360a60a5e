import numpy as np
import polars as pl
import pytest

from daybreak.data import EVENT_COLUMNS, EventRules, Vocabulary
from daybreak.errors import DataError
from daybreak.service.inputs.histories import MAX_ROWWISE_EVENTS, event_rows

ITEMS = Vocabulary(["tea", "rum"])
ROWS = [
    ("ann", "tea", "purchase", 2.0, 5.0, None),
    ("bob", "pot", "purchase", None, 6.0, None),
    ("cat", "rum", "rating", 1.0, None, "shop"),
    ("ann", "rum", "rating", 5.0, float("nan"), None),
    ("bob", "tea", None, None, 7.0, None),
]


def plain(rows):
    return pl.DataFrame(rows, schema=EVENT_COLUMNS, orient="row")


def test_few_events_are_read_like_many():
    rules = EventRules(positive="rating>=4, purchase").resolve(plain(ROWS))
    few = event_rows(plain(ROWS), ITEMS, rules)
    many = event_rows(plain(ROWS * MAX_ROWWISE_EVENTS), ITEMS, rules)
    assert few.users == ["ann", "cat", "ann", "bob"] == many.users[:4]
    for name in ("item", "at", "is_positive"):
        column = getattr(few, name)
        np.testing.assert_array_equal(column, getattr(many, name)[:4])
        assert column.dtype == getattr(many, name).dtype
    assert few.at.tolist() == [5.0, np.inf, np.inf, 7.0]
    assert few.is_positive.tolist() == [True, False, True, False]


@pytest.mark.parametrize("times", [1, MAX_ROWWISE_EVENTS])
def test_events_without_a_user_id_are_rejected(times):
    rows = [*ROWS, (None, "tea", None, None, None, None)] * times
    with pytest.raises(DataError, match=f"{times} of {len(rows)} events have no user_id"):
        event_rows(plain(rows), ITEMS, EventRules().resolve(plain(rows)))


def test_no_events_are_no_rows():
    none = event_rows(plain([]), ITEMS, EventRules().resolve(plain(ROWS)))
    assert len(none) == 0
    assert none.is_positive.dtype == bool
