"""Checks that every store must pass; each takes a function that opens the same fresh store.

A store that outlives its process is opened anew by the second call; one in memory need not be.

Checks that the journal of every store must pass; each takes a function that opens one.
"""

from collections.abc import Callable
from threading import Thread
from typing import TypeAlias

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.errors import DataError, StoreError
from daybreak.store import (
    ErasureCounts,
    LoggedItem,
    LoggedRecommendation,
    Release,
    Store,
    WriteResult,
)

OpenStore: TypeAlias = Callable[[], Store]


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


def check_round_trip(open_fresh: OpenStore) -> None:
    """Values, types and orders survive."""
    shop = _example_tables()
    with open_fresh() as store:
        store.write(shop)
        back = store.tables()
    assert back.events.equals(shop.events)
    assert back.items.equals(shop.items)
    assert back.users.equals(shop.users)


def check_empty_store(open_fresh: OpenStore) -> None:
    """Nothing is a valid content."""
    with open_fresh() as store:
        assert store.write(Tables.of()) == WriteResult(0, 0, 0)
        tables = store.tables()
        assert not (tables.events.height)
        assert not (tables.items.height)
        assert not (tables.users.height)
        assert store.releases() == []
        assert store.settings() == {}


def check_writes_are_idempotent(open_fresh: OpenStore) -> None:
    """Equal events of one call stay apart; the next call finds all of them again."""
    shop = _example_tables()
    with open_fresh() as store:
        assert store.write(shop) == WriteResult(4, 2, 4)
        assert store.write(shop) == WriteResult(0, 0, 0)
        assert store.write(shop.with_events(shop.events[2:])) == WriteResult(0, 0, 0)
        assert store.tables().events.equals(shop.events)


def check_event_ids_are_unique(open_fresh: OpenStore) -> None:
    """The same id is the same event; events without an id are told by their content."""
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


def check_items_are_updated_by_column(open_fresh: OpenStore) -> None:
    """New columns are added, given ones replaced (an empty value deletes), others stay."""
    first = pl.DataFrame({"item_id": ["x", "y"], "title": ["Tea", "Rum"], "price": [1, 2]})
    then = pl.DataFrame({"item_id": ["x", "z"], "price": [None, 3], "colour": ["red", None]})
    with open_fresh() as store:
        store.write(Tables.of(items=first))
        assert store.write(Tables.of(items=then)).items == 1
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
    """Ids that come with events only have no values that could replace the old ones."""
    shop = _example_tables()
    more = pl.DataFrame({"user_id": ["bob"], "item_id": ["tea"]})
    with open_fresh() as store:
        store.write(shop)
        store.write(Tables.of(more))
        assert store.tables().items.equals(shop.items)


def check_vectors_are_kept_by_model(open_fresh: OpenStore) -> None:
    """Unknown ones are left out; writing again replaces."""
    with open_fresh() as store:
        store.put_vectors("m", {"a": np.array([1.5, -2.0], np.float32)})
        store.put_vectors("m", {"a": np.array([0.1, 3.0], np.float32)})
        store.put_vectors("n", {"a": np.zeros(3, np.float32)})
        found = store.vectors("m", ["a", "b"])
    assert list(found) == ["a"]
    assert found["a"].dtype == np.float32
    assert np.array_equal(found["a"], np.array([0.1, 3.0], np.float32))


def check_at_most_one_release_is_active(open_fresh: OpenStore) -> None:
    """The newest comes first; a new active one takes the place of the old."""
    first = Release("r1", 1.0, "releases/r1", {"k": [1, 2]}, active=True)
    second = Release("r2", 2.0, "releases/r2", active=True)
    with open_fresh() as store:
        store.put_release(first)
        assert store.releases() == [first]
        store.put_release(second)
        assert [(r.id, r.active) for r in store.releases()] == [("r2", True), ("r1", False)]


def check_settings_are_changed_and_deleted(open_fresh: OpenStore) -> None:
    """None deletes; anything JSON can hold comes back."""
    with open_fresh() as store:
        assert store.settings({"rules": {"positive": "like"}, "k": 10})["k"] == 10
        assert store.settings({"k": None}) == {"rules": {"positive": "like"}}
        assert store.settings() == {"rules": {"positive": "like"}}


def check_closed_store_raises(open_fresh: OpenStore) -> None:
    """Closing twice is harmless, using it afterwards is a clear error."""
    store = open_fresh()
    store.close()
    store.close()
    try:
        store.tables()
    except StoreError:
        return
    raise AssertionError("a closed store gave an answer")


STORE_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_round_trip,
    check_empty_store,
    check_writes_are_idempotent,
    check_event_ids_are_unique,
    check_items_are_updated_by_column,
    check_a_row_of_nulls_clears_attributes,
    check_events_keep_attributes,
    check_vectors_are_kept_by_model,
    check_at_most_one_release_is_active,
    check_settings_are_changed_and_deleted,
    check_closed_store_raises,
)
"""All checks of this module."""


def _events(*rows: tuple[str, str, float | None]) -> Tables:
    names = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Float64}
    return Tables.of(pl.DataFrame(list(rows), schema=names, orient="row"))


def _pairs(tables: Tables) -> list[tuple[str, str]]:
    return tables.events.select("user_id", "item_id").rows()


def _recommendation(id_: str, at: float, user: str | None, **more: str) -> LoggedRecommendation:
    items = (LoggedItem("tea", 0.5, 1, "ease", 0.25, True),)
    return LoggedRecommendation(id_, at, user, "r1", items, **more)  # type: ignore[arg-type]


def check_changes_after_cursor(open_fresh: OpenStore) -> None:
    """New events only; items and users whole, if anything of them is new."""
    items = pl.DataFrame({"item_id": ["tea", "rum"], "title": ["Tea", "Rum"], "price": [2, 9]})
    with open_fresh() as store:
        start = store.changes(-1)
        assert not start.tables.items.height
        written = store.write(Tables.of(_events(("ann", "tea", 1.0)).events, items))
        first = store.changes(start.cursor)
        assert first.cursor == written.cursor > start.cursor
        assert first.tables.items.equals(items)
        assert first.tables.users["user_id"].to_list() == ["ann"]
        assert _pairs(first.tables) == [("ann", "tea")]
        dearer = pl.DataFrame({"item_id": ["rum", "tea"], "price": [9, 3]})
        store.write(Tables.of(_events(("ann", "rum", 2.0)).events, dearer))
        second = store.changes(first.cursor)
        assert second.tables.items.rows(named=True) == [
            {"item_id": "tea", "title": "Tea", "price": 3}
        ]
        assert not second.tables.users.height
        assert _pairs(second.tables) == [("ann", "rum")]
        assert not store.changes(second.cursor).tables.events.height


def check_duplicates_are_not_changes(open_fresh: OpenStore) -> None:
    """Writing again moves the cursor at most."""
    events = _events(("ann", "tea", 1.0), ("ann", "rum", 2.0))
    with open_fresh() as store:
        assert store.write(events).fresh == (True, True)
        cursor = store.changes(-1).cursor
        more = _events(("ann", "rum", 2.0), ("bob", "rum", 2.0), ("ann", "tea", 1.0))
        assert store.write(more).fresh == (False, True, False)
        changes = store.changes(cursor)
    assert _pairs(changes.tables) == [("bob", "rum")]
    assert changes.tables.users["user_id"].to_list() == ["bob"]
    assert not changes.tables.items.height


def check_event_pages(open_fresh: OpenStore) -> None:
    """Page by page, of a user, of an item or of both; also after a merge."""
    context = '{"page":"home","tags":["茶"]}'
    with open_fresh() as store:
        store.write(
            _events(("ann", "tea", 1.0), ("bob", "tea", 2.0), ("ann", "rum", 3.0)),
            recommendations=pl.Series(["a1", None, None]),
            sessions=pl.Series([None, "s", None]),
            contexts=pl.Series([context, None, None]),
        )
        events = store.event_page
        first = events(n=2)
        more = ("recommendation_id", "session_id", "context")
        assert first.events.select(more).rows() == [("a1", None, context), (None, "s", None)]
        assert first.cursor is not None
        second = events(after=first.cursor, n=2)
        assert (second.events["item_id"].to_list(), second.cursor) == (["rum"], None)
        assert events(item="tea").events["user_id"].to_list() == ["ann", "bob"]
        assert events(user="ann", n=2).cursor is None
        assert events(user="ann", item="rum").events["timestamp"].to_list() == [3.0]
        assert not events(user="nobody").events.height
        store.merge_users("ann", "eve")
        assert events(user="eve", item="tea").events["context"].to_list() == [context]


def check_concurrent_changes_are_seen_once(open_fresh: OpenStore) -> None:
    """While four threads write, who follows the cursor sees each event exactly once."""
    with open_fresh() as store:
        cursor = store.changes(-1).cursor
        seen: list[tuple[str, str]] = []

        def write(user: str) -> None:
            for number in range(15):
                store.write(_events((user, str(number), None)))

        threads = [Thread(target=write, args=(f"u{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            changes = store.changes(cursor)
            seen, cursor = seen + _pairs(changes.tables), changes.cursor
        seen += _pairs(store.changes(cursor).tables)
    assert sorted(seen) == sorted((f"u{n}", str(i)) for n in range(4) for i in range(15))


def check_recommendation_queries(open_fresh: OpenStore) -> None:
    """By id, user, time and experiment; the last of the same id is kept."""
    first = _recommendation("a1", 10.0, "ann", experiment="e", variant="b", session_id="s")
    second = LoggedRecommendation("a2", 20.0, None, "r2", (), shadow=True, scenario="cart")
    with open_fresh() as store:
        store.put_recommendations([])
        store.put_recommendations([second, _recommendation("a1", 1.0, "bob")])
        store.put_recommendations([first])
        assert store.recommendations() == [first, second]
        assert store.recommendations(ids=["a2", "none", "a2"]) == [second]
        assert store.recommendations(user="ann", ids=["a1"]) == [first]
        assert store.recommendations(since=20.0) == [second]
        assert store.recommendations(until=20.0) == [first]
        assert store.recommendations(experiment="e", user="bob") == []
        assert store.recommendations(ids=[]) == []
        assert store.recommendation_summaries().rows() == [
            ("a1", 10.0, "ann", "s", "b", False, True),
            ("a2", 20.0, None, None, None, True, False),
        ]
        assert (
            store.recommendation_summaries(experiment="e", since=10.0, until=20.0).height == 1
        )
        assert not store.recommendation_summaries(since=21.0).height


def check_reactions(open_fresh: OpenStore) -> None:
    """An event without a time has that of its answer, if there is one."""
    with open_fresh() as store:
        store.put_recommendations([_recommendation("a1", 10.0, "ann", experiment="e")])
        store.write(
            _events(
                ("ann", "tea", 30.0), ("ann", "rum", None), ("bob", "x", 5.0), ("bob", "y", 1.0)
            ),
            recommendations=pl.Series(["a1", "a1", "lost", None]),
            sessions=pl.Series(["s", None, None, None]),
        )
        all_ = store.reactions()
        assert all_.columns[:3] == ["recommendation_id", "user_id", "item_id"]
        assert all_["item_id"].to_list() == ["tea", "rum", "x"]
        assert all_["timestamp"].to_list() == [30.0, 10.0, 5.0]
        of_experiment = store.reactions(experiment="e", until=30.0)
        assert of_experiment["item_id"].to_list() == ["rum"]
        assert store.reactions(since=30.0)["item_id"].to_list() == ["tea"]
        assert not store.reactions(since=31.0).height


def check_user_erasure(open_fresh: OpenStore) -> None:
    """With events, answers, and nameless answers of the same sessions; others stay."""
    with open_fresh() as store:
        sessions = pl.Series(["s", None])
        store.write(_events(("ann", "tea", 1.0), ("bob", "tea", 2.0)), sessions=sessions)
        answers = [
            _recommendation("a1", 1.0, "ann"),
            _recommendation("a2", 2.0, None, session_id="s"),
        ]
        store.put_recommendations([*answers, _recommendation("a3", 3.0, "bob")])
        cursor = store.changes(-1).cursor
        assert store.erase(users=["ann", "nobody"]) == ErasureCounts(1, 0, 1, 2)
        assert _pairs(store.tables()) == [("bob", "tea")]
        assert store.tables().users["user_id"].to_list() == ["bob"]
        assert not store.tables(users=["ann"]).users.height
        assert [answer.id for answer in store.recommendations()] == ["a3"]
        changes = store.changes(cursor)
        assert "ann" in changes.users_gone
        assert not changes.tables.users.height
        assert store.erase(users=["ann"]) == ErasureCounts(0, 0, 0, 0)
        store.write(_events(("ann", "rum", 3.0)))
        again = store.changes(cursor)
        assert "ann" in again.users_gone
        assert _pairs(again.tables) == [("ann", "rum")]


def check_item_erasure(open_fresh: OpenStore) -> None:
    """With its events; its users stay."""
    with open_fresh() as store:
        store.write(_events(("ann", "tea", 1.0), ("ann", "rum", 2.0)))
        cursor = store.changes(-1).cursor
        assert store.erase(items=["tea"]) == ErasureCounts(0, 1, 1, 0)
        assert store.tables().items["item_id"].to_list() == ["rum"]
        assert store.changes(cursor).items_gone == ("tea",)


def check_event_erasure(open_fresh: OpenStore) -> None:
    """Other processes are told to drop the user and to take what is left."""
    with open_fresh() as store:
        events = _events(("ann", "tea", 1.0), ("ann", "rum", 2.0), ("bob", "rum", None))
        store.write(events, event_ids=pl.Series(["1", "2", "3"]))
        cursor = store.changes(-1).cursor
        assert store.erase(events=["1", "9"]).events == 1
        changes = store.changes(cursor)
        assert changes.users_gone == ("ann",)
        assert _pairs(changes.tables) == [("ann", "rum")]
        assert changes.tables.users["user_id"].to_list() == ["ann"]
        rows = pl.DataFrame({"item_id": ["rum"], "timestamp": [None]})
        assert store.erase(events=rows).events == 1
        assert _pairs(store.tables()) == [("ann", "rum")]
        assert store.write(events, event_ids=pl.Series(["1", "2", "3"])).events == 2
        try:
            store.erase(events=pl.DataFrame({"colour": ["red"]}))
        except DataError:
            return
    raise AssertionError("events were deleted by a column they do not have")


def check_erasure_by_age(open_fresh: OpenStore) -> None:
    """Events without a time stay; followers are told to read everything anew."""
    with open_fresh() as store:
        store.write(_events(("ann", "tea", 1.0), ("ann", "rum", 9.0), ("bob", "tea", None)))
        store.put_recommendations(
            [_recommendation("a1", 1.0, "ann"), _recommendation("a2", 5.0, "ann")]
        )
        cursor = store.changes(-1).cursor
        assert store.erase(before=5.0) == ErasureCounts(0, 0, 1, 1)
        assert _pairs(store.tables()) == [("ann", "rum"), ("bob", "tea")]
        changes = store.changes(cursor)
        assert not changes.complete
        assert store.changes(changes.cursor).complete


def check_foreign_cursor_is_detected(open_fresh: OpenStore) -> None:
    """Who followed a store that was replaced must read everything anew."""
    with open_fresh() as store:
        assert not store.changes(10**9).complete


def check_user_merge(open_fresh: OpenStore) -> None:
    """Events, answers and attributes move; what was known of the new one is kept."""
    users = pl.DataFrame(
        {"user_id": ["anon", "ann"], "town": ["Rome", None], "age": [30, 40], "n": [None, 1]}
    )
    with open_fresh() as store:
        events = _events(("anon", "tea", 1.0), ("ann", "rum", 2.0)).events
        store.write(Tables.of(events, users=users))
        store.put_recommendations([_recommendation("a1", 1.0, "anon")])
        cursor = store.changes(-1).cursor
        assert store.merge_users("ann", "ann") == 0
        assert store.merge_users("anon", "ann") == 1
        assert store.merge_users("anon", "ann") == 0
        assert sorted(_pairs(store.tables())) == [("ann", "rum"), ("ann", "tea")]
        known = {"user_id": "ann", "town": "Rome", "age": 40, "n": 1}
        assert store.tables().users.rows(named=True) == [known]
        assert [answer.user_id for answer in store.recommendations()] == ["ann"]
        changes = store.changes(cursor)
        assert changes.users_gone == ("anon",)
        assert _pairs(changes.tables) == [("ann", "tea")]
        assert store.write(_events(("anon", "tea", 1.0))).events == 0, "told again, known"


def check_merge_into_unknown_user(open_fresh: OpenStore) -> None:
    """A first login gives the session's history its name."""
    with open_fresh() as store:
        store.write(_events(("anon", "tea", 1.0)))
        assert store.merge_users("anon", "new") == 1
        assert store.tables().users["user_id"].to_list() == ["new"]
        assert store.merge_users("nobody", "new") == 0


def check_documents_by_kind(open_fresh: OpenStore) -> None:
    """None deletes; kinds do not see each other."""
    with open_fresh() as store:
        store.put_documents("experiment", {"b": {"x": [1, None]}, "a": {"title": "茶"}})
        store.put_documents("key", {"a": {}})
        store.put_documents("experiment", {"b": {"x": 2}, "c": None, "a": None})
        assert store.documents("experiment") == {"b": {"x": 2}}
        assert store.documents("key") == {"a": {}}
        assert store.documents("task") == {}


def check_no_injection(open_fresh: OpenStore) -> None:
    """Quotes, SQL, marks of patterns, very long ids and all kinds of letters are data."""
    texts = ["'; DROP TABLE events; --", '"%s" ?', "🍵/../茶", "%", "a" * 10_000, " ", "\\x00"]
    with open_fresh() as store:
        store.write(_events(*((text, text, 1.0) for text in texts)), event_ids=pl.Series(texts))
        assert _pairs(store.tables(users=texts)) == [(text, text) for text in texts]
        for text in texts:
            store.put_recommendations([_recommendation(text, 1.0, text, experiment=text)])
            store.put_documents(text, {text: {text: text}})
            assert store.documents(text) == {text: {text: text}}
            assert store.recommendations(user=text, experiment=text, ids=[text])
            assert store.merge_users(text, "x" + text) == 1
            assert store.erase(users=["x" + text]).events == 1
        assert not store.tables().events.height


def check_thread_safety(open_fresh: OpenStore) -> None:
    """Each write is done once, and tells its own thread what it did."""
    with open_fresh() as store:
        told: list[int] = []

        def write(user: str) -> None:
            told.append(_write_and_read(store, user))

        threads = [Thread(target=write, args=(f"u{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == [10] * 6
        assert store.tables().events.height == 60


def _write_and_read(store: Store, user: str) -> int:
    written = store.write(_events(*((user, str(n), None) for n in range(10)))).events
    assert store.tables(users=[user]).events.height == 10
    return written


JOURNAL_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_changes_after_cursor,
    check_duplicates_are_not_changes,
    check_event_pages,
    check_concurrent_changes_are_seen_once,
    check_recommendation_queries,
    check_reactions,
    check_user_erasure,
    check_item_erasure,
    check_event_erasure,
    check_erasure_by_age,
    check_foreign_cursor_is_detected,
    check_user_merge,
    check_merge_into_unknown_user,
    check_documents_by_kind,
    check_no_injection,
    check_thread_safety,
)
"""All checks of this module."""
