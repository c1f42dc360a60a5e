"""Amounts of a sentence: numbers with units, years and decades."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.amounts import (
    MAX_AMOUNTS,
    find_amounts,
    read_number,
    read_unspaced_number,
)


@pytest.mark.parametrize(
    ("text", "value", "quantity"),
    [
        ("a lamp of US$ 1,200.50", 1200.5, "price"),
        ("1.299,00 €", 1299.0, "price"),
        ("EUR20", 20.0, "price"),
        ("50 cents", 0.5, "price"),
        ("2k euros", 2000.0, "price"),
        ("2万元", 20_000.0, "price"),
        ("三百块钱", 300.0, "price"),
        ("twenty-five pounds", 25.0, "price"),
        ("zwanzig Euro", 20.0, "price"),
        ("half an hour", 30.0, "duration"),
        ("an hour", 60.0, "duration"),
        ("1 hour 45 minutes", 105.0, "duration"),
        ("两个小时", 120.0, "duration"),
        ("一个半小时", 90.0, "duration"),
        ("4 Sterne", 4.0, "rating"),
        ("8分", 8.0, "rating"),
        ("1984", 1984.0, "year"),
        ("2010年", 2010.0, "year"),
        ("6 mugs", 6.0, None),
    ],
)
def test_a_number_has_the_quantity_of_its_unit(text, value, quantity):
    (amount,) = find_amounts(text)
    assert (amount.low, amount.high, amount.quantity) == (value, value, quantity)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("the eighties", 1980, 1989),
        ("60s", 1960, 1969),
        ("1990's", 1990, 1999),
        ("early 70s", 1970, 1974),
        ("late nineties", 1995, 1999),
        ("2000s", 2000, 2009),
        ("70er Jahre", 1970, 1979),
        ("Filme der siebziger Jahre", 1970, 1979),
        ("années 60", 1960, 1969),
        ("años 50", 1950, 1959),
        ("anni 70", 1970, 1979),
        ("90年代", 1990, 1999),
        ("七十年代", 1970, 1979),
        ("2010年代", 2010, 2019),
    ],
)
def test_decades_are_read_in_several_languages(text, first, last):
    (amount,) = find_amounts(text)
    assert (amount.low, amount.high, amount.is_decade) == (first, last, True)


@pytest.mark.parametrize(
    "text", ["", "a set of mugs", "one for all", "in his thirties", "R2D2"]
)
def test_other_words_are_no_amounts(text):
    assert not find_amounts(text)


@given(st.text(max_size=300))
def test_any_text_gives_few_amounts_in_their_order(text):
    amounts = find_amounts(text)
    assert len(amounts) <= MAX_AMOUNTS
    ends = [0]
    for amount in amounts:
        assert ends[-1] <= amount.start < amount.end <= len(text)
        assert 0 <= amount.low <= amount.high
        ends.append(amount.end)


@given(st.integers(1, 99_999), st.integers(0, 99))
def test_numbers_are_read_as_they_are_written(whole, cents):
    value = whole + cents / 100
    assert read_number(f"{whole}.{cents:02d}") == pytest.approx(value)
    assert read_number(f"{whole:,}.{cents:02d}") == pytest.approx(value)
    german = f"{whole:,}".replace(",", ".")
    assert read_number(f"{german},{cents:02d}") == pytest.approx(value)


@given(st.text("零一二两三四五六七八九十百千万半个", max_size=9))
def test_any_chinese_number_is_positive_or_none(text):
    value = read_unspaced_number(text)
    assert value is None or value > 0


@pytest.mark.parametrize(
    ("text", "value"), [("十五", 15), ("二百零五", 205), ("三千", 3000), ("一万二", 10_002)]
)
def test_chinese_numbers(text, value):
    assert read_unspaced_number(text) == value
