import contextlib
import gzip
import json
from datetime import date

import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daybreak.data.fields import infer_fields
from daybreak.data.folders import read_folder
from daybreak.data.importing import InputTables, preview, read_tables
from daybreak.data.placeholders import PROGRAM_WORDS, is_no_text
from daybreak.errors import ConfigError, DataError, NotFoundError, TooManyRejectsError
from daybreak.ranking.filters.columns import FilterColumns


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def places(result):
    return [(r.row, r.column, r.value, r.reason) for r in result.rejects.rows]


def pairs(result):
    return result.tables.events.select("user_id", "item_id").rows()


SAME = {
    "a.csv": "user_id,item_id,rating,timestamp\nann,tea,4,60\nbob,rum,2.5,\n",
    "semicolon.csv": "user_id;item_id;rating;timestamp\nann;tea;4;60\nbob;rum;2.5;\n",
    "quoted.csv": '"user_id","item_id",rating,timestamp\n"ann","tea","4","60"\nbob,rum,2.5,\n',
    "crlf.csv": "user_id,item_id,rating,timestamp\r\nann,tea,4,60\r\nbob,rum,2.5,\r\n",
    "mac.csv": "user_id,item_id,rating,timestamp\rann,tea,4,60\rbob,rum,2.5,\r",
    "a.tsv": "user_id\titem_id\trating\ttimestamp\nann\ttea\t4\t60\nbob\trum\t2.5\t\n",
    "a.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "ann\ttea\t4\t60\nbob\trum\t2.5\t",
    "a.jsonl": '{"user": "ann", "item": "tea", "rating": 4, "time": 60}\n'
    '{"user": "bob", "item": "rum", "rating": 2.5}\n',
    "wrong_name.csv": '{"user": "ann", "item": "tea", "rating": 4,'
    ' "time": "1970-01-01T00:01"}\n'
    '{"user": "bob", "item": "rum", "rating": "2.5"}\n',
}


@pytest.mark.parametrize("name", SAME)
def test_all_text_formats_give_the_same_events(name, put):
    result = read_tables(put(name, SAME[name]))
    assert result.tables.events.rows() == [
        ("ann", "tea", "rating", 4.0, 60.0, None),
        ("bob", "rum", "rating", 2.5, None, None),
    ]
    assert not len(result.rejects)


def test_packed_files_and_parquet_and_frames_give_the_same_events(put, tmp_path):
    plain = read_tables(put("a.csv", SAME["a.csv"])).tables.events
    packed = put("b.csv.gz", gzip.compress(SAME["a.csv"].encode()))
    frame = pl.DataFrame(
        {
            "user_id": ["ann", "bob"],
            "item_id": ["tea", "rum"],
            "rating": [4.0, 2.5],
            "timestamp": [60.0, None],
        }
    )
    frame.write_parquet(tmp_path / "c.parquet")
    pandas = pd.DataFrame(frame.to_dict(as_series=False))
    for data in (packed, tmp_path / "c.parquet", frame, frame.lazy(), pandas):
        assert read_tables(data).tables.events.equals(plain)


def test_movielens_files_need_no_header(put, tmp_path):
    put("ratings.dat", "1::10::5::978300760\n2::10::3::978302109\n")
    put("movies.dat", '10::Amélie: "Le Film" (2001)::Comedy|Romance\n'.encode("latin-1"))
    put("users.dat", "1::F::1::10::48067\n2::M::56::16::70072\n")
    result = read_folder(tmp_path)
    assert result.tables.events["value"].to_list() == [5.0, 3.0]
    assert result.tables.items.rows() == [("10", 'Amélie: "Le Film" (2001)', "Comedy|Romance")]
    assert result.tables.users.columns == ["user_id", "gender", "age", "occupation", "zip_code"]
    assert any("Windows-1252" in note for note in result.notes)


def test_a_table_of_numbers_without_a_header_is_read_by_position(put):
    result = read_tables(put("u.data", "196\t242\t3\t881250949\n186\t302\t4\t891717742\n"))
    assert result.tables.events["timestamp"].to_list() == [881_250_949.0, 891_717_742.0]
    assert "no header" in result.notes[0]


def test_gorse_dumps_are_read(put):
    item = {
        "ItemId": "1",
        "IsHidden": False,
        "Categories": ["Comedy", "Drama"],
        "Timestamp": "1970-01-01T00:01:00Z",
        "Labels": {"year": 1999},
        "Comment": "Tea",
    }
    items = put("items.jsonl", json.dumps(item))
    event = {"FeedbackType": "like", "UserId": "ann", "ItemId": "1", "Timestamp": "1970-01-01"}
    result = read_tables(put("e.jsonl", json.dumps(event)), items)
    assert result.tables.items.rows(named=True) == [
        {
            "item_id": "1",
            "is_hidden": "false",
            "categories": "Comedy|Drama",
            "created_at": 60.0,
            "labels_year": 1999,
            "description": "Tea",
        }
    ]
    assert result.tables.events["event_type"].to_list() == ["like"]


def test_recbole_lists_become_values_and_titles_stay(put):
    text = "item_id:token\tmovie_title:token_seq\tclass:token_seq\n1\tToy Story\tComedy Drama\n"
    assert read_tables(items=put("a.item", text)).tables.items.rows() == [
        ("1", "Toy Story", "Comedy|Drama")
    ]


def test_every_bad_row_is_reported_with_its_place_and_the_good_ones_load(put):
    text = (
        "user_id,item_id,rating,timestamp\n"  # row 1
        "ann,tea,4,60\n"
        ",tea,4,60\n"
        "ann,,4,60\n"
        "\n"
        "ann,rum,good,60\n"  # row 6
        "ann,rum,4,soon\n"
        "ann,rum\n"
        "ann,rum,4,60,7\n"
        "bob,rum,inf,60\n"  # row 10
        "bob,rum,5,61,\n"
    )
    path = put("e.csv", text)
    kept = read_tables(path).tables.events.select("user_id", "item_id", "value", "timestamp")
    assert kept.rows() == [
        ("ann", "tea", 4.0, 60.0),
        ("ann", "rum", None, 60.0),
        ("ann", "rum", 4.0, None),
        ("bob", "rum", None, 60.0),
        ("bob", "rum", 5.0, 61.0),
    ]
    result = read_tables(path, strict=True)
    assert pairs(result) == [("ann", "tea"), ("bob", "rum")]
    assert (
        sorted(places(result))
        == sorted(places(read_tables(path)))
        == [
            (3, "user_id", "", "no user_id"),
            (4, "item_id", "", "no item_id"),
            (6, "rating", "good", "value is not a number"),
            (7, "timestamp", "soon", "timestamp is not a time"),
            (8, "", "2 instead of 4: ann,rum", "wrong number of fields"),
            (9, "", "5 instead of 4: ann,rum,4,60,7", "wrong number of fields"),
            (10, "rating", "inf", "value is not a number"),
        ]
    )
    assert any("1 empty lines skipped" in note for note in result.notes)


def test_rows_are_counted_as_an_editor_does_over_line_breaks_in_quotes(put):
    text = 'item_id,title\n1,"two\nlines"\n,none\n3,"a ""b"", c"\n\n,x\n'
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items.rows() == [("1", "two\nlines"), ("3", 'a "b", c')]
    assert [row for row, *_ in places(result)] == [4, 7]


def test_a_quote_that_is_never_closed_costs_one_row(put):
    text = 'item_id,title\n1,tea\n2,"open\n3,rum\n4,5" disk\n'
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items["title"].to_list() == ["tea", "rum", '5" disk']
    assert places(result) == [(3, "", '2,"open', "quotes are not closed or not doubled")]


def test_records_may_cross_blocks(put, monkeypatch):
    monkeypatch.setattr("daybreak.data.readers.text.READ_BLOCK_BYTES", 7)
    text = 'item_id,title\n1,"a\n\n\nb"\n2,c\n3,"d""\ne"\n,x\n'
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items.rows() == [("1", "a\n\n\nb"), ("2", "c"), ("3", 'd"\ne')]
    assert [row for row, *_ in places(result)] == [9]


PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
MARKED = st.text(PRINTABLE | st.sampled_from('\n",'), max_size=8)
FIELDS = MARKED.map("x{}".format) | MARKED.map("{}x".format)  # no text that stands for none


@given(st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8), st.integers(1, 40))
def test_what_polars_writes_is_read_back(tmp_path_factory, rows, block):
    """Ids are numbered, so that every row is good; blanks at the ends are not kept."""
    frame = pl.DataFrame(rows, schema={"title": pl.String, "text": pl.String}, orient="row")
    frame = frame.with_row_index("item_id").cast({"item_id": pl.String})
    path = tmp_path_factory.mktemp("csv") / "items.csv"
    frame.write_csv(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daybreak.data.readers.text.READ_BLOCK_BYTES", block)
        result = read_tables(items=path)
    text = pl.col("title", "text").str.strip_chars().replace("", None)
    assert result.tables.items.equals(frame.with_columns(text))
    assert not len(result.rejects)


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("gbk", "GB18030 (GBK)"),
        ("gb18030", "GB18030 (GBK)"),
    ],
)
def test_the_encoding_is_told_and_used(codec, label, put):
    text = "item_id,title\n1,钢之炼金术师，完整版\n2,命运石之门\n"
    result = read_tables(items=put("i.csv", text.encode(codec)))
    assert result.tables.items["title"].to_list() == ["钢之炼金术师，完整版", "命运石之门"]
    assert result.notes == (f"i.csv: read as {label}",)


def test_western_text_is_told_from_chinese(put):
    text = "item_id,title\n1,Größe für Ärzte\n2,señor – café\n"
    result = read_tables(items=put("i.csv", text.encode("cp1252")))
    assert result.tables.items["title"].to_list() == ["Größe für Ärzte", "señor – café"]


def test_a_named_encoding_is_used(put):
    data = "item_id,title\n1,きれい\n".encode("shift-jis")
    result = read_tables(items=put("i.csv", data), encoding="shift-jis")
    assert result.tables.items["title"].to_list() == ["きれい"]
    with pytest.raises(ConfigError, match="no encoding named 'klingon'"):
        read_tables(items=put("i.csv", data), encoding="klingon")


def test_a_few_bad_bytes_cost_their_rows_only(put):
    good = "".join(f"{n},日本語\n" for n in range(50)).encode()
    result = read_tables(items=put("i.csv", b"item_id,title\n" + good + b"99,\xff\xfe\n"))
    assert result.tables.items.height == 50
    assert places(result) == [(52, "", "99,\\udcff\\udcfe", "bytes are not valid UTF-8")]


def test_bad_json_lines_are_reported(put):
    text = '{"item_id": "1", "title": "tea"}\n{"item_id": \n[1]\n\n{"title": "x"}\n'
    result = read_tables(items=put("i.jsonl", text))
    assert result.tables.items.rows() == [("1", "tea")]
    assert [(row, reason) for row, _, _, reason in sorted(places(result))] == [
        (2, "not valid JSON"),
        (3, "not a JSON object"),
        (5, "no item_id"),
    ]


def test_json_values_of_any_kind_become_text(put):
    text = '{"item_id": 123456789012345678901, "a": "\\ud800", "b": {"c": [1, {"d": true}]}}'
    items = read_tables(items=put("i.jsonl", text + '\n{"item_id": true, "a": 1}')).tables.items
    assert items.rows() == [
        ("123456789012345678901", "?", '1|{"d": true}'),
        ("true", "1", None),
    ]


def test_the_later_row_of_an_id_is_used(put):
    result = read_tables(items=put("i.csv", "item_id,title\n1,old\n2,x\n1,new\n"))
    assert result.tables.items.rows() == [("2", "x"), ("1", "new")]
    assert places(result) == [(2, "item_id", "1", "item_id comes again; the later row is used")]


def test_a_wrong_date_of_an_item_costs_the_date_only(put):
    result = read_tables(items=put("i.csv", "item_id,created_at\n1,1970-01-02\n2,soon\n"))
    assert result.tables.items["created_at"].to_list() == [86_400.0, None]
    assert result.rejects.rows[0].row_kept
    assert result.rejects.count_dropped() == 0


def test_windows_of_availability_are_times_by_any_of_their_names(put):
    text = "item_id,Valid From,ends_at\n1,1970-01-02,never\n2,,31.12.2020\n"
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items.rows() == [("1", 86_400.0, None), ("2", None, 1_609_372_800.0)]


def test_a_limit_that_cannot_be_read_is_never_taken_for_none(put):
    text = "item_id,valid_from,ends_at\n1,soon,\n2,,next summer\n3,2020-01-01,2030-01-01\n"
    result = read_tables(items=put("i.csv", text))
    opening, end = result.tables.items["available_from"], result.tables.items["available_until"]
    year_3000 = 3.25e10
    assert opening[0] > year_3000
    assert end[1] == 0
    assert places(result) == [
        (2, "valid_from", "soon", "available_from is not a time"),
        (3, "ends_at", "next summer", "available_until is not a time"),
    ]
    assert "'next summer'; these items are not recommended" in result.notes[1]
    with pytest.raises(
        DataError, match="ends_at is read as available_until, but none of its 1"
    ):
        read_tables(items=put("i.csv", "item_id,ends_at\n1,see terms\n2,\n"))


def test_a_switch_that_cannot_be_read_is_never_taken_for_visible(put):
    text = "item_id,hidden\n1,yes\n2,no\n3,perhaps\n4,\n5,Nein\n6,1.0\n"
    result = read_tables(items=put("i.csv", text))
    found = ["true", "false", "true", None, "false", "true"]
    assert result.tables.items["is_hidden"].to_list() == found
    assert places(result) == [(4, "hidden", "perhaps", "is_hidden is neither true nor false")]


def test_repeated_events_and_unknown_items_are_noted(put):
    events = put("e.csv", "user_id,item_id\nann,tea\nann,tea\nann,gone\n")
    result = read_tables(events, put("i.csv", "item_id\ntea\n"))
    assert result.tables.events.height == 3
    assert "1 events repeat an earlier one exactly" in result.notes[0]
    assert (
        "1 events name 1 items that are not among the items, such as 'gone'" in result.notes[1]
    )


def test_columns_that_are_not_used_are_noted(put):
    result = read_tables(put("e.csv", "user_id,item_id,colour\nann,tea,red\n"))
    assert result.notes == ("e.csv: columns not used: colour",)


def test_event_ids_are_kept_beside_the_events(put):
    result = read_tables(
        put("e.csv", "event_id,user_id,item_id\n7,ann,tea\n8,,tea\n9,bob,tea\n")
    )
    assert result.event_ids.to_list() == ["7", "9"]


def test_columns_can_be_chosen_for_all_tables_or_one(put):
    events = put("e.csv", "wer,was,name\nann,tea,x\n")
    items = put("i.csv", "was,name\ntea,Tea\n")
    choice = {"user_id": "wer", "item_id": "was", "items": {"title": "name"}}
    result = read_tables(events, items, columns=choice)
    assert result.tables.items.rows() == [("tea", "Tea")]
    with pytest.raises(ConfigError, match="no input has a column 'wen'"):
        read_tables(events, items, columns={**choice, "value": "wen"})


def test_a_preview_shows_the_columns_only(put):
    shown = preview(put("e.csv", "userID,itemID,x\nbroken"))
    assert shown["events"].convention == "Microsoft Recommenders"


def test_a_preview_of_json_lines_reads_the_first_block_and_reading_goes_on_from_there(
    put, monkeypatch
):
    monkeypatch.setattr("daybreak.data.readers.text.READ_BLOCK_BYTES", 30)
    rows = [{"item_id": "1", "title": "tea"}, {"item_id": "2"}, {"item_id": "3", "price": 4}]
    inputs = InputTables.open({"items": put("i.jsonl", "\n".join(map(json.dumps, rows)))})
    assert [column.target for column in inputs.preview()["items"].used] == ["item_id", "title"]
    items = inputs.read().tables.items
    assert items.rows() == [("1", "tea", None), ("2", None, None), ("3", None, 4)]


def test_an_id_that_appears_late_in_json_lines_is_found_by_the_preview(put, monkeypatch):
    monkeypatch.setattr("daybreak.data.readers.text.READ_BLOCK_BYTES", 20)
    path = put("i.jsonl", '{"title": "no id"}\n{"item_id": "7"}\n')
    assert preview(items=path)["items"].source_of("item_id") == "item_id"


def test_the_rows_of_a_parquet_file_are_read_after_its_columns(tmp_path):
    path = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": ["1"], "title": ["tea"]}).write_parquet(path)
    inputs = InputTables.open({"items": path})
    pl.DataFrame({"item_id": ["2"], "title": ["rum"]}).write_parquet(path)
    assert inputs.read().tables.items.rows() == [("2", "rum")]


def test_characters_at_the_end_of_a_long_file_tell_its_encoding(put):
    lines = [f"{n},tea" for n in range(2_000)]
    result = read_tables(items=put("i.csv", "\n".join(["item_id,title", *lines, "x,绿茶,"])))
    assert result.tables.items["title"][-1] == "绿茶"
    assert not result.notes


def test_types_of_attributes_are_found_and_codes_stay_text(put):
    text = "item_id,year,price,code,mixed\n007,1999,1.5,01,1\n8,2000,2,02,x\n"
    items = read_tables(items=put("i.csv", text)).tables.items
    assert items.rows() == [("007", 1999, 1.5, "01", "1"), ("8", 2000, 2.0, "02", "x")]


GARBAGE = {
    "empty.csv": (b"", "empty.csv is empty"),
    "blank.csv": (b"\n \n", "blank.csv is empty"),
    "noise.csv": (bytes(range(256)) * 400, "noise.csv is not text"),
    "zeros.csv": (bytes(100_000), "zeros.csv is not text"),
    "sheet.xlsx": (b"PK\x03\x04" + bytes(50), "a zip file or an office document; unpack"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + bytes(50), "an old Excel file"),
    "broken.parquet": (b"PAR1" + b"\xff" * 500, "a damaged Parquet file"),
    "cut.csv.gz": (gzip.compress(b"user_id,item_id\n" * 999_999)[:-20], "damaged gzip file"),
    "array.json": (b'[{"user_id": 1}', "not valid JSON near line 1: it breaks off"),
    "words.csv": (b"lorem ipsum dolor\n" * 100, "events have no column for user_id"),
    "words.jsonl": (b"lorem ipsum dolor\n" * 100, "has no JSON object in its first lines"),
    "line.csv": (b"user_id,item_id," + b"x" * 9_000_000, "longer than 4,194,304 characters"),
    "late.csv": (
        b"user_id,item_id\n" * 9_999 + bytes(range(256)) * 999,
        "late.csv is not text",
    ),
    "verse.csv": (b"user_id,item_id\n" + b"a,b,c\n" * 100_001, "100,001 of the first 100,001"),
    "odd.csv": (b"user_id,item_id\n\x81\x8d\x8f\x90,1\n", "is not UTF-8, UTF-16, GB18030"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_cannot_be_read_is_a_clear_error(name, put):
    content, message = GARBAGE[name]
    with pytest.raises(DataError, match=message):
        read_tables(put(name, content))


def test_missing_files_folders_and_other_things_are_clear_errors(tmp_path, put):
    with pytest.raises(NotFoundError, match="no file"):
        read_tables(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder, expected a file"):
        read_tables(tmp_path)
    with pytest.raises(
        DataError, match=r"events: expected a path, a polars, pandas or Arrow table.*, got int"
    ):
        read_tables(7)
    with pytest.raises(ConfigError, match="nothing to read"):
        read_tables()
    with pytest.raises(DataError, match="no file that is recognised"):
        read_folder(tmp_path)
    with pytest.raises(NotFoundError, match="no folder"):
        read_folder(tmp_path / "none")
    put("ratings.csv", "a")
    put("items.csv", "a")
    put("movies.csv", "a")
    with pytest.raises(DataError, match=r"several files of items: items\.csv, movies\.csv"):
        read_folder(tmp_path)


def test_a_header_alone_is_no_error(put):
    result = read_tables(put("e.csv", "user_id,item_id\n"))
    assert result.tables.events.height == 0
    assert result.notes == ("e.csv: no events",)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "e.csv"
    path.write_bytes(b"user_id,item_id,rating,timestamp\nann,tea,4,60\n" + data)
    with contextlib.suppress(DataError):
        read_tables(path)


def test_whole_float_ids_of_frames_are_written_as_numbers():
    frame = pd.DataFrame({"user_id": [1.0, None], "item_id": [2, 3]})
    result = read_tables(frame)
    assert pairs(result) == [("1", "2")]
    assert places(result) == [(2, "user_id", "", "no user_id")]


def test_lists_and_dates_of_frames_become_text():
    frame = pl.DataFrame(
        {"item_id": [1], "categories": [["a", "b"]], "aired": [date(2020, 1, 2)]}
    )
    assert read_tables(items=frame).tables.items.rows() == [("1", "a|b", "2020-01-02")]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nuser_id;item_id;rating\r\nann;tea;4,5\r\nbob;rum;5\r\n",
        "SEP=,\nuser_id,item_id,rating\nann,tea,4.5\nbob,rum,5\n",
        '"sep=\t"\nuser_id\titem_id\trating\nann\ttea\t4.5\nbob\trum\t5\n',
        "sep=|\n\nuser_id|item_id|rating\nann|tea|4.5\nbob|rum|5\n",
        "sep=^\nuser_id^item_id^rating\nann^tea^4.5\nbob^rum^5\n",
        "sep=;;;\nuser_id;item_id;rating\nann;tea;4.5\nbob;rum;5\n",
        "# Export of May\n#\n\nuser_id,item_id,rating\nann,tea,4.5\nbob,rum,5\n",
        'Report;;\n"User ID";"Item ID";Rating\nann;tea;4,5\nbob;rum;5\n',
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_lines_before_the_header_are_passed_over(text, codec, put):
    result = read_tables(put("e.csv", text.encode(codec)))
    assert result.tables.events.select("user_id", "item_id", "value").rows() == [
        ("ann", "tea", 4.5),
        ("bob", "rum", 5.0),
    ]
    assert not len(result.rejects)


def test_rows_are_counted_from_the_first_line_of_the_file(put):
    result = read_tables(put("e.csv", "sep=;\nuser_id;item_id\nann;tea\n;rum\n"))
    assert [row for row, *_ in places(result)] == [4]


@given(st.text(st.sampled_from('ab1;,\t|\n"#= \u00e9'), max_size=60))
def test_no_text_before_the_header_makes_it_fail(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("odd") / "events.csv"
    path.write_text(f"{text}\nuser_id,item_id\nann,tea\n")
    with contextlib.suppress(DataError):
        read_tables(path)


FORMATS = {
    "day-first": ("time", ["13.05.2026 14:30", "01.06.2026 09:00"], 1_778_682_600.0),
    "spreadsheet": ("date", ["46155.604167", "46156.375"], 1_778_682_600.0),
    "month names": ("time", ["13 May 2026 14:30", "3. März 2026"], 1_778_682_600.0),
}


@pytest.mark.parametrize("case", FORMATS)
def test_how_times_were_read_is_among_the_notes(case, put):
    column, texts, first = FORMATS[case]
    rows = "".join(f"ann,tea,{text}\n" for text in texts)
    result = read_tables(put("e.csv", f"user_id,item_id,{column}\n{rows}"))
    assert result.tables.events["timestamp"][0] == first
    told = [note for note in result.notes if note.startswith(f"e.csv: {column}: ")]
    assert bool(told) == (case != "month names")


def test_a_column_of_which_no_value_can_be_read_is_an_error(put):
    rows = "".join(f"ann,i{n},some day,blue\n" for n in range(5))
    path = put("e.csv", f"user_id,item_id,time,rating\n{rows}")
    with pytest.raises(DataError, match="rating is read as value, but none of its 5 values is"):
        read_tables(path)
    with pytest.raises(DataError, match=r"time is read as timestamp.*such as 'some day'"):
        read_tables(path, columns={"value": None})
    kept = read_tables(path, columns={"value": None, "timestamp": None})
    assert kept.tables.events.height == 5


def test_lost_rows_are_counted_by_table_and_can_be_refused(put):
    events = put("e.csv", "user_id,item_id\n" + "ann,tea\n" * 8 + ",tea\n" * 2)
    items = put("i.csv", "item_id,title\n" + "tea,Tea\n" * 9 + "rum,Rum\n")
    result = read_tables(events, items)
    assert result.rows_refused == {"events": 2, "items": 0}
    result.check_rejects(0.2)
    with pytest.raises(TooManyRejectsError, match=r"2 of 10 events \(20%\) are rejected"):
        result.check_rejects()
    with pytest.raises(ConfigError, match="a share from 0 to 1"):
        result.check_rejects(7)


def test_prices_in_any_form_are_numbers_and_what_is_none_is_told(put):
    text = 'item_id;Preis;title\n1;"1.299,00 €";Tee\n2;4,50 €;Rum\n3;auf Anfrage;Tasse\n'
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items["preis"].to_list() == [1299.0, 4.5, None]
    assert places(result) == [(4, "Preis", "auf Anfrage", "preis is not a number")]
    assert (
        "Preis: numbers have a decimal comma: '1.299,00 €' is read as 1299" in result.notes[0]
    )


@pytest.mark.parametrize("text", ["nan", "N/A", "Untitled", "#REF!", "无标题", "null"])
def test_titles_that_stand_for_none_are_none_if_several_items_have_them(text, put):
    rows = f"1,Tea\n2,{text}\n3,{text}\n4,None\n"
    result = read_tables(items=put("i.csv", f"item_id,title\n{rows}"))
    assert result.tables.items["title"].to_list() == ["Tea", None, None, "None"]
    assert f"2 of 4 texts stand for none, such as {text!r}" in result.notes[0]


@pytest.mark.parametrize("mark", [":", " ", "^", "~"])
def test_rare_separators_are_known_by_the_names_between_them(mark, put):
    text = "user_id,item_id,rating\nann,tea,5\n".replace(",", mark)
    assert pairs(read_tables(put("e.csv", text))) == [("ann", "tea")]


LISTS = {
    "bars": "|".join, "semicolons": "; ".join, "commas": ", ".join, "JSON": json.dumps,
    "Python": str, "SQL": lambda values: "{" + ",".join(values) + "}",
}  # fmt: skip


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize("name", ["categories", "colours"])
def test_lists_have_the_same_values_however_they_are_written(form, name, put):
    rows = [LISTS[form](["Beauty", "Sale" if n % 2 else "New"]) for n in range(40)]
    frame = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], name: rows})
    path = put("i.csv", "")
    frame.write_csv(path)
    items = read_tables(items=path).tables.items
    columns = FilterColumns(items, infer_fields(items, "item_id"))
    assert columns.require(name).values.to_list()[1] == ["Beauty", "Sale"]


def test_quotes_after_a_backslash_are_part_of_the_text(put):
    text = 'item_id,title\n1,"a \\"big\\" cup"\n2,"C:\\\\tea"\n3,plain\n'
    result = read_tables(items=put("i.csv", text))
    assert result.tables.items["title"].to_list() == ['a "big" cup', "C:\\tea", "plain"]
    windows = 'item_id,title,path\n1,"a ""big"" cup","C:\\tea\\"\n'
    result = read_tables(items=put("w.csv", windows))
    assert result.tables.items.rows() == [("1", 'a "big" cup', "C:\\tea\\")]


@pytest.mark.parametrize(
    "text",
    [
        *("0", "00", "0.0", "-", "--", "?", "???", "…", ".", "N/A", "#REF!", "#BEZUG!"),
        *("#¡REF!", "#DIV/0!", "#N/D", "#Н/Д", "null", "NULL", "undefined"),
        *("[object Object]", "*", "??!", "，。"),
    ],
)
def test_a_title_that_says_nothing_is_none_even_if_one_item_has_it(text, put):
    titles = ["1917", "Null", "Se7en", "Ø", "7", "+1", "❤", "無"]
    rows = "".join(f"{n},{title}\n" for n, title in enumerate([text, *titles]))
    result = read_tables(items=put("i.csv", f"item_id,title\n{rows}"))
    assert result.tables.items["title"].to_list() == [None, *titles]


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
def test_a_word_is_a_title(word):
    assume(word.strip("0") and word not in PROGRAM_WORDS and word.lower() != "undefined")
    assert not is_no_text(pl.Series([word])).item()
