"""Numbers beside the names of columns."""

import pytest

from daybreak.encoders.named_numbers import read_named_numbers, words_for
from daybreak.encoders.quantities import QuantityPreference, read_quantities

COLUMNS = ("n_pages", "bedrooms", "salary", "ram_gb", "mileage_km", "楼层数")


def read(text):
    every = ((word, column) for column in COLUMNS for word in words_for(column))
    names = {word: column for word, column in every if word.rstrip("s") in text.lower()}
    return read_named_numbers(read_quantities(text), names)


def topic(said):
    return said.topic([one.span for one in (*said.ranges, *said.preferences)])


@pytest.mark.parametrize(
    ("text", "column", "low", "high", "rest"),
    [
        ("a book with less than 200 pages", "n_pages", None, 200, "a book"),
        ("ein Buch mit mehr als 300 Seiten", "n_pages", 300, None, "ein Buch"),
        ("200 Seiten oder weniger", "n_pages", None, 200, ""),
        ("300页以上的书", "n_pages", 300, None, "书"),
        ("at least three bedrooms", "bedrooms", 3, None, ""),
        ("2+ bedrooms", "bedrooms", 2, None, ""),
        ("2 or more bedrooms", "bedrooms", 2, None, ""),
        ("2-3 bedrooms", "bedrooms", 2, 3, ""),
        ("a job with a salary above €60,000", "salary", 60_000, None, "a job with a"),
        ("salary of at least 60k", "salary", 60_000, None, ""),
        ("less than 50,000 km", "mileage_km", None, 50_000, ""),
        ("mileage under 50000", "mileage_km", None, 50_000, ""),
        ("at least 16 GB", "ram_gb", 16, None, ""),
        ("至少3个卧室的房子", "bedrooms", 3, None, "房子"),
        ("不超过6楼层", "楼层数", None, 6, ""),
    ],
)
def test_a_number_with_a_bound(text, column, low, high, rest):
    said = read(text)
    (found,) = said.ranges
    inf = float("inf")
    assert found.column == column
    assert (found.low, found.high) == (
        -inf if low is None else low,
        inf if high is None else high,
    )
    assert not said.preferences
    assert topic(said) == rest


@pytest.mark.parametrize(
    ("text", "column", "value", "rest"),
    [
        ("a flat with three bedrooms", "bedrooms", 3, "a flat"),
        ("a 3 bedroom flat", "bedrooms", 3, "flat"),
        ("a laptop with 16 GB of RAM", "ram_gb", 16, "a laptop"),
        ("about 300 pages", "n_pages", 300, ""),
    ],
)
def test_a_number_without_a_bound_is_preferred(text, column, value, rest):
    said = read(text)
    (found,) = said.preferences
    assert isinstance(found, QuantityPreference)
    assert (found.column, found.direction, found.target) == (column, "near", value)
    assert not said.ranges
    assert topic(said) == rest


def test_a_number_belongs_to_the_name_behind_it():
    said = read("2 or more bedrooms and fewer than 500 pages")
    assert [(one.column, one.low) for one in said.ranges][:1] == [("bedrooms", 2)]
    assert [(one.column, one.high) for one in said.ranges][1:] == [("n_pages", 500)]


@pytest.mark.parametrize(
    "text",
    [
        "a page turner",
        "ein Buch von einer Seite",
        "mileage under 50 kg",
        "a book under 20 euros",
    ],
)
def test_other_numbers_are_of_no_column(text):
    said = read(text)
    assert not any(one.column for one in (*said.ranges, *said.preferences))
