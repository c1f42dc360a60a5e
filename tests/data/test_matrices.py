"""A table with a column for each item, or a JSON object of histories, has events."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import preview, read_tables
from daybreak.data.file_roles import detect_role
from daybreak.data.importing import InputTables
from daybreak.data.matrices import open_matrix
from daybreak.data.readers.source import LoadedFrame

ITEMS = [f"i{n}" for n in range(12)]


def write(path, first, cells, separator=","):
    """Write a matrix of as many users as there are rows of cells."""
    rows = [separator.join([first, *ITEMS])]
    rows += [separator.join([f"u{n}", *row]) for n, row in enumerate(cells)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def events_of(path):
    role, table = detect_role(path)
    assert role == "events"
    return InputTables.open({"events": table}).read()


@pytest.mark.parametrize("first", ["user_id", "", "name", "Kunde"])
@pytest.mark.parametrize(
    ("blank", "value", "separator"), [("", "5", ","), ("0", "1", ","), ("", "4,5", ";")]
)
def test_cells_with_a_value_are_events(tmp_path, first, blank, value, separator):
    cells = [[value if (n + k) % 3 == 0 else blank for k in range(12)] for n in range(20)]
    result = events_of(write(tmp_path / "pivot.csv", first, cells, separator))
    expected = [(f"u{n}", f"i{k}") for n in range(20) for k in range(12) if (n + k) % 3 == 0]
    assert result.tables.events.select("user_id", "item_id").rows() == expected
    assert result.tables.events["value"].unique().to_list() == [float(value.replace(",", "."))]
    assert any("read as a matrix of 20 rows and 12 columns" in note for note in result.notes)


def test_a_file_of_ratings_has_ratings(tmp_path):
    cells = [[str(1 + (n + k) % 5) if k % 2 else "" for k in range(12)] for n in range(20)]
    result = events_of(write(tmp_path / "ratings.csv", "user", cells))
    assert set(result.tables.events["event_type"]) == {"rating"}


@given(st.lists(st.lists(st.integers(0, 5), min_size=8, max_size=8), min_size=1, max_size=6))
def test_the_sum_of_the_cells_stays(cells):
    frame = pl.DataFrame([[f"u{n}", *row] for n, row in enumerate(cells)], orient="row")
    found = open_matrix(LoadedFrame("log.csv", frame), is_events=True)
    n_empty = sum(value == 0 for row in cells for value in row)
    is_sparse = n_empty >= 0.3 * 8 * len(cells) and n_empty < 8 * len(cells)
    assert (found is not None) == is_sparse
    if found is not None:
        assert found.frame["value"].sum() == sum(map(sum, cells))


def test_items_in_rows_are_read_where_events_are_meant():
    cells = {f"u{n}": ["1" if (n + k) % 2 else "" for k in range(9)] for n in range(9)}
    frame = pl.DataFrame({"item_id": ITEMS[:9]} | cells)
    assert open_matrix(LoadedFrame("genres", frame)) is None
    assert read_tables(frame).tables.events["user_id"].n_unique() == 9


@pytest.mark.parametrize(
    ("first", "cell"),
    [
        ("user_id", lambda n, k: str(1 + (n * k) % 5)),  # answers to questions
        ("user_id", lambda n, k: str(1_990 + n + k) if k % 2 else ""),
        ("user_id", lambda n, k: "blue" if k == 3 else ""),
    ],
)
def test_attributes_of_users_stay_attributes(tmp_path, first, cell):
    cells = [[cell(n, k) for k in range(12)] for n in range(20)]
    role, _ = detect_role(write(tmp_path / "survey.csv", first, cells))
    assert role == "users"


HISTORIES = {f"u{n}": [f"i{k}" for k in range(1 + n % 3)] for n in range(9)}
PAIRS = [(user, item) for user, items in HISTORIES.items() for item in items]


@pytest.mark.parametrize(
    "value",
    [
        HISTORIES,
        {user: dict.fromkeys(items, 3) for user, items in HISTORIES.items()},
        {
            user: [{"item": item, "at": 5} for item in items]
            for user, items in HISTORIES.items()
        },
        {"user_id": [user for user, _ in PAIRS], "item_id": [item for _, item in PAIRS]},
        {
            name: {str(row): pair[at] for row, pair in enumerate(PAIRS)}
            for at, name in enumerate(("user_id", "item_id"))
        },
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_object_of_histories_or_columns_is_read(tmp_path, value, indent):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    assert events_of(path).tables.events.select("user_id", "item_id").rows() == PAIRS


@pytest.mark.parametrize(
    "value",
    [
        {
            "data": [{"user_id": "a", "item_id": "b"}],
            "more": [{"user_id": "c", "item_id": "d"}],
        },
        {"count": 1, "events": [{"user_id": "a", "item_id": "b"}]},
        {"user_id": "a", "item_id": "b"},
    ],
)
def test_other_objects_are_read_as_before(tmp_path, value):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    assert preview(path)["events"].source_of("user_id") == "user_id"
    assert read_tables(path).tables.events.rows()[0][:2] == ("a", "b")
