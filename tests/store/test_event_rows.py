import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from daybreak.store.event_columns import EventColumns
from daybreak.store.event_rows import (
    _KEY_COLUMNS,
    _content_texts,
    _content_texts_by_row,
    column_keys,
    event_keys,
    id_keys,
)

TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=5)
NUMBERS = st.none() | st.floats(allow_nan=False)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, NUMBERS, NUMBERS), max_size=8)
SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "event_type": pl.String,
    "timestamp": pl.Float64,
    "value": pl.Float64,
}


@given(ROWS, ROWS)
def test_few_events_have_the_same_keys_as_many(some, others):
    frame = pl.DataFrame(some + others + some, schema=SCHEMA, orient="row")
    columns = [frame[name].to_list() for name in _KEY_COLUMNS]
    assert _content_texts_by_row(columns) == _content_texts(frame)


@given(ROWS, st.lists(st.none() | st.text("12", min_size=1, max_size=1), max_size=8))
def test_columns_have_the_keys_of_frames(rows, ids):
    rows, ids = rows[: len(ids)], ids[: len(rows)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    columns = EventColumns(**frame.to_dict(as_series=False), event_id=ids)
    assert column_keys(columns) == event_keys(frame, pl.Series(ids, dtype=pl.String))


def test_an_id_takes_the_place_of_the_content():
    frame = pl.DataFrame([("a", "x", None, 0.0, -0.0)] * 2, schema=SCHEMA, orient="row")
    keys = event_keys(frame, pl.Series(["7", None]))
    assert keys[:1] == id_keys(["7"])
    assert keys[1] == event_keys(frame)[1]


def test_a_key_is_the_same_in_every_release():
    frame = pl.DataFrame([("ann", "tea", "buy", 1.5, None)], schema=SCHEMA, orient="row")
    assert event_keys(frame)[0].hex() == "eb589cc2c31719a4c851ef0c0b6952fb"
    assert id_keys(["1"])[0].hex() == "0253cc559ffa7da761400b7ad06d3228"
