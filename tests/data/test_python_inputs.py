"""What one call accepts every call accepts: paths, frames, mappings, records, Arrow tables."""

import dataclasses
import datetime as dt
import uuid

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.data import read_tables, validate
from daybreak.data.readers.frames import flatten_objects, flattened_names, to_polars
from daybreak.errors import DataError

EVENTS = [{"user_id": f"u{n % 5}", "item_id": f"i{n * n % 7}"} for n in range(20)]
ITEMS = [{"item_id": f"i{n}", "title": f"pot {n}"} for n in range(7)]
USERS = [{"user_id": f"u{n}", "land": "FI" if n % 2 else "SE"} for n in range(5)]


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


FORMS = {
    "records": list,
    "tuple of records": tuple,
    "mapping": columns,
    "mapping of arrays": lambda rows: {k: pl.Series(v) for k, v in columns(rows).items()},
    "polars": pl.DataFrame,
    "lazy polars": pl.LazyFrame,
    "pandas": pd.DataFrame,
    "pandas with Arrow types": lambda rows: pd.DataFrame(rows).astype("string[pyarrow]"),
    "Arrow": lambda rows: pa.table(columns(rows)),
    "Arrow batch": lambda rows: pa.record_batch(columns(rows)),
}


@pytest.fixture(scope="module")
def wanted():
    model = Recommender(encoder="none", strategies=["popular"]).fit(*map(pl.DataFrame, DATA))
    return model.recommend(["u1", "new"], k=5)["item_id"].to_list()


DATA = (EVENTS, ITEMS, USERS)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_data_gives_the_same_lists(form, wanted, tmp_path):
    events, items, users = map(FORMS[form], DATA)
    model = Recommender(encoder="none", strategies=["popular"]).fit(events, items, users)
    assert model.recommend(["u1", "new"], k=5)["item_id"].to_list() == wanted
    model.save(tmp_path / "release")
    again = Recommender.load(tmp_path / "release", events=events, users=users)
    assert again.recommend(["u1", "new"], k=5)["item_id"].to_list() == wanted
    again.add_items(items).update_items(items).add_users(users).add_events(events)
    assert again.recommend(profiles=users, histories=events, exclude=events, k=1).height <= 5
    assert validate(read_tables(events, items, users))


def test_paths_are_accepted_by_every_call(wanted, tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("events", "items", "users")]
    for path, rows in zip(paths, DATA, strict=True):
        pl.DataFrame(rows).write_csv(path)
    events, items, users = paths
    model = Recommender(encoder="none", strategies=["popular"]).fit(events, items, str(users))
    assert model.recommend(["u1", "new"], k=5)["item_id"].to_list() == wanted
    model.add_events(events).add_users(str(users)).replace_items(items)
    assert model.recommend(profiles=users, k=1).height == 5


def test_names_of_columns_are_recognised_by_every_call():
    model = Recommender(encoder="none", strategies=["popular"]).fit(EVENTS, ITEMS)
    model.add_events([{"Customer ID": "late", "SKU": "i1"}])
    assert model.recommend(["late"], k=1)["user_temperature"].item() == "hot"


@dataclasses.dataclass
class Row:
    user_id: str


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (7, "int"),
        ([1, 2], "a list of int"),
        ([Row("u")], "Row"),
        (object(), "object"),
    ],
)
def test_one_message_says_what_is_accepted(data, got):
    for call in (lambda: read_tables(data), lambda: to_polars(data, "events")):
        with pytest.raises(DataError, match="expected a path, a polars, pandas or") as told:
            call()
        assert got in str(told.value)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_infinity=False),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5),
    st.uuids(),
    st.dates(),
    st.timedeltas(),
    st.binary(max_size=3),
    st.lists(st.integers(0, 9), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), max_size=2),
)


@given(st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), values), max_size=5))
def test_records_of_any_values_become_a_frame_with_all_rows(records):
    records = [{"item_id": str(n), **record} for n, record in enumerate(records)]
    frame, _ = to_polars(records, "items", ["item_id"])
    assert frame["item_id"].to_list() == [record["item_id"] for record in records]
    if records:
        assert read_tables(items=records).tables.items.height == len(records)


@given(st.lists(values, min_size=1, max_size=4))
def test_a_pandas_column_of_any_values_becomes_a_column(given_values):
    ids = [str(n) for n in range(len(given_values))]
    frame = pd.DataFrame({"item_id": ids, "x": pd.Series(given_values, dtype=object)})
    assert read_tables(items=frame).tables.items["item_id"].to_list() == ids


def test_names_of_pandas_columns_may_be_anything():
    frame = pd.DataFrame([["a", 1, 2, 3]], columns=["item_id", 7, ("price", "eur"), "item_id"])
    read = read_tables(items=frame)
    assert read.tables.items.columns == ["item_id", "7", "price_eur", "item_id_2"]
    assert any("item_id_2" in note for note in read.notes)


def test_an_index_with_a_name_is_a_column():
    frame = pd.DataFrame({"title": ["pot"]}, index=pd.Index(["a"], name="item_id"))
    assert read_tables(items=frame).tables.items.rows() == [("a", "pot")]


def test_an_arrow_table_with_a_name_twice_is_read():
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array([1])], names=["item_id", "item_id"])
    assert read_tables(items=table).tables.items.rows() == [("a", 1)]


def test_values_that_appear_late_and_mixed_types_are_kept():
    rows = [{"item_id": str(n)} for n in range(200)] + [{"item_id": "x", "size": 5}]
    assert read_tables(items=rows).tables.items["size"].to_list()[-1] == 5
    mixed = [{"item_id": uuid.UUID(int=5)}, {"item_id": 7}, {"item_id": "z"}]
    ids = read_tables(items=mixed).tables.items["item_id"].to_list()
    assert ids == ["00000000-0000-0000-0000-000000000005", "7", "z"]


def test_columns_of_different_length_are_told():
    with pytest.raises(DataError, match="differ in length"):
        read_tables({"user_id": ["a"], "item_id": ["b", "c"]})


@given(
    st.recursive(
        st.sampled_from([pl.Int64(), pl.String()]),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(pl.Struct),
        max_leaves=5,
    )
)
def test_names_of_inner_objects_are_those_of_the_flat_frame(kind):
    schema = {"a": kind, "a_b": pl.String()}
    flat = flatten_objects(pl.DataFrame(schema=schema))
    assert list(flattened_names(schema)) == flat.columns


def test_a_nested_parquet_file_is_read_as_columns(tmp_path):
    path = tmp_path / "events.parquet"
    rows = [{"user": {"id": "u1"}, "item": {"id": "a"}, "at": dt.datetime(2024, 1, 1)}]
    pl.DataFrame(rows).write_parquet(path)
    read = read_tables(path).tables.events
    assert read.select("user_id", "item_id", "timestamp").rows() == [("u1", "a", 1704067200.0)]
