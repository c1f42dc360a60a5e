import polars as pl

from daybreak.data.importing import read_tables
from daybreak.data.tables import Tables
from daybreak.data.validation import assess_readiness, describe, validate


def shop(n_users=30, n_each=40):
    """Each user takes each of ``n_each`` items once, at times of its own."""
    rows = [(f"u{u}", f"i{i}", 1000.0 * u + i) for u in range(n_users) for i in range(n_each)]
    names = ["user_id", "item_id", "timestamp"]
    return Tables.of(pl.DataFrame(rows, schema=names, orient="row"))


def levels(findings):
    return {finding.code: finding.level for finding in findings}


def test_the_numbers_of_a_small_shop():
    """Two users, three items of which one is cold; ann has three events on two items."""
    events = pl.DataFrame(
        {
            "user_id": ["ann", "ann", "ann", "bob"],
            "item_id": ["x", "x", "y", "x"],
            "timestamp": [1.0, 2.0, None, 5.0],
            "domain": ["tea", "tea", "rum", "rum"],
        }
    )
    items = pl.DataFrame({"item_id": ["x", "y", "z"], "title": ["Green tea", "Rum", None]})
    facts = describe(Tables.of(events, items))
    assert (facts["users"], facts["items"], facts["events"], facts["pairs"]) == (2, 3, 4, 3)
    assert facts["density"] == 3 / 6
    assert facts["events_per_user"] == {"median": 2.0, "max": 3.0}
    assert facts["events_per_item"] == {"median": 2.0, "max": 3.0}
    assert facts["time"] == {"first": 1.0, "last": 5.0, "known": 0.75}
    assert facts["cold_items"] == 1 / 3
    assert facts["cold_users"] == 0.0
    assert facts["domains"] == {"events": {"tea": 2, "rum": 2}}
    assert facts["item_columns"] == {"title": 2 / 3}
    assert facts["text_columns"] == ["title"]


def test_nothing_at_all_is_described_and_fails():
    facts = describe(Tables.of())
    assert (facts["events"], facts["density"], facts["cold_items"]) == (0, None, None)
    assert levels(validate(Tables.of()))["empty"] == "FAIL"


def test_a_good_shop_passes():
    found = levels(validate(shop()))
    assert found["events"] == found["times"] == found["ties"] == found["signs"] == "PASS"
    assert found["strategy_collaborative"] == found["strategy_transitions"] == "PASS"
    assert found["item_text"] == found["strategy_profile"] == "WARN"


def test_ties_sorted_by_id_are_a_warning():
    day = shop().events.with_columns(timestamp=pl.lit(86_400.0))
    assert levels(validate(Tables.of(day)))["ties"] == "WARN"


def test_many_rejects_fail_and_few_warn():
    few = pl.DataFrame({"user_id": [None, *["a"] * 99], "item_id": ["x"] * 100})
    many = pl.DataFrame({"user_id": [None, "a"], "item_id": ["x", "x"]})
    assert levels(validate(read_tables(few)))["rejects"] == "WARN"
    assert levels(validate(read_tables(many)))["rejects"] == "FAIL"


def test_events_that_are_all_negative_fail():
    events = pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "event_type": ["dislike"]})
    assert levels(validate(Tables.of(events)))["signs"] == "FAIL"


def test_readiness_says_what_the_next_events_unlock():
    """20 users x 20 items: 400 events; with 1,000 more, 20 active users become 70."""
    ready = assess_readiness(shop(20, 20))
    collaborative = ready["collaborative"]
    assert (collaborative.is_ready, collaborative.is_ready_soon) == (False, True)
    assert [(n.current, n.required, n.expected) for n in collaborative.requirements] == [
        (20, 25, 70),
        (400, 1000, 1400),
    ]
    assert ready["popularity"].is_ready
    assert not ready["content"].is_ready
    assert str(collaborative) == (
        "collaborative (items of similar users): off, on after 1,000 more events "
        "[users with 2 events 20 of 25; events 400 of 1,000]"
    )


def test_the_time_span_is_that_of_believable_times():
    at = [1.7e9 + 3600.0 * n for n in range(50)]
    columns = {"user_id": [f"u{n}" for n in range(51)], "item_id": ["x"] * 51}
    events = pl.DataFrame({**columns, "timestamp": [*at, 4.07e9]})
    tables = Tables.of(events)
    assert describe(tables)["time"] == {"first": at[0], "last": at[-1], "known": 1.0}
    assert any(f.code == "clocks" and "2098" in f.message for f in validate(tables))


def test_titles_of_several_items_are_told():
    items = pl.DataFrame({"item_id": list("abcd"), "title": ["Rain", "Rain", "Sun", "Snow"]})
    findings = {f.code: f.message for f in validate(Tables.of(items=items))}
    assert (
        "2 of 4 items have a title that another item has, too, such as 'Rain'"
        in (findings["titles"])
    )
    hidden = items.with_columns(pl.Series("is_hidden", [True, False, False, False]))
    assert "titles" not in {f.code for f in validate(Tables.of(items=hidden))}
