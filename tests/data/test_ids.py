"""One spelling of ids for columns, values of Python and rows of requests."""

from decimal import Decimal
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.data import read_tables
from daybreak.data.ids import (
    BLANKS,
    MISSING_IDS,
    cast_ids,
    id_text,
    lookup_id,
    normalize_id,
    note_damaged_ids,
)
from daybreak.errors import DataError
from daybreak.server.schemas.recommend import RecommendBody
from daybreak.service.ingest.values import InvalidValueError, parse_id, parse_optional_id
from daybreak.service.inputs.frames import as_frame, check_ids

texts = st.one_of(
    st.text(max_size=20),
    st.text(alphabet=BLANKS + "0123456789.-Ee+aÄ\u0301", max_size=12),
    st.sampled_from(sorted(MISSING_IDS)),
)
whole_numbers = st.integers(-(2**53) + 1, 2**53 - 1)
blanks = st.text(alphabet=BLANKS, max_size=3)


def of_request(value):
    try:
        return parse_id({"item_id": value}, "item_id")
    except InvalidValueError:
        return None


@given(texts)
def test_a_column_a_value_and_a_request_give_the_same_id(text):
    id_ = normalize_id(text) or None
    for n in (1, 100):
        assert cast_ids(pl.Series([text] * n))[0].to_list() == [id_] * n
    assert id_text(text) == id_
    if "\0" not in text:
        assert of_request(text) == id_


@given(texts)
def test_an_id_in_the_one_spelling_stays_as_it_is(text):
    id_ = normalize_id(text)
    assert normalize_id(id_) == id_
    assert lookup_id(id_) == id_


@given(texts, blanks, blanks)
def test_blanks_around_an_id_change_nothing(text, before, after):
    assert normalize_id(before + text + after) == normalize_id(text)


@given(whole_numbers)
def test_all_spellings_of_a_whole_number_are_one_id(number):
    forms = (number, float(number), Decimal(number), Decimal(f"{number}.00"), np.int64(number))
    assert {id_text(form) for form in forms} == {str(number)}
    assert {of_request(form) for form in (number, float(number), f"{number}.0")} == {
        str(number)
    }
    columns = (
        pl.Series([number]),
        pl.Series([float(number), None]),
        pl.Series([f"{number}.00"]),
        pl.Series([Decimal(number)]),
    )
    assert {cast_ids(column)[0][0] for column in columns} == {str(number)}


@given(st.lists(st.uuids(), min_size=3, max_size=5))
def test_a_uuid_is_read_as_its_usual_text_from_every_type(uuids):
    wanted = [str(one) for one in uuids]
    assert cast_ids(pl.Series(uuids, dtype=pl.Object))[0].to_list() == wanted
    assert (
        as_frame([{"item_id": one} for one in uuids], "item_id")["item_id"].to_list() == wanted
    )
    assert check_ids(uuids, "items") == wanted
    assert [of_request(one) for one in uuids] == wanted


def test_bytes_are_uuids_if_all_have_sixteen_that_are_no_text():
    uuids = [UUID(int=2**127 + n) for n in range(3)]
    column = pl.Series([one.bytes for one in uuids])
    assert cast_ids(column)[0].to_list() == [str(one) for one in uuids]
    assert cast_ids(pl.Series([b"tea", b"rum"]))[0].to_list() == ["tea", "rum"]
    assert cast_ids(pl.Series([b"\xff\x00"]))[0].to_list() == ["ff00"]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["a", "b"])])
def test_categories_are_ids(kind):
    assert cast_ids(pl.Series(["a", "b"], dtype=kind))[0].to_list() == ["a", "b"]


@pytest.mark.parametrize("word", ["", "  ", "\u00a0", "NULL", "nan", "None", "N/A", None])
def test_rows_without_an_id_are_rejected(word):
    events = pl.DataFrame({"user_id": ["ann", word], "item_id": ["tea", "rum"]})
    result = read_tables(events)
    assert result.tables.events["user_id"].to_list() == ["ann"]
    assert result.rejects.counts == {"no user_id": 1}


def test_an_id_that_is_a_name_like_a_missing_value_is_kept():
    assert [normalize_id(name) for name in ("Nan", "Null", "nano")] == ["Nan", "Null", "nano"]


def test_an_optional_id_that_is_missing_is_none():
    assert parse_optional_id({"event_id": "NULL"}, "event_id") is None
    assert parse_optional_id({"event_id": " e1 "}, "event_id") == "e1"
    with pytest.raises(InvalidValueError):
        parse_optional_id({"event_id": ""}, "event_id")


@pytest.mark.parametrize("value", [0.5, 2.0**53, True, [1]])
def test_a_number_that_is_no_exact_id_is_rejected_in_requests(value):
    assert of_request(value) is None


@pytest.mark.parametrize(
    ("values", "example"),
    [
        (pl.Series([2.0**53 + 2, 5.0]), "9007199254740994"),
        (pl.Series([20_000_001.0], dtype=pl.Float32), "20000000"),
        (pl.Series(["4.01235E+12", "x"]), "4.01235E+12"),
        (pl.Series(["9007199254740993.0"]), "9007199254740993.0"),
        (pl.Series(["1234567890123450", "9876543210987600"]), "1234567890123450"),
    ],
)
def test_ids_that_were_rounded_before_are_told_with_an_example(values, example):
    (note,) = note_damaged_ids("events.csv", "customer", values)
    assert "customer" in note
    assert example in note


@pytest.mark.parametrize(
    "values", [pl.Series([1.0, 2.0]), pl.Series(["1e5", "12E4"]), pl.Series([2**60])]
)
def test_ordinary_ids_are_not_called_rounded(values):
    assert note_damaged_ids("events.csv", "customer", values) == []


def test_fit_and_read_tables_tell_of_rounded_ids():
    events = pl.DataFrame({"user_id": [2.0**60, 3.0], "item_id": ["a", "b"]})
    assert any("user_id" in note for note in read_tables(events).notes)
    model = Recommender(encoder="none", strategies=["popular"]).fit(events)
    assert any("user_id" in note for note in model.notes)


def test_questions_find_ids_in_every_spelling():
    events = pl.DataFrame({"user_id": [13085.0, 7.0], "item_id": ["tea", "rum"]})
    model = Recommender(encoder="none", strategies=["popular"]).fit(events)
    for user in (13085, 13085.0, " 13085", "13085.0", np.float64(13085)):
        found = model.recommend([user], k=2)
        assert found["user_temperature"].unique().to_list() == ["hot"]
        assert found["item_id"].to_list() == ["rum"]
    assert model.recommend(["x"], items=[" tea"], k=5)["item_id"].to_list() == ["tea"]


def test_a_body_takes_ids_with_blanks_and_numbers():
    assert RecommendBody(user_id=" ann\u200b").user_id == "ann"
    assert RecommendBody(user_id=7).user_id == "7"
    with pytest.raises(ValueError, match="at least 1 character"):
        RecommendBody(user_id=" ")


@pytest.mark.parametrize(
    "kind", [pl.List(pl.String), pl.Duration, pl.Time, pl.Boolean, pl.Array(pl.Int64, 2)]
)
def test_columns_that_cannot_be_ids_are_named(kind):
    values = {
        pl.Duration: [5],
        pl.Time: [5],
        pl.Boolean: [True],
    }.get(kind, [["1", "2"]] if kind == pl.List(pl.String) else [[1, 2]])
    frame = pl.DataFrame({"user_id": ["u"], "item_id": pl.Series(values).cast(kind)})
    for read in (read_tables, lambda data: as_frame(data, "user_id", "item_id")):
        with pytest.raises(DataError, match=r"item_id.*no ids"):
            read(frame)


MAILS = [
    f"{'x' * (n % 9)}{chr(97 + n // 26)}{chr(97 + n % 26)}@shop.example" for n in range(300)
]
UUIDS = [str(UUID(int=n * 2**90 + 0xABC)) for n in range(9)]


@pytest.mark.parametrize(
    ("ids", "example"),
    [
        ([mail[:18] for mail in MAILS], "18 characters"),
        ([f"{n:08x}-cafe-41d4-a716"[:23] for n in range(9)], "23 characters"),
        (["SKU-1", "Mar-01", "MAR2"], "Mar-01"),
        (["x1", "2001-03-01 00:00:00"], "2001-03-01"),
        (["x1", "1. Mrz"], "1. Mrz"),
    ],
)
def test_ids_that_other_programs_have_altered_are_told(ids, example):
    (note,) = note_damaged_ids("a.csv", "sku", pl.Series(ids))
    assert example in note


@pytest.mark.parametrize(
    "ids",
    [
        MAILS,
        UUIDS,
        [f"i{n}" for n in range(12_000)],
        [f"order-{n}" for n in range(12_000)],
        [f"20260513-0001-{n}" for n in range(20)],
        ["2026-03-01 00:00:00", "2026-03-02 00:00:00"],
        [chr(97 + n) * 12 for n in range(20)],
        [],
    ],
)
def test_ids_as_they_are_need_no_note(ids):
    assert note_damaged_ids("a.csv", "sku", pl.Series(ids, dtype=pl.String)) == []
