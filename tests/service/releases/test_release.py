import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from daybreak import Recommender
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DataError, NextStep, NotFoundError
from daybreak.service.releases.release import HEADER_FILE
from tests.service.releases.old_release import as_before_checksums

KILLED = """
import os, sys
from pathlib import Path
from daybreak import Recommender
model, folder, at = Recommender.load(sys.argv[1]), Path(sys.argv[1]), int(sys.argv[2])
rename, done = Path.rename, []
def dying(self, target):
    if len(done) == at:
        os._exit(9)
    done.append(target)
    return rename(self, target)
Path.rename = dying
model.save(folder)
"""


def test_a_release_recommends_like_the_recommender_that_was_saved(shop, tables, tmp_path):
    events, _, users = tables
    shop.add_items([{"item_id": "new", "title": "rum cake"}])
    shop.save(tmp_path / "shop")
    again = Recommender.load(tmp_path / "shop", events=events, users=users)
    names = [*users["user_id"], "stranger"]
    before, after = shop.recommend(names, k=40), again.recommend(names, k=40)
    key = ["user_id", "item_id"]
    before, after = before.sort(key), after.sort(key)
    assert before.drop("rank", "score").equals(after.drop("rank", "score"))
    assert after["score"].to_list() == pytest.approx(before["score"].to_list(), abs=1e-4)
    assert again.notes == shop.notes
    assert again.report == shop.report


def test_saving_again_replaces_the_release_and_leaves_nothing_beside(shop, tmp_path):
    shop.save(tmp_path / "shop")
    shop.add_items([{"item_id": "new", "title": "rum cake"}])
    shop.save(tmp_path / "shop")
    assert "new" in Recommender.load(tmp_path / "shop").items["item_id"].to_list()
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize("renames_done", [0, 1])
def test_a_process_killed_while_saving_leaves_a_release(release, tmp_path, renames_done):
    folder = tmp_path / "shop"
    shutil.copytree(release, folder)
    command = [sys.executable, "-c", KILLED, str(folder), str(renames_done)]
    assert subprocess.run(command, check=False).returncode == 9
    model = Recommender.load(folder)
    assert model.recommend(["x"]).height == 10
    model.save(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_failed_save_leaves_the_old_release(release, tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    shutil.copytree(release, folder)
    model = Recommender.load(folder)
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
    assert Recommender.load(folder).recommend(["x"]).height == 10


def test_a_release_holds_no_data_of_users(release):
    files = [path for path in release.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert b"person-" not in path.read_bytes(), path
        assert path.suffix in {".json", ".safetensors", ".parquet"}


def test_the_error_for_a_folder_without_a_release_states_how_to_make_one(tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(NotFoundError, match=r"expected release\.json") as caught:
            Recommender.load(folder)
        assert caught.value.next_step is NextStep.TRAIN


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("content", [b"", b"garbage {", b"{}", b"[1]"])
def test_the_error_names_a_damaged_file(release, tmp_path, content):
    folder = shutil.copytree(release, tmp_path / "shop")
    for path in _files(folder):
        intact = path.read_bytes()
        path.write_bytes(content)
        with pytest.raises((DataError, NotFoundError)):
            Recommender.load(folder)
        path.write_bytes(intact)
    Recommender.load(folder)


def test_the_error_names_a_missing_file(release, tmp_path):
    folder = shutil.copytree(release, tmp_path / "shop")
    for path in _files(folder):
        intact = path.read_bytes()
        path.unlink()
        with pytest.raises((DataError, NotFoundError)):
            Recommender.load(folder)
        path.write_bytes(intact)
    Recommender.load(folder)


def test_a_release_of_another_format_is_refused(release, tmp_path):
    shutil.copytree(release, tmp_path / "shop")
    head = json.loads((tmp_path / "shop" / HEADER_FILE).read_text())
    (tmp_path / "shop" / HEADER_FILE).write_text(json.dumps(head | {"format": 1}))
    with pytest.raises(DataError, match="has format 1, this version reads 2"):
        Recommender.load(tmp_path / "shop")


class Lengths(Encoder):
    dim, hash = 2, "lengths"

    def _encode_batch(self, texts):
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_a_text_model_without_a_name_is_given_again(tables, tmp_path):
    events, items, _ = tables
    model = Recommender(encoder=Lengths(), strategies=["popular", "content/match"])
    model.fit(events, items).save(tmp_path / "shop")
    with pytest.raises(ConfigError):
        Recommender.load(tmp_path / "shop")
    again = Recommender.load(tmp_path / "shop", encoder=Lengths())
    assert again.recommend(["x"]).equals(model.recommend(["x"]))


def test_the_error_names_a_missing_text_model(release, tmp_path):
    shutil.copytree(release, tmp_path / "shop")
    head = as_before_checksums(tmp_path / "shop")
    head["settings"]["encoder"] = os.fspath(tmp_path / "no-model")
    (tmp_path / "shop" / HEADER_FILE).write_text(json.dumps(head))
    with pytest.raises(NotFoundError, match="needs the text model"):
        Recommender.load(tmp_path / "shop")
