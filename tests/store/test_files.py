"""Permissions of files, and stores whose file or disk cannot be used as usual."""

import os
import shutil
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import StoreError
from daybreak.service.workspace import check_store_file
from daybreak.store import dump, open_store, restore, upgrade_store

ONE_EVENT = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))


@pytest.fixture(autouse=True)
def _open_umask():
    """Everybody may read new files unless the program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_only_their_user_reads_a_store_its_log_and_its_dumps(tmp_path):
    with open_store(tmp_path / "shop.db") as store:
        store.write(ONE_EVENT)
        dump(store, tmp_path / "shop.dump")
        found = modes(tmp_path)
    assert {"shop.db", "shop.db-wal", "shop.db-shm", "shop.dump"} <= set(found)
    assert set(found.values()) == {0o600}


def test_only_their_user_reads_the_copy_of_an_upgrade_and_a_replaced_dump(tmp_path):
    script = Path(__file__).parent / "second_release.sql"
    with sqlite3.connect(tmp_path / "shop.db") as old:
        old.executescript(script.read_text("utf-8"))
    old.close()
    backup = upgrade_store(tmp_path / "shop.db").backup
    assert backup.stat().st_mode & 0o777 == 0o600
    (tmp_path / "shop.dump").write_text("readable by all")
    with open_store(tmp_path / "shop.db") as store:
        dump(store, tmp_path / "shop.dump")
    assert modes(tmp_path)["shop.dump"] == 0o600
    with open_store(tmp_path / "new.db") as store:
        restore(tmp_path / "shop.dump", store)


def test_permissions_that_a_user_gave_to_a_store_stay(tmp_path):
    open_store(tmp_path / "shop.db").close()
    (tmp_path / "shop.db").chmod(0o660)
    with open_store(tmp_path / "shop.db") as store:
        store.write(ONE_EVENT)
        assert set(modes(tmp_path).values()) == {0o660}


@pytest.mark.parametrize("name", ["shop.db", "a shop?.db", "100%.db", "茶 #1.db"])
def test_a_store_in_a_folder_that_cannot_be_written_is_read(tmp_path, monkeypatch, name):
    with open_store(tmp_path / name) as store:
        store.write(ONE_EVENT)
    files = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with open_store(tmp_path / name) as store:
        assert store.tables().events.height == 1
        with pytest.raises(StoreError, match="the file or its folder is read-only"):
            store.write(ONE_EVENT)
        assert store.tables().events.height == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == files


@pytest.mark.parametrize("url", ["sqlite:///{}/shop.db", "{}/shop.db"])
def test_a_file_of_no_bytes_is_no_store_any_more(tmp_path, url):
    url = url.format(tmp_path)
    check_store_file(url, create=True)
    open_store(url).close()
    check_store_file(url, create=False)
    (tmp_path / "shop.db").write_bytes(b"")
    with pytest.raises(StoreError, match=r"is empty \(0 bytes\): it was truncated"):
        check_store_file(url, create=True)
    assert (tmp_path / "shop.db").stat().st_size == 0


def test_a_start_that_failed_for_a_full_disk_leaves_no_empty_file(tmp_path, monkeypatch):
    def full(connection):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("daybreak.store.sqlite.create_tables", full)
        patch.setattr("daybreak.store.sqlite.has_tables", full)
        with pytest.raises(StoreError, match="the disk is full; make room"):
            open_store(tmp_path / "shop.db")
    assert not (tmp_path / "shop.db").exists()
    open_store(tmp_path / "shop.db").close()


def test_an_error_of_a_full_disk_says_that_it_is_full(tmp_path, monkeypatch):
    with open_store(tmp_path / "shop.db") as store:
        error = sqlite3.OperationalError("disk I/O error")
        assert "check its space" in str(store.database.translate_error(error))
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
        assert "the disk is full; make room" in str(store.database.translate_error(error))
