"""Lists of titles from elsewhere become items of the catalogue."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.encoders.named_items import fold_title
from daybreak.errors import DataError
from daybreak.service.state.title_matches import read_titles


@pytest.fixture(scope="module")
def cinema():
    items = pl.DataFrame(
        {
            "item_id": ["m1", "m2", "m3", "m4", "m5", "m6"],
            "title": ["Heat (1995)", "The Matrix", "Amélie", "Solaris", "Solaris", "茶馆"],
            "year": [1995, 1999, 2001, 1972, 2002, 1982],
            "imdb_id": ["tt1", "tt2", "tt3", "tt4", "tt5", "tt6"],
            "plot": ["robbers", "machines", "a waitress", "a planet", "a planet", "a teahouse"],
        }
    )
    events = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["m1", "m2", "m2"]})
    return Recommender(encoder="none").fit(events, items)


def ids(frame):
    return frame["item_id"].to_list()


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("Heat", "m1"),
        ("1. HEAT (1995)", "m1"),
        ("- Matrix, The", "m2"),
        ("* the matrix!", "m2"),
        ("Amelie", "m3"),
        ("Solaris (2002)", "m5"),
        ("Solaris (1972)", "m4"),
        ("Solaris（1972）", "m4"),
        ("茶馆", "m6"),
    ],
)
def test_an_equal_title_is_found_with_confidence(cinema, line, item):
    found = cinema.match_titles(line)
    assert ids(found) == [item]
    assert found["confidence"][0] >= 0.9
    assert found["match"][0] == "title"


def test_a_misspelt_title_has_less_confidence(cinema):
    found = cinema.match_titles("The Matrixx")
    assert ids(found) == ["m2"]
    assert 0.4 < found["confidence"][0] < 0.9
    assert found["match"][0] == "similar title"


def test_one_title_of_two_items_is_uncertain_without_a_year(cinema):
    assert cinema.match_titles("Solaris")["confidence"][0] < 0.7


def test_another_year_halves_the_confidence(cinema):
    found = cinema.match_titles("Heat (1950)")
    assert found["confidence"][0] == pytest.approx(0.49)


def test_foreign_ids_of_an_export_are_matched_by_their_column(cinema):
    text = "IMDB_ID;Title;Rating\ntt3;Le fabuleux destin;9,5\nxx;Heat;2\n"
    found = cinema.match_titles(text)
    assert ids(found) == ["m3", "m1"]
    assert found["match"].to_list() == ["id", "title"]
    assert found["rating"].to_list() == [9.5, 2.0]


def test_a_row_with_an_id_and_no_title_is_matched_or_shown(cinema):
    found = cinema.match_titles("imdb_id,Title,Rating\ntt3,,9\ntt99,,2\n,,1\n")
    assert ids(found) == ["m3", None]
    assert found["given"].to_list() == ["tt3", "tt99"]
    assert found["confidence"].to_list() == [1.0, 0.0]


def test_ids_without_a_column_of_titles_are_enough(cinema):
    found = cinema.match_titles("imdb_id;Rating\ntt1;5\ntt2;4\n")
    assert ids(found) == ["m1", "m2"]
    assert found["match"].to_list() == ["id", "id"]


def test_lines_whose_words_end_like_an_id_are_no_header(cinema):
    assert cinema.match_titles("Madrid, Cupid\nHeat").height == 2


def test_words_find_an_item_with_little_confidence(cinema):
    found = cinema.match_titles("robbers")
    assert found["confidence"][0] <= 0.3
    assert found["match"][0] in {"content", None}


def test_what_nothing_resembles_has_no_item(cinema):
    found = cinema.match_titles("zzqx vvwk\nHeat")
    assert found["confidence"].to_list()[0] == 0
    assert ids(found) == [None, "m1"]


def test_confirmed_matches_are_a_history(cinema):
    confirmed = cinema.match_titles("Matrix\nAmelie").filter(pl.col("confidence") > 0.9)
    history = confirmed.select(pl.lit("new").alias("user_id"), "item_id")
    lists = cinema.recommend(["new"], histories=history, k=3)
    assert not {"m2", "m3"} & set(ids(lists))


def test_an_empty_list_is_an_error(cinema):
    with pytest.raises(DataError, match="no titles"):
        cinema.match_titles(" \n ")


def test_a_list_that_is_too_long_is_an_error():
    with pytest.raises(DataError, match="at most 5,000"):
        read_titles("x\n" * 6_000)


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]))))
def test_any_lines_are_read(lines):
    text = "\n".join(["first", *lines])
    assert all(one.title for one in read_titles(text) if one.text.strip('" '))


@given(st.text())
def test_folding_twice_changes_nothing_but_articles(title):
    assert isinstance(fold_title(title), str)
