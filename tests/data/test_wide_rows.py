"""Rows with many different attributes cost what their values cost, and lose none of them."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.fields import MAX_CONTENT_COLUMNS, OTHER_ATTRIBUTES, infer_fields
from daybreak.data.importing import read_tables
from daybreak.data.wide_rows import (
    KEPT_NAMES,
    MAX_FRAME_COLUMNS,
    MIN_FRAME_COLUMNS,
    fold_for_writing,
    fold_rare_attributes,
    limit_columns,
    unfold_attributes,
)

VALUES = st.none() | st.text(max_size=3) | st.integers(-9, 9) | st.booleans()
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["title", *"abcdefgh", "é"]), VALUES), max_size=9
)


def without_nulls(row):
    return {name: value for name, value in row.items() if value is not None}


@given(ROWS, st.integers(0, 9))
def test_folding_loses_no_value_and_limits_the_names(rows, max_columns):
    folded = fold_rare_attributes(rows, max_columns=max_columns)
    assert [without_nulls(unfold_attributes(dict(row))) for row in folded] == [
        without_nulls(row) for row in rows
    ]
    names = {name for row in folded for name in without_nulls(row)}
    assert len(names - KEPT_NAMES - {OTHER_ATTRIBUTES}) <= max_columns
    assert fold_rare_attributes(folded, max_columns=max_columns) is not folded


@given(ROWS)
def test_rows_of_a_write_keep_their_nulls_and_make_no_empty_frames(rows):
    folded = fold_for_writing(rows)
    assert [unfold_attributes(dict(row)) for row in folded] == rows
    columns = {name for row in folded for name in row} - {OTHER_ATTRIBUTES}
    assert len(columns) * len(rows) <= 4 * sum(map(len, rows))


@pytest.mark.parametrize(("n", "m"), [(30, 100), (3_000, 1), (400, 6)])
def test_the_cells_of_rows_grow_with_their_values(n, m):
    """Whatever their shape: few rows with many names, or many rows with few."""
    rows = [{f"a{i}_{j}": j for j in range(m)} | {"title": f"t{i}"} for i in range(n)]
    folded = fold_rare_attributes(rows)
    names = {name for row in folded for name in row}
    assert (len(names) - 2) * n <= 4 * n * (m + 1) + 2_000_000
    assert len(names) <= MAX_FRAME_COLUMNS + len(KEPT_NAMES) + 1
    written = {name for row in fold_for_writing(rows) for name in row}
    assert len(written) * n <= 4 * n * (m + 1)


@pytest.mark.parametrize(("rows_per_name", "is_column"), [(1, False), (2, False), (3, True)])
def test_of_many_names_those_of_two_rows_are_no_columns(rows_per_name, is_column):
    n_names = MIN_FRAME_COLUMNS + 1
    rows = [
        {f"name {place // rows_per_name}": place} for place in range(n_names * rows_per_name)
    ]
    names = {name for row in fold_rare_attributes(rows) for name in row}
    assert names == ({f"name {n}" for n in range(n_names)} if is_column else {OTHER_ATTRIBUTES})


def test_dense_rows_are_never_folded():
    rows = [{f"a{j}": j for j in range(900)}] * 20
    assert fold_rare_attributes(rows) == rows


def test_frames_that_were_put_together_are_folded_again():
    width = 2 * MAX_FRAME_COLUMNS + 5
    frame = pl.DataFrame({"item_id": ["a", "b"]}).with_columns(
        pl.Series(f"c{n}", [n, None] if n % 2 else [None, n]) for n in range(width)
    )
    frame = frame.with_columns(pl.Series(OTHER_ATTRIBUTES, ['{"old":1}', None]))
    folded = limit_columns(frame)
    assert folded.width < width
    rows = [without_nulls(unfold_attributes(row)) for row in folded.to_dicts()]
    assert rows[0] == {"item_id": "a", "old": 1, **{f"c{n}": n for n in range(1, width, 2)}}
    assert rows[1] == {"item_id": "b", **{f"c{n}": n for n in range(0, width, 2)}}
    assert limit_columns(folded).equals(folded)


def test_only_the_fullest_columns_get_a_role():
    names = [f"c{n}" for n in range(MAX_CONTENT_COLUMNS + 50)]
    columns = {name: ["x", "y"] if n % 2 else ["x", None] for n, name in enumerate(names)}
    frame = pl.DataFrame({"item_id": ["a", "b"], **columns, "title": ["Tea", None]})
    roles = {field.name: field for field in infer_fields(frame, "item_id")}
    assert len(roles) == len(names) + 1
    read = [name for name, field in roles.items() if field.role != "ignore"]
    assert len(read) == MAX_CONTENT_COLUMNS
    assert {"title", *names[1::2]} <= set(read)
    assert "columns have more values" in roles[names[-2]].reason


def test_json_lines_with_names_of_their_own_are_read_without_loss(tmp_path):
    rows = [
        {
            "sku": f"i{i}",
            "title": f"Tea {i}",
            "size": i,
            **{f"name{i}_{j}": j for j in range(80)},
        }
        for i in range(30)
    ]
    path = tmp_path / "items.jsonl"
    path.write_text("\n".join(json.dumps({**row, "in": {"a": 1}}) for row in rows), "utf-8")
    items = read_tables(items=path).tables.items
    assert items.width <= 2 * MAX_FRAME_COLUMNS + len(KEPT_NAMES)
    found = [without_nulls(unfold_attributes(row)) for row in items.to_dicts()]
    for row, expected in zip(found, rows, strict=True):
        assert row.pop("item_id") == expected.pop("sku")
        assert row.pop("in_a") == 1
        assert row == expected
