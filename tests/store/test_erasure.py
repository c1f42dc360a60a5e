from pathlib import Path

import numpy as np
import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.store import LoggedItem, LoggedRecommendation, cursors, open_store

SECRET = "ann-of-the-green-gables"


def crowd(store, n=3_000):
    """Many users in one write (so indexes are moved about), with one in their midst."""
    ids = pl.int_range(n, eager=True).cast(pl.String)
    users = pl.Series([SECRET if n % 7 == 3 else f"{SECRET[:5]}{n}" for n in range(n)])
    for start in range(0, n, 500):
        part = slice(start, start + 500)
        store.write(
            Tables.of(pl.DataFrame({"user_id": users[part], "item_id": ids[part]})),
            sessions="session-" + users[part],
        )
    answer = (LoggedItem("tea", 1.0, 1, "ease"),)
    store.put_recommendations(
        LoggedRecommendation(f"a{n}", 1.0, SECRET, "r1", answer) for n in range(50)
    )
    store.settings({"n": n})


def put_answers_of(store, session):
    store.put_recommendations(
        [LoggedRecommendation("b", 1.0, None, "r1", (), session_id=session)]
    )


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in Path(folder).iterdir())


def test_an_erased_user_is_in_no_byte_of_the_files(tmp_path, monkeypatch):
    """Not in free pages, not in the log; what other processes need goes a minute later."""
    with open_store(tmp_path / "shop.db") as store:
        crowd(store)
        put_answers_of(store, "session-" + SECRET)
        assert bytes_of(tmp_path).count(SECRET.encode()) > 100
        cursor = store.changes(-1).cursor
        store.erase(users=[SECRET])
        assert bytes_of(tmp_path).count(SECRET.encode()) <= 3, "only what others are told"
        assert store.changes(cursor).users_gone == (SECRET,)
        monkeypatch.setattr(cursors, "TOMBSTONE_LIFETIME_S", -1.0)
        store.changes(cursor)
        assert SECRET.encode() not in bytes_of(tmp_path)
        assert not store.changes(cursor).complete, "who slept must read anew"
        assert store.tables().events.height > 2_000


def test_a_merged_user_is_in_no_byte_either(tmp_path, monkeypatch):
    with open_store(tmp_path / "shop.db") as store:
        crowd(store)
        store.merge_users(SECRET, "somebody")
        monkeypatch.setattr(cursors, "TOMBSTONE_LIFETIME_S", -1.0)
        store.changes(-1)
        store.erase(users=["somebody"])
        store.changes(-1)
        assert SECRET.encode() not in bytes_of(tmp_path)


def test_nothing_of_an_erased_user_is_in_any_table(url, monkeypatch):
    with open_store(url) as store:
        crowd(store, 700)
        store.erase(users=[SECRET])
        monkeypatch.setattr(cursors, "TOMBSTONE_LIFETIME_S", -1.0)
        store.changes(-1)
        with store.database.engine.connect() as connection:
            for table in ("items", "users", "events", "answers", "records", "gone"):
                rows = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
                assert SECRET not in str(rows)


@pytest.mark.parametrize("jump_s", [-1e9, 1e9])
def test_cursors_do_not_depend_on_the_clock(url, monkeypatch, jump_s):
    """The clock jumps by thirty years between two writes, forwards or backwards."""
    clock = [1_800_000_000.0]
    monkeypatch.setattr("daybreak.store.sql.time.time", lambda: clock[0])
    tables = [
        Tables.of(pl.DataFrame({"user_id": [user], "item_id": ["tea"]})) for user in "abc"
    ]
    with open_store(url) as store:
        cursor = store.changes(-1).cursor
        store.write(tables[0])
        store.erase(users=["a"])
        clock[0] += jump_s
        store.write(tables[1])
        store.write(tables[2])
        changes = store.changes(cursor)
        assert changes.tables.events["user_id"].to_list() == ["b", "c"]
        assert changes.users_gone == ("a",)
        assert not store.changes(cursor).complete, "the id was kept no longer"
        assert store.changes(changes.cursor).complete


def test_vectors_whose_model_has_no_prefix_are_deleted(url):
    """Names that only the punctuation tells apart are told apart."""
    kept = ["catalogue 1", "catalogue ", "catalogue\u00e9", "catalogue ~"]
    others = [
        "",
        "0123",
        "catalogue",
        "catalogue1",
        "catalogue-1",
        "catalog",
        "d",
        "Catalogue 1",
    ]
    row = {"a": np.ones(2, np.float32)}
    with open_store(url) as store:
        for model in (*kept, *others):
            store.put_vectors(model, row)
        kept.remove("catalogue\u00e9")
        assert store.count_vectors(outside="catalogue ") == len(others) + 1
        assert store.delete_vectors(outside="catalogue ") == len(others) + 1
        assert store.count_vectors(outside="catalogue ") == 0
        assert [model for model in (*kept, *others) if store.vectors(model, ["a"])] == kept
