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


def found(cache, text, after=-1, n=10):
    rows, last = cache.search(text, after, n)
    return [id_ for id_, _ in rows], last


def test_a_search_reads_ids_titles_and_changes_of_both():
    frame = pl.DataFrame(
        {"item_id": ["m-1", "m-2", "x"], "title": ["Red mug", "Café cup", None]}
    )
    cache = RowCache("item_id", frame)
    assert found(cache, "MUG red") == (["m-1"], None)
    assert found(cache, "cafe") == (["m-2"], None)
    cache.put(pl.DataFrame({"item_id": ["m-1", "mug"], "title": ["Blue mug", "Any"]}))
    assert found(cache, "mug") == (["mug", "m-1"], None)
    assert found(cache, "red") == ([], None)
    cache.remove(["mug"])
    assert found(cache, "mug") == (["m-1"], None)
    assert found(cache, "m-", n=1) == (["m-1"], 0)
    assert found(cache, "m-", after=0, n=1) == (["m-2"], None)


def test_a_search_takes_signs_of_patterns_as_text():
    cache = RowCache("item_id", pl.DataFrame({"item_id": ["a.c", "abc", "{}"]}))
    assert found(cache, "a.c") == (["a.c"], None)
    assert found(cache, "{}") == (["{}"], None)
    assert found(cache, "(") == ([], None)


def test_a_search_works_without_titles_and_with_titles_of_other_types():
    assert found(RowCache("user_id", pl.DataFrame({"user_id": ["ann"]})), "an") == (
        ["ann"],
        None,
    )
    typed = pl.DataFrame(
        {"item_id": ["a", "b"], "title": [1984, 7], "name": [["x", "y"], None]}
    )
    assert found(RowCache("item_id", typed), "198 y") == (["a"], None)
