"""What the catalogue does not have is not recommended, and events put nothing on sale."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import Tables, read_tables
from daybreak.errors import ConfigError, DataError
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.workspace import Workspace

EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "ann", "bob", "bob", "cid", "cid", "dan"],
        "item_id": ["tea", "old", "old", "cup", "old", "tea", "old"],
        "timestamp": [1_700_000_000 + n for n in range(7)],
    }
)
ITEMS = pl.DataFrame({"item_id": ["tea", "cup", "pot"], "title": ["Tea", "Cup", "Pot"]})


def fitted(items=ITEMS, **options):
    return Recommender(encoder="none", strategies=["popular"], **options).fit(EVENTS, items)


def listed(model, **options):
    return set(model.recommend(["someone new"], k=10, **options)["item_id"])


def test_items_that_only_events_know_are_not_recommended():
    model = fitted()
    assert listed(model) == {"tea", "cup", "pot"}
    assert "old" not in set(model.similar_items(texts=["Tea"], k=9)["item_id"])
    assert any("not recommended" in note for note in model.notes)


def test_without_a_catalogue_the_items_of_the_events_are_all_there_is():
    assert listed(fitted(None)) == {"tea", "old", "cup"}


def test_a_catalogue_of_bare_ids_is_a_catalogue():
    assert listed(fitted(pl.DataFrame({"item_id": ["tea", "pot"]}))) == {"tea", "pot"}


def test_the_setting_lets_unknown_items_in_for_all_lists_or_for_one():
    model = fitted(unknown_items="recommend")
    assert "old" in listed(model)
    assert "old" not in listed(model, rules=Rules(unknown_items="exclude"))
    model.unknown_items = "exclude"
    assert "old" not in listed(model)
    assert "old" in listed(model, rules=Rules(unknown_items="recommend"))
    for wrong in (lambda: Rules(unknown_items="yes"), lambda: fitted(unknown_items="no")):
        with pytest.raises(ConfigError, match="exclude or recommend"):
            wrong()


def test_the_setting_is_part_of_a_release(tmp_path):
    fitted(unknown_items="recommend").save(tmp_path / "release")
    assert "old" in listed(Recommender.load(tmp_path / "release"))
    fitted().save(tmp_path / "release")
    assert "old" not in listed(Recommender.load(tmp_path / "release"))


def test_an_unknown_item_that_is_added_with_its_attributes_is_recommended():
    model = fitted()
    model.add_items([{"item_id": "old", "title": "Old pot"}, {"item_id": "bare"}])
    assert listed(model) == {"tea", "cup", "pot", "old", "bare"}


def test_a_new_catalogue_replaces_the_old_one_and_keeps_the_histories():
    model = fitted()
    model.replace_items(
        [{"item_id": "cup", "title": "Cup"}, {"item_id": "jar", "title": "Jar"}]
    )
    assert listed(model) == {"cup", "jar"}
    assert model.recommend(["ann"], k=1)["user_temperature"].item() == "hot"
    model.replace_items(ITEMS)
    assert listed(model) == {"tea", "cup", "pot"}
    with pytest.raises(DataError, match="without items"):
        model.replace_items(ITEMS.clear())


def test_users_and_events_can_be_removed():
    model = fitted()
    assert "tea" not in listed_of(model, "ann")
    model.remove_events([{"user_id": "ann", "item_id": "tea"}])
    assert "tea" in listed_of(model, "ann")
    model.remove_users(["bob", "unknown"])
    assert model.recommend(["bob"], k=1)["user_temperature"].item() != "hot"
    assert model.recommend(["cid"], k=1)["user_temperature"].item() == "hot"


def listed_of(model, user):
    return set(model.recommend([user], k=10)["item_id"])


@pytest.fixture
def settings(tmp_path):
    return Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")


@pytest.fixture
def workspace(settings):
    with Workspace(settings, create=True) as opened:
        opened.write_import(read_tables(EVENTS, ITEMS))
        opened.train("popular")
        yield opened


@pytest.fixture
def live(workspace, settings):
    with RecommenderService(settings, poll_s=3600) as service:
        yield service


def served(live, **fields):
    response = live.recommend(RecommendRequest(n=10, **fields))
    return {item.item_id for item in response.items}


def test_a_store_keeps_what_is_in_the_catalogue(workspace):
    lists = workspace.recommend(["someone new"], k=10)
    assert set(lists["item_id"]) == {"tea", "cup", "pot"}


def test_events_put_nothing_on_sale(live):
    live.catalogue.delete("tea")
    live.events.add([{"user_id": "eve", "item_id": "tea"}])
    live.events.add([{"user_id": f"robot{n}", "item_id": "nobody sells"} for n in range(9)])
    live.releases.recount_popularity()
    assert served(live) == {"cup", "pot"}
    assert {item.item_id for item in live.lists.popular(10)} <= {"cup", "pot"}
    assert "nobody sells" in served(live, rules=Rules(unknown_items="recommend"))


def test_a_bare_item_that_is_put_is_in_the_catalogue(live):
    live.catalogue.put([{"item_id": "bare"}])
    assert "bare" in served(live)
    live.catalogue.put([{"item_id": "tea", "title": None}], partial=True)
    assert "tea" in served(live)


def test_a_complete_catalogue_over_rows_is_all_or_nothing(live):
    refused = live.catalogue.replace([{"item_id": "cup"}, {"item_id": ""}])
    assert (refused.accepted, refused.left, len(refused.rejected)) == (0, 0, 1)
    assert served(live) == {"tea", "cup", "pot"}
    done = live.catalogue.replace([{"item_id": "cup"}, {"item_id": "jar", "title": "Jar"}])
    assert (done.accepted, done.left) == (2, 2)
    assert served(live) == {"cup", "jar"}
    live.catalogue.put([{"item_id": "tea", "price": 2}], partial=True)
    assert "tea" not in served(live)
    live.catalogue.put([{"item_id": "tea", "title": "Tea"}])
    assert "tea" in served(live)


def test_an_import_replaces_the_catalogue_and_the_next_one_brings_items_back(workspace):
    written = workspace.write_import(read_tables(items=ITEMS[1:]), replace_items=True)
    assert written.items_left == 1
    assert set(workspace.recommend(["ann"], k=10)["item_id"]) == {"cup", "pot"}
    assert workspace.recommend(["ann"], k=1)["user_temperature"].item() == "hot"
    workspace.write_import(read_tables(items=ITEMS))
    assert "tea" in set(workspace.recommend(["someone"], k=10)["item_id"])
    with pytest.raises(DataError, match="no items were read"):
        workspace.write_import(read_tables(EVENTS), replace_items=True)


def test_the_setting_holds_for_the_store_and_the_service(workspace, settings):
    settings = Settings(settings.store, encoder="none", unknown_items="recommend")
    with Workspace(settings) as opened:
        assert "old" in set(opened.recommend(["someone new"], k=10)["item_id"])
    with RecommenderService(settings, poll_s=3600) as service:
        assert "old" in served(service)


def test_items_users_and_events_are_deleted_from_a_store(workspace):
    assert workspace.delete_events(user=" ann", item="tea") == 1
    assert workspace.delete_items(["cup", "nothing"]) == 1
    assert workspace.delete_users(["bob", "nobody"]) == 1
    tables = workspace.tables
    assert "cup" not in set(tables.items["item_id"])
    assert set(tables.events["user_id"]) == {"ann", "cid", "dan"}
    with pytest.raises(ConfigError, match="name the events"):
        workspace.delete_events()


def test_tables_of_a_store_are_taken_over_as_they_are():
    model = fitted()
    tables = Tables.of(EVENTS, ITEMS[:1])
    model.load_tables(tables)
    assert listed(model) == {"tea"}


@pytest.fixture
def bare_settings(tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path}/bare.db", encoder="none")
    with Workspace(settings, create=True) as opened:
        opened.write_import(read_tables(EVENTS))
        opened.train("popular")
    return settings


def late_events(item):
    return [{"user_id": f"late{n}", "item_id": item} for n in range(5)]


def test_without_a_catalogue_a_late_event_does_not_bring_a_deleted_item_back(bare_settings):
    with RecommenderService(bare_settings, poll_s=3600) as live:
        live.catalogue.delete("tea")
        live.events.add(late_events("tea"))
        live.releases.recount_popularity()
        assert served(live) == {"old", "cup"}
        assert {item.item_id for item in live.lists.popular(10)} == {"old", "cup"}
        live.events.add(late_events("new"))
        assert served(live) == {"old", "cup", "new"}, "other unknown ids are still learned"
    with RecommenderService(bare_settings, poll_s=3600) as live:
        assert served(live) == {"old", "cup", "new"}, "a restart remembers it"
        live.catalogue.put([{"item_id": "tea", "title": "Tea"}])
        assert "tea" in served(live)
        live.events.add(late_events("tea"))
        assert "tea" in served(live)


def test_deleted_items_stay_away_from_the_commands_and_trainings_as_well(bare_settings):
    with Workspace(bare_settings) as opened:
        opened.delete_items([" tea "])
        opened.write_import(read_tables(EVENTS))
        assert listed(opened) == {"old", "cup"}
        opened.train("popular")
        assert listed(opened) == {"old", "cup"}
        opened.delete_items(["tea"])
        opened.write_import(read_tables(EVENTS))
        assert listed(opened) == {"old", "cup"}, "deleted twice"
        opened.write_import(read_tables(items=pl.DataFrame({"item_id": ["tea", "old", "cup"]})))
        assert listed(opened) == {"tea", "old", "cup"}


def test_a_deleted_item_that_comes_back_with_one_attribute_is_there_again(bare_settings):
    with RecommenderService(bare_settings, poll_s=3600) as live:
        live.catalogue.delete("tea")
        live.events.add(late_events("tea"))
        live.catalogue.put([{"item_id": "tea", "price": 3}], partial=True)
        live.catalogue.put([{"item_id": "cup"}, {"item_id": "old"}])
        assert "tea" in served(live)
