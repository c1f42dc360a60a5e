import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.casts import cast_attribute
from daybreak.data.fields import infer_fields
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
        json.dumps([VALUES[:2], VALUES[2:]]),
        json.dumps(json.dumps(VALUES)),
        json.dumps(VALUES).replace('"', '\\"'),
        json.dumps({"categories": VALUES}),
        json.dumps({**dict.fromkeys(VALUES, True), "Sale": False}),
        str([[value] for value in VALUES]),
        'a:4:{i:0;s:6:"Beauty";i:1;s:9:"dark blue";i:2;s:4:"it\'s";i:3;s:6:"红茶";}',
        "<ul><li>Beauty</li><li>dark blue</li><li>it&#39;s</li><li>红茶</li></ul>",
        "<tag>Beauty</tag>\n<tag>dark blue</tag><tag>it's</tag><tag>红茶</tag>",
    ],
)
def test_a_list_is_one_however_it_was_written(text):
    assert [value.replace("’", "'") for value in parse_list(text)] == VALUES


def test_words_with_hashes_are_a_list():
    column = pl.Series(["#beauty #sale", "#tea #new"])
    assert join_list_literals(column, "|").to_list() == ["beauty|sale", "tea|new"]
    colours = pl.Series(["#ff0000", "#00ff00"])
    assert join_list_literals(colours, "|") is colours


@pytest.mark.parametrize("text", ["<b>New</b> lamp <b>red</b>", "<i>a</i><b>c</b>", "#1 hit"])
def test_texts_with_markup_are_no_list(text):
    assert parse_list(text) is None


@given(st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_texts_in_lists_within_lists_keep_their_order(values):
    def leaves(value):
        return [value] if isinstance(value, str) else [x for one in value for x in leaves(one)]

    written = json.dumps([values])
    assert parse_list(written) == [v.strip() for v in leaves([values]) if v.strip()]


@pytest.mark.parametrize("mark", ["、", "，", "；", "; ", "|", ", "])
def test_lists_are_separated_by_the_marks_of_their_language(mark):
    tags = [mark.join(["美妆", "特价" if n % 2 else "新品"]) for n in range(40)]
    (field,) = infer_fields(pl.DataFrame({"item_id": range(40), "tags": tags}), "item_id")
    assert field.separator == mark.strip()


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
