"""Ages in sentences become words for people of that age."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.encoders.ages import age_group, say_ages


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a book for a 6-year-old", "a book for a children"),
        ("toys for a nine month old", "toys for a baby"),
        ("for my 2 yr old", "for my toddler"),
        ("a puzzle, aged 4 to 8", "a puzzle, children"),
        ("für einen 15-jährigen", "für einen Jugendliche"),
        ("ein Buch für Kinder ab 6 Jahren", "ein Buch für Kinder"),
        ("un jouet de 5 ans", "un jouet enfants"),
        ("送给六岁女孩", "送给儿童女孩"),
        ("films for children under 12", "films for children"),
    ],
)
def test_ages_by_hand(text, said):
    assert say_ages(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "a 12 year old whisky",
        "a 30-year-old man",
        "toys for children under 12 pounds",
        "toys for children under $12",
        "a lamp under 12",
        "films of the last 10 years",
        "a set of 6 mugs",
    ],
)
def test_other_numbers_stay(text):
    assert say_ages(text) == text


@given(st.floats(0, 120), st.floats(0, 120))
def test_older_people_are_in_no_younger_group(one, other):
    groups = [age_group(years) for years in sorted((one, other))]
    assert groups[1] is None or (groups[0] is not None and groups[0] <= groups[1])


@given(st.text())
def test_any_text_without_numbers_is_unchanged(text):
    if not any(letter.isdigit() or letter in "岁歳" for letter in text) and "old" not in text:
        assert say_ages(text) == text
