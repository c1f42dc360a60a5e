from threading import Thread

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.errors import DaybreakError
from daybreak.store import open_store, stores
from daybreak.testing.stores import STORE_CHECKS


def test_every_registered_store_is_checked():
    assert set(stores) == {"postgresql", "sqlite"}


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
def test_a_store_keeps_the_contract(url, check):
    check(lambda: open_store(url))


def test_two_processes_see_what_the_other_writes(lasting_url):
    tables = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
    with open_store(lasting_url) as one, open_store(lasting_url) as other:
        cursor = other.changes(-1).cursor
        one.write(tables)
        assert other.changes(cursor).tables.events.height == 1
        one.settings({"k": 1})
        assert other.settings() == {"k": 1}
    with open_store(lasting_url) as later:
        assert later.tables().events.height == 1


def test_many_may_open_a_new_store_at_once_and_write(lasting_url):
    """Each has its own connections, as processes do; one of them makes the tables."""
    errors = []

    def use(name):
        try:
            with open_store(lasting_url) as store:
                for number in range(10):
                    frame = pl.DataFrame({"user_id": [name], "item_id": [str(number)]})
                    store.write(Tables.of(frame))
        except DaybreakError as error:
            errors.append(error)

    threads = [Thread(target=use, args=(f"u{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with open_store(lasting_url) as store:
        assert store.tables().events.height == 60
