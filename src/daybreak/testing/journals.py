"""Checks that the journal of every store must pass; each takes a function that opens one."""

from collections.abc import Callable
from threading import Thread

import polars as pl

from daybreak.data import Tables
from daybreak.errors import DataError
from daybreak.store import Answer, Erased, Shown, Store
from daybreak.testing.stores import Open


def _events(*rows: tuple[str, str, float | None]) -> Tables:
    names = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Float64}
    return Tables.of(pl.DataFrame(list(rows), schema=names, orient="row"))


def _pairs(tables: Tables) -> list[tuple[str, str]]:
    return tables.events.select("user_id", "item_id").rows()


def _answer(id_: str, at: float, user: str | None, **more: str) -> Answer:
    return Answer(id_, at, user, "r1", (Shown("tea", 0.5, 1, "ease", 0.25, True),), **more)  # type: ignore[arg-type]


def check_changes_tell_what_came_since(open_fresh: Open) -> None:
    """New events only; items and users whole, if anything of them is new."""
    items = pl.DataFrame({"item_id": ["tea", "rum"], "title": ["Tea", "Rum"], "price": [2, 9]})
    with open_fresh() as store:
        start = store.journal.changes(-1)
        assert not start.tables.items.height
        written = store.write(Tables.of(_events(("ann", "tea", 1.0)).events, items))
        first = store.journal.changes(start.cursor)
        assert first.cursor == written.cursor > start.cursor
        assert first.tables.items.equals(items)
        assert first.tables.users["user_id"].to_list() == ["ann"]
        assert _pairs(first.tables) == [("ann", "tea")]
        dearer = pl.DataFrame({"item_id": ["rum", "tea"], "price": [9, 3]})
        store.write(Tables.of(_events(("ann", "rum", 2.0)).events, dearer))
        second = store.journal.changes(first.cursor)
        assert second.tables.items.rows(named=True) == [
            {"item_id": "tea", "title": "Tea", "price": 3}
        ]
        assert not second.tables.users.height
        assert _pairs(second.tables) == [("ann", "rum")]
        assert not store.journal.changes(second.cursor).tables.events.height


def check_what_was_there_before_is_no_change(open_fresh: Open) -> None:
    """Writing again moves the cursor at most."""
    events = _events(("ann", "tea", 1.0), ("ann", "rum", 2.0))
    with open_fresh() as store:
        assert store.write(events).fresh == (True, True)
        cursor = store.journal.changes(-1).cursor
        more = _events(("ann", "rum", 2.0), ("bob", "rum", 2.0), ("ann", "tea", 1.0))
        assert store.write(more).fresh == (False, True, False)
        changes = store.journal.changes(cursor)
    assert _pairs(changes.tables) == [("bob", "rum")]
    assert changes.tables.users["user_id"].to_list() == ["bob"]
    assert not changes.tables.items.height


def check_events_are_kept_with_all_they_came_with(open_fresh: Open) -> None:
    """Page by page, of a user, of an item or of both; also after a merge."""
    context = '{"page":"home","tags":["茶"]}'
    with open_fresh() as store:
        store.write(
            _events(("ann", "tea", 1.0), ("bob", "tea", 2.0), ("ann", "rum", 3.0)),
            recommendations=pl.Series(["a1", None, None]),
            sessions=pl.Series([None, "s", None]),
            contexts=pl.Series([context, None, None]),
        )
        events = store.journal.events
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
        store.journal.merge("ann", "eve")
        assert events(user="eve", item="tea").events["context"].to_list() == [context]


def check_no_cursor_is_skipped(open_fresh: Open) -> None:
    """While four threads write, who follows the cursor sees each event exactly once."""
    with open_fresh() as store:
        cursor = store.journal.changes(-1).cursor
        seen: list[tuple[str, str]] = []

        def write(user: str) -> None:
            for number in range(15):
                store.write(_events((user, str(number), None)))

        threads = [Thread(target=write, args=(f"u{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            changes = store.journal.changes(cursor)
            seen, cursor = seen + _pairs(changes.tables), changes.cursor
        seen += _pairs(store.journal.changes(cursor).tables)
    assert sorted(seen) == sorted((f"u{n}", str(i)) for n in range(4) for i in range(15))


def check_answers_are_found(open_fresh: Open) -> None:
    """By id, user, time and experiment; the last of the same id is kept."""
    first = _answer("a1", 10.0, "ann", experiment="e", variant="b", session_id="s")
    second = Answer("a2", 20.0, None, "r2", (), shadow=True, scenario="cart")
    with open_fresh() as store:
        journal = store.journal
        journal.put_answers([])
        journal.put_answers([second, _answer("a1", 1.0, "bob")])
        journal.put_answers([first])
        assert journal.answers() == [first, second]
        assert journal.answers(ids=["a2", "none", "a2"]) == [second]
        assert journal.answers(user="ann", ids=["a1"]) == [first]
        assert journal.answers(since=20.0) == [second]
        assert journal.answers(until=20.0) == [first]
        assert journal.answers(experiment="e", user="bob") == []
        assert journal.answers(ids=[]) == []
        assert journal.answer_heads().rows() == [
            ("a1", 10.0, "ann", "s", "b", False, True),
            ("a2", 20.0, None, None, None, True, False),
        ]
        assert journal.answer_heads(experiment="e", since=10.0, until=20.0).height == 1
        assert not journal.answer_heads(since=21.0).height


def check_reactions_name_their_answer(open_fresh: Open) -> None:
    """An event without a time has that of its answer, if there is one."""
    with open_fresh() as store:
        store.journal.put_answers([_answer("a1", 10.0, "ann", experiment="e")])
        store.write(
            _events(
                ("ann", "tea", 30.0), ("ann", "rum", None), ("bob", "x", 5.0), ("bob", "y", 1.0)
            ),
            recommendations=pl.Series(["a1", "a1", "lost", None]),
            sessions=pl.Series(["s", None, None, None]),
        )
        all_ = store.journal.reactions()
        assert all_.columns[:3] == ["recommendation_id", "user_id", "item_id"]
        assert all_["item_id"].to_list() == ["tea", "rum", "x"]
        assert all_["timestamp"].to_list() == [30.0, 10.0, 5.0]
        of_experiment = store.journal.reactions(experiment="e", until=30.0)
        assert of_experiment["item_id"].to_list() == ["rum"]
        assert store.journal.reactions(since=30.0)["item_id"].to_list() == ["tea"]
        assert not store.journal.reactions(since=31.0).height


def check_an_erased_user_is_gone(open_fresh: Open) -> None:
    """With events, answers, and nameless answers of the same sessions; others stay."""
    with open_fresh() as store:
        sessions = pl.Series(["s", None])
        store.write(_events(("ann", "tea", 1.0), ("bob", "tea", 2.0)), sessions=sessions)
        answers = [_answer("a1", 1.0, "ann"), _answer("a2", 2.0, None, session_id="s")]
        store.journal.put_answers([*answers, _answer("a3", 3.0, "bob")])
        cursor = store.journal.changes(-1).cursor
        assert store.journal.erase(users=["ann", "nobody"]) == Erased(1, 0, 1, 2)
        assert _pairs(store.tables()) == [("bob", "tea")]
        assert store.tables().users["user_id"].to_list() == ["bob"]
        assert not store.tables(users=["ann"]).users.height
        assert [answer.id for answer in store.journal.answers()] == ["a3"]
        changes = store.journal.changes(cursor)
        assert "ann" in changes.users_gone
        assert not changes.tables.users.height
        assert store.journal.erase(users=["ann"]) == Erased(0, 0, 0, 0)
        store.write(_events(("ann", "rum", 3.0)))
        again = store.journal.changes(cursor)
        assert "ann" in again.users_gone
        assert _pairs(again.tables) == [("ann", "rum")]


def check_an_erased_item_is_gone(open_fresh: Open) -> None:
    """With its events; its users stay."""
    with open_fresh() as store:
        store.write(_events(("ann", "tea", 1.0), ("ann", "rum", 2.0)))
        cursor = store.journal.changes(-1).cursor
        assert store.journal.erase(items=["tea"]) == Erased(0, 1, 1, 0)
        assert store.tables().items["item_id"].to_list() == ["rum"]
        assert store.journal.changes(cursor).items_gone == ("tea",)


def check_events_are_erased_by_id_or_content(open_fresh: Open) -> None:
    """Other processes are told to drop the user and to take what is left."""
    with open_fresh() as store:
        events = _events(("ann", "tea", 1.0), ("ann", "rum", 2.0), ("bob", "rum", None))
        store.write(events, event_ids=pl.Series(["1", "2", "3"]))
        cursor = store.journal.changes(-1).cursor
        assert store.journal.erase(events=["1", "9"]).events == 1
        changes = store.journal.changes(cursor)
        assert changes.users_gone == ("ann",)
        assert _pairs(changes.tables) == [("ann", "rum")]
        assert changes.tables.users["user_id"].to_list() == ["ann"]
        rows = pl.DataFrame({"item_id": ["rum"], "timestamp": [None]})
        assert store.journal.erase(events=rows).events == 1
        assert _pairs(store.tables()) == [("ann", "rum")]
        assert store.write(events, event_ids=pl.Series(["1", "2", "3"])).events == 2
        try:
            store.journal.erase(events=pl.DataFrame({"colour": ["red"]}))
        except DataError:
            return
    raise AssertionError("events were deleted by a column they do not have")


def check_what_is_too_old_is_erased(open_fresh: Open) -> None:
    """Events without a time stay; followers are told to read everything anew."""
    with open_fresh() as store:
        store.write(_events(("ann", "tea", 1.0), ("ann", "rum", 9.0), ("bob", "tea", None)))
        store.journal.put_answers([_answer("a1", 1.0, "ann"), _answer("a2", 5.0, "ann")])
        cursor = store.journal.changes(-1).cursor
        assert store.journal.erase(before=5.0) == Erased(0, 0, 1, 1)
        assert _pairs(store.tables()) == [("ann", "rum"), ("bob", "tea")]
        changes = store.journal.changes(cursor)
        assert not changes.complete
        assert store.journal.changes(changes.cursor).complete


def check_a_cursor_of_another_store_is_noticed(open_fresh: Open) -> None:
    """Who followed a store that was replaced must read everything anew."""
    with open_fresh() as store:
        assert not store.journal.changes(10**9).complete


def check_merged_users_become_one(open_fresh: Open) -> None:
    """Events, answers and attributes move; what was known of the new one is kept."""
    users = pl.DataFrame(
        {"user_id": ["anon", "ann"], "town": ["Rome", None], "age": [30, 40], "n": [None, 1]}
    )
    with open_fresh() as store:
        events = _events(("anon", "tea", 1.0), ("ann", "rum", 2.0)).events
        store.write(Tables.of(events, users=users))
        store.journal.put_answers([_answer("a1", 1.0, "anon")])
        cursor = store.journal.changes(-1).cursor
        assert store.journal.merge("ann", "ann") == 0
        assert store.journal.merge("anon", "ann") == 1
        assert store.journal.merge("anon", "ann") == 0
        assert sorted(_pairs(store.tables())) == [("ann", "rum"), ("ann", "tea")]
        known = {"user_id": "ann", "town": "Rome", "age": 40, "n": 1}
        assert store.tables().users.rows(named=True) == [known]
        assert [answer.user_id for answer in store.journal.answers()] == ["ann"]
        changes = store.journal.changes(cursor)
        assert changes.users_gone == ("anon",)
        assert _pairs(changes.tables) == [("ann", "tea")]
        assert store.write(_events(("anon", "tea", 1.0))).events == 0, "told again, known"


def check_merging_into_an_unknown_user_makes_it(open_fresh: Open) -> None:
    """A first login gives the session's history its name."""
    with open_fresh() as store:
        store.write(_events(("anon", "tea", 1.0)))
        assert store.journal.merge("anon", "new") == 1
        assert store.tables().users["user_id"].to_list() == ["new"]
        assert store.journal.merge("nobody", "new") == 0


def check_records_are_kept_by_kind(open_fresh: Open) -> None:
    """None deletes; kinds do not see each other."""
    with open_fresh() as store:
        journal = store.journal
        journal.put_records("experiment", {"b": {"x": [1, None]}, "a": {"title": "茶"}})
        journal.put_records("key", {"a": {}})
        journal.put_records("experiment", {"b": {"x": 2}, "c": None, "a": None})
        assert journal.records("experiment") == {"b": {"x": 2}}
        assert journal.records("key") == {"a": {}}
        assert journal.records("task") == {}


def check_texts_are_never_read_as_commands(open_fresh: Open) -> None:
    """Quotes, SQL, marks of patterns, very long ids and all kinds of letters are data."""
    texts = ["'; DROP TABLE events; --", '"%s" ?', "🍵/../茶", "%", "a" * 10_000, " ", "\\x00"]
    with open_fresh() as store:
        store.write(_events(*((text, text, 1.0) for text in texts)), event_ids=pl.Series(texts))
        assert _pairs(store.tables(users=texts)) == [(text, text) for text in texts]
        for text in texts:
            store.journal.put_answers([_answer(text, 1.0, text, experiment=text)])
            store.journal.put_records(text, {text: {text: text}})
            assert store.journal.records(text) == {text: {text: text}}
            assert store.journal.answers(user=text, experiment=text, ids=[text])
            assert store.journal.merge(text, "x" + text) == 1
            assert store.journal.erase(users=["x" + text]).events == 1
        assert not store.tables().events.height


def check_threads_may_share_a_store(open_fresh: Open) -> None:
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


JOURNAL_CHECKS: tuple[Callable[[Open], None], ...] = (
    check_changes_tell_what_came_since,
    check_what_was_there_before_is_no_change,
    check_events_are_kept_with_all_they_came_with,
    check_no_cursor_is_skipped,
    check_answers_are_found,
    check_reactions_name_their_answer,
    check_an_erased_user_is_gone,
    check_an_erased_item_is_gone,
    check_events_are_erased_by_id_or_content,
    check_what_is_too_old_is_erased,
    check_a_cursor_of_another_store_is_noticed,
    check_merged_users_become_one,
    check_merging_into_an_unknown_user_makes_it,
    check_records_are_kept_by_kind,
    check_texts_are_never_read_as_commands,
    check_threads_may_share_a_store,
)
"""All checks of this module."""
