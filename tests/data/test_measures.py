from datetime import timedelta

import polars as pl

from daybreak.data.measures import cells, measure


def test_cells_are_text_whatever_the_type():
    assert cells(pl.Series([True, None])).to_list() == ["true", None]
    assert cells(pl.Series([[1, 2], []])).to_list() == ["1|2", None]
    assert cells(pl.Series([timedelta(minutes=1)])).to_list() == ["60"]
    assert cells(pl.Series(["  ", " x "])).to_list() == [None, "x"]
    assert cells(pl.Series([float("nan"), float("inf"), -3.0])).to_list() == [None, None, "-3"]


def test_the_same_number_is_the_same_cell_among_whole_numbers_and_among_fractions():
    assert cells(pl.Series([2.0, 0.5]))[0] == cells(pl.Series([2.0]))[0] == "2"


def test_nothing_measures_as_nothing():
    seen = measure(pl.Series([], dtype=pl.String))
    assert (seen.n, seen.words, seen.numbers, seen.whole, seen.codes) == (0, 0, 0, False, False)


def test_infinity_is_no_number():
    assert measure(pl.Series(["inf", "1"])).numbers == 0.5


def test_two_chinese_characters_count_as_a_word():
    assert measure(pl.Series(["喜欢电影"])).words == 3
