"""Stores and releases of earlier versions, whose ids have several spellings, are joined."""

import json

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import ImportResult, Rejects, Tables
from daybreak.store import dump, open_store, restore

EVENTS = pl.DataFrame(
    {
        "user_id": ["13085.0", "13085.0", "u1 ", "u1", "v1.0"],
        "item_id": ["500.0", "500.0", " 501", "501", "501"],
        "timestamp": [1.0, 1.0, 2.0, 2.0, 3.0],
    }
)
ITEMS = pl.DataFrame({"item_id": ["500.0", "501"], "title": ["Cup", "Pot"]})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture
def old(url):
    """A store as an earlier version has written it."""
    with open_store(url) as store:
        store.write(Tables.of(EVENTS, ITEMS))
    return url


def spelled(events):
    return events.with_columns(
        pl.col("user_id", "item_id").str.strip_chars().str.replace(r"^(\d+)\.0$", "$1")
    )


def test_stored_ids_get_the_one_spelling_with_all_that_belongs_to_them(old):
    with open_store(old) as store:
        tables = store.tables()
    assert sorted(tables.users["user_id"]) == ["13085", "u1", "v1.0"]
    assert sorted(tables.items.rows()) == [("500", "Cup"), ("501", "Pot")]
    assert tables.events.height == 5
    assert set(tables.events["user_id"]) == {"13085", "u1", "v1.0"}


def test_the_same_file_adds_nothing_afterwards(old):
    events = spelled(EVENTS)
    with open_store(old) as store:
        written = store.write(Tables.of(events[[0, 1, 3, 4]], ITEMS[1:]))
        assert (written.users, written.events) == (0, 0)
        assert store.write(Tables.of(spelled(EVENTS[:3]))).events == 0


def test_events_with_ids_of_their_own_keep_them(url):
    with open_store(url) as store:
        store.write(Tables.of(EVENTS[:1]), event_ids=pl.Series(["e1"]))
    with open_store(url) as store:
        again = store.write(Tables.of(spelled(EVENTS[:1])), event_ids=pl.Series(["e1"]))
        assert (again.events, store.tables().events.height) == (0, 1)


def test_followers_see_the_old_ids_leave(url):
    with open_store(url) as first:
        cursor = first.write(Tables.of(EVENTS, ITEMS)).cursor
        with open_store(url):
            pass
        changes = first.changes(cursor)
    assert set(changes.items_gone) == {"500.0", " 501"}
    assert set(changes.users_gone) == {"13085.0", "u1 "}
    assert "500" in set(changes.tables.items["item_id"])


def test_a_joined_store_is_not_written_again(old):
    with open_store(old) as store:
        cursor = store.changes(-1).cursor
    with open_store(old) as store:
        assert store.changes(-1).cursor == cursor


def test_a_dump_of_an_earlier_version_is_joined(url, tmp_path):
    with open_store(url) as store:
        store.write(Tables.of(EVENTS, ITEMS))
        dump(store, tmp_path / "old.dump")
    with open_store(f"sqlite:///{tmp_path}/new.db") as store:
        restore(tmp_path / "old.dump", store)
        assert sorted(store.tables().users["user_id"]) == ["13085", "u1", "v1.0"]


def test_a_release_of_an_earlier_version_has_the_one_spelling(tmp_path):
    read = ImportResult(Tables.of(EVENTS, ITEMS), Rejects(), {}, ())  # as earlier versions read
    Recommender(encoder="none", strategies=["popular"]).fit(read).save(tmp_path / "release")
    stored = json.loads((tmp_path / "release" / "release.json").read_text("utf-8"))
    assert "500.0" in stored["anchors"]
    loaded = Recommender.load(tmp_path / "release", events=spelled(EVENTS))
    lists = loaded.recommend(["13085", "13085.0", "new"], k=5)
    assert set(lists["item_id"]) == {"500", "501"}
    assert lists.filter(user_id="13085")["user_temperature"][0] == "hot"
