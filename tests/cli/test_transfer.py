import json

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

N_TASTES = 4
TITLES = ("green tea", "dark rum", "red wine", "black coffee")


def write_shops(folder, *, shuffled=False):
    """Two folders with people in common; with ``shuffled`` tastes there are unrelated."""
    rng = np.random.default_rng(0)
    taste = rng.integers(0, N_TASTES, 200)
    of_source = rng.permutation(taste) if shuffled else taste
    for name, tastes, people in (("wine", taste, 200), ("food", of_source, 140)):
        rows = [
            (f"u{user}", f"{name}{item}")
            for user in range(people)
            for item in rng.choice(np.arange(tastes[user], 48, N_TASTES), 5, replace=False)
        ]
        if name == "food":
            rows += [("guest", f"food{item}") for item in (2, 6, 10, 14)]
        (folder / name).mkdir()
        frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
        frame.write_csv(folder / name / "events.csv")


OPTIONS = ("--encoder", "none")


def test_a_helpful_folder_is_used_for_the_release_of_another(here, ask):
    write_shops(here)
    told = ask("transfer", "--source", "food", "--target", "wine", "--out", "out", *OPTIONS)
    assert told["refused"] == []
    assert told["slices"][0]["verdict"] == "helps"
    model = Recommender.load(here / "out")
    history = pl.DataFrame({"user_id": ["x"] * 3, "item_id": ["food1", "food5", "food9"]})
    lists = model.recommend(["x"], histories=history, k=3)
    assert all(int(id_[4:]) % N_TASTES == 1 for id_ in lists["item_id"])


def test_a_useless_source_is_refused_with_its_own_status(here, call):
    write_shops(here, shuffled=True)
    status, out, err = call("transfer", "--source", "food", "--target", "wine", *OPTIONS)
    assert status == 13
    assert "not used" in out
    assert "no help in simulated cold starts" in err


def test_a_store_keeps_what_its_people_chose_elsewhere(here, ask):
    write_shops(here)
    ask("import", "wine", "--store", "wine.db")
    told = ask("transfer", "--source", "food", "--target", "wine.db", *OPTIONS)
    assert told["release"]
    told = ask("recommend", "guest", "--store", "wine.db", "--explain")["recommendations"]
    assert all(int(one["item_id"][4:]) % N_TASTES == 2 for one in told[:3])
    assert "food" in json.dumps(told)


def test_a_domain_of_a_store_is_no_source(here, call, ask):
    frame = pl.DataFrame(
        {"user_id": ["a", "b"], "item_id": ["x", "y"], "domain": ["food", "wine"]}
    )
    frame.write_csv(here / "events.csv")
    ask("import", "events.csv", "--store", "both.db")
    status, _, err = call("transfer", "--source", "food", "--target", "both.db", *OPTIONS)
    assert status == 2
    assert "two stores" in err


@pytest.fixture
def pretrained(here, ask):
    """A release of two small shops with titles."""
    write_shops(here)
    for name in ("wine", "food"):
        ids = [f"{name}{item}" for item in range(48)]
        titles = [f"{TITLES[item % N_TASTES]} {item // N_TASTES}" for item in range(48)]
        frame = pl.DataFrame({"item_id": ids, "title": titles})
        frame.write_csv(here / name / "items.csv")
    ask("pretrain", "wine", "food", "--out", "media", *OPTIONS)
    return here / "media"


def test_a_shop_without_events_starts_from_a_pretrained_release(here, ask, pretrained):
    (here / "new").mkdir()
    titles = [f"{TITLES[item % N_TASTES]} no {item}" for item in range(40)]
    items = pl.DataFrame({"item_id": [f"n{item}" for item in range(40)], "title": titles})
    items.write_csv(here / "new" / "items.csv")
    told = ask(
        "transfer", "--source", str(pretrained), "--target", "new", "--out", "out", *OPTIONS
    )
    assert any("no simulated cold start has measured" in note for note in told["notes"])
    model = Recommender.load(here / "out")
    history = pl.DataFrame({"user_id": ["x"] * 2, "item_id": ["n2", "n6"]})
    lists = model.recommend(["x"], histories=history, k=5)
    assert lists.height == 5
    assert np.mean([int(id_[1:]) % N_TASTES == 2 for id_ in lists["item_id"]]) >= 0.8


def test_a_pretrained_release_has_no_people(pretrained):
    text = (pretrained / "release.json").read_text("utf-8")
    assert "u199" not in text


def test_a_list_of_titles_is_matched(here, ask, call):
    ask("import", "log.csv", "things.csv", "--column", "user_id=wer", "--column", "item_id=was",
        "--max-rejected", "0.5")  # fmt: skip
    ask("train", "--strategy", "popular")
    (here / "mine.txt").write_text("* green TEA\n* Dark Rum\n")
    found = ask("match", "mine.txt")["matches"]
    assert [one["item_id"] for one in found] == ["tea", "rum"]
    status, _, err = call("match", "missing.txt")
    assert status == 5
    assert "missing.txt" in err
