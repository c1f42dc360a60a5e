"""Ratings in words and signs are numbers; texts of reviews are none."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import read_tables
from daybreak.data.numbers import read_numbers
from daybreak.data.rating_texts import RATING_WORDS, read_rating_text, read_rating_texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5星", 5), ("4颗星", 4), ("3 顆星", 3), ("四星", 4), ("三星半", 3.5), ("4.5分", 4.5),
        ("★★★★☆", 4), ("⭐⭐⭐", 3), ("★★½", 2.5), ("☆☆☆☆☆", 0), ("5 stars", 5),
        ("4,5 Sterne", 4.5),
        ("3/5", 3), ("8/10", 8), ("4 out of 5", 4), ("2件", 2), ("x", None), ("3 Stück", 3),
        ("好评", 5), ("中評", 3), ("差评！", 1), ("非常满意", 5), ("不滿意", 2),
        ("Very Good", 4),
        ("very_satisfied", 5), ("Sehr schlecht", 1), ("très bien", 5), ("最悪", 1),
        ("매우 만족", 5),
        ("отлично", 5), ("plain words", None), ("", None), ("2024-05-01", None), ("A5", None),
    ],
)  # fmt: skip
def test_ratings_are_read(text, expected):
    assert read_rating_text(text) == expected


@given(st.sampled_from(sorted(RATING_WORDS)))
def test_words_are_stars_from_1_to_5(word):
    assert read_rating_text(word.replace("_", " ").upper()) in {1, 2, 3, 4, 5}


@given(st.integers(1, 5))
def test_stars_are_counted(n):
    assert read_rating_text("★" * n + "☆" * (5 - n)) == n


@given(st.text())
def test_any_text_is_a_number_or_none(text):
    found = read_rating_text(text)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    "values", [["物流很快，包装精美", "5星"], ["4", "5"], ["4.5", "", "3"], ["red", "blue"]]
)
def test_other_columns_are_left_alone(values):
    assert read_rating_texts(pl.Series(values)) is None


def events(**columns):
    return pl.DataFrame({"用户": ["甲", "乙", "丙"], "商品": ["1", "2", "1"], **columns})


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("评分", ["5星", "1星", "4.5星"], [5, 1, 4.5]),
        ("評分", ["5顆星", "1顆星", "3顆星"], [5, 1, 3]),
        ("评价", ["好评", "差评", "中评"], [5, 1, 3]),
        ("满意度", ["非常满意", "不满意", "一般"], [5, 2, 3]),
        ("rating", ["5 stars", "1 star", "★★★"], [5, 1, 3]),
        ("数量", ["2件", "1件", "10件"], [2, 1, 10]),
    ],
)
def test_files_with_written_ratings_are_read_and_it_is_told(name, values, expected):
    found = read_tables(events=events(**{name: values}))
    assert sorted(found.tables.events["value"]) == sorted(expected)
    assert any("texts are read as numbers" in note for note in found.notes)


def test_texts_of_reviews_are_no_ratings():
    found = read_tables(events=events(评价=["包装很好", "物流快，茶香浓", "还会再来"]))
    assert found.tables.events["value"].null_count() == 3
    assert any("texts of reviews" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2万", 12_000), ("3万元", 30_000), ("￥1.5萬", 15_000), ("2億円", 2e8),
        ("5천원", 5_000),
        ("12亿", 1.2e9), ("￥1,299.00", 1299), ("NT$35.00", 35), ("-1.5万", -15_000),
    ],
)  # fmt: skip
def test_numbers_have_words_for_ten_thousand(text, expected):
    assert read_numbers(pl.Series([text])).values.to_list() == [expected]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["5/5", "4/5", "8/10", "60 / 100"], [5.0, 4.0, 4.0, 3.0]),
        (["9/10", "8 out of 10", "4 von 5"], [9.0, 8.0, 8.0]),
        (["8/10", "3/10"], [8.0, 3.0]),
    ],
)
def test_ratings_of_several_scales_are_read_on_the_usual_one(texts, numbers):
    """Before, 8/10 was 8 beside 4/5: an outlier of a scale up to 5, which was not used."""
    assert read_rating_texts(pl.Series(texts)).values.to_list() == numbers
