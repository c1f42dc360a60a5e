import contextlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.rules import EventRules, parse_conditions
from daybreak.errors import ConfigError


def events(*rows):
    kinds = {"event_type": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def signs(frame, **rules):
    return EventRules(**rules).resolve(frame).signs(frame).to_list()


NAMES = st.from_regex(r"[a-z][a-z_0-9]{0,9}", fullmatch=True).filter(lambda n: n != "or")
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: f"{x:g}")
CONDITIONS = st.builds(
    lambda n, c: n + c,
    NAMES,
    st.one_of(
        st.just(""), st.builds("".join, st.tuples(st.sampled_from([">=", "<", "!="]), NUMBERS))
    ),
)


@given(st.lists(CONDITIONS, min_size=1, max_size=4), st.sampled_from([",", " or ", " , "]))
def test_what_is_written_is_read(conditions, between):
    assert [str(c) for c in parse_conditions(between.join(conditions))] == conditions


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConfigError):
        for condition in parse_conditions(text):
            assert parse_conditions(str(condition))


@pytest.mark.parametrize(
    "text", ["rating>=", ">=4", "rating=>4", "a b>c", "__import__('os')", "a,"]
)
def test_a_wrong_rule_is_named(text):
    with pytest.raises(ConfigError, match="in the event rule"):
        EventRules(positive=text)


def test_negative_goes_before_positive_and_positive_before_seen():
    frame = events(("like", 1), ("like", 5), ("view", None), ("hide", None))
    assert signs(frame, positive="like", negative="value<2, hide", seen="view") == [
        -1,
        1,
        0,
        -1,
    ]


def test_the_rest_is_seen_when_positive_is_given_and_positive_otherwise():
    frame = events(("like", None), ("view", None))
    assert signs(frame, positive="like") == [1, 0]
    assert signs(frame, negative="like") == [-1, 1]


def test_types_are_compared_without_case_and_dashes():
    assert signs(events(("Add-To Cart", None)), positive="add_to_cart") == [1]


def test_rating_means_events_without_a_type_too():
    frame = events((None, 5), ("rating", 5), ("play", 5), (None, None))
    assert signs(frame, positive="rating>=4") == [1, 1, 0, 0]


def test_views_are_only_seen_when_there_are_stronger_types():
    assert signs(events(("view", None), ("purchase", None))) == [0, 1]
    assert signs(events(("view", None), ("impression", None))) == [1, 0]
    assert signs(
        events(
            ("view", None),
        )
    ) == [1]


def test_dislikes_are_negative():
    assert signs(events(("like", None), ("dislike", None), ("remove_from_cart", 1))) == [
        1,
        -1,
        -1,
    ]


def test_a_scale_to_five_is_positive_from_four_and_negative_below_half():
    frame = events(*[("rating", float(v)) for v in (1, 2, 3, 4, 5)], ("rating", None))
    rules = EventRules().resolve(frame)
    assert rules.signs(frame).to_list() == [-1, -1, 0, 1, 1, 1]
    assert rules.describe() == (
        "Positive: rating>=4, everything else; negative: rating<2.5; only seen: rating>=2.5."
    )


def test_events_without_types_and_values_are_all_positive():
    rules = EventRules().resolve(events((None, None), (None, None)))
    assert rules.describe() == "All events are positive."


def test_half_stars_a_scale_to_ten_and_signed_ratings():
    half = events(*[("rating", v) for v in (0.5, 2.0, 3.0, 3.5, 5.0)])
    assert signs(half) == [-1, -1, 0, 1, 1]
    ten = events(*[("rating", float(v)) for v in (1, 4, 5, 6, 7, 10)])
    assert signs(ten) == [-1, -1, 0, 0, 1, 1]
    signed = events(*[("rating", v) for v in (-1.0, -0.5, 0.0, 0.5, 1.0)])
    assert signs(signed) == [-1, -1, 0, 1, 1]


def test_values_without_a_type_count_as_ratings_only_if_they_look_so():
    stars = events(*[(None, float(v)) for v in (5, 4, 4, 3, 1, 5)])
    assert signs(stars) == [1, 1, 1, 0, -1, 1]
    counts = events(*[(None, float(v)) for v in (1, 1, 1, 2, 3, 10)])
    assert signs(counts) == [1] * 6


def test_labels_of_zero_are_negative():
    assert signs(events(("rating", 0.0), ("rating", 1.0))) == [-1, 1]


def test_negative_values_are_negative_for_every_type():
    frame = events(("purchase", -1.0), ("purchase", 2.0), (None, -3.0), ("return", -1.0))
    assert signs(frame) == [-1, 1, -1, -1]


def test_rules_of_purchases_alone_know_what_a_later_no_or_view_means():
    bought = events(("purchase", 1.0))
    rules = EventRules().resolve(bought)
    later = events(("Disliked", None), ("purchase", -1.0), ("page view", None), ("like", None))
    assert rules.signs(later).to_list() == [-1, -1, 0, 1]
    assert rules.signs_of_kinds([("退货", None), ("purchase", 1.0)]) == [-1, 1]


def test_a_rule_that_names_a_type_goes_before_its_name():
    frame = events(("skip", None), ("buy", None), ("returned", None))
    assert signs(frame, seen="skip") == [0, 1, -1]


def test_zero_of_an_opinion_is_a_no_and_of_an_action_nothing():
    assert signs(events(("like", 0.0), ("like", 1.0))) == [-1, 1]
    assert signs(events(("purchase", 0.0), ("purchase", 1.0))) == [0, 1]
    assert signs(events((None, 0.0), (None, 1.0))) == [-1, 1]


def test_quantities_of_actions_are_no_scale():
    frame = events(*[("purchase", float(v)) for v in (5, 4, 4, 3, 1, 5)])
    assert signs(frame) == [1] * 6


def test_values_outside_of_the_scale_are_neutral():
    frame = events(*[("rating", float(v)) for v in (1, 3, 4, 5) * 10], ("rating", 99.0))
    assert signs(frame)[-5:] == [-1, 0, 1, 1, 0]


def test_weights_go_by_type():
    frame = events(("Purchase", None), ("view", None), (None, None))
    rules = EventRules(weights={"purchase": 3.0}).resolve(frame)
    assert rules.weights(frame).to_list() == [3.0, 1.0, 1.0]
    with pytest.raises(ConfigError, match="weight of 'view' must be above 0, got -1"):
        EventRules(weights={"view": -1})


def test_no_events_have_no_signs():
    assert signs(events()) == []


def test_rules_of_purchases_alone_read_later_ratings_as_stars():
    rules = EventRules().resolve(events(("purchase", None)))
    stars = [
        ("rating", 1.0),
        ("Rating", 2.0),
        ("stars", 3.0),
        ("rating", 4.0),
        ("review", None),
    ]
    assert rules.signs(events(*stars)).to_list() == [-1, -1, 0, 1, 1]
    assert rules.signs(events((None, 1.0), ("purchase", 1.0))).to_list() == [1, 1]


@pytest.mark.parametrize("seen", [("rating", 1.0), ("stars", None), (None, 1.0)])
def test_what_ratings_are_is_not_assumed_where_the_data_have_some(seen):
    rules = EventRules().resolve(events(("purchase", None), seen))
    assert rules.signs(events(("rating", 1.0))).to_list() == [1]
