import sqlite3
from pathlib import Path

import pytest

OLD = Path(__file__).parent.parent / "store" / "first_release.sql"


@pytest.fixture
def old(here):
    """A store of the first release."""
    connection = sqlite3.connect(here / "daybreak.db")
    connection.executescript(OLD.read_text("utf-8"))
    connection.close()


def test_an_old_store_says_what_to_do_and_that_helps(old, call, ask):
    status, _, err = call("describe")
    assert status == 6
    assert "run: daybreak store upgrade --store daybreak.db" in err
    done = ask("store", "upgrade", "--store", "daybreak.db")
    assert done == {"before": 1, "after": 3, "backup": "daybreak.db.v1.backup"}
    assert ask("describe")["events"] == 3
    _, out, _ = call("store", "upgrade")
    assert out == "version 3: nothing to do\n"


def test_people_are_told_of_the_copy(old, call):
    _, out, err = call("store", "upgrade")
    assert out == "version 1 is now version 3\n"
    assert "daybreak.db.v1.backup; delete it once the new store works" in err


def test_a_dump_goes_into_another_store(imported, ask, call):
    rows = ask("store", "dump", "shop.dump")["rows"]
    assert rows["items"] == 4
    status, out, _ = call("store", "restore", "shop.dump", "--store", "other.db")
    assert (status, out.splitlines()[0]) == (0, "4 items")
    assert ask("describe", "--store", "other.db") == ask("describe")


def test_a_store_with_content_and_a_bad_file_are_refused(imported, ask, call, here):
    ask("store", "dump", "shop.dump", "--vectors")
    status, _, err = call("store", "restore", "shop.dump")
    assert (status, "into an empty store" in err) == (6, True)
    (here / "shop.dump").write_bytes(b"x")
    status, _, err = call("store", "restore", "shop.dump", "--store", "new.db")
    assert (status, "is not a dump" in err) == (3, True)


def test_a_password_is_never_shown(ask):
    settings = ask("config", "--store", "postgresql://eve:secret@db/shop")["settings"]
    assert settings[0]["value"] == "postgresql://eve:***@db/shop"
