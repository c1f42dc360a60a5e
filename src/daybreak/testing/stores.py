"""Checks that every store must pass; each takes a function that opens the same fresh store.

A store that outlives its process is opened anew by the second call; one in memory need not be.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.errors import DataError, StoreError
from daybreak.store import Release, Store, Written

Open: TypeAlias = Callable[[], Store]


def _shop() -> Tables:
    events = pl.DataFrame(
        {
            "user_id": ["ann", "ann", "bob", "ann"],
            "item_id": ["tea", "tea", "rum", "gone"],
            "event_type": ["purchase", "purchase", None, "view"],
            "value": [1.5, 1.5, None, None],
            "timestamp": [10.0, 10.0, None, 12.25],
        }
    )
    items = pl.DataFrame(
        {
            "item_id": ["tea", "rum", "gin"],
            "title": ["Tea 茶", 'Old "Rum"', None],
            "year": [1999, None, None],
            "price": [2.0, 12.5, None],
            "sold": [True, False, None],
        }
    )
    return Tables.of(events, items, pl.DataFrame({"user_id": ["bob"], "text": ["pirate"]}))


def check_gives_back_what_was_written(open_fresh: Open) -> None:
    """Values, types and orders survive."""
    shop = _shop()
    with open_fresh() as store:
        store.write(shop)
        back = store.tables()
    assert back.events.equals(shop.events)
    assert back.items.equals(shop.items)
    assert back.users.equals(shop.users)


def check_an_empty_store_gives_empty_tables(open_fresh: Open) -> None:
    """Nothing is a valid content."""
    with open_fresh() as store:
        assert store.write(Tables.of()) == Written(0, 0, 0)
        tables = store.tables()
        assert not (tables.events.height)
        assert not (tables.items.height)
        assert not (tables.users.height)
        assert store.releases() == []
        assert store.settings() == {}


def check_writing_again_changes_nothing(open_fresh: Open) -> None:
    """Equal events of one call stay apart; the next call finds all of them again."""
    shop = _shop()
    with open_fresh() as store:
        assert store.write(shop) == Written(4, 2, 4)
        assert store.write(shop) == Written(0, 0, 0)
        assert store.write(shop.with_events(shop.events[2:])) == Written(0, 0, 0)
        assert store.tables().events.equals(shop.events)


def check_an_event_id_is_written_once(open_fresh: Open) -> None:
    """The same id is the same event; events without an id are told by their content."""
    events = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "x", "x"]})
    with open_fresh() as store:
        tables = Tables.of(events)
        assert store.write(tables, event_ids=pl.Series(["1", "2", None])).events == 3
        assert store.write(tables, event_ids=pl.Series(["2", "3", None])).events == 1
        try:
            store.write(tables, event_ids=pl.Series(["1"]))
        except DataError:
            return
    raise AssertionError("event ids of the wrong number were accepted")


def check_items_are_updated_by_column(open_fresh: Open) -> None:
    """New columns are added, given ones replaced (an empty value deletes), others stay."""
    first = pl.DataFrame({"item_id": ["x", "y"], "title": ["Tea", "Rum"], "price": [1, 2]})
    then = pl.DataFrame({"item_id": ["x", "z"], "price": [None, 3], "colour": ["red", None]})
    with open_fresh() as store:
        store.write(Tables.of(items=first))
        assert store.write(Tables.of(items=then)).items == 1
        items = store.tables().items
    assert items.select("item_id", "title", "price", "colour").rows() == [
        ("x", "Tea", None, "red"),
        ("y", "Rum", 2, None),
        ("z", None, 3, None),
    ]


def check_events_alone_keep_attributes(open_fresh: Open) -> None:
    """Ids that come with events only have no values that could replace the old ones."""
    shop = _shop()
    more = pl.DataFrame({"user_id": ["bob"], "item_id": ["tea"]})
    with open_fresh() as store:
        store.write(shop)
        store.write(Tables.of(more))
        assert store.tables().items.equals(shop.items)


def check_vectors_are_kept_by_model(open_fresh: Open) -> None:
    """Unknown ones are left out; writing again replaces."""
    with open_fresh() as store:
        store.put_vectors("m", {"a": np.array([1.5, -2.0], np.float32)})
        store.put_vectors("m", {"a": np.array([0.1, 3.0], np.float32)})
        store.put_vectors("n", {"a": np.zeros(3, np.float32)})
        found = store.vectors("m", ["a", "b"])
    assert list(found) == ["a"]
    assert found["a"].dtype == np.float32
    assert np.array_equal(found["a"], np.array([0.1, 3.0], np.float32))


def check_at_most_one_release_is_active(open_fresh: Open) -> None:
    """The newest comes first; a new active one takes the place of the old."""
    first = Release("r1", 1.0, "releases/r1", {"k": [1, 2]}, active=True)
    second = Release("r2", 2.0, "releases/r2", active=True)
    with open_fresh() as store:
        store.put_release(first)
        assert store.releases() == [first]
        store.put_release(second)
        assert [(r.id, r.active) for r in store.releases()] == [("r2", True), ("r1", False)]


def check_settings_are_changed_and_deleted(open_fresh: Open) -> None:
    """None deletes; anything JSON can hold comes back."""
    with open_fresh() as store:
        assert store.settings({"rules": {"positive": "like"}, "k": 10})["k"] == 10
        assert store.settings({"k": None}) == {"rules": {"positive": "like"}}
        assert store.settings() == {"rules": {"positive": "like"}}


def check_a_closed_store_refuses(open_fresh: Open) -> None:
    """Closing twice is harmless, using it afterwards is a clear error."""
    store = open_fresh()
    store.close()
    store.close()
    try:
        store.tables()
    except StoreError:
        return
    raise AssertionError("a closed store gave an answer")


STORE_CHECKS: tuple[Callable[[Open], None], ...] = (
    check_gives_back_what_was_written,
    check_an_empty_store_gives_empty_tables,
    check_writing_again_changes_nothing,
    check_an_event_id_is_written_once,
    check_items_are_updated_by_column,
    check_events_alone_keep_attributes,
    check_vectors_are_kept_by_model,
    check_at_most_one_release_is_active,
    check_settings_are_changed_and_deleted,
    check_a_closed_store_refuses,
)
"""All checks of this module."""
