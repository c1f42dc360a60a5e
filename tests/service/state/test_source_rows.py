"""Domains of one store as sources: what is recommended, and what counts as a source history."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import EventRules, Tables
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.inputs.sources import join_sources, split_domains
from daybreak.service.source_inputs import read_sources
from daybreak.service.state.source_rows import SourceRows
from daybreak.store.base import Changes

N_TASTES = 4


def both_domains(names=("brot", "wein"), *, same_items=False):
    """Events on two domains; people 0 to 119 are in the first, 20 to 159 in the second."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(160):
        for domain, first, last in ((names[0], 0, 120), (names[1], 20, 160)):
            if first <= user < last:
                own = np.arange(user % N_TASTES, 40, N_TASTES)
                prefix = "art" if same_items else domain
                rows += [
                    (f"u{user}", f"{prefix}{item}", domain)
                    for item in rng.choice(own, 5, replace=False)
                ]
    return Tables.of(pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row"))


@pytest.fixture(scope="module")
def tables():
    return both_domains()


@pytest.fixture(scope="module")
def release(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "wein"
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    model.fit(tables, sources=["domain=brot"]).save(folder)
    return folder


def tastes(lists):
    return {int(id_.strip("abeinrtw")) % N_TASTES for id_ in lists["item_id"].to_list()}


def test_a_release_remembers_its_source_domains(release, tables):
    loaded = Recommender.load(release).load_tables(tables)
    assert loaded.state.trained.stats.source_domains == ("brot",)
    lists = loaded.recommend(["u3", "u150", "new"], k=40)
    assert all(id_.startswith("wein") for id_ in lists["item_id"].to_list())


def test_events_of_a_source_domain_are_source_histories(release, tables):
    loaded = Recommender.load(release).load_tables(tables)
    assert len(loaded.state.profiles.attributes_of("u3")["source_items"]) == 5
    assert tastes(loaded.recommend(["u3"], k=5)) == {3}


def test_an_event_that_comes_later_counts_at_once(release, tables):
    loaded = Recommender.load(release).load_tables(tables)
    ids = [f"brot{item}" for item in (1, 5, 9, 13)]
    loaded.add_events(pl.DataFrame({"user_id": ["late"] * 4, "item_id": ids}))
    loaded.add_events(pl.DataFrame({"user_id": ["late"], "item_id": ["brot1"]}))
    assert loaded.state.profiles.attributes_of("late")["source_items"] == ids
    assert tastes(loaded.recommend(["late"], k=5)) == {1}


def test_a_dislike_in_a_source_domain_is_no_source_history(release, tables):
    loaded = Recommender.load(release).load_tables(tables)
    no = pl.DataFrame({"user_id": ["anti"], "item_id": ["brot1"], "event_type": ["dislike"]})
    loaded.add_events(no)
    assert "source_items" not in loaded.state.profiles.attributes_of("anti")


def test_a_changed_profile_keeps_the_source_history(release, tables):
    state = Recommender.load(release).load_tables(tables).state
    users = pl.DataFrame({"user_id": ["u3"], "city": ["Bern"]})
    empty = Tables.of(pl.DataFrame({"user_id": ["u3"], "item_id": ["wein3"]})).events[:0]
    items = pl.DataFrame(schema={"item_id": pl.String})
    changes = Changes(Tables(items, users, empty), (), (), 1, complete=True)
    attributes = state.with_changes(changes).profiles.attributes_of("u3")
    assert attributes["city"] == "Bern"
    assert len(attributes["source_items"]) == 5


def test_a_new_item_of_a_source_domain_is_not_recommended(release, tables):
    loaded = Recommender.load(release).load_tables(tables)
    items = {"item_id": ["neu1", "neu2"], "domain": ["brot", "wein"]}
    loaded.add_items(pl.DataFrame(items))
    assert "neu2" in loaded.items["item_id"]
    assert "neu1" not in loaded.items["item_id"]


def test_a_release_without_sources_takes_all_rows():
    rows = SourceRows((), Vocabulary(()), Vocabulary(["a"]))
    frame = pl.DataFrame({"item_id": ["a", "b"], "domain": ["x", "y"]})
    assert rows.own_items(frame).equals(frame)


@pytest.mark.parametrize(("domain", "is_target"), [("web", False), ("app", True), (None, True)])
def test_the_domain_of_an_event_decides_on_items_that_both_sell(domain, is_target):
    rows = SourceRows(("web",), Vocabulary(["a"]), Vocabulary(["a"]))
    events = pl.DataFrame(
        {"user_id": ["u"], "item_id": ["a"], "domain": pl.Series([domain], dtype=pl.String)}
    )
    target, source = rows.split_events(events, Vocabulary(["a"]))
    assert (target.height, source.height) == ((1, 0) if is_target else (0, 1))


def test_platforms_sell_the_same_items():
    tables = both_domains(("web", "app"), same_items=True)
    unsold = pl.DataFrame({"item_id": ["art99"]})
    grown = replace(tables, items=pl.concat([tables.items, unsold], how="diagonal"))
    target, _ = split_domains(grown, ["web"], EventRules())
    assert set(target.items["item_id"]) == set(grown.items["item_id"])
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    model.fit(tables, sources={"site": "domain=web"})
    assert {one["source"] for one in model.report["sources"] if one["used"]} == {"site"}
    assert tastes(model.recommend(["u3"], k=5)) == {3}


def test_a_source_is_named_by_its_domain(tables):
    _, (one,) = read_sources(tables, "domain=brot", EventRules())
    assert (one.name, one.domain) == ("brot", "brot")


def test_stored_source_histories_stay_where_the_source_has_none(tables):
    users = pl.DataFrame({"user_id": ["u0", "guest"], "source_items": [["x"], ["brot2"]]})
    stored = replace(tables, users=users)
    target, found = split_domains(stored, ["brot"], EventRules())
    joined, _ = join_sources(target, found)
    told = dict(joined.users.select("user_id", "source_items").iter_rows())
    assert told["guest"] == ["brot2"]
    assert len(told["u0"]) == 5
