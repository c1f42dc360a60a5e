import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.service.experiments import Attribution
from daybreak.service.experiments.impressions import (
    MAX_CLOCK_SKEW_S,
    attribute_events,
    impression_rows,
    iter_answer_chunks,
)
from daybreak.store.base import LoggedItem, LoggedRecommendation

HOUR = 3600.0
SCHEMA = {
    "recommendation_id": pl.String,
    "user_id": pl.String,
    "item_id": pl.String,
    "event_type": pl.String,
    "value": pl.Float64,
    "timestamp": pl.Float64,
}


def shown(*items, id="r1", at=0.0, **fields):
    rows = tuple(LoggedItem(item, 1.0, rank + 1, "popular") for rank, item in enumerate(items))
    return LoggedRecommendation(id, at, fields.pop("user_id", "ann"), "release", rows, **fields)


def found(answers, events, **rules):
    """Return what came of each place, by recommendation and item."""
    rows = [(event[0], "ann", *event[1:]) for event in events]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    rows = attribute_events(impression_rows(answers), frame, Attribution(**rules)).rows(
        named=True
    )
    return {(row["recommendation_id"], row["item_id"]): row for row in rows}


def test_an_event_is_attributed_to_the_impression_that_it_names():
    places_ = found([shown("tea", "cup")], [("r1", "cup", "click", None, 9.0)])
    assert places_["r1", "cup"]["clicked"] == 1
    assert places_["r1", "tea"]["clicked"] == 0


def test_an_event_on_an_item_that_was_not_shown_is_not_attributed():
    events = [("r1", "rum", "click", None, 9.0), ("r9", "tea", "click", None, 9.0)]
    assert found([shown("tea")], events)["r1", "tea"]["clicked"] == 0


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (2 * HOUR, 1),
        (2 * HOUR + 1, 0),
        (-MAX_CLOCK_SKEW_S, 1),
        (-MAX_CLOCK_SKEW_S - 1, 0),
        (None, 1),
    ],
)
def test_an_event_counts_within_the_window(at, counts):
    places_ = found([shown("tea")], [("r1", "tea", "purchase", None, at)], window_h=2.0)
    assert places_["r1", "tea"]["converted"] == counts


def test_repeated_events_count_once_for_each_impression():
    answers = [shown("tea"), shown("tea", id="r2")]
    events = [("r1", "tea", "click", None, 1.0)] * 3 + [("r2", "tea", "view", None, 2.0)]
    places_ = found(answers, events)
    assert places_["r1", "tea"]["clicked"] == places_["r2", "tea"]["clicked"] == 1


def test_the_last_opinion_on_an_impression_counts():
    events = [("r1", "tea", "rating", 1.0, 1.0), ("r1", "tea", "rating", 5.0, 2.0)]
    assert found([shown("tea")], events)["r1", "tea"]["opinion"] == 1.0


def test_opinions_of_several_kinds_add_up_to_one_at_most():
    events = [("r1", "tea", "like", None, 1.0), ("r1", "tea", "dwell", 60.0, 2.0)]
    place = found([shown("tea")], events)["r1", "tea"]
    assert (place["opinion"], place["told"]) == (1.0, 1.0)


def test_event_types_are_compared_as_in_event_rules():
    events = [("r1", "tea", " Add To-Cart ", None, 1.0)]
    place = found([shown("tea")], events, conversions=("add_to_cart",))["r1", "tea"]
    assert place["converted"] == 1


def test_reported_impressions_leave_out_items_that_were_not_seen():
    events = [("r1", "tea", "impression", None, 1.0), ("r1", "cup", "click", None, 1.0)]
    assert list(found([shown("tea", "cup")], events, reported=True)) == [("r1", "tea")]


def test_no_lists_and_no_events_are_not_an_error():
    assert found([], []) == {}
    assert found([shown("tea")], [])["r1", "tea"]["told"] == 0


EVENT = st.tuples(
    st.sampled_from(["r0", "r1", "r2", "lost"]),
    st.sampled_from("abc"),
    st.sampled_from(["click", "view", "purchase", "like", "hide", "rating", "search"]),
    st.none() | st.floats(-9, 9),
    st.none() | st.floats(-2 * HOUR, 30 * HOUR),
)


@given(st.lists(EVENT, max_size=12))
def test_counts_equal_those_of_a_simple_loop(events):
    """Three answers, each of two items, an hour apart."""
    answers = [shown(*"ab", id=f"r{n}", at=n * HOUR) for n in range(3)]
    places_ = found(answers, events)
    for answer in answers:
        for item in "ab":
            mine = [
                event
                for event in events
                if event[:2] == (answer.id, item)
                and (event[4] is None or -MAX_CLOCK_SKEW_S <= event[4] - answer.at <= 24 * HOUR)
            ]
            kinds = {event[2] for event in mine}
            place = places_[answer.id, item]
            assert place["clicked"] == bool(kinds & {"click", "view"})
            assert place["converted"] == ("purchase" in kinds)
            last = {event[2]: event[3] for event in mine}
            said = [1.0 if kind == "like" else -1.0 for kind in kinds & {"like", "hide"}]
            if last.get("rating") is not None:
                said.append(min(max((last["rating"] - 3) / 2, -1), 1))
            assert place["opinion"] == pytest.approx(min(max(sum(said), -1), 1))
            assert place["told"] == bool(said)


def test_a_recommendation_erased_during_a_report_is_left_out(service):
    service.run()
    service.days({"now": 0.1, "new": 0.4}, people=20)
    ids = service.store.recommendation_summaries()["id"]
    service.store.erase(users=["user-1"])
    found = [
        answer.user_id
        for answers in iter_answer_chunks(service.store, ids, 7)
        for answer in answers
    ]
    assert len(found) == len(ids) - 2
    assert "user-1" not in found
