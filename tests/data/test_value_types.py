"""Quantities are no ratings, whatever their distribution is."""

import polars as pl
import pytest

from daybreak.data import read_tables

UNIFORM = [1 + i % 10 for i in range(90)]
"""As many of each number up to 10, of which some would be a rating scale."""


def signs(column, values, **others):
    n = len(values)
    frame = pl.DataFrame(
        {"user_id": [f"u{i}" for i in range(n)], "item_id": [f"i{i % 7}" for i in range(n)]}
        | {column: values}
        | {name: [value] * n for name, value in others.items()}
    )
    result = read_tables(frame)
    events = result.tables.events
    return set(result.rules.resolve(events).signs(events).to_list()), result.notes


@pytest.mark.parametrize(
    "name", ["quantity", "qty", "Menge", "数量", "Anzahl", "units", "plays"]
)
def test_a_name_that_says_how_many_wins(name):
    found, notes = signs(name, UNIFORM)
    assert found == {1}
    assert any("read as quantities" in note for note in notes)


def test_prices_say_that_numbers_are_quantities():
    assert signs("value", UNIFORM, unit_price=9.5)[0] == {1}
    assert signs("amount", UNIFORM, Betrag="9,50")[0] == {1}


def test_ratings_stay_ratings_beside_prices():
    assert signs("stars", [1, 2, 3, 4, 5] * 9, price=9.5)[0] == {1, 0, -1}


def test_numbers_without_a_telling_name_are_ratings_if_their_scale_is_used_to_its_top():
    assert signs("value", UNIFORM)[0] == {1, 0, -1}
    assert signs("value", [1 + i % 9 for i in range(90)])[0] == {1}


def test_quantities_that_look_like_none_keep_no_type():
    frame = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "quantity": [1, 40]})
    assert read_tables(frame).tables.events["event_type"].to_list() == [None, None]


def test_marks_of_students_are_no_opinions_of_courses():
    log = {"student_id": list("abc"), "course_id": list("xyz")}
    for name, kinds in (("grade", [None] * 3), ("rating", ["rating"] * 3)):
        events = read_tables(pl.DataFrame(log | {name: [5, 1, 2]})).tables.events
        assert events["event_type"].to_list() == kinds
