from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import fields
from daybreak.data.fields import FIELD_ROLES, ColumnStats, infer_fields, text_values
from daybreak.errors import ConfigError


def test_values_are_text_whatever_the_type():
    assert text_values(pl.Series([True, None])).to_list() == ["true", None]
    assert text_values(pl.Series([[1, 2], []])).to_list() == ["1|2", None]
    assert text_values(pl.Series([timedelta(minutes=1)])).to_list() == ["60"]
    assert text_values(pl.Series(["  ", " x "])).to_list() == [None, "x"]
    assert text_values(pl.Series([float("nan"), float("inf"), -3.0])).to_list() == [
        None,
        None,
        "-3",
    ]


def test_the_same_number_is_the_same_text_among_whole_numbers_and_among_fractions():
    assert text_values(pl.Series([2.0, 0.5]))[0] == text_values(pl.Series([2.0]))[0] == "2"


def test_a_column_without_values_has_zero_statistics():
    stats = ColumnStats(pl.Series([], dtype=pl.String))
    assert (
        stats.n_values,
        stats.mean_words,
        stats.number_share,
        stats.is_whole,
        stats.is_code,
    ) == (0, 0, 0, False, False)


def test_infinity_is_no_number():
    assert ColumnStats(pl.Series(["inf", "1"])).number_share == 0.5


def test_two_chinese_characters_count_as_a_word():
    assert ColumnStats(pl.Series(["喜欢电影"])).mean_words == 3


def roles(frame, **overrides):
    fields = infer_fields(frame.with_row_index("item_id"), "item_id", overrides)
    return {field.name: field.role for field in fields}


def column(values, name="c"):
    return infer_fields(pl.DataFrame({"item_id": range(len(values)), name: values}), "item_id")[
        0
    ]


def test_three_items_are_enough_to_tell_text_from_categories():
    shop = pl.DataFrame(
        {
            "title": ["Tea", "Rum", "Gin"],
            "product_name": ["Tea", "Rum", "Gin"],
            "description": ["hot", "strong", "clear"],
            "genres": ["Hot|Dry", "Strong", "Clear, strong"],
            "colour": ["green", "brown", "none"],
            "note": ["best with honey", "from an island", "not for you"],
            "简介": ["一九九五年的玩具动画电影", "关于大海的纪录片", "发生在上海的爱情故事"],
            "stars": [4, 5, 5],
        }
    )
    assert roles(shop) == {
        "title": "text",
        "product_name": "text",
        "description": "text",
        "genres": "category",
        "colour": "category",
        "note": "text",
        "简介": "text",
        "stars": "category",
    }


def test_a_title_of_numbers_is_no_text():
    assert column([str(n) for n in range(20)], "title").role == "number"


def test_numbers_with_more_than_twelve_values_are_numbers():
    assert column([float(n % 13) for n in range(90)]).role == "number"
    assert column([float(n % 12) for n in range(90)]).role == "category"


def test_whole_numbers_that_never_repeat_are_ids():
    assert column(list(range(51))).role == "ignore"
    assert column([n / 2 for n in range(51)]).role == "number"
    assert column([7, 8, 9], "shelf_id").role == "ignore"


def test_codes_that_never_repeat_are_ids():
    assert column([f"tt{n:04}" for n in range(30)]).role == "ignore"
    assert column([f"红{n}" for n in range(30)]).role == "text"


def test_web_addresses_are_ignored():
    assert column(["http://a.example/1", "HTTPS://b.example", None]).role == "ignore"


@pytest.mark.parametrize(
    "values",
    [
        ["1995-11-22", "1996-01-01", None],
        ["22 Nov 1995", "1 March 1996"],
        ["1995-11-22T10:00:00", "1996-01-01 08:00"],
        ["22.11.1995", "1.1.1996 08:00"],
        ["11/22/1995", "1/1/1996"],
        ["Nov 22, 1995", "März 1, 1996"],
        ["22. März 1995", "1. Januar 1996"],
        ["1995年11月22日", "1996年1月1日"],
    ],
)
def test_dates_in_usual_forms_are_dates(values):
    assert column(values).role == "date"


def test_values_of_date_type_are_dates():
    assert column(pl.Series(["2020-01-01", "2021-05-05"]).str.to_date()).role == "date"


def test_the_canonical_columns_have_fixed_roles():
    frame = pl.DataFrame(
        {
            "created_at": [1.0, 2.0],
            "is_hidden": [True, False],
            "available_until": [3.0, 4.0],
            "domain": ["books", "books"],
        }
    )
    assert roles(frame) == {
        "created_at": "date",
        "is_hidden": "ignore",
        "available_until": "ignore",
        "domain": "category",
    }


@pytest.mark.parametrize("separator", ["|", ";", ","])
def test_pieces_that_repeat_are_several_values(separator):
    field = column([separator.join(["dry", "red"]), "dry", separator.join(["red", "old"])] * 3)
    assert (field.role, field.separator) == ("category", separator)


def test_sentences_with_commas_stay_text():
    values = [
        f"Once upon a time there was number {n}, and then he went away, far away, to live "
        f"happily ever after with all of his {n} friends"
        for n in range(30)
    ]
    assert column(values).role == "text"


def test_lists_are_several_values_unless_they_are_vectors():
    assert column([["a", "b"], ["b"]]).separator == "|"
    assert column([[0.5, 0.1], [0.2, 0.3]]).role == "ignore"


def test_a_few_long_values_are_a_category():
    assert column(["2 adults with no kids", "1 adult with some kids"] * 20).role == "category"


def test_columns_that_say_nothing_are_ignored_with_a_reason():
    assert column([None, " ", None]).reason == "empty"
    assert column(pl.Series([None, None], dtype=pl.Float64)).reason == "empty"
    assert column(["same"] * 20).reason == "one value in all rows"


def test_an_empty_catalogue_has_only_ignored_columns():
    empty = pl.DataFrame(schema={"item_id": pl.String, "title": pl.String, "price": pl.Float64})
    assert [field.role for field in infer_fields(empty, "item_id")] == ["ignore", "ignore"]


def test_separators_of_a_long_column_are_found_in_rows_spread_over_it(monkeypatch):
    monkeypatch.setattr(fields, "MAX_SEPARATOR_ROWS", 4)
    values = [["dry;red", "dry"], ["red;old", "old"]]
    assert column([one for pair in values * 5 for one in pair]).separator == ";"
    assert column(["dry", "dry;red", "red;dry", *["dry"] * 17]).separator is None


def test_the_callers_choice_wins_and_keeps_the_separator():
    frame = pl.DataFrame({"mood": ["sad;old", "gay;new", "odd"], "price": [1, 2, 3]})
    chosen = infer_fields(
        frame.with_row_index("item_id"), "item_id", {"mood": "category", "price": "number"}
    )
    assert [(f.role, f.separator, f.reason) for f in chosen] == [
        ("category", ";", "your choice"),
        ("number", None, "your choice"),
    ]


def test_a_wrong_choice_names_what_is_possible():
    frame = pl.DataFrame({"price": [1]})
    with pytest.raises(ConfigError, match=r"no column 'prize'.*\['price'\]"):
        roles(frame, prize="number")
    with pytest.raises(ConfigError, match="no role 'float' for 'price'; roles: text, category"):
        roles(frame, price="float")


@given(
    st.lists(st.none() | st.text(max_size=12) | st.floats().map(str) | st.dates().map(str)),
    st.sampled_from(["title", "c", "created_at", "tags", "x_id"]),
)
def test_any_column_of_text_has_a_role_and_a_reason(values, name):
    field = column(pl.Series(values, dtype=pl.String), name)
    assert field.role in FIELD_ROLES
    assert field.reason
