"""Checks of the change feed, the recommendation log and the documents of a store.

Each check takes a function that opens the same fresh store, and raises ``AssertionError``.
"""

import time
from collections.abc import Callable
from threading import Thread
from typing import TypeAlias

import polars as pl

from daybreak.data import Tables
from daybreak.store import LoggedItem, LoggedRecommendation, Store

OpenStore: TypeAlias = Callable[[], Store]
"""Opens a store; its first call opens an empty one. A store that outlives its process is opened
again by the second call, a store in memory need not be."""


def check_changes_after_cursor(open_fresh: OpenStore) -> None:
    """Changes are the new events, and new or changed items and users with all attributes."""
    items = pl.DataFrame({"item_id": ["tea", "rum"], "title": ["Tea", "Rum"], "price": [2, 9]})
    with open_fresh() as store:
        start = store.changes(-1)
        assert not start.tables.items.height
        written = store.write(Tables.of(event_tables(("ann", "tea", 1.0)).events, items))
        first = store.changes(start.cursor)
        assert first.cursor == written.cursor > start.cursor
        assert first.tables.items.equals(items)
        assert first.tables.users["user_id"].to_list() == ["ann"]
        assert event_pairs(first.tables) == [("ann", "tea")]
        cheaper = pl.DataFrame({"item_id": ["rum", "tea"], "price": [9, 3]})
        store.write(Tables.of(event_tables(("ann", "rum", 2.0)).events, cheaper))
        second = store.changes(first.cursor)
        assert second.tables.items.rows(named=True) == [
            {"item_id": "tea", "title": "Tea", "price": 3}
        ]
        assert not second.tables.users.height
        assert event_pairs(second.tables) == [("ann", "rum")]
        assert not store.changes(second.cursor).tables.events.height


def check_duplicates_are_not_changes(open_fresh: OpenStore) -> None:
    """Writing stored rows again is not a change."""
    events = event_tables(("ann", "tea", 1.0), ("ann", "rum", 2.0))
    with open_fresh() as store:
        assert store.write(events).fresh == (True, True)
        cursor = store.changes(-1).cursor
        repeated = event_tables(("ann", "rum", 2.0), ("bob", "rum", 2.0), ("ann", "tea", 1.0))
        assert store.write(repeated).fresh == (False, True, False)
        changes = store.changes(cursor)
    assert event_pairs(changes.tables) == [("bob", "rum")]
    assert changes.tables.users["user_id"].to_list() == ["bob"]
    assert not changes.tables.items.height


def check_concurrent_changes_are_seen_once(open_fresh: OpenStore) -> None:
    """While four threads write, a follower of the feed sees each event exactly once."""
    with open_fresh() as store:
        cursor = store.changes(-1).cursor
        received: list[tuple[str, str]] = []

        def write(user: str) -> None:
            for number in range(15):
                store.write(event_tables((user, str(number), None)))

        threads = [Thread(target=write, args=(f"u{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            changes = store.changes(cursor)
            received, cursor = received + event_pairs(changes.tables), changes.cursor
        received += event_pairs(store.changes(cursor).tables)
    assert sorted(received) == sorted((f"u{n}", str(i)) for n in range(4) for i in range(15))


def check_foreign_cursor_is_detected(open_fresh: OpenStore) -> None:
    """A cursor of another store makes a change incomplete."""
    with open_fresh() as store:
        assert not store.changes(10**9).complete


def check_recommendation_queries(open_fresh: OpenStore) -> None:
    """Recommendations are found by id, user, time and experiment; the last of an id is kept."""
    first = logged_recommendation(
        "a1", 10.0, "ann", experiment="e", variant="b", session_id="s"
    )
    second = LoggedRecommendation("a2", 20.0, None, "r2", (), shadow=True, scenario="cart")
    with open_fresh() as store:
        store.put_recommendations([])
        store.put_recommendations([second, logged_recommendation("a1", 1.0, "bob")])
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
    """An event without a time has the time of its recommendation."""
    with open_fresh() as store:
        store.put_recommendations([logged_recommendation("a1", 10.0, "ann", experiment="e")])
        store.write(
            event_tables(
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


def check_recommendations_are_counted(open_fresh: OpenStore) -> None:
    """A count has the conditions of a query, and an upper bound."""
    with open_fresh() as store:
        assert store.count_recommendations(at_most=5) == 0
        logged = [logged_recommendation(f"r{n}", float(n), "ann") for n in range(6)]
        store.put_recommendations(logged)
        assert store.count_recommendations(at_most=100) == 6
        assert store.count_recommendations(at_most=4) == 4
        assert store.count_recommendations(since=2.0, until=5.0, at_most=100) == 3
        assert store.count_recommendations(experiment="none", at_most=100) == 0


def check_documents_by_kind(open_fresh: OpenStore) -> None:
    """None deletes a document; kinds are separate."""
    with open_fresh() as store:
        store.put_documents("experiment", {"b": {"x": [1, None]}, "a": {"title": "茶"}})
        store.put_documents("key", {"a": {}})
        store.put_documents("experiment", {"b": {"x": 2}, "c": None, "a": None})
        assert store.documents("experiment") == {"b": {"x": 2}}
        assert store.documents("key") == {"a": {}}
        assert store.documents("task") == {}


def check_leases(open_fresh: OpenStore) -> None:
    """A lease has one holder until it expires or is given back."""
    with open_fresh() as store:
        assert store.lease_holder("training") is None
        assert store.acquire_lease("training", "ann", 60.0) == "ann"
        assert store.acquire_lease("training", "bob", 60.0) == "ann"
        assert store.acquire_lease("cleaning", "bob", 60.0) == "bob"
        assert store.lease_holder("training") == "ann"
        assert 0.0 <= (store.lease_age_s("training") or 0.0) < 60.0
        assert not store.renew_lease("training", "bob", 60.0)
        assert store.renew_lease("training", "ann", 0.0)  # expires at once
        time.sleep(0.02)
        assert store.lease_holder("training") is None
        assert store.lease_age_s("training") is None
        assert store.acquire_lease("training", "bob", 60.0) == "bob"
        assert not store.renew_lease("training", "ann", 60.0)
        store.release_lease("training", "ann")
        assert store.lease_holder("training") == "bob"
        store.release_lease("training", "bob")
        assert store.lease_holder("training") is None
        assert not store.renew_lease("training", "bob", 60.0)


def check_one_of_many_gets_a_lease(open_fresh: OpenStore) -> None:
    """Of threads that ask at the same time, one gets the lease, and all are told which."""
    with open_fresh() as store:
        holders: list[str] = []

        def acquire(name: str) -> None:
            holders.append(store.acquire_lease("training", name, 60.0))

        threads = [Thread(target=acquire, args=(f"t{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(holders) == 8
    assert len(set(holders)) == 1


def event_tables(*rows: tuple[str, str, float | None]) -> Tables:
    """Return tables of (user, item, time) events."""
    names = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Float64}
    return Tables.of(pl.DataFrame(list(rows), schema=names, orient="row"))


def event_pairs(tables: Tables) -> list[tuple[str, str]]:
    """Return (user, item) of each event."""
    return tables.events.select("user_id", "item_id").rows()


def logged_recommendation(
    id_: str, at: float, user: str | None, **more: str
) -> LoggedRecommendation:
    """Return a recommendation of one item."""
    items = (LoggedItem("tea", 0.5, 1, "ease", 0.25, True),)
    return LoggedRecommendation(id_, at, user, "r1", items, **more)  # type: ignore[arg-type]


CHANGE_FEED_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_changes_after_cursor,
    check_duplicates_are_not_changes,
    check_concurrent_changes_are_seen_once,
    check_foreign_cursor_is_detected,
)
"""Checks of :class:`daybreak.store.ChangeFeed`."""
RECOMMENDATION_LOG_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_recommendation_queries,
    check_reactions,
    check_recommendations_are_counted,
)
"""Checks of :class:`daybreak.store.RecommendationLog`."""
DOCUMENT_STORE_CHECKS: tuple[Callable[[OpenStore], None], ...] = (
    check_documents_by_kind,
    check_leases,
    check_one_of_many_gets_a_lease,
)
"""Checks of :class:`daybreak.store.DocumentStore`."""
