"""JSON files that are no JSON Lines: arrays, envelopes and indented objects."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.readers import json_values
from daybreak.data.readers.json_values import JsonValueReader, is_json_lines
from daybreak.errors import DataError

ROWS = [{"reader": "ann", "article_id": "a1"}, {"reader": "bob", "article_id": "ü, [x]"}]
PAIRS = [("ann", "a1"), ("bob", "ü, [x]")]
LAYOUTS = {
    "an array": json.dumps(ROWS),
    "an indented array": json.dumps(ROWS, indent=4),
    "one object a line within brackets": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]",
    "an envelope": json.dumps({"data": ROWS}),
    "an envelope with other fields": json.dumps({"next": None, "n": 2, "records": ROWS}),
    "an indented envelope": json.dumps({"meta": {"n": [1]}, "value": ROWS}, indent=1),
    "an envelope in an envelope": json.dumps({"response": {"total": 2, "docs": ROWS}}),
    "indented objects": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "JSON Lines": "\n".join(map(json.dumps, ROWS)),
    "JSON Lines with a blank first line": "\n" + "\n".join(map(json.dumps, ROWS)),
    "an array behind a mark": "\ufeff" + json.dumps(ROWS),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["log.json", "log.txt", "log.json.gz"])
def test_every_layout_of_objects_gives_the_same_events(tmp_path, layout, name):
    content = LAYOUTS[layout].encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    read = read_tables(tmp_path / name, columns={"user_id": "reader"})
    assert read.tables.events.select("user_id", "item_id").rows() == PAIRS
    assert not read.rejects.counts


def test_other_values_in_an_array_are_rejected_one_by_one(tmp_path):
    values = [{"user_id": 1, "item_id": 2}, 7, [1], "x", None] + [
        {"user_id": n, "item_id": n} for n in range(60)
    ]
    (tmp_path / "log.json").write_text(json.dumps(values))
    read = read_tables(tmp_path / "log.json")
    assert read.tables.events.height == 61
    assert [row.row for row in read.rejects.rows] == [2, 3, 4, 5]
    assert read.rejects.counts == {"not a JSON object": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"user_id": 1, "item_id": 2}, {"user_id": ', "near line 1: expecting value"),
        ('[\n{"user_id": 1}', "near line 2: it breaks off within the array"),
        ('{"data": [{"user_id": 1} oops]}', "expecting value"),
        ("[" * 50_000, "nested too deeply"),
        ("[]", "is empty"),
        ("[1, 2]", "no JSON object"),
        ('{"data": []}', "no column for user_id"),
    ],
)
def test_broken_json_is_one_clear_error(tmp_path, text, message):
    (tmp_path / "log.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_tables(tmp_path / "log.json")


def test_a_damaged_first_line_of_json_lines_is_one_reject(tmp_path):
    lines = ['{"user_id": 1, "item_', *(f'{{"user_id": {n}, "item_id": 2}}' for n in range(20))]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    read = read_tables(tmp_path / "log.jsonl")
    assert (read.tables.events.height, read.rejects.counts) == (20, {"not valid JSON": 1})


def test_a_value_that_never_ends_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(json_values, "MAX_LINE_CHARS", 1_000)
    blocks = iter(['[{"text": "'] + ["x" * 100] * 1_000_000)
    with pytest.raises(DataError, match="not valid JSON"):
        list(JsonValueReader("a.json", blocks).batches())
    assert sum(1 for _ in blocks) > 999_000


def test_values_come_in_batches(monkeypatch):
    monkeypatch.setattr(json_values, "MAX_VALUES_PER_BATCH", 2)
    batches = JsonValueReader("a.json", [json.dumps([{"a": n} for n in range(5)])]).batches()
    assert [numbers for _, numbers in batches] == [[1, 2], [3, 4], [5]]


json_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json_objects = st.dictionaries(
    st.text(max_size=5),
    st.recursive(json_leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=4),
    max_size=3,
)


@given(
    st.lists(json_objects, min_size=1, max_size=5),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.integers(1, 40),
)
def test_any_array_is_read_wherever_its_blocks_end(rows, indent, in_envelope, size):
    value = {"rows": rows} if in_envelope else rows
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    blocks = [text[start : start + size] for start in range(0, len(text), size)]
    assert not is_json_lines(text)
    batches = list(JsonValueReader("a.json", blocks).batches())
    assert [one for values, _ in batches for one in values] == rows


@pytest.mark.parametrize("as_frame", [True, False])
def test_values_with_their_types_of_mongodb_are_plain_values(as_frame, tmp_path):
    row = {
        "_id": {"$oid": "65a"},
        "user_id": {"$oid": "651"},
        "item_id": {"$numberLong": "652"},
        "created_at": {"$date": {"$numberLong": "1778682600000"}},
        "rating": {"$numberDecimal": "4.5"},
    }
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(row))
    events = read_tables([row] if as_frame else path).tables.events
    columns = ["user_id", "item_id", "value", "timestamp"]
    assert events.select(columns).rows() == [("651", "652", 4.5, 1_778_682_600.0)]
