"""Files of version 0.1, written before the code was reorganised, open and answer as before."""

import gzip
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from daybreak import Recommender
from daybreak.cli.app import run
from daybreak.data.recency import RecencyCurve
from daybreak.evaluation import Report
from daybreak.models import models
from daybreak.service.api_keys import ApiKeyCache, ApiKeyStore
from daybreak.store import open_store, restore, upgrade_store
from daybreak.testing.encoders import CountingEncoder
from daybreak.testing.models import example_dataset, example_queries

ARCHIVE = Path(__file__).with_name("version_0_1.tar.xz")


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A folder with the files, and what the commit that wrote them answered."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAYBREAK_ENCODER", "none")
    monkeypatch.setenv("DAYBREAK_STORE", "shop.db")
    return tmp_path


@pytest.fixture
def expected(old):
    return json.loads((old / "expected.json").read_text("utf-8"))


@pytest.fixture
def command(capsys):
    """Run a command line and return what it prints as JSON."""

    def call(*arguments):
        assert run([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


def lists_of(frame, users):
    rows = frame.sort("user_id", "rank").iter_rows(named=True)
    found = {user: [] for user in users}
    for row in rows:
        found[row["user_id"]].append([row["item_id"], row["score"], row["strategy"]])
    return found


def assert_lists(found, wanted):
    """Compare lists; items whose scores differ by less than they are rounded may be swapped."""
    for user, rows in wanted.items():
        scores = [[score for _, score, _ in side] for side in (found[user], rows)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)
        for (item, score, by), (wanted_item, _, wanted_by) in zip(
            found[user], rows, strict=True
        ):
            tied = {(i, b) for i, s, b in rows if abs(s - score) < 2e-4}
            assert (item, by) == (wanted_item, wanted_by) or (item, by) in tied


def test_the_store_has_every_row(old, expected):
    assert upgrade_store(old / "shop.db").backup is None
    with open_store(old / "shop.db") as store:
        tables = store.tables()
        counts = expected["rows"]
        assert tables.items.height == counts["items"]
        assert tables.items.columns == ["item_id", "title", "shelf", "price"]
        assert tables.users.height == counts["users"]
        assert tables.events.height == counts["events"]
        assert store.vectors("counting-1", ["00" * 16])["00" * 16].tolist() == [1.5, -2.0]
        assert store.settings()["note"] == {"text": "茶"}
        assert [release.id for release in store.releases()] == [expected["release"]]


def test_the_events_keep_what_they_came_with(old):
    with open_store(old / "shop.db") as store:
        events = store.event_page(user="person-0").events
        assert events["recommendation_id"].to_list()[0] == "a1"
        assert json.loads(events["context"][0]) == {"page": "home", "tags": ["茶"]}


def test_recommendations_are_found_in_the_log(old, expected):
    with open_store(old / "shop.db") as store:
        log = store
        first, second = log.recommendations()
        assert (first.id, first.experiment, first.session_id) == ("a1", "next", "s0")
        assert [(one.item_id, one.rank, one.explored) for one in first.shown] == [
            ("item-1", 1, True),
            ("item-2", 2, False),
        ]
        assert second.shadow
        assert log.reactions()["recommendation_id"].to_list() == ["a1"] * log.reactions().height
        assert log.documents("experiments")["next"] == expected["experiment"]
        assert ApiKeyCache(ApiKeyStore(log)).find(expected["key"]).role == "write"


def test_the_dump_is_restored_into_a_new_store(old, expected):
    with open_store(old / "new.db") as new, open_store(old / "shop.db") as store:
        assert restore(old / "shop.jsonl.gz", new) == expected["rows"]
        assert new.tables().items.equals(store.tables().items)
        assert new.tables().events.equals(store.tables().events)


def test_a_new_dump_has_the_same_lines(old):
    with open_store(old / "shop.db"):
        assert run(["store", "dump", "new.jsonl.gz", "--vectors"]) == 0
    with gzip.open("new.jsonl.gz") as new, gzip.open(old / "shop.jsonl.gz") as before:
        assert new.read() == before.read()


def test_the_command_line_gives_the_same_lists(old, expected, command):
    for user, wanted in expected["lists"].items():
        found = command("recommend", user, "--k", "5")["recommendations"]
        rows = [[row["item_id"], row["score"], row["strategy"]] for row in found]
        assert_lists({user: rows}, {user: wanted})


def test_the_command_line_explains_the_same_score(old, expected, command):
    found = command("explain", "person-0", expected["explained"])["reasons"]
    assert [(row["kind"], row["name"]) for row in found] == [
        (kind, name) for kind, name, _ in expected["explanation"]
    ]
    values = [value for _, _, value in expected["explanation"]]
    assert [row["value"] for row in found] == pytest.approx(values, abs=1e-4)


def test_a_saved_recommender_gives_the_same_lists(old, expected):
    with open_store(old / "shop.db") as store:
        tables = store.tables()
    model = Recommender.load(
        old / "saved", events=tables.events, users=tables.users, encoder=CountingEncoder()
    )
    wanted = expected["saved"]
    assert_lists(lists_of(model.recommend(list(wanted), k=5), wanted), wanted)


NEWER_MODELS = {
    *("again", "age", "content_ease", "content_history", "profile_match", "taste", "wish"),
    *("ease_neighbours", "interest", "next_event", "season"),
    *(name for name in models if name.startswith("source_")),
}
"""Models that version 0.1 did not have."""


@pytest.mark.parametrize("name", [name for name in models if name not in NEWER_MODELS])
def test_every_model_scores_the_same(old, expected, name):
    model = models[name].load(old / "models" / name)
    data = replace(example_dataset(), recency=RecencyCurve(None))
    scores = model.score(example_queries(data), data.items)
    wanted = np.array(expected["scores"][name], np.float64)
    np.testing.assert_allclose(scores, wanted, atol=1e-4)
    model.save(old / "again")
    assert (old / "again" / "model.json").read_bytes() == (
        old / "models" / name / "model.json"
    ).read_bytes()


def test_a_report_is_read_to_the_last_bit(old):
    text = (old / "report.json").read_text("utf-8")
    assert Report.from_json(text).to_json() == text


def test_a_recommender_saved_again_has_the_same_files(old):
    """A release may gain fields and products; what version 0.1 reads stays as it is."""
    Recommender.load(old / "saved", encoder=CountingEncoder()).save(old / "again")
    before, after = (
        {
            str(path.relative_to(old / folder)): json.loads(path.read_text("utf-8"))
            for path in (old / folder).rglob("*.json")
        }
        for folder in ("saved", "again")
    )
    assert after["release.json"].pop("checksums")
    assert set(after.pop("checksums.json")["files"]) > set(before)
    assert after["content/content.json"]["text_encoder"].pop("dim") == CountingEncoder().dim
    after = {name: text for name, text in after.items() if "/scorer/" not in name}
    for part in ("blend", "rules"):
        values = after["release.json"][part]
        after["release.json"][part] = {
            name: values[name] for name in before["release.json"][part]
        }
    assert after == before
