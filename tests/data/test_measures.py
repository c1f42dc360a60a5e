from datetime import timedelta

import polars as pl

from daybreak.data.fields import column_stats, text_values


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
    stats = column_stats(pl.Series([], dtype=pl.String))
    assert (
        stats.n_values,
        stats.mean_words,
        stats.number_share,
        stats.is_whole,
        stats.is_code,
    ) == (0, 0, 0, False, False)


def test_infinity_is_no_number():
    assert column_stats(pl.Series(["inf", "1"])).number_share == 0.5


def test_two_chinese_characters_count_as_a_word():
    assert column_stats(pl.Series(["喜欢电影"])).mean_words == 3
