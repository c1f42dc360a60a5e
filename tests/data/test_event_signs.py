import polars as pl
import pytest

from daybreak.data.event_signs import describe_signs, sign_notes
from daybreak.data.importing import read_tables
from daybreak.data.rules import EventRules
from daybreak.data.validation import validate


def log(*rows):
    kinds = {"event_type": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def described(frame):
    return [str(one) for one in describe_signs(frame, EventRules().resolve(frame))]


def test_each_type_is_named_with_its_sign_and_its_number():
    events = log(*[("buy", None)] * 3, *[("sent back", None)] * 2, ("page view", None))
    assert described(events) == [
        "buy: 3 events count for the item",
        "sent back: 2 events count against the item",
        "page view: 1 event is only seen",
    ]


def test_a_typing_error_is_named_and_changes_no_other_rating():
    events = log(*[("rating", float(v)) for v in (1, 2, 3, 4, 5, 5) * 20], ("rating", 99.0))
    assert described(events) == [
        "rating: 60 events with 4 to 5 count for the item; 40 events with 1 to 2 count against "
        "the item; 20 events with 3 are only seen; 1 event with 99 is outside of the scale and "
        "not used"
    ]
    assert "99" in sign_notes(events, EventRules().resolve(events))[0]


def test_minus_one_among_stars_is_questioned():
    events = log(*[("rating", float(v)) for v in (-1, 7, 8, 9, 10)])
    assert 'if -1 means "not rated"' in described(events)[0]


def test_negative_numbers_count_against_in_every_column_that_says_how_much():
    for column in ("value", "weight", "score", "quantity", "amount", "Qty", "数量"):
        rows = [("ann", f"i{n}", n % 3 - 1) for n in range(9)]
        found = validate(
            read_tables(pl.DataFrame(rows, ["user_id", "item_id", column], orient="row"))
        )
        messages = " ".join(one.message for one in found if one.code == "event_type")
        assert "3 events with -1 count against the item" in messages


def test_no_events_have_nothing_to_say():
    assert described(log()) == []


def test_a_column_of_truth_values_and_one_of_the_state_of_an_order_are_read():
    rows = [("ann", f"i{n}", ("true", "false")[n % 2]) for n in range(6)]
    liked = pl.DataFrame(rows, ["user_id", "item_id", "liked"], orient="row")
    assert (
        "3 events with 0 count against the item"
        in described(read_tables(liked).tables.events)[0]
    )
    rows = [("ann", f"i{n}", ("Completed", "Cancelled")[n % 2]) for n in range(6)]
    orders = pl.DataFrame(rows, ["user_id", "item_id", "Order Status"], orient="row")
    assert described(read_tables(orders).tables.events) == [
        "Cancelled: 3 events count against the item",
        "Completed: 3 events count for the item",
    ]


def signs_of(**columns):
    n = 60
    rows = {
        "user_id": [f"u{k % 7}" for k in range(n)],
        "item_id": [f"i{k % 11}" for k in range(n)],
    }
    rows |= {
        name: [values[k % len(values)] for k in range(n)] for name, values in columns.items()
    }
    read = read_tables(rows)
    signs = EventRules().resolve(read.tables.events).signs(read.tables.events).to_list()
    return signs[: len(next(iter(columns.values())))], read.notes


@pytest.mark.parametrize(
    ("columns", "signs"),
    [
        ({"event_type": [-1, 0, 1]}, [-1, 0, 1]),
        ({"action": ["1", "-1"]}, [1, -1]),
        ({"feedback": [-1, 1]}, [-1, 1]),
        ({"thumb": ["up", "down"]}, [1, -1]),
        ({"opinion": ["good", "bad"]}, [1, -1]),
        ({"event_type": ["like", "pass"]}, [1, -1]),
        ({"event_type": ["pass", "fail"]}, [1, 1]),
        ({"quantity": [0, 1, 3]}, [0, 1, 1]),
        ({"Menge": [0, 1]}, [0, 1]),
        ({"quantity": [0, -1, 2]}, [0, -1, 1]),
        ({"amount": [0, 4.5, 9]}, [1, 1, 1]),
        ({"event_type": [0, 1, 2]}, [1, 1, 1]),
    ],
)
def test_votes_and_quantities_of_zero(columns, signs):
    assert signs_of(**columns)[0] == signs


def test_a_note_tells_of_quantities_of_zero():
    notes = signs_of(quantity=[0, 2])[1]
    assert (
        "events: quantity: 30 events with the quantity 0 are only seen: nothing was taken"
        in notes
    )
