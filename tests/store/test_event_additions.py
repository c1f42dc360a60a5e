from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.data import Tables
from daybreak.errors import DataError
from daybreak.store import SqliteStore, open_store
from daybreak.store.database import run_together
from daybreak.store.driver_statements import _rounded_up
from daybreak.store.event_additions import MAX_ADDED_EVENTS, AddedEvents
from daybreak.store.event_columns import EventColumns

CALLS = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.sampled_from("12")
        ),
        max_size=4,
    ),
    max_size=5,
)


def columns(*rows):
    """Events of (user, item, id) rows."""
    users, items, ids = zip(*rows, strict=True) if rows else ((), (), ())
    return EventColumns(users, items, event_id=ids)


def rows_of(store):
    tables = store.tables()
    return [frame.rows() for frame in (tables.items, tables.users, tables.events)]


@settings(max_examples=60, deadline=None)
@given(CALLS)
def test_joined_calls_are_as_calls_one_by_one_and_as_writes(calls):
    with (
        SqliteStore("sqlite:///:memory:") as one,
        SqliteStore("sqlite:///:memory:") as other,
        SqliteStore("sqlite:///:memory:") as third,
    ):
        added = [AddedEvents.of(columns(*rows)) for rows in calls]
        joined = one.database._transact_all(added) if added else []
        singly = [other.add_events(columns(*rows)) for rows in calls]
        written = []
        for rows in calls:
            events = columns(*rows)
            written.append(third.write(events.tables(), event_ids=events.text("event_id")))
        assert joined == singly == written
        assert (
            [r.fresh for r in joined] == [r.fresh for r in singly] == [r.fresh for r in written]
        )
        assert rows_of(one) == rows_of(other) == rows_of(third)


def test_neighbours_are_joined_and_other_work_keeps_its_place(url):
    with open_store(url) as store:
        seen = []

        def look(connection):
            seen.append(connection)
            return len(seen)

        works = [look, AddedEvents.of(columns(("a", "x", "1"))), look]
        works.insert(2, AddedEvents.of(columns(("a", "x", "1"), ("b", "y", "2"))))
        results = store.database.write(lambda connection: run_together(connection, works))
        first, second = results[1:3]
        assert (results[0], results[3]) == (1, 2)
        assert (first.events, first.fresh, first.items) == (1, (True,), 1)
        assert (second.events, second.fresh, second.users) == (1, (False, True), 1)
        assert first.cursor == second.cursor
        changed = store.changes(first.cursor - 1).tables
        assert changed.events["item_id"].to_list() == ["x", "y"]


def test_one_bad_event_does_not_affect_the_calls_it_shares_a_transaction_with(url):
    barrier = Barrier(8)
    errors = []
    with open_store(url) as store:

        def add(number):
            barrier.wait()
            text = "\ud800" if number == 3 else str(number)  # cannot be stored
            try:
                store.add_events(
                    EventColumns(["a"], ["x"], event_id=[f"{number}"], context=[text])
                )
            except DataError as error:
                errors.append((number, error))

        threads = [Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [number for number, _ in errors] == [3]
        assert sorted(store.event_page().events["context"]) == sorted("0124567")


def test_many_events_of_one_call_are_as_few(url):
    numbers = [str(number) for number in range(MAX_ADDED_EVENTS + 1)]
    few, many = numbers[:300], numbers
    with open_store(url) as store:
        assert store.add_events(EventColumns(few, few, event_id=few)).events == 300
        result = store.add_events(EventColumns(many, many, event_id=many))
        assert (result.events, result.users) == (len(many) - 300,) * 2
        assert result.fresh[:300] == (False,) * 300
        assert store.add_events(EventColumns(few, few, event_id=few)).events == 0


def test_columns_have_one_length():
    with pytest.raises(DataError, match="2 values of event_id for 1 events"):
        EventColumns(["a"], ["x"], event_id=["1", "2"])
    assert len(EventColumns((), ())) == 0
    assert (
        EventColumns(["a"], ["x"])
        .tables()
        .events.equals(Tables.of(EventColumns(["a"], ["x"]).tables().events).events)
    )


def test_lookups_have_few_sizes():
    assert [_rounded_up(n) for n in (1, 8, 9, 250, 251, 500)] == [8, 8, 16, 256, 500, 500]
