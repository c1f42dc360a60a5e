import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.numbers import check_decimal_mark, read_number_attribute, read_numbers
from daybreak.errors import ConfigError

CENTS = st.integers(-99_999_999, 99_999_999)
STYLES = {
    "German": (".", ","), "French": (" ", ","), "French, narrow": ("\u202f", ","),
    "no-break": ("\u00a0", ","), "Swiss": ("'", "."), "English": (",", "."), "plain": ("", "."),
    "comma only": ("", ","),
}  # fmt: skip
SIGNS = ["{}", "{} €", "€{}", "EUR {}", "{} kr", "CHF {}", "R$ {}", "{}zł", "{} %"]


def written(cents, thousands, decimal):
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{whole:,}".replace(",", thousands) + f"{decimal}{part:02d}"


def values(*texts, **options):
    found = read_numbers(pl.Series(texts, dtype=pl.String), **options)
    return found.values.to_list()


@pytest.mark.parametrize("style", STYLES)
@given(amounts=st.lists(CENTS, min_size=1, max_size=8), sign=st.sampled_from(SIGNS))
def test_amounts_are_read_as_they_are_written(style, amounts, sign):
    texts = [sign.format(written(cents, *STYLES[style])) for cents in amounts]
    found = read_numbers(pl.Series(texts))
    assert found.values.to_list() == pytest.approx([cents / 100 for cents in amounts])
    assert not found.is_bad.any()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_numbers_of_programs_are_read_exactly_and_need_no_remark(numbers):
    found = read_numbers(pl.Series([repr(number) for number in numbers], dtype=pl.String))
    assert found.values.to_list() == numbers
    assert found.describe() == ""


@given(st.lists(st.one_of(st.none(), st.text("0123456789.,-+ '€%ea", max_size=12)), max_size=6))
def test_no_text_makes_it_fail_and_nothing_disappears_in_silence(texts):
    found = read_numbers(pl.Series(texts, dtype=pl.String))
    assert len(found.values) == len(found.is_bad) == len(texts)
    assert found.values.filter(found.is_bad).is_null().all()
    assert found.values.drop_nulls().is_finite().all()


def test_the_column_decides_about_numbers_with_one_mark_and_three_digits():
    assert values("1.299", "2,5") == [1299.0, 2.5]
    assert values("1.299", "2.5") == [1.299, 2.5]
    assert values("1,299", "2.5") == [1299.0, 2.5]
    assert values("1,299", "7") == [1299.0, 7.0]
    assert values("1.299", decimal=",") == [1299.0]
    assert values("1,299", decimal=",") == [1.299]


def test_a_column_with_both_marks_is_read_value_by_value_and_told():
    found = read_numbers(pl.Series(["4,5", "4.5", "3"]))
    assert found.values.to_list() == [4.5, 4.5, 3.0]
    assert "some numbers have a decimal comma and some a decimal point" in found.describe()


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,-", 12.0), ("12.–", 12.0), ("(12.50)", -12.5), ("12.50-", -12.5), ("−3", -3.0),
     ("1,29,999.00", 129_999.0), ("$-5.00", -5.0), ("45 %", 45.0), ("1 299 руб.", 1299.0),
     ("１２円", 12.0), ("1.234.567", 1_234_567.0), ("1,5e3", 1500.0), (".5 €", 0.5)],
)  # fmt: skip
def test_usual_forms_of_amounts_are_read(text, number):
    assert values(text) == [number]


@pytest.mark.parametrize(
    "text", ["four", "1..2", "1,2,3", "12 34", "1.2.3", "12 kg", "€", ".", "1,23.4"]
)
def test_what_is_no_number_is_bad(text):
    found = read_numbers(pl.Series([text, "1"]))
    assert (found.values.to_list(), found.is_bad.to_list()) == ([None, 1.0], [True, False])


def test_what_was_left_out_is_told():
    said = read_numbers(pl.Series(["12,50 €", "$3", "5 %"])).describe()
    assert "'12,50 €' is read as 12.5" in said
    assert "currency signs of several currencies ($, €) are left out" in said
    assert "45 % is read as 45" in said


ATTRIBUTES = {
    "a price with words among the numbers": ("Preis", ["1,37", "auf Anfrage"], [1.37, None]),
    "a price of words": ("price", ["cheap", "dear"], None),
    "amounts under any name": ("VK", ["4,5 €"] * 19 + ["?"], [4.5] * 19 + [None]),
    "words among whole numbers": ("level", ["4"] * 19 + ["?"], None),
    "codes with leading zeros": ("zip", ["01067", "10115"], None),
    "codes with plus signs": ("phone", ["+49 30", "+49 40"], None),
    "lists of numbers": ("category_ids", ["1,2", "3,4"], None),
    "versions": ("version", ["1.2.3", "1.2"], None),
    "no value": ("price", ["", "n/a"], None),
}


@pytest.mark.parametrize("case", ATTRIBUTES)
def test_attributes_that_hold_numbers_are_numbers(case):
    name, texts, expected = ATTRIBUTES[case]
    found = read_number_attribute(pl.Series(name, texts))
    assert (found and found.values.to_list()) == expected


def test_a_decimal_mark_is_a_comma_or_a_point():
    assert [check_decimal_mark(mark) for mark in (None, "Comma", ".")] == [None, ",", "."]
    with pytest.raises(ConfigError, match="the decimal mark is"):
        check_decimal_mark(";")


@pytest.mark.parametrize(
    ("name", "texts", "numbers"),
    [
        ("price", ["1.299", "950", "2.499", ""], [1299.0, 950.0, 2499.0, None]),
        ("Preis", ["1.299", "99,- €"], [1299.0, 99.0]),
        ("views", ["12.345", "850"], [12_345.0, 850.0]),
        ("price", ["1.299", "1.345", "2"], [1.299, 1.345, 2.0]),  # fuel
        ("price", ["1.250", "12.500", "3.000"], [1.25, 12.5, 3.0]),  # dinars
        ("price", ["0.999", "950", "1.299"], [0.999, 950.0, 1.299]),
        ("price", ["1.299", "1950", "89"], [1.299, 1950.0, 89.0]),
        ("weight", ["1.299", "950", "45"], [1.299, 950.0, 45.0]),
    ],
)
def test_points_with_three_digits_beside_whole_amounts_are_of_thousands(name, texts, numbers):
    """Before, the table that costs 1,299 was cheaper than the one for 950, without a word."""
    ids = [f"i{n}" for n in range(len(texts))]
    items = read_tables(items={"item_id": ids, name: texts}).tables.items
    assert items[name.lower()].to_list() == numbers
