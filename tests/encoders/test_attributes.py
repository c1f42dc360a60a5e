import json
from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.fields import ContentField
from daybreak.encoders.attributes import AttributeTerms, range_names


def terms(values, role, separator=None, bins=10):
    frame = pl.DataFrame({"x": values})
    return AttributeTerms.fit(frame, [ContentField("x", role, separator)], bins=bins).terms(
        frame
    )


def test_several_values_lose_their_remarks():
    assert terms(["Jo Ek (story), Al Be（编剧）", " jo ek ", None], "category", ",") == [
        ["x=jo ek", "x=al be"],
        ["x=jo ek"],
        [],
    ]


def test_a_single_value_keeps_its_remark():
    assert terms(["Shirt (S)", "Shirt (L)"], "category") == [["x=shirt (s)"], ["x=shirt (l)"]]


def test_empty_pieces_are_no_values():
    assert terms(["a||", "|"], "category", "|") == [["x=a"], []]


def test_lists_are_several_values():
    assert terms([["A", "b"], []], "category", "|") == [["x=a", "x=b"], []]


def test_numbers_fall_into_ranges_of_equal_size():
    """The median of 1, 2, 3, 4 is 2.5."""
    assert terms(["1", "2", "3", "4", "?", "inf"], "number", bins=2) == [
        *(["x=..2.5"], ["x=..2.5"], ["x=2.5.."], ["x=2.5.."], [], [])
    ]


NUMBERS = st.one_of(
    st.lists(st.none() | st.floats(width=64), min_size=1),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1),
)


@given(NUMBERS)
def test_numbers_are_what_their_texts_say(values):
    kind = pl.Int64 if any(isinstance(value, int) for value in values) else pl.Float64
    column = pl.Series(values, dtype=kind)
    fields = [ContentField("x", "number")]
    found, expected = (
        AttributeTerms.fit(frame, fields, bins=4)
        for frame in (
            pl.DataFrame({"x": column}),
            pl.DataFrame({"x": column.cast(pl.String)}),
        )
    )
    assert found.edges == expected.edges


def test_numbers_beyond_what_was_seen_fall_into_the_outer_ranges():
    frame = pl.DataFrame({"x": [1, 2, 3, 4]})
    fitted = AttributeTerms.fit(frame, [ContentField("x", "number")], bins=2)
    assert fitted.terms(pl.DataFrame({"x": [-9.0, 99.5]})) == [["x=..2.5"], ["x=2.5.."]]


def test_numbers_of_one_value_have_one_bound():
    assert terms([5, 5, 5], "number") == [["x=..5"]] * 3


def test_a_column_without_numbers_gives_no_terms():
    assert terms([None, "many"], "number") == [[], []]


def test_dates_of_any_kind_become_years():
    assert terms(["22 Nov 1995", "1996-01-01", "soon"], "date") == [["x=1995"], ["x=1996"], []]
    assert terms([date(1997, 1, 1), None], "date") == [["x=1997"], []]
    assert terms([0.0, 31_536_000.0, float("nan"), 1e300], "date") == [
        *(["x=1970"], ["x=1971"], [], [])
    ]


def test_missing_and_unknown_columns_are_passed_over():
    fitted = AttributeTerms.fit(
        pl.DataFrame({"x": ["a"]}), [ContentField("x", "category")], bins=2
    )
    assert fitted.terms(pl.DataFrame({"y": ["a", "b"]})) == [[], []]


def test_bounds_too_close_for_six_digits_keep_all_of_them():
    assert range_names([1.0000001, 1.0000002]) == [
        *("..1.0000001", "1.0000001..1.0000002", "1.0000002..")
    ]


def test_plain_values_bring_everything_back():
    frame = pl.DataFrame({"x": [1.5, 2, 9], "y": ["a;b", "a", None]})
    fields = [ContentField("x", "number"), ContentField("y", "category", ";", "why")]
    fitted = AttributeTerms.fit(frame, fields, bins=3)
    assert AttributeTerms.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
