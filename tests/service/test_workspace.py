import numpy as np
import polars as pl
import pytest

from daybreak.config import Settings
from daybreak.data import EventRules, ImportResult, Rejects, read_tables
from daybreak.errors import ConfigError, DataError, NextStep, NotFoundError
from daybreak.service.ingest.files import find_files, parse_columns
from daybreak.service.release_training import TrainOptions, stored_event_rules
from daybreak.service.releases.map_file import read_map
from daybreak.service.releases.release import releases_root
from daybreak.service.workspace import Workspace
from tests.server.example_store import tables


@pytest.fixture
def settings(tmp_path):
    return Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")


def test_a_workspace_does_not_create_a_missing_store(settings, tmp_path):
    with pytest.raises(NotFoundError, match="there is no store at") as caught:
        Workspace(settings)
    assert caught.value.next_step is NextStep.IMPORT_DATA
    assert not list(tmp_path.iterdir())


def test_an_empty_store_cannot_be_trained_on(settings):
    with Workspace(settings, create=True) as shop, pytest.raises(DataError, match="no items"):
        shop.train()


def test_event_rules_persist_across_processes_and_imports_without_rules(settings):
    events = pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "rating": [4]})
    rules = EventRules(positive="rating>=4")
    with Workspace(settings, create=True) as shop:
        shop.write_import(read_tables(events, rules=rules))
        shop.write_import(read_tables(events))
    with Workspace(settings) as shop:
        assert stored_event_rules(shop.store) == rules


def test_store_and_releases_can_be_moved_together(settings, tmp_path):
    events = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "y", "x"]})
    with Workspace(settings, create=True) as shop:
        shop.write_import(read_tables(events))
        shop.train()
    (tmp_path / "moved").mkdir()
    for name in ("shop.db", "releases"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    with Workspace(Settings(store=str(tmp_path / "moved" / "shop.db"), encoder="none")) as shop:
        assert shop.recommend(["b"])["item_id"].to_list() == ["y"]


def test_a_file_is_told_by_its_name_before_its_columns(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,user_id\nx,a\n")
    (tmp_path / "export.csv").write_text("item_id,user_id\nx,a\n")
    found = find_files([tmp_path / "items.csv", tmp_path / "export.csv"])
    assert {role: table.file for role, table in found.items()} == {
        "events": "export.csv",
        "items": "items.csv",
    }


def test_a_column_must_be_named_with_an_equals_sign():
    with pytest.raises(ConfigError, match="column must look like NAME=VALUE, got 'user_id'"):
        parse_columns(["user_id"])


def test_answers_for_a_few_do_not_read_the_events_of_all(settings, monkeypatch):
    events = pl.DataFrame(
        {
            "user_id": ["a", "a", "b", "b", "c"],
            "item_id": ["x", "y", "x", "z", "only in events"],
        }
    )
    items = pl.DataFrame({"item_id": ["x", "y", "z"], "title": ["tea", "cup", "tea cup"]})
    with Workspace(settings, create=True) as shop:
        shop.write_import(read_tables(events, items=items))
        shop.train()
    with Workspace(settings) as shop:
        recommender = shop.load_recommender()
        expected = [
            recommender.recommend(["b", "new"]).select("user_id", "item_id", "score"),
            recommender.similar_items(["x"])["item_id"],
            recommender.explain("a", "z"),
        ]
    with Workspace(settings) as shop:
        monkeypatch.setattr(shop.store, "tables", lambda **_: pytest.fail("read the store"))
        found = [
            shop.recommend(["b", "new"]).select("user_id", "item_id", "score"),
            shop.similar_items("x", None)["item_id"],
            shop.explain("a", "z"),
        ]
        assert shop.item_label("y") == "y (cup)"
    for one, wanted in zip(found, expected, strict=True):
        assert one.equals(wanted)


def test_a_training_stores_a_map_that_begins_with_the_one_before(settings):
    with Workspace(settings, create=True) as shop:
        shop.write_import(ImportResult(tables(), Rejects(), {}, ()))
        options = TrainOptions(gate=False)
        folders = [
            shop.train(("popular", "item_knn"), options=options).release.folder
            for _ in range(2)
        ]
    root = releases_root(settings.store)
    first, second = (read_map(root / folder) for folder in folders)
    assert first.ids == second.ids
    assert len(first.places) == len(tables().items)
    moved = np.linalg.norm(first.places - second.places, axis=1)
    assert np.median(moved) < 0.1  # the map is 2 wide
