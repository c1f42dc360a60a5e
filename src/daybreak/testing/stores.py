"""Checks that every store must pass.

Each check takes a function that opens the same fresh store, see :data:`OpenStore`, and raises
``AssertionError``.
"""

from collections.abc import Callable
from threading import Thread

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.deprecation import deprecated_names
from daybreak.errors import DataError, StoreError
from daybreak.store import ErasureCounts, EventColumns, Release, Store, WriteResult
from daybreak.testing.store_contracts import (
    CHANGE_FEED_CHECKS,
    DOCUMENT_STORE_CHECKS,
    RECOMMENDATION_LOG_CHECKS,
    OpenStore,
    event_pairs,
    event_tables,
    logged_recommendation,
)


def check_round_trip(open_fresh: OpenStore) -> None:
    """Values, types and order are preserved."""
    shop = _example_tables()
    with open_fresh() as store:
        store.write(shop)
        back = store.tables()
    assert back.events.equals(shop.events)
    assert back.items.equals(shop.items)
    assert back.users.equals(shop.users)


def check_catalogue_tables(open_fresh: OpenStore) -> None:
    """The whole catalogue is read with the events of some users only."""
    shop = _example_tables()
    with open_fresh() as store:
        store.write(shop)
        users = shop.events["user_id"].unique(maintain_order=True).to_list()
        for chosen in ([], users[:1], [*users, "nobody"]):
            found = store.catalogue_tables(chosen)
            wanted = pl.col("user_id").is_in(chosen)
            assert found.events.equals(shop.events.filter(wanted))
            assert set(found.users["user_id"]) == set(shop.users.filter(wanted)["user_id"])
            assert found.items.sort("item_id").equals(shop.items.sort("item_id"))


def check_ids_alone(open_fresh: OpenStore) -> None:
    """Ids of users, and kinds of events by item, are those of the tables."""
    shop = _example_tables()
    with open_fresh() as store:
        assert store.user_ids() == []
        assert store.kinds_of_items([]) == []
        store.write(shop)
        tables = store.tables()
        people = {*tables.events["user_id"], *tables.users["user_id"]}
        assert store.user_ids() == sorted(people)
        for chosen in (tables.items["item_id"].to_list(), tables.events["item_id"][:1]):
            events = tables.events.filter(pl.col("item_id").is_in(list(chosen)))
            kinds = events.select("item_id", "event_type", "value").unique().rows()
            found = store.kinds_of_items([*chosen, "nothing"])
            assert len(found) == len(kinds)
            assert {*found} == {*kinds}


def check_people_tables(open_fresh: OpenStore) -> None:
    """Some users are read with their events, and of items only the ids."""
    shop = _example_tables()
    with open_fresh() as store:
        store.write(shop)
        users = store.user_ids()
        for chosen in ([], users[:1], [*users, "nobody"]):
            found, expected = store.people_tables(chosen), store.tables(users=chosen)
            assert found.items.columns == ["item_id"]
            assert found.users.sort("user_id").equals(expected.users.sort("user_id"))
            for user in chosen:
                own = pl.col("user_id") == user
                assert found.events.filter(own).equals(expected.events.filter(own))


def check_empty_store(open_fresh: OpenStore) -> None:
    """An empty store has empty tables."""
    with open_fresh() as store:
        assert store.write(Tables.of()) == WriteResult(0, 0, 0)
        tables = store.tables()
        assert not tables.events.height
        assert not tables.items.height
        assert not tables.users.height
        assert store.releases() == []
        assert store.settings() == {}


def check_a_complete_catalogue_makes_other_items_leave(open_fresh: OpenStore) -> None:
    """Items that a complete catalogue lacks keep their events and get a time of leaving."""
    events = pl.DataFrame({"user_id": ["ann", "ann"], "item_id": ["tea", "old"]})
    shop = pl.DataFrame({"item_id": ["tea", "cup"], "title": ["Tea", "Cup"]})
    with open_fresh() as store:
        cursor = store.write(Tables.of(events, shop)).cursor
        night = pl.DataFrame({"item_id": ["cup", "pot"], "title": ["Cup", "Pot"]})
        written = store.write(Tables.of(items=night), complete_at=5.0)
        assert (written.items, written.items_left) == (1, 1)
        rows = {row["item_id"]: row for row in store.tables().items.to_dicts()}
        changed = store.changes(cursor).tables.items["item_id"].to_list()
        assert store.tables().events.height == 2
        assert store.write(Tables.of(items=night), complete_at=6.0).items_left == 0
    assert rows["tea"] == {"item_id": "tea", "title": "Tea", "not_in_catalogue_since": 5.0}
    others = {rows[name]["not_in_catalogue_since"] for name in ("cup", "pot", "old")}
    assert others == {None}
    assert sorted(changed) == ["pot", "tea"]


def check_writes_are_idempotent(open_fresh: OpenStore) -> None:
    """Equal events of one call are counted; the next call finds all of them."""
    shop = _example_tables()
    with open_fresh() as store:
        assert store.write(shop) == WriteResult(4, 2, 4)
        assert store.write(shop) == WriteResult(0, 0, 0)
        assert store.write(shop.with_events(shop.events[2:])) == WriteResult(0, 0, 0)
        assert store.tables().events.equals(shop.events)


def check_event_ids_are_unique(open_fresh: OpenStore) -> None:
    """An event id is stored once; events without an id are compared by content."""
    events = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "x", "x"]})
    with open_fresh() as store:
        tables = Tables.of(events)
        assert store.write(tables, event_ids=pl.Series(["1", "2", None])).events == 3
        assert store.write(tables, event_ids=pl.Series(["2", "3", None])).events == 1
        try:
            store.write(tables, event_ids=pl.Series(["1"]))
        except DataError:
            return
    raise AssertionError("event ids of the wrong number were accepted")


def check_added_events_are_written_events(open_fresh: OpenStore) -> None:
    """Events in columns are stored as those of a write are; deleted items stay away."""
    events = EventColumns(
        *(["ann", "bob", "ann"], ["tea", "rum", "tea"]),
        timestamp=[1.0, None, 1.0],
        event_id=["1", None, None],
        session_id=["s", None, None],
    )
    with open_fresh() as store:
        added = store.add_events(events)
        assert added == WriteResult(2, 2, 3)
        again = store.write(events.tables(), event_ids=events.text("event_id"))
        assert again == WriteResult(0, 0, 0)
        assert store.add_events(events).fresh == (False,) * 3
        assert store.add_events(EventColumns((), ())) == WriteResult(0, 0, 0)
        assert store.event_page(user="ann").events["session_id"].to_list() == ["s", None]
        assert event_pairs(store.changes(added.cursor - 1).tables)[1] == ("bob", "rum")
        store.erase(items=["tea"])
        assert store.add_events(EventColumns(["eve"], ["tea"])).items == 1
        late = store.tables().items.filter(pl.col("item_id") == "tea")
        assert late["not_in_catalogue_since"].null_count() == 0


def check_calls_that_share_a_transaction_are_as_single_ones(open_fresh: OpenStore) -> None:
    """Each of several calls gets the counts that it gets alone; only invalid ones fail."""
    tea = EventColumns(["ann", "bob"], ["tea", "rum"], event_id=["1", "2"])
    both = EventColumns(["ann", "eve"], ["tea", "tea"], event_id=["1", "3"])
    bad = EventColumns(["ann"], ["half a character \ud800"])
    with open_fresh() as store:
        first, again, failed, empty = store.add_events_of_calls(
            [tea, both, bad, EventColumns((), ())]
        )
        assert (first, again) == (WriteResult(2, 2, 2), WriteResult(0, 1, 1))
        assert isinstance(again, WriteResult)
        assert again.fresh == (False, True)
        assert isinstance(failed, DataError)
        assert empty == WriteResult(0, 0, 0)
        assert store.tables().events["user_id"].to_list() == ["ann", "bob", "eve"]


def check_items_are_updated_by_column(open_fresh: OpenStore) -> None:
    """New columns are added, given values replaced, nulls delete, other columns stay."""
    first = pl.DataFrame({"item_id": ["x", "y"], "title": ["Tea", "Rum"], "price": [1, 2]})
    second = pl.DataFrame({"item_id": ["x", "z"], "price": [None, 3], "colour": ["red", None]})
    with open_fresh() as store:
        store.write(Tables.of(items=first))
        assert store.write(Tables.of(items=second)).items == 1
        items = store.tables().items
    assert items.select("item_id", "title", "price", "colour").rows() == [
        ("x", "Tea", None, "red"),
        ("y", "Rum", 2, None),
        ("z", None, 3, None),
    ]


def check_a_row_of_nulls_clears_attributes(open_fresh: OpenStore) -> None:
    """A row without any value deletes the attributes in its columns; other columns stay."""
    items = pl.DataFrame({"item_id": ["x", "y"], "title": ["Tea", "Rum"], "price": [1, 2]})
    nulls = pl.DataFrame(
        {"item_id": ["x"], "title": [None]}, schema_overrides={"title": pl.String}
    )
    with open_fresh() as store:
        cursor = store.write(Tables.of(items=items)).cursor
        store.write(Tables.of(items=nulls))
        left = store.tables().items.select("item_id", "title", "price")
        assert left.rows() == [("x", None, 1), ("y", "Rum", 2)]
        changed = store.changes(cursor).tables.items
        assert changed.rows(named=True) == [{"item_id": "x", "price": 1}]
        store.write(Tables.of(items=nulls.rename({"title": "price"})))
        assert store.tables().items.rows() == [("x", None, None), ("y", "Rum", 2)]


def check_events_keep_attributes(open_fresh: OpenStore) -> None:
    """Ids that come with events only do not change attributes."""
    shop = _example_tables()
    events = pl.DataFrame({"user_id": ["bob"], "item_id": ["tea"]})
    with open_fresh() as store:
        store.write(shop)
        store.write(Tables.of(events))
        assert store.tables().items.equals(shop.items)


def check_vectors_are_kept_by_model(open_fresh: OpenStore) -> None:
    """Vectors are separate by model; unknown ones are missing; writing again replaces."""
    with open_fresh() as store:
        store.put_vectors("m", {"a": np.array([1.5, -2.0], np.float32)})
        store.put_vectors("m", {"a": np.array([0.1, 3.0], np.float32)})
        store.put_vectors("n", {"a": np.zeros(3, np.float32)})
        found = store.vectors("m", ["a", "b"])
    assert list(found) == ["a"]
    assert found["a"].dtype == np.float32
    assert np.array_equal(found["a"], np.array([0.1, 3.0], np.float32))


def check_at_most_one_release_is_active(open_fresh: OpenStore) -> None:
    """The newest release comes first; a new active release replaces the old one."""
    first = Release("r1", 1.0, "releases/r1", {"k": [1, 2]}, active=True)
    second = Release("r2", 2.0, "releases/r2", active=True)
    with open_fresh() as store:
        store.put_release(first)
        assert store.releases() == [first]
        store.put_release(second)
        assert [(r.id, r.active) for r in store.releases()] == [("r2", True), ("r1", False)]


def check_settings_are_changed_and_deleted(open_fresh: OpenStore) -> None:
    """None deletes a setting; JSON values are preserved."""
    with open_fresh() as store:
        assert store.settings({"rules": {"positive": "like"}, "k": 10})["k"] == 10
        assert store.settings({"k": None}) == {"rules": {"positive": "like"}}
        assert store.settings() == {"rules": {"positive": "like"}}


def check_event_pages(open_fresh: OpenStore) -> None:
    """Events come page by page, of a user, of an item or of both, also after a merge."""
    context = '{"page":"home","tags":["茶"]}'
    with open_fresh() as store:
        store.write(
            event_tables(("ann", "tea", 1.0), ("bob", "tea", 2.0), ("ann", "rum", 3.0)),
            recommendations=pl.Series(["a1", None, None]),
            sessions=pl.Series([None, "s", None]),
            contexts=pl.Series([context, None, None]),
        )
        events = store.event_page
        first = events(n=2)
        references = ("recommendation_id", "session_id", "context")
        assert first.events.select(references).rows() == [
            ("a1", None, context),
            (None, "s", None),
        ]
        assert first.cursor is not None
        second = events(after=first.cursor, n=2)
        assert (second.events["item_id"].to_list(), second.cursor) == (["rum"], None)
        assert events(item="tea").events["user_id"].to_list() == ["ann", "bob"]
        assert events(user="ann", n=2).cursor is None
        assert events(user="ann", item="rum").events["timestamp"].to_list() == [3.0]
        assert not events(user="nobody").events.height
        store.merge_users("ann", "eve")
        assert events(user="eve", item="tea").events["context"].to_list() == [context]


def check_user_erasure(open_fresh: OpenStore) -> None:
    """Events, recommendations and anonymous recommendations of the sessions are deleted too."""
    with open_fresh() as store:
        sessions = pl.Series(["s", None])
        store.write(event_tables(("ann", "tea", 1.0), ("bob", "tea", 2.0)), sessions=sessions)
        answers = [
            logged_recommendation("a1", 1.0, "ann"),
            logged_recommendation("a2", 2.0, None, session_id="s"),
        ]
        store.put_recommendations([*answers, logged_recommendation("a3", 3.0, "bob")])
        cursor = store.changes(-1).cursor
        assert store.erase(users=["ann", "nobody"]) == ErasureCounts(1, 0, 1, 2)
        assert event_pairs(store.tables()) == [("bob", "tea")]
        assert store.tables().users["user_id"].to_list() == ["bob"]
        assert not store.tables(users=["ann"]).users.height
        assert [answer.id for answer in store.recommendations()] == ["a3"]
        changes = store.changes(cursor)
        assert "ann" in changes.users_gone
        assert not changes.tables.users.height
        assert store.erase(users=["ann"]) == ErasureCounts(0, 0, 0, 0)
        store.write(event_tables(("ann", "rum", 3.0)))
        again = store.changes(cursor)
        assert "ann" in again.users_gone
        assert event_pairs(again.tables) == [("ann", "rum")]


def check_item_erasure(open_fresh: OpenStore) -> None:
    """The events of an item are deleted too; its users stay."""
    with open_fresh() as store:
        store.write(event_tables(("ann", "tea", 1.0), ("ann", "rum", 2.0)))
        cursor = store.changes(-1).cursor
        assert store.erase(items=["tea"]) == ErasureCounts(0, 1, 1, 0)
        assert store.tables().items["item_id"].to_list() == ["rum"]
        assert store.changes(cursor).items_gone == ("tea",)


def check_deleted_items_stay_away(open_fresh: OpenStore) -> None:
    """Late events on a deleted item mark it as in no catalogue; a row of the item lists it."""
    mark = "not_in_catalogue_since"
    with open_fresh() as store:
        store.write(event_tables(("ann", "tea", 1.0), ("ann", "rum", 2.0)))
        store.erase(items=["tea", "never sold"])
        cursor = store.write(
            event_tables(("bob", "tea", 3.0), ("bob", "never sold", 4.0))
        ).cursor
        late = {row["item_id"]: row[mark] for row in store.tables().items.to_dicts()}
        assert late.pop("tea") is not None
        assert late == {"rum": None, "never sold": None}
        store.write(event_tables(("cid", "tea", 5.0)))
        assert event_pairs(store.changes(cursor).tables) == [("cid", "tea")]
        store.write(Tables.of(items=pl.DataFrame({"item_id": ["tea"], "title": ["Tea"]})))
        store.write(event_tables(("dan", "tea", 6.0)))
        items = store.tables().items
    assert mark not in items.columns
    assert items.filter(pl.col("item_id") == "tea")["title"].to_list() == ["Tea"]


def check_event_erasure(open_fresh: OpenStore) -> None:
    """Events are deleted by id or content; followers get the remaining events of the user."""
    with open_fresh() as store:
        events = event_tables(("ann", "tea", 1.0), ("ann", "rum", 2.0), ("bob", "rum", None))
        store.write(events, event_ids=pl.Series(["1", "2", "3"]))
        cursor = store.changes(-1).cursor
        assert store.erase(events=["1", "9"]).events == 1
        changes = store.changes(cursor)
        assert changes.users_gone == ("ann",)
        assert event_pairs(changes.tables) == [("ann", "rum")]
        assert changes.tables.users["user_id"].to_list() == ["ann"]
        rows = pl.DataFrame({"item_id": ["rum"], "timestamp": [None]})
        assert store.erase(events=rows).events == 1
        assert event_pairs(store.tables()) == [("ann", "rum")]
        assert store.write(events, event_ids=pl.Series(["1", "2", "3"])).events == 2
        try:
            store.erase(events=pl.DataFrame({"colour": ["red"]}))
        except DataError:
            return
    raise AssertionError("events were deleted by a column they do not have")


def check_erasure_by_age(open_fresh: OpenStore) -> None:
    """Events without a time stay; followers have to read all tables again."""
    with open_fresh() as store:
        store.write(
            event_tables(("ann", "tea", 1.0), ("ann", "rum", 9.0), ("bob", "tea", None))
        )
        store.put_recommendations(
            [logged_recommendation("a1", 1.0, "ann"), logged_recommendation("a2", 5.0, "ann")]
        )
        cursor = store.changes(-1).cursor
        assert store.erase(before=5.0) == ErasureCounts(0, 0, 1, 1)
        assert event_pairs(store.tables()) == [("ann", "rum"), ("bob", "tea")]
        changes = store.changes(cursor)
        assert not changes.complete
        assert store.changes(changes.cursor).complete


def check_user_merge(open_fresh: OpenStore) -> None:
    """Events, recommendations and attributes move; attributes of the new user are kept."""
    users = pl.DataFrame(
        {"user_id": ["anon", "ann"], "town": ["Rome", None], "age": [30, 40], "n": [None, 1]}
    )
    with open_fresh() as store:
        events = event_tables(("anon", "tea", 1.0), ("ann", "rum", 2.0)).events
        store.write(Tables.of(events, users=users))
        store.put_recommendations([logged_recommendation("a1", 1.0, "anon")])
        cursor = store.changes(-1).cursor
        assert store.merge_users("ann", "ann") == 0
        assert store.merge_users("anon", "ann") == 1
        assert store.merge_users("anon", "ann") == 0
        assert sorted(event_pairs(store.tables())) == [("ann", "rum"), ("ann", "tea")]
        known = {"user_id": "ann", "town": "Rome", "age": 40, "n": 1}
        assert store.tables().users.rows(named=True) == [known]
        assert [answer.user_id for answer in store.recommendations()] == ["ann"]
        changes = store.changes(cursor)
        assert changes.users_gone == ("anon",)
        assert event_pairs(changes.tables) == [("ann", "tea")]
        assert store.write(event_tables(("anon", "tea", 1.0))).events == 0, (
            "the event was stored before the merge"
        )


def check_merge_into_unknown_user(open_fresh: OpenStore) -> None:
    """An unknown user is created by a merge."""
    with open_fresh() as store:
        store.write(event_tables(("anon", "tea", 1.0)))
        assert store.merge_users("anon", "new") == 1
        assert store.tables().users["user_id"].to_list() == ["new"]
        assert store.merge_users("nobody", "new") == 0


def check_no_injection(open_fresh: OpenStore) -> None:
    """Quotes, SQL, wildcards, very long ids and all scripts are data."""
    texts = ["'; DROP TABLE events; --", '"%s" ?', "🍵/../茶", "%", "a" * 10_000, " ", "\\x00"]
    with open_fresh() as store:
        store.write(
            event_tables(*((text, text, 1.0) for text in texts)), event_ids=pl.Series(texts)
        )
        assert event_pairs(store.tables(users=texts)) == [(text, text) for text in texts]
        for text in texts:
            store.put_recommendations([logged_recommendation(text, 1.0, text, experiment=text)])
            store.put_documents(text, {text: {text: text}})
            assert store.documents(text) == {text: {text: text}}
            assert store.recommendations(user=text, experiment=text, ids=[text])
            assert store.merge_users(text, "x" + text) == 1
            assert store.erase(users=["x" + text]).events == 1
        assert not store.tables().events.height


def check_thread_safety(open_fresh: OpenStore) -> None:
    """Each write takes effect once, and its thread gets its result."""
    with open_fresh() as store:
        counts: list[int] = []

        def write(user: str) -> None:
            counts.append(_write_and_read(store, user))

        threads = [Thread(target=write, args=(f"u{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts == [10] * 6
        assert store.tables().events.height == 60


def check_returned_memory(open_fresh: OpenStore) -> None:
    """A store that has returned its memory has the same content, and can be written."""
    with open_fresh() as store:
        store.write(_example_tables())
        before = store.tables().events
        store.return_memory()
        assert store.tables().events.equals(before)
        assert store.settings({"currency": "EUR"}) == {"currency": "EUR"}


def check_closed_store_raises(open_fresh: OpenStore) -> None:
    """Closing twice has no effect; using a closed store raises a StoreError."""
    store = open_fresh()
    store.close()
    store.close()
    try:
        store.tables()
    except StoreError:
        return
    raise AssertionError("a closed store returned tables")


def _write_and_read(store: Store, user: str) -> int:
    written = store.write(event_tables(*((user, str(n), None) for n in range(10)))).events
    assert store.tables(users=[user]).events.height == 10
    return written


def _example_tables() -> Tables:
    events = pl.DataFrame(
        {
            "user_id": ["ann", "ann", "bob", "ann"],
            "item_id": ["tea", "tea", "rum", "gone"],
            "event_type": ["purchase", "purchase", None, "view"],
            "value": [1.5, 1.5, None, None],
            "timestamp": [10.0, 10.0, None, 12.25],
        }
    )
    items = pl.DataFrame(
        {
            "item_id": ["tea", "rum", "gin"],
            "title": ["Tea 茶", 'Old "Rum"', None],
            "year": [1999, None, None],
            "price": [2.0, 12.5, None],
            "sold": [True, False, None],
        }
    )
    return Tables.of(events, items, pl.DataFrame({"user_id": ["bob"], "text": ["pirate"]}))


STORE_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_round_trip,
    check_catalogue_tables,
    check_ids_alone,
    check_people_tables,
    check_empty_store,
    check_writes_are_idempotent,
    check_event_ids_are_unique,
    check_added_events_are_written_events,
    check_calls_that_share_a_transaction_are_as_single_ones,
    check_items_are_updated_by_column,
    check_a_row_of_nulls_clears_attributes,
    check_events_keep_attributes,
    check_vectors_are_kept_by_model,
    check_at_most_one_release_is_active,
    check_settings_are_changed_and_deleted,
    check_event_pages,
    check_user_erasure,
    check_item_erasure,
    check_deleted_items_stay_away,
    check_event_erasure,
    check_erasure_by_age,
    check_user_merge,
    check_merge_into_unknown_user,
    check_no_injection,
    check_thread_safety,
    check_returned_memory,
    check_closed_store_raises,
    *CHANGE_FEED_CHECKS,
    *RECOMMENDATION_LOG_CHECKS,
    *DOCUMENT_STORE_CHECKS,
)
"""All checks of a store."""

_OLD_NAMES = {
    "Open": "OpenStore",
    "check_gives_back_what_was_written": "check_round_trip",
    "check_an_empty_store_gives_empty_tables": "check_empty_store",
    "check_writing_again_changes_nothing": "check_writes_are_idempotent",
    "check_an_event_id_is_written_once": "check_event_ids_are_unique",
    "check_events_alone_keep_attributes": "check_events_keep_attributes",
    "check_a_closed_store_refuses": "check_closed_store_raises",
}

__getattr__ = deprecated_names(
    __name__, {old: f"daybreak.testing.stores.{new}" for old, new in _OLD_NAMES.items()}
)
