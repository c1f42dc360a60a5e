import signal
import sqlite3
import subprocess
import sys
import time
from threading import Thread

import polars as pl
import pytest
from sqlalchemy import event

from daybreak.data import Tables
from daybreak.errors import NotFoundError, StoreError
from daybreak.store import SqliteStore, open_store
from daybreak.store.event_rows import MIN_BULK_ROWS

SMALL = {"counter", "gone"}
IMPORT = """
import sys
import polars as pl
from daybreak.data import Tables
from daybreak.store import open_store
n = 120_000
ids = pl.int_range(n, eager=True).cast(pl.String)
tables = Tables.of(pl.DataFrame({"user_id": "new-" + (ids.str.slice(0, 3)), "item_id": ids}))
store = open_store(sys.argv[1])
print("ready", flush=True)
store.write(tables)
print("done", flush=True)
"""

READ_PAGES = """
import os, sys
from daybreak.memory import trim_heaps
from daybreak.store import open_store

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

store = open_store(sys.argv[1])
store.tables()
trim_heaps()
before = resident_mb()
store.return_memory()
trim_heaps()
print(before - resident_mb(), store.tables().events.height)
"""


def shop(n=1, user="ann"):
    ids = pl.int_range(n, eager=True).cast(pl.String)
    return Tables.of(pl.DataFrame({"user_id": [user] * n, "item_id": ids}))


def test_a_commit_is_on_the_disk(tmp_path, flushed, monkeypatch):
    monkeypatch.setattr("daybreak.store.sqlite.SYNCHRONOUS", flushed)
    with open_store(tmp_path / "shop.db") as store:
        pragma = "PRAGMA synchronous"
        level = store.database.read(lambda found: found.exec_driver_sql(pragma).scalar())
    assert level == 2  # FULL


def test_a_path_opens_the_same_store_as_its_url(tmp_path):
    with open_store(tmp_path / "shop.db") as store:
        store.write(shop())
    with open_store(f"sqlite:///{tmp_path}/shop.db") as store:
        assert store.tables().events.height == 1


def test_an_unknown_scheme_names_the_known_ones():
    with pytest.raises(
        NotFoundError, match="no store named 'mongo'; known: postgresql, sqlite"
    ):
        open_store("mongo://host/shop")


@pytest.mark.slow
def test_a_killed_import_leaves_all_or_nothing(tmp_path):
    """Killed at ten different moments of the write; what was there before always stays."""
    path = tmp_path / "shop.db"
    with open_store(path) as store:
        store.write(shop())
    for wait_s in (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.5):
        child = subprocess.Popen(
            [sys.executable, "-c", IMPORT, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "ready\n"
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        with open_store(path) as store:
            tables = store.tables()
        assert tables.events.height in {1, 120_001}
        assert tables.items.height in {1, 120_000}
        assert (tables.events.height == 1) == (tables.users.height == 1)
        assert tables.events["user_id"][0] == "ann"


def test_a_large_write_is_repeatable_too():
    """Many events take the path that builds the index anew; equal ones are kept apart."""
    large = shop(MIN_BULK_ROWS)
    twice = large.with_events(pl.concat([large.events, large.events[:2]]))
    with open_store("sqlite:///:memory:") as store:
        assert store.write(shop(3)).events == 3
        assert store.write(twice).events == MIN_BULK_ROWS - 3 + 2
        assert store.write(twice).events == 0
        assert store.write(shop(MIN_BULK_ROWS, "bob")).events == MIN_BULK_ROWS
        assert store.write(shop(MIN_BULK_ROWS, "bob")).events == 0
        assert store.tables().events["user_id"].value_counts(sort=True).rows() == [
            ("ann", MIN_BULK_ROWS + 2),
            ("bob", MIN_BULK_ROWS),
        ]


def test_a_locked_store_says_so(tmp_path):
    path = tmp_path / "shop.db"
    with SqliteStore(f"sqlite:///{path}", wait_s=0.05) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert store.tables().events.height == 0, "readers do not wait for a writer"
        with pytest.raises(StoreError, match="is locked by another process; wait"):
            store.write(shop())
        other.close()


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "shop.db"
    path.write_text("user_id,item_id\n" * 100)
    with pytest.raises(StoreError, match=r"shop\.db is not an SQLite file; choose another"):
        open_store(path)


def test_a_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    with pytest.raises(StoreError, match="belongs to another program"):
        open_store(path)


def test_a_store_of_another_version_is_refused(tmp_path):
    path = tmp_path / "shop.db"
    open_store(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreError, match="has version 99, this program reads version 3"):
        open_store(path)


def test_a_damaged_store_says_so(tmp_path):
    path = tmp_path / "shop.db"
    with open_store(path) as store:
        store.write(shop(20_000))
    data = bytearray(path.read_bytes())
    data[4096:-4096] = b"\xff" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"shop\.db is damaged; restore a copy"):
        open_store(path).tables()


def test_a_missing_folder_says_so(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened; check that its folder exists"):
        open_store(tmp_path / "no" / "shop.db")


def test_a_read_only_store_can_be_read_and_says_so_on_write(tmp_path):
    path = tmp_path / "shop.db"
    with open_store(path) as store:
        store.write(shop())
    with open_store(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert store.tables().events.height == 1
        with pytest.raises(StoreError, match="cannot be written: the file or its folder is"):
            store.write(shop(2))


@pytest.mark.parametrize("name", ["sqlite:///:memory:", "sqlite:///{}/shop.db"])
def test_threads_may_share_a_store(name, tmp_path):
    with open_store(name.format(tmp_path)) as store:
        threads = [Thread(target=store.write, args=(shop(50, f"u{n}"),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.tables().events.height == 200


def test_what_is_asked_often_reads_no_whole_table(tmp_path):
    """Polls, histories, answers and merges look things up, however large the tables are."""
    with open_store(tmp_path / "shop.db") as store:
        cursor = store.changes(-1).cursor
        store.write(shop())
        plans = []

        def explain(_connection, _cursor, text, values, context, _many):
            one = values[0] if context and context.executemany else values
            rows = raw.execute(f"EXPLAIN QUERY PLAN {text}", one)
            plans.extend((text, row[3]) for row in rows)

        raw = sqlite3.connect(tmp_path / "shop.db")
        event.listen(store.database.engine, "before_cursor_execute", explain)
        store.changes(cursor)
        store.recommendations(ids=["a"], since=1.0)
        store.recommendations(user="ann")
        store.reactions(experiment="e")
        store.reactions()
        store.tables(users=["ann"])
        store.merge_users("ann", "bob")
        raw.close()
    scans = [
        plan for plan in plans if plan[1].startswith("SCAN") and plan[1].split()[1] not in SMALL
    ]
    assert len(plans) > 10
    assert not scans


@pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux counts it")
def test_pages_that_were_read_are_returned(tmp_path):
    with open_store(tmp_path / "shop.db") as store:
        store.write(shop(200_000, "a-user-with-a-rather-long-name"))
    command = [sys.executable, "-c", READ_PAGES, str(tmp_path / "shop.db")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert float(found[0]) > 5
    assert found[1] == "200000"


def test_a_write_of_items_does_nothing_about_events(tmp_path, monkeypatch):
    for name in ("build_event_batch", "insert_events"):
        monkeypatch.setattr(f"daybreak.store.sql.{name}", None)
    tea = pl.DataFrame({"item_id": ["tea"], "price": [2.5]})
    with open_store(tmp_path / "shop.db") as store:
        written = store.write(Tables.of(items=tea))
        assert (written.items, written.users, written.events, written.fresh) == (1, 0, 0, ())
        assert store.tables().items.rows() == [("tea", 2.5)]
