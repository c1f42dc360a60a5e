import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.casts import cast_attribute
from daybreak.data.list_literals import join_list_literals, parse_list

VALUES = ["Beauty", "dark blue", "it's", "红茶"]


@pytest.mark.parametrize(
    "text",
    [
        "['Beauty', 'dark blue', \"it's\", '红茶']",
        '["Beauty", "dark blue", "it\'s", "红茶"]',
        "('Beauty', 'dark blue', \"it's\", '红茶')",
        "['Beauty' 'dark blue' \"it's\"\n '红茶']",
        '{Beauty,"dark blue",it\'s,红茶}',
        "[Beauty, dark blue, it's, 红茶]".replace("'", "’"),
        json.dumps([{"id": 1, "name": value} for value in VALUES]),
    ],
)
def test_a_list_is_one_however_it_was_written(text):
    assert [value.replace("’", "'") for value in parse_list(text)] == VALUES


@pytest.mark.parametrize("text", ["[new] lamp", "(red)", '{"k": 1}', "[[1], [2]]", "tea", ""])
def test_other_text_is_no_list(text):
    assert parse_list(text) is None


def test_empty_lists_and_missing_values_are_left_out():
    assert parse_list("[]") == parse_list("{}") == parse_list("[None]") == []
    assert parse_list("{a,NULL}") == ["a"]


@given(st.lists(st.text()))
def test_lists_of_json_and_python_are_read_back(values):
    wanted = [value.strip() for value in values if value.strip()]
    assert parse_list(json.dumps(values)) == wanted


def test_a_column_is_read_as_lists_if_nearly_all_values_are():
    lists = [f"['a', 'b{n}']" for n in range(9)]
    assert join_list_literals(pl.Series([*lists, "plain"]), "|")[0] == "a|b0"
    mixed = pl.Series([*lists[:5], "plain", "other"])
    assert join_list_literals(mixed, "|") is mixed


def test_attributes_of_lists_are_joined_as_those_of_list_columns():
    column = pl.Series("tags", ["['a', 'b']", "['c']", "[]", None])
    assert cast_attribute(column).to_list() == ["a|b", "c", None, None]
    assert cast_attribute(pl.Series(["[1, 2]", "[3]"])).to_list() == ["1|2", "3"]
