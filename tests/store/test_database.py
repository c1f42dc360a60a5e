import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread, Timer

import polars as pl
import psycopg
import pytest

from daybreak.data import Tables
from daybreak.deadline import limited_wait, remaining_wait_s
from daybreak.errors import DataError, StoreError
from daybreak.store import EventColumns, PostgresStore, SqliteStore, open_store
from daybreak.testing.postgres import PostgresServer

WRITE_ON = """
import sys
import polars as pl
from daybreak.data import Tables
from daybreak.store import open_store
with open_store(sys.argv[1]) as store:
    for number in range(10_000):
        tables = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": [str(number)]}))
        store.write(tables, event_ids=pl.Series([str(number)]))
        print(number, flush=True)
"""


ADD_ON = """
import sys
from threading import Thread
from daybreak.store import EventColumns, open_store

def add(start):
    for number in range(start, 100_000, 8):
        store.add_events(EventColumns(["ann"], [str(number)], event_id=[str(number)]))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

with open_store(sys.argv[1]) as store:
    threads = [Thread(target=add, args=(start,)) for start in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def event(item="tea", user="ann"):
    return Tables.of(pl.DataFrame({"user_id": [user], "item_id": [item]}))


def many(n=20_000):
    ids = pl.int_range(n, eager=True).cast(pl.String)
    return Tables.of(pl.DataFrame({"user_id": ids, "item_id": ids}))


@pytest.fixture(scope="module")
def own_server():
    """A server that these tests may stop."""
    with PostgresServer() as server:
        yield server


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_a_kill(lasting_url):
    """Killed five times while it writes; then the last event is sent again."""
    written = -1
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITE_ON, lasting_url], stdout=subprocess.PIPE, text=True
        )
        numbers = [int(child.stdout.readline()) for _ in range(20)]
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        written = max(written, *numbers, *map(int, rest.split()))
    with open_store(lasting_url) as store:
        items = store.tables().events["item_id"].cast(pl.Int64).sort().to_list()
        assert items in (list(range(written + 1)), list(range(written + 2)))
        again = store.write(event(str(written)), event_ids=pl.Series([str(written)]))
        assert again.fresh == (False,)


@pytest.mark.slow
def test_events_that_share_commits_are_there_after_a_kill(lasting_url):
    """Eight threads add single events; none that was acknowledged is lost, none is twice."""
    written = set()
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", ADD_ON, lasting_url], stdout=subprocess.PIPE, text=True
        )
        lines = [child.stdout.readline() for _ in range(100)]
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        lines += rest.splitlines(keepends=True)
        written |= {int(line) for line in lines if line.endswith("\n") and line.strip()}
    with open_store(lasting_url) as store:
        items = store.tables().events["item_id"].cast(pl.Int64).to_list()
        assert len(items) == len(set(items))
        assert len(written) >= 100
        assert written <= set(items)
        assert len(items) <= len(written) + 3 * 8  # those whose answer was cut off
        ids = [str(number) for number in sorted(written)]
        again = store.add_events(EventColumns(["ann"] * len(ids), ids, event_id=ids))
        assert again.events == 0


def test_a_locked_file_is_waited_for(tmp_path):
    path = tmp_path / "shop.db"
    with SqliteStore(f"sqlite:///{path}", wait_s=20.0) as store:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = Timer(0.3, other.close)
        timer.start()
        assert store.write(event()).events == 1
        timer.join()


def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room(tmp_path):
    with open_store(tmp_path / "shop.db") as store:
        store.write(event())
        pages = limited(store, "PRAGMA page_count")
        limited(store, f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="the disk is full; make room, nothing was lost"):
            store.write(many())
        assert store.tables().events.height == 1
        limited(store, "PRAGMA max_page_count = 1000000")
        assert store.write(many()).events == 20_000


def limited(store, pragma):
    """Set a limit on the connection that the store uses, and return what it says."""
    with store.database.engine.connect() as connection:
        return connection.exec_driver_sql(pragma).scalar()


def test_a_file_that_may_not_grow_says_so(tmp_path):
    """The system refuses the write itself, as with a quota."""
    path = tmp_path / "shop.db"
    with open_store(path) as store:
        store.write(event())
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
        try:
            with pytest.raises(StoreError, match="check its space and its health"):
                store.write(many())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
        assert store.tables().events.height == 1
        assert store.write(many()).events == 20_000


def test_a_file_that_is_gone_is_never_made_anew(tmp_path):
    """Put back, it is used again."""
    path, away = tmp_path / "shop.db", tmp_path / "away.db"
    with open_store(path) as store:
        store.write(event("tea"))
        store.erase(users=["nobody"])  # empties the log, so that the file is all
        shutil.copy(path, away)
        for part in tmp_path.glob("shop.db*"):
            part.unlink()
        with pytest.raises(StoreError, match=r"shop\.db is gone: .*restore it"):
            store.write(event("rum"))
        with pytest.raises(StoreError, match="is gone"):
            store.tables()
        assert not path.exists()
        away.rename(path)
        assert store.write(event("rum")).events == 1
    with open_store(path) as store:
        assert store.tables().events["item_id"].to_list() == ["tea", "rum"]


def test_a_restarted_server_is_found_again(own_server):
    with open_store(own_server.new_database()) as store:
        store.write(event("tea"))
        own_server.stop(signal.SIGQUIT)
        starter = Thread(target=own_server.start)
        starter.start()
        assert store.write(event("rum")).events == 1, "waited for the server"
        starter.join()
        assert store.tables().events["item_id"].to_list() == ["tea", "rum"]


def test_a_server_that_is_gone_says_so(own_server):
    with PostgresStore(own_server.new_database(), wait_s=0.3) as store:
        own_server.stop()
        try:
            with pytest.raises(
                StoreError, match="cannot be reached; check that the server runs"
            ):
                store.write(event())
        finally:
            own_server.start()
        assert store.write(event()).events == 1


@pytest.mark.parametrize(
    ("part", "other", "message"),
    [
        (r"/test\d+", "/nosuch", "does not exist; create the database with: createdb"),
        ("postgres@", "eve:secret@", "does not exist"),
        ("host=", "host=%2Fnowhere%2F", "cannot be reached; check that the server runs"),
    ],
)
def test_a_wrong_url_says_what_is_wrong_without_the_password(postgres, part, other, message):
    url = re.sub(part, other, postgres.new_database())
    with pytest.raises(StoreError, match=message) as caught:
        PostgresStore(url, wait_s=0.2)
    assert "secret" not in str(caught.value)


def test_a_lock_in_the_database_is_waited_for_no_longer_than_told(own_server):
    url = own_server.new_database()
    with PostgresStore(url, wait_s=0.3) as store, open_store(url) as other:
        with other.database.engine.begin() as connection:
            connection.exec_driver_sql("LOCK TABLE counter")
            with pytest.raises(StoreError, match="is locked by another process; wait"):
                store.write(event())
        assert store.write(event()).events == 1


def test_a_character_that_a_database_cannot_store_is_bad_data(postgres):
    with open_store(postgres.new_database()) as store:
        with pytest.raises(DataError, match=r"the character U\+0000"):
            store.write(event("a\0b"))
        assert store.write(event("ab")).events == 1


def test_half_a_character_is_bad_data(url):
    with open_store(url) as store, pytest.raises(DataError, match="is not Unicode"):
        store.put_documents("kind", {"\ud800": {}})


def test_tables_of_another_program_are_left_alone(postgres):
    url = postgres.new_database()
    store = open_store(url)
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE daybreak_version")
    store.close()
    with pytest.raises(StoreError, match="has a table 'answers' of another program"):
        open_store(url)


def test_bad_work_does_not_spoil_that_of_others(url):
    """Threads share commits; one of them brings something that cannot be stored."""
    with open_store(url) as store:
        told = []

        def write(number):
            try:
                if number % 4 == 0:
                    store.put_documents("kind", {"\ud800": {}})
                told.append(store.write(event(str(number))).events)
            except DataError:
                told.append(0)

        threads = [Thread(target=write, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(told) == 9
        assert len(told) == 12
        assert store.tables().events.height == 9


def test_threads_wait_for_a_lock_together(tmp_path):
    """Not one after the other, or the last would wait for hours."""
    path = tmp_path / "shop.db"
    with SqliteStore(f"sqlite:///{path}", wait_s=0.3) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        errors = []

        def write(number):
            try:
                store.write(event(str(number)))
            except StoreError as error:
                errors.append(str(error))

        threads = [Thread(target=write, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 30
        assert all("is locked by another process" in error for error in errors)
        other.close()
        assert store.write(event()).events == 1


@contextmanager
def frozen(server):
    """Suspend a server: its connections stay open, and it says nothing."""
    processes = [server.pid, *children_of(server.pid)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_a_silent_server_is_noticed(own_server, monkeypatch):
    monkeypatch.setattr("daybreak.store.postgres_connection.MIN_EXCHANGE_S", 0.3)
    with open_store(own_server.new_database()) as store:
        store.write(event("tea"))
        with (
            frozen(own_server),
            limited_wait(0.1),
            pytest.raises(StoreError, match="cannot be reached"),
        ):
            store.write(event("rum"))
        assert store.write(event("gin")).events == 1


def test_calls_that_have_waited_for_a_silent_server_do_not_ask_it_again(
    own_server, monkeypatch
):
    """A queue of calls would otherwise wait for its silence one after the other."""
    monkeypatch.setattr("daybreak.store.postgres_connection.MIN_EXCHANGE_S", 0.2)
    asked, connected = [], []
    with open_store(own_server.new_database()) as store:
        store.write(event("tea"))
        transact, connect = store.database._transact, psycopg.Connection.connect.__func__

        def count_transact(engine, work):
            asked.append(remaining_wait_s())
            return transact(engine, work)

        def count_connect(cls, *args, **kwargs):
            connected.append(kwargs["connect_timeout"])
            return connect(cls, *args, **kwargs)

        monkeypatch.setattr(store.database, "_transact", count_transact)
        monkeypatch.setattr(psycopg.Connection, "connect", classmethod(count_connect))
        with frozen(own_server):
            with limited_wait(0), pytest.raises(StoreError, match="cannot be reached"):
                store.tables()
            assert (len(asked), connected) == (1, [])
            for call in (store.tables, store.releases, lambda: store.write(event())):
                with limited_wait(0), pytest.raises(StoreError, match="busy or cannot"):
                    call()
            assert len(asked) == 1
            with limited_wait(0.3), pytest.raises(StoreError, match="cannot be reached"):
                store.tables()
            assert len(asked) > 1, "a call that may wait asks again"
        assert store.tables().events.height == 1
        with limited_wait(0):
            assert store.tables().events.height == 1


def children_of(pid):
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], check=True, capture_output=True, text=True
    )
    return [int(number) for number in listing.stdout.split()]


def test_a_limit_of_the_caller_is_shorter_than_that_of_the_store(tmp_path):
    path = tmp_path / "shop.db"
    with SqliteStore(f"sqlite:///{path}", wait_s=3_600.0) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with limited_wait(0.1), pytest.raises(StoreError, match="is locked"):
            store.write(event())
        assert store.tables().events.height == 0, "reading needs no lock"
        other.close()
        assert store.write(event()).events == 1


def test_work_that_waits_for_the_commit_of_others_gives_up_before_it_begins(tmp_path):
    path = tmp_path / "shop.db"
    with SqliteStore(f"sqlite:///{path}", wait_s=3_600.0) as store:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        first = Thread(target=store.write, args=(event("tea"),))
        first.start()
        while not store.database._group_commit._committing:
            pass
        with limited_wait(0.1), pytest.raises(StoreError, match="is busy"):
            store.write(event("rum"))
        other.close()
        first.join()
        assert store.tables().events["item_id"].to_list() == ["tea"]
