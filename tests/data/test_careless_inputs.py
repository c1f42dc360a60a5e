"""What people give by mistake: a clear message that names it, or the right answer."""

from contextlib import suppress
from datetime import time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.readers.text import detect_encoding
from daybreak.errors import ConfigError, DataError, DaybreakError

EVENTS = "user_id,item_id\n" + "".join(f"u{n % 7},i{n % 5}\n" for n in range(30))


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<!DOCTYPE html>\n<html><body>Please log in</body></html>", "is a web page"),
        ("\ufeff\n  <html lang='de'><p>404</p></html>", "is a web page"),
        ('<?xml version="1.0"?>\n<rows><row/></rows>', "is an XML file"),
        (r"{\rtf1\ansi user_id,item_id}", "is a document of a word processor"),
        ('"user_id,item_id"\n"ann,tea"\n"bob,rum"\n', "remove the quotes around whole lines"),
        ('"Kunde;Artikel"\n"ann;tea"\n', "remove the quotes around whole lines"),
        ("# Notes\n\nhello\n", "columns: # Notes; choose one"),
    ],
)
@pytest.mark.parametrize("name", ["events.csv", "export.txt"])
def test_what_is_no_table_says_what_it_is(content, message, name, put):
    with pytest.raises(DataError, match=message):
        read_tables(put(name, content))


def test_nothing_has_no_columns():
    for nothing in ([], {}, pl.DataFrame()):
        with pytest.raises(DataError, match="columns: none"):
            read_tables(nothing)


def test_two_encodings_in_one_file_are_both_read(put):
    header = "item_id,title\n"
    rows = [f"{n},Größe und Preis {n} €\n" for n in range(20)]
    mixed = (header + "".join(rows[:10])).encode() + "".join(rows[10:]).encode("cp1252")
    result = read_tables(items=put("items.csv", mixed))
    assert result.tables.items["title"].to_list() == [
        f"Größe und Preis {n} €" for n in range(20)
    ]
    assert any("a mixture of UTF-8 and Windows-1252" in note for note in result.notes)


@given(st.text("äöüßéèñç áx", min_size=8, max_size=60))
def test_text_in_one_encoding_is_no_mixture(text):
    for codec in ("utf-8", "cp1252"):
        assert "mixture" not in detect_encoding(text.encode(codec), "a.csv").label


def test_events_read_as_another_table_are_told(put):
    path = put("log.csv", EVENTS)
    for result in (read_tables(items=path), read_tables(users=path)):
        assert any("repeats them, as events do" in note for note in result.notes)
    owned = put("owned.csv", "item_id,user_id,title\na,ann,Tea\nb,ann,Rum\n")
    assert not read_tables(items=owned).notes


def test_a_target_that_events_do_not_have_is_refused(put):
    path = put("log.csv", EVENTS.replace("item_id\n", "item_id,when\n").replace("\n", ",1\n"))
    with pytest.raises(ConfigError, match="events have no column 'moment'; columns: user_id"):
        read_tables(put("e.csv", EVENTS), columns={"moment": "item_id"})
    assert path.exists()


def test_times_beyond_any_calendar_are_told():
    ids = {"user_id": list("abcd"), "item_id": list("wxyz")}
    result = read_tables(pl.DataFrame({**ids, "timestamp": [1e300] * 4}))
    assert any("seconds after 1970" in note for note in result.notes), result.notes


def test_damaged_texts_with_nul_characters_are_no_ids_and_no_part_of_titles(put):
    header, rows = b"item_id,title\n", b"a,T\x00ea\nb\x00,Rum\n" + b"c,Cup\n" * 1
    result = read_tables(items=put("items.csv", header + rows + b"d,Tin\n" * 9))
    assert result.tables.items.rows() == [("a", "Tea"), ("c", "Cup"), ("d", "Tin")]
    assert result.rejects.counts["no item_id"] == 1


@pytest.mark.parametrize("table", ["events", "items", "users"])
@pytest.mark.parametrize(
    "values",
    [
        pl.Series([b"\xff\x00", b"a\xfe"] * 6),
        pl.Series([object()] * 12, dtype=pl.Object),
        pl.Series([timedelta(1)] * 12),
        pl.Series([time(1, 2)] * 12),
        pl.Series([[1, 2]] * 12),
        pl.Series([[1.0, 2.0]] * 12, dtype=pl.Array(pl.Float64, 2)),
        pl.Series([{"a": 1}] * 12),
    ],
    ids=lambda values: str(values.dtype),
)
@pytest.mark.parametrize(
    "name", ["basket", "expires", "status", "cancelled_at", "is_deleted", "rating", "notes"]
)
def test_values_of_any_type_are_read_or_rejected_whatever_their_column_means(
    table, values, name
):
    ids = {"events": ("user_id", "item_id"), "items": ("item_id",), "users": ("user_id",)}
    frame = pl.DataFrame({key: [f"{key}{n}" for n in range(12)] for key in ids[table]})
    with suppress(DaybreakError):  # a message for the user, unlike errors of polars
        read_tables(**{table: frame.with_columns(values.alias(name))})


def test_ids_that_differ_only_in_zeros_before_them_are_told():
    events = pl.DataFrame({"user_id": ["ann", "bob", "eve"], "item_id": ["100", "0101", "x"]})
    items = pl.DataFrame({"item_id": ["000100", "101", "0x"], "title": ["tea", "cup", "pot"]})
    (note,) = (note for note in read_tables(events, items).notes if "zeros" in note)
    assert note == (
        "2 ids of events and items differ only in zeros before them, such as '0101' and '101'; "
        "export both columns as text"
    )


@pytest.mark.parametrize(
    "nothing", [[], {}, pl.DataFrame(), ()], ids=["list", "dict", "frame", "tuple"]
)
def test_what_is_empty_is_a_table_without_rows(nothing):
    items = [{"item_id": "cup", "title": "Red cup"}]
    read = read_tables(nothing, items, nothing)
    assert (read.tables.events.height, read.tables.items["item_id"].to_list()) == (0, ["cup"])
    assert "events: no events" in read.notes
    events = read_tables([{"user_id": "ann", "item_id": "cup"}], nothing)
    assert (events.tables.events.height, events.tables.items.height) == (1, 1)
