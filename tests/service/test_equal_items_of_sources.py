"""Sources that sell the same items under other ids."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import Tables
from daybreak.service.inputs.sources import SourceTables, connect_items
from daybreak.service.transferring import join_datasets

N_FILMS = 40
NONE = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})


def title(film):
    kind = ("western", "comedy")[film % 2]
    return f"A {kind} of part {film} ({1950 + film})"


def films(prefix, order=range(N_FILMS)):
    rows = [(f"{prefix}{n}", title(film)) for n, film in enumerate(order)]
    return pl.DataFrame(rows, schema=["item_id", "title"], orient="row")


def other_shop(prefix="b"):
    """A shop with the films in the opposite order, whose first and third film sell best."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(200):
        own = np.arange(person % 2, N_FILMS, 2)
        chosen = {int(film) for film in rng.choice(own, 6, replace=False)} | {0, 2}
        rows += [(f"p{person}", f"{prefix}{N_FILMS - 1 - film}") for film in sorted(chosen)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    return Tables.of(events, films(prefix, range(N_FILMS - 1, -1, -1)))


@pytest.fixture(scope="module")
def launched():
    shop = Recommender(
        encoder="none", strategies=["popular", "item_knn", "content/match", "wish"]
    )
    return shop.fit(None, films("a"), sources={"other": other_shop()})


def test_a_shop_without_events_begins_with_what_sells_elsewhere(launched):
    best = launched.recommend(["new"], k=2)["item_id"].to_list()
    assert sorted(best) == ["a0", "a2"]


def test_a_sentence_counts_as_much_beside_a_source(launched):
    """What sells elsewhere, two westerns, does not come before what somebody asks for."""
    said = pl.DataFrame({"user_id": ["new"], "text": ["a comedy"]})
    found = launched.recommend(profiles=said, k=10)["item_id"].to_list()
    assert all(int(id_[1:]) % 2 for id_ in found)


def test_a_note_says_how_many_items_are_the_same(launched):
    assert (
        "source other: 40 of its 40 items are items of this catalogue under other ids (0 by an "
        "identifier, 40 by the title)"
    ) in launched.notes


def test_a_history_may_name_items_as_either_shop_does(launched, tmp_path):
    launched.save(tmp_path / "release")
    for shop in (launched, Recommender.load(tmp_path / "release")):
        lists = []
        for names in (["a5", "a9", "a13"], ["b34", "b30", "b26"]):
            told = pl.DataFrame({"user_id": ["new"] * 3, "item_id": names})
            found = shop.recommend(["new"], histories=told, k=10)["item_id"].to_list()
            lists.append([id_ for id_ in found if id_ not in {"a0", "a2", "a5", "a9", "a13"}])
        for found in lists:
            comedies = [id_ for id_ in found if int(id_[1:]) % 2]
            assert len(comedies) >= 0.7 * len(found)


def test_ids_that_are_equal_by_chance_are_read_as_those_of_the_source():
    shop = Recommender(encoder="none", strategies=["popular", "item_knn"])
    shop.fit(None, films(""), sources={"other": other_shop("")})
    assert sorted(shop.recommend(["new"], k=2)["item_id"].to_list()) == ["0", "2"]
    assert any("40 of its ids of items are ids of other items here" in n for n in shop.notes)


def test_domains_of_one_shop_keep_their_ids():
    source = SourceTables("web", films("b"), NONE, domain="web")
    assert connect_items(films("a"), source) is source


def test_items_are_connected_once():
    first = connect_items(films("a"), SourceTables("other", films("b"), NONE))
    assert first.aliases["b7"] == "a7"
    assert connect_items(films("a"), first) is first


def test_pretraining_has_items_of_several_data_sets_once():
    mine = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["a0"]}), films("a"))
    joined = join_datasets([("a", mine), ("b", other_shop())])
    assert joined.items.height == N_FILMS
    assert "a/a0" in joined.events.filter(pl.col("user_id") == "b/p0")["item_id"].to_list()
