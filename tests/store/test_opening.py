import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pgvector.sqlalchemy  # noqa: F401 - lets columns of its type be described
import polars as pl
import pytest
from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from daybreak.data import Tables
from daybreak.errors import NextStep, NotFoundError, StoreError
from daybreak.store import open_store, upgrade_store
from daybreak.store.opening import migrate
from daybreak.store.postgres import postgres_engine

FIRST_RELEASE, SECOND_RELEASE = (
    Path(__file__).with_name(f"{name}_release.sql").read_text("utf-8")
    for name in ("first", "second")
)
UPGRADE = """
import sys
from daybreak.store import upgrade_store
print("ready", flush=True)
upgrade_store(sys.argv[1])
"""


def old_file(path, n_events=0):
    """A file as the first release wrote it, maybe with many more events."""
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_RELEASE)
    rows = ((n.to_bytes(16, "big"), f"u{n % 999}", f"i{n % 77}") for n in range(n_events))
    connection.executemany("INSERT INTO events (key, user_id, item_id) VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def tables_of(engine):
    """Every column and index by table, as plain values."""
    look = inspect(engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in columns],
            look.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (index["name"], index["column_names"], bool(index["unique"]), conditions(index))
                for index in look.get_indexes(table)
            ),
        )
        for table in look.get_table_names()
        for columns in [look.get_columns(table)]
    }


def conditions(index):
    return sorted(str(value) for value in index.get("dialect_options", {}).values())


def test_a_file_of_the_first_release_loses_nothing(tmp_path):
    path = old_file(tmp_path / "shop.db")
    with pytest.raises(StoreError, match="has version 1, this program reads version") as caught:
        open_store(path)
    assert caught.value.next_step is NextStep.UPGRADE_STORE
    done = upgrade_store(path)
    assert (done.before, done.after) == (1, 3)
    with open_store(path) as store:
        tables = store.tables()
        assert tables.events["user_id"].to_list() == ["ann", "bob", "ann"]
        assert tables.events["value"].to_list() == [1.0, None, 5.0]
        assert tables.items.rows()[0] == ("tea", "Tea 茶", 2.5)
        assert tables.users.rows() == [("bob", "pirate"), ("ann", None)]
        assert np.array_equal(store.vectors("m", ["a"])["a"], np.float32([1.5, -2.0]))
        assert [release.id for release in store.releases()] == ["r1"]
        assert store.settings() == {"rules": {"positive": "like"}}
        assert store.write(tables).events == 2, "the two with an id come without it"
        assert store.merge_users("ann", "eve") > 0


def test_a_file_of_the_second_release_loses_nothing(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SECOND_RELEASE)
    with pytest.raises(StoreError, match="has version 2"):
        open_store(path)
    done = upgrade_store(path)
    assert (done.before, done.backup) == (2, tmp_path / "shop.db.v2.backup")
    with open_store(path) as store, open_store(tmp_path / "new.db") as new:
        assert tables_of(store.database.engine) == tables_of(new.database.engine)
        kept = store.event_page()
        assert kept.events["recommendation_id"].to_list() == ["a1", None, None]
        assert kept.events["context"].null_count() == 3
        assert store.event_page(item="tea").events.height == 2
        assert store.recommendations()[0].experiment == "x"
        assert store.documents("keys") == {"k1": {"role": "admin"}}
        events = store.tables().events
        again = store.write(Tables.of(events), event_ids=pl.Series(["e1", None, "e3"]))
        assert again.events == 0


def test_the_file_is_copied_before(tmp_path):
    path = old_file(tmp_path / "shop.db")
    copy = upgrade_store(path).backup
    assert copy == tmp_path / "shop.db.v1.backup"
    with pytest.raises(StoreError, match="has version 1"):
        open_store(copy)
    assert upgrade_store(copy).backup == tmp_path / "shop.db.v1.backup.v1.backup"
    with open_store(copy) as store:
        assert store.tables().events.height == 3


def test_an_earlier_copy_is_never_overwritten(tmp_path):
    path = old_file(tmp_path / "shop.db")
    (tmp_path / "shop.db.v1.backup").write_text("precious")
    assert upgrade_store(path).backup == tmp_path / "shop.db.v1.backup2"
    assert (tmp_path / "shop.db.v1.backup").read_text() == "precious"


def test_upgrading_again_does_nothing(lasting_url):
    open_store(lasting_url).close()
    assert upgrade_store(lasting_url).backup is None


def test_a_newer_or_strange_or_missing_store_is_refused(tmp_path):
    newer, strange = tmp_path / "newer.db", tmp_path / "strange.db"
    for path, line in ((newer, "PRAGMA user_version = 9"), (strange, "CREATE TABLE notes (x)")):
        if path is newer:
            open_store(path).close()
        with sqlite3.connect(path) as connection:
            connection.execute(line)
        connection.close()
    with pytest.raises(
        StoreError, match=r"has version 9, .*; use the release that wrote it, or"
    ):
        upgrade_store(newer)
    with pytest.raises(StoreError, match="belongs to another program"):
        upgrade_store(strange)
    with pytest.raises(NotFoundError, match=r"there is no store at '.*none\.db'"):
        upgrade_store(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_database_without_a_store_is_refused(postgres):
    with pytest.raises(NotFoundError, match="there is no store in 'postgresql:"):
        upgrade_store(postgres.new_database())


def test_an_upgraded_store_has_the_same_tables_as_a_new_one(tmp_path):
    upgrade_store(old_file(tmp_path / "old.db"))
    with open_store(tmp_path / "old.db") as old, open_store(tmp_path / "new.db") as new:
        assert tables_of(old.database.engine) == tables_of(new.database.engine)


@pytest.mark.parametrize("version", [1, 2])
def test_an_upgraded_database_has_the_same_tables_as_a_new_one(postgres, version):
    url = postgres.new_database()
    engine = postgres_engine(make_url(url), 10.0)
    with engine.begin() as connection:
        migrate(connection, version)
        add = "INSERT INTO events (key, user_id, item_id) VALUES (%s, 'ann', 'tea')"
        connection.exec_driver_sql(add, (b"0" * 16,))
    engine.dispose()
    with pytest.raises(StoreError, match=f"has version {version}"):
        open_store(url)
    assert upgrade_store(url).before == version
    with open_store(url) as old, open_store(postgres.new_database()) as new:
        assert tables_of(old.database.engine) == tables_of(new.database.engine)
        assert old.event_page(item="tea").events["user_id"].to_list() == ["ann"]


@pytest.mark.slow
def test_killed_in_the_middle_the_store_is_old_or_new(tmp_path):
    """Killed at moments from the copy to the end; then the upgrade is run again."""
    versions = set()
    for number, wait_s in enumerate((0.05, 0.2, 0.4, 0.7, 1.1)):
        path = old_file(tmp_path / f"shop{number}.db", 60_000)
        child = subprocess.Popen(
            [sys.executable, "-c", UPGRADE, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "ready\n"
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        with sqlite3.connect(path) as connection:
            versions.add(connection.execute("PRAGMA user_version").fetchone()[0])
        connection.close()
        upgrade_store(path)
        with open_store(path) as store:
            assert store.tables().events.height == 60_003
        assert not list(tmp_path.glob("*.part"))
    assert 1 in versions
