import polars as pl

from daybreak.service.serving.row_cache import RowCache


def test_unchanged_rows_are_distinguished_from_changed_ones():
    cache = RowCache("item_id", pl.DataFrame({"item_id": ["a", "b"], "price": [1.0, None]}))
    cache.put(pl.DataFrame({"item_id": ["c"], "tags": [["x", "y"]]}))
    told = [
        {"item_id": "a", "price": 1.0, "tags": None},
        {"item_id": "b", "price": 1.0, "tags": None},
        {"item_id": "c", "price": None, "tags": ["x", "y"]},
        {"item_id": "d", "price": None, "tags": None},
    ]
    assert cache.changed_rows(pl.DataFrame(told))["item_id"].to_list() == ["b", "d"]


def test_many_changed_rows_are_merged_into_the_frame():
    stored = pl.DataFrame({"item_id": ["a", "b"], "price": [1.0, 2.0]})
    cache = RowCache("item_id", stored, max_unmerged=2)
    told = {"item_id": ["b", "c", "d"], "price": [None, 3.0, None], "size": [None, None, "big"]}
    cache.put(pl.DataFrame(told))
    wanted = {"a": {"price": 1.0}, "b": {}, "c": {"price": 3.0}, "d": {"size": "big"}}
    assert {id_: cache.get(id_) for id_ in cache.ids()} == wanted
    cache.put(pl.DataFrame({"item_id": ["a", "d", "e"]}))
    assert cache.get("d") == {} == cache.get("e")
    assert set(cache.columns()) == {"price", "size"}


def test_rows_without_attributes_keep_their_positions():
    cache = RowCache("item_id", pl.DataFrame({"item_id": ["a", "b", "c"]}), max_unmerged=1)
    cache.put(pl.DataFrame({"item_id": ["b", "d"]}))
    assert [cache.get(id_) for id_ in "abcd"] == [{}] * 4
    cache.put(pl.DataFrame({"item_id": ["d", "c"], "price": [4.0, 3.0]}))
    assert [cache.get(id_) for id_ in "abcd"] == [{}, {}, {"price": 3.0}, {"price": 4.0}]


def test_an_item_that_is_sent_again_changes_nothing(live):
    row = {"item_id": "item-3", **(live.releases.row_caches.items.get("item-3") or {})}
    before = live.releases.current
    assert live.catalogue.put([row]).accepted == 1
    assert live.releases.current is before


def test_a_deleted_item_can_be_added_again(live):
    row = {"item_id": "item-3", **(live.releases.row_caches.items.get("item-3") or {})}
    live.catalogue.delete("item-3")
    live.catalogue.put([row])
    assert "item-3" in [item.item_id for item in live.lists.latest(35)]
