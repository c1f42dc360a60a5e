import shutil

import pytest

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.service.serving import RecommenderService
from daybreak.store import Release, open_store

LINE_UP = ["popular", "popular/now", "profile", "item_knn", "content/match", "content/ridge"]


@pytest.fixture(scope="session")
def trained(tables, tmp_path_factory):
    """A folder with a store of the tables, and two releases that were learned from it."""
    folder = tmp_path_factory.mktemp("trained")
    events, items, users = tables
    with open_store(f"sqlite:///{folder}/shop.db") as store:
        store.write(Tables.of(events, items, users))
        first = Recommender(encoder="none", strategies=LINE_UP)
        first.fit(*tables).save(folder / "releases" / "r1")
        second = Recommender(encoder="none", strategies=["popular", "content/match"])
        second.fit(*tables).save(folder / "releases" / "r2")
        store.put_release(Release("r1", 1.0, "releases/r1", active=True))
        store.put_release(Release("r2", 2.0, "releases/r2"))
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """A copy of it for one test."""
    copy = tmp_path / "shop"
    shutil.copytree(trained, copy)
    return copy


@pytest.fixture
def settings(folder):
    return Settings(store=f"sqlite:///{folder}/shop.db", encoder="none")


@pytest.fixture
def live(settings):
    """A service over the release; other processes are followed when a test says so."""
    with RecommenderService(settings, poll_s=3600) as service:
        yield service


@pytest.fixture
def fresh(tmp_path):
    """A service over nothing."""
    with RecommenderService(
        Settings(store=f"sqlite:///{tmp_path}/new.db"), poll_s=3600
    ) as service:
        yield service
