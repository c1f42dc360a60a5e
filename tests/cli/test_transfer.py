import json

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from tests.cli.conftest import must

pytestmark = pytest.mark.usefixtures("few_strategies")

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


def test_tables_with_columns_of_their_own_are_sent_to_an_import(here, call):
    write_shops(here)
    events = pl.read_csv(here / "food" / "events.csv").rename({"item_id": "Sache"})
    events.write_csv(here / "food" / "events.csv")
    told = "daybreak import food --store NEW.db --column item_id=NAME, and name NEW.db"
    status, _, err = call("transfer", "--source", "food", "--target", "wine", *OPTIONS)
    assert status == 3
    assert told in err
    assert told in call("transfer", "--source", "wine", "--target", "food", *OPTIONS)[2]
    assert told in call("pretrain", "wine", "food", "--out", "media", *OPTIONS)[2]


@pytest.mark.parametrize(
    "command",
    [("transfer", "--source", "food", "--target", "wine"), ("pretrain", "wine", "food")],
)
def test_a_release_is_not_written_among_other_files(command, here, call):
    write_shops(here)
    status, _, err = call(*command, "--out", "food", *OPTIONS)
    assert status == 2
    assert "'food' has other files; choose a new folder" in err
    status, _, err = call(*command, "--out", "food/events.csv", *OPTIONS)
    assert status == 2
    assert "is a file; choose a folder" in err
    assert [path.name for path in (here / "food").iterdir()] == ["events.csv"]


def test_a_source_that_is_not_there_is_told_as_it_was_named(here, call):
    write_shops(here)
    call("import", "wine", "--store", "wine.db")
    status, _, err = call("transfer", "--source", "fod", "--target", "wine.db", *OPTIONS)
    assert status == 5
    assert "there is no source" in err
    assert "domain=NAME" in err
    assert "gone" not in err


def test_a_store_keeps_what_its_people_chose_elsewhere(here, ask):
    write_shops(here)
    ask("import", "wine", "--store", "wine.db")
    told = ask("transfer", "--source", "food", "--target", "wine.db", *OPTIONS)
    assert told["release"]
    told = ask("recommend", "guest", "--store", "wine.db", "--explain")["recommendations"]
    assert all(int(one["item_id"][4:]) % N_TASTES == 2 for one in told[:3])
    assert "food" in json.dumps(told)


def train_with_food(folder):
    """Make a store that was trained with the folder ``food`` as a source."""
    write_shops(folder)
    must("import", "wine", "--store", "wine.db")
    must("transfer", "--source", "food", "--target", "wine.db", *OPTIONS)


@pytest.fixture
def remembering(copied):
    """A copy of such a store; it remembers the folder ``food`` of the original."""
    return copied(train_with_food)


STORE = ("--store", "wine.db", *OPTIONS)


def test_a_later_training_uses_the_sources_of_the_one_before(ask, remembering, filled):
    told = ask("train", *STORE, "--force")
    assert any("source food helps" in note for note in told["notes"])
    assert told["release"]["metadata"]["sources"] == [
        {"name": "food", "source": str(filled(train_with_food) / "food"), "used": True}
    ]
    told = ask("recommend", "guest", "--store", "wine.db")["recommendations"]
    assert all(int(one["item_id"][4:]) % N_TASTES == 2 for one in told[:3])


def test_releases_are_compared_with_their_sources(here, ask, remembering):
    ask("train", *STORE, "--force", "--no-gate")
    with_sources = ask("train", *STORE, "--no-gate")["release"]["id"]
    ask("train", *STORE, "--no-gate", "--strategy", "popular", "--strategy", "item_knn")
    told = ask("compare", "active", with_sources, "--store", "wine.db")["gate"]
    assert told["passed"]


def test_a_training_whose_source_is_gone_says_so(here, ask, call):
    train_with_food(here)
    (here / "food").rename(here / "elsewhere")
    status, _, err = call("train", *STORE)
    assert status == 5
    assert "the source 'food' of the training is gone" in err
    assert "--no-sources" in err
    told = ask("train", *STORE, "--no-sources", "--force")
    assert "sources" not in told["release"]["metadata"]
    told = ask("train", *STORE, "--force")
    assert "sources" not in told["release"]["metadata"]


def test_sources_are_named_anew_or_left_out(call, remembering):
    status, _, err = call("train", *STORE, "--source", "food", "--no-sources")
    assert status == 2
    assert "exclude each other" in err


def test_an_evaluation_has_the_sources_of_the_training_before(ask, call, remembering):
    status, out, _ = call("evaluate", "--slice", "cold_user_nothing", *STORE)
    assert status == 0
    assert "without_sources" in out
    _, out, _ = call("evaluate", "--slice", "cold_user_nothing", "--no-sources", *STORE)
    assert "without_sources" not in out


@pytest.mark.parametrize(
    ("options", "names"),
    [((), ["food"]), (("--no-sources",), []), (("--source", "food"), ["food"])],
)
def test_a_kept_evaluation_has_the_sources_of_the_store_or_of_the_command(
    ask, call, remembering, options, names
):
    told = ask("evaluate", "--keep", *options, *STORE)
    assert told["sources"] == names
    (nothing,) = [one for one in told["slices"] if one["slice"] == "cold_user_nothing"]
    assert ("without_sources" in nothing["systems"]) == bool(names)
    assert nothing["source_verdict"] == ("helps" if names else None)


def test_a_curve_of_the_shop_has_the_sources_of_the_store_or_none(ask, call, remembering):
    status, out, _ = call("evaluate", "--shop-curve", *STORE)
    assert status == 0
    assert "sources: food" in out
    told = ask("evaluate", "--shop-curve", "--no-sources", *STORE)
    assert told["sources"] == []
    assert "without_sources" not in {one["system"] for one in told["points"]}


def write_domains(folder):
    """One table of events on two domains; people have one taste in both."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(220):
        for domain, first, last in (("food", 0, 160), ("wine", 20, 220)):
            if first <= user < last:
                own = np.arange(user % N_TASTES, 48, N_TASTES)
                items = rng.choice(own, 5, replace=False)
                rows += [(f"u{user}", f"{domain}{item}", domain) for item in items]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row")
    frame.write_csv(folder / "events.csv")


@pytest.mark.parametrize("source", ["domain=food", "food"])
def test_a_domain_of_a_store_is_a_source_of_the_rest(here, ask, source):
    write_domains(here)
    ask("import", "events.csv", "--store", "both.db")
    told = ask("transfer", "--source", source, "--target", "both.db", *OPTIONS)
    assert told["refused"] == []
    assert told["sources"] == ["food"]
    lists = ask("recommend", "u2", "--store", "both.db", "-k", "20")["recommendations"]
    assert all(one["item_id"].startswith("wine") for one in lists)
    assert all(int(one["item_id"][4:]) % N_TASTES == 2 for one in lists[:3])
    told = ask("train", "--store", "both.db", "--force", *OPTIONS)
    assert told["release"]["metadata"]["sources"][0]["source"] == "domain=food"


def test_a_domain_that_the_store_does_not_have_is_named(here, ask, call):
    write_domains(here)
    ask("import", "events.csv", "--store", "both.db")
    options = ("--target", "both.db", *OPTIONS)
    status, _, err = call("transfer", "--source", "domain=toys", *options)
    assert status == 3
    assert "no domain 'toys' in the data; domains: food, wine" in err


def pretrain_media(folder):
    """Make a release of two small shops with titles."""
    write_shops(folder)
    for name in ("wine", "food"):
        ids = [f"{name}{item}" for item in range(48)]
        titles = [f"{TITLES[item % N_TASTES]} {item // N_TASTES}" for item in range(48)]
        frame = pl.DataFrame({"item_id": ids, "title": titles})
        frame.write_csv(folder / name / "items.csv")
    must("pretrain", "wine", "food", "--out", "media", *OPTIONS)


@pytest.fixture
def pretrained(copied):
    return copied(pretrain_media) / "media"


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


def test_data_sets_of_one_name_are_kept_apart(here, ask, call):
    for country in ("canada", "mexico"):
        (here / country).mkdir()
        rows = [(f"u{user}", f"i{(user + n) % 12}") for user in range(20) for n in range(3)]
        frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
        frame.write_csv(here / country / "shop.csv")
    ask("pretrain", "canada/shop.csv", "mexico/shop.csv", "--out", "both", *OPTIONS)
    items = Recommender.load(here / "both").items["item_id"].to_list()
    assert len(items) == 24
    assert {"canada/shop/i0", "mexico/shop/i0"} <= set(items)
    status, _, err = call(
        "pretrain", "canada/shop.csv", "canada/shop.csv", "--out", "x", *OPTIONS
    )
    assert status == 2
    assert "two sources have the name" in err


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
    (here / "mine.txt").write_bytes("Café".encode("latin-1"))
    status, _, err = call("match", "mine.txt")
    assert status == 3
    assert "save it as UTF-8" in err
