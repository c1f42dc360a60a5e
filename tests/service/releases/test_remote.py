"""Releases in object storage: pushed by a training, fetched by whoever opens the store."""

import json
import shutil
from dataclasses import asdict

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import read_tables
from daybreak.errors import DataError, NotFoundError, ServiceError
from daybreak.service.batch_answers import BatchOptions, write_answers
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.releases.remote import COPY_KEY, fetch_release
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.service.workspace import Workspace
from tests.service.object_store import object_store, object_store_settings


@pytest.fixture
def server(monkeypatch):
    with object_store({}) as running:
        for name, value in object_store_settings(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def settings(tmp_path):
    return Settings(
        store=f"sqlite:///{tmp_path}/shop.db", encoder="none", releases="s3://bucket/shop"
    )


@pytest.fixture
def workspace(server, settings):
    events = pl.DataFrame(
        {
            "user_id": [f"u{n % 9}" for n in range(60)],
            "item_id": [f"i{n % 11}" for n in range(60)],
        }
    )
    with Workspace(settings, create=True) as opened:
        opened.write_import(read_tables(events))
        opened.train(["popular", "item_knn"])
        yield opened


@pytest.fixture
def release(workspace):
    return workspace.store.active_release()


@pytest.fixture
def folder(release, tmp_path):
    return tmp_path / release.folder


def recommend(settings):
    """Return a list as another machine with the same settings makes it."""
    with Workspace(settings) as elsewhere:
        return elsewhere.recommend(["u1"])


def test_a_training_pushes_all_files_of_the_release(server, release, folder):
    assert release.metadata[COPY_KEY]["url"] == f"s3://bucket/shop/{release.id}"
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    prefix = f"shop/{release.id}/"
    assert {name.removeprefix(prefix) for name in server.objects} == here
    assert list(server.objects)[-1] == prefix + MANIFEST_FILE


def test_a_machine_without_the_release_fetches_it(workspace, settings, folder, tmp_path):
    before = recommend(settings)
    shutil.rmtree(folder)
    assert recommend(settings).equals(before)
    assert folder.is_dir()
    shutil.rmtree(folder)
    with RecommenderService(settings) as service:
        answer = service.recommend(RecommendRequest(user_id="u1", n=3))
    assert len(answer.items) == 3
    shutil.rmtree(folder)
    out = tmp_path / "lists.parquet"
    assert write_answers(workspace, out, BatchOptions("processes:1")).users == 9


def test_a_changed_file_is_refused_and_nothing_stays(workspace, settings, server, folder):
    shutil.rmtree(folder)
    name = next(name for name in server.objects if name.endswith("items.parquet"))
    whole = server.objects[name]
    server.objects[name] = whole[:-1] + bytes([whole[-1] ^ 1])
    with pytest.raises(DataError, match=r"items\.parquet differs from its hash"):
        recommend(settings)
    server.objects[name] = whole + b"more"
    with pytest.raises(DataError, match=r"items\.parquet differs from its hash"):
        recommend(settings)
    assert list(folder.parent.iterdir()) == []


def test_a_manifest_that_the_store_does_not_know_is_refused(
    workspace, settings, server, folder
):
    shutil.rmtree(folder)
    name = next(name for name in server.objects if name.endswith(MANIFEST_FILE))
    server.objects[name] += b" "
    with pytest.raises(DataError, match=r"checksums\.json differs from its hash"):
        recommend(settings)


def test_a_name_that_leads_out_of_the_folder_is_refused(workspace, server, release, tmp_path):
    name = next(name for name in server.objects if name.endswith(MANIFEST_FILE))
    manifest = json.loads(server.objects[name])
    manifest["files"] = {"../../evil": {"bytes": 1, "sha256": "0"}, **manifest["files"]}
    server.objects[name] = json.dumps(manifest).encode()
    with pytest.raises(DataError, match=r"lists the file '\.\./\.\./evil'"):
        fetch_release(release.metadata[COPY_KEY]["url"], tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_a_missing_copy_is_named(workspace, settings, server, folder):
    shutil.rmtree(folder)
    server.objects.clear()
    with pytest.raises(NotFoundError, match=r"no object .*checksums\.json"):
        recommend(settings)


def test_a_release_that_cannot_be_pushed_is_not_activated(workspace, monkeypatch):
    active = workspace.store.active_release()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(ServiceError, match="cannot be reached"):
        workspace.train(["popular"])
    assert workspace.store.active_release() == active


def test_a_recommender_opens_the_address_of_a_release(
    workspace, release, tmp_path, monkeypatch
):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    url = release.metadata[COPY_KEY]["url"]
    found = Recommender.load(url).recommend(["a stranger"], k=3)
    local = Recommender.load(tmp_path / release.folder).recommend(["a stranger"], k=3)
    assert found.equals(local)
    assert len(list((tmp_path / "cache" / "releases").iterdir())) == 1


def test_the_training_of_a_service_pushes_too(workspace, settings, server):

    outcome = retrain(asdict(settings), asdict(TrainOptions(gate=False)))
    assert outcome["status"] == "done", outcome
    assert f"shop/{outcome['release']}/{MANIFEST_FILE}" in server.objects
