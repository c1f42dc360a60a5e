"""Training with sources: verdicts, requests, releases."""

import numpy as np
import polars as pl
import pytest

from benchmarks.transfer.refusals import content_in_common, is_accepted
from daybreak import Recommender
from daybreak.data import EventRules, Tables
from daybreak.errors import ConfigError, DataError
from daybreak.ranking.blending.source_weights import needed_z
from daybreak.service.inputs.sources import join_sources, split_domains
from daybreak.service.releases.gate import compare_recommenders
from daybreak.service.source_inputs import read_sources

N_TASTES = 4


def two_domains(seed=0, *, shuffled=False, n_users=240, n_shared=140):
    """Users with one taste in both domains; with ``shuffled`` the tastes are unrelated."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, N_TASTES, n_users)
    of_source = rng.permutation(taste) if shuffled else taste
    rows = []
    for user in range(n_users):
        own = np.arange(taste[user], 60, N_TASTES)
        rows += [(f"u{user}", f"t{i}", "wine") for i in rng.choice(own, 6, replace=False)]
    for user in range(n_shared + 40):
        name = f"u{user}" if user < n_shared else f"x{user}"
        kind = of_source[user] if user < n_shared else user % N_TASTES
        own = np.arange(kind, 40, N_TASTES)
        rows += [(name, f"s{i}", "food") for i in rng.choice(own, 5, replace=False)]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row")


def trained(data, **options):
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    return model.fit(data, sources=["food"], **options)


def is_used(model):
    return any(one["used"] for one in model.report.get("sources", ()))


@pytest.fixture(scope="module")
def helped():
    return trained(two_domains())


@pytest.mark.parametrize("seed", range(20))
def test_a_helpful_source_is_used_and_a_shuffled_one_refused(seed):
    assert is_used(trained(two_domains(seed)))
    assert not is_used(trained(two_domains(seed, shuffled=True)))


def test_the_report_says_what_a_source_gains(helped):
    (first, *_) = helped.report["sources"]
    assert first["source"] == "food"
    assert first["bridge"] == "users"
    assert first["verdict"] == "helps"
    assert first["gain"][1] > 0
    assert first["with"] - first["without"] == pytest.approx(first["gain"][0], abs=2e-4)
    assert any("source food helps" in note for note in helped.notes)


def test_a_refused_source_has_a_note_and_no_strategy():
    model = trained(two_domains(3, shuffled=True))
    assert any("food" in note and "not used" in note for note in model.notes)
    assert not any("source/" in name for name in model.state.trained.blend.strategies)


SLICES = ["cold_user_nothing"]


@pytest.mark.parametrize("as_domain", [True, False], ids=["a domain of the data", "a frame"])
def test_an_evaluation_measures_with_and_without_a_source(as_domain):
    """Of held-out people the source knows the taste, a quarter of the catalogue."""
    data, sources = two_domains(), ["food"]
    if not as_domain:
        is_food = pl.col("domain") == "food"
        sources = {"food": data.filter(is_food).drop("domain")}
        data = data.filter(~is_food).drop("domain")
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    report = model.evaluate(data, sources=sources, slices=SLICES)
    assert report.systems == ("daybreak", "without_sources", "random", "popular")
    gain = report.compare("daybreak", "without_sources")["cold_user_nothing"]
    assert gain.is_better


def test_an_evaluation_with_a_shuffled_source_is_the_same_without_it():
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    shuffled = two_domains(3, shuffled=True)
    report = model.evaluate(shuffled, sources="food", slices=SLICES)
    gain = report.compare("daybreak", "without_sources")["cold_user_nothing"]
    assert not gain.differs


def taste_share(lists, taste):
    return np.mean([int(id_[1:]) % N_TASTES == taste for id_ in lists["item_id"].to_list()])


def test_somebody_known_in_the_source_only_gets_a_list_of_his_taste(helped):
    lists = helped.recommend(["x140"], k=5)
    assert taste_share(lists, 140 % N_TASTES) == 1.0
    assert lists["strategy"].to_list()[0].endswith("(food)")


def test_a_history_from_the_source_counts_in_a_request(helped):
    told = pl.DataFrame({"user_id": ["new"] * 4, "item_id": ["s1", "s5", "s9", "s13"]})
    assert taste_share(helped.recommend(["new"], histories=told, k=5), 1) == 1.0


def test_a_release_answers_histories_from_the_source(helped, tmp_path):
    told = pl.DataFrame({"user_id": ["new"] * 4, "item_id": ["s2", "s6", "s10", "s14"]})
    helped.save(tmp_path / "release")
    loaded = Recommender.load(tmp_path / "release")
    first = helped.recommend(["new"], histories=told, k=5)
    assert loaded.recommend(["new"], histories=told, k=5).equals(first)


def test_the_reasons_name_items_of_the_source_and_add_up(helped):
    lists = helped.recommend(["x140"], k=1)
    reasons = helped.explain("x140", lists["item_id"][0])
    assert reasons["value"].sum() == pytest.approx(lists["score"][0], rel=1e-4)
    assert any(name.startswith("s") for name in reasons["name"].to_list())


def test_items_of_the_source_are_not_recommended(helped):
    lists = helped.recommend(["x140", "u0", "stranger"], k=60)
    assert all(id_.startswith("t") for id_ in lists["item_id"].to_list())


def test_sources_are_frames_files_and_recommenders(tmp_path):
    data = two_domains()
    food = data.filter(pl.col("domain") == "food").select("user_id", "item_id")
    wine = data.filter(pl.col("domain") == "wine").select("user_id", "item_id")
    food.write_csv(tmp_path / "food.csv")
    other = Recommender(encoder="none", strategies="popular").fit(food)
    target = Tables.of(wine)
    given = {"frame": food, "file": tmp_path / "food.csv", "fitted": other}
    _, found = read_sources(target, given, EventRules())
    assert [one.name for one in found] == ["frame", "file", "fitted"]
    assert {one.events.height for one in found} == {food.height}


def test_a_release_is_a_source_without_users(tmp_path):
    data = two_domains()
    food = data.filter(pl.col("domain") == "food").select("user_id", "item_id")
    Recommender(encoder="none", strategies=["popular", "item_knn"]).fit(food).save(tmp_path)
    _, (found,) = read_sources(Tables.of(food), {"old": tmp_path}, EventRules())
    assert not found.events.height
    assert found.item_weights is not None
    assert found.popularity.max() > 0


def test_two_sources_of_one_name_are_an_error():
    food = two_domains().head(3)
    with pytest.raises(ConfigError, match="two sources have the name 'a/food'"):
        read_sources(Tables.of(food), [food, "a/food.csv", "a/food.csv"], EventRules())


def test_sources_of_one_name_in_two_folders_have_names_of_their_own(tmp_path):
    food = two_domains().head(3)
    for country in ("canada", "mexico"):
        (tmp_path / country).mkdir()
        food.write_csv(tmp_path / country / "shop.csv")
    paths = [tmp_path / "canada" / "shop.csv", tmp_path / "mexico" / "shop.csv"]
    _, found = read_sources(Tables.of(food), paths, EventRules())
    assert [one.name for one in found] == ["canada/shop", "mexico/shop"]


def test_a_domain_that_does_not_exist_is_an_error():
    with pytest.raises(
        DataError, match="no domain 'books' in the data; domains: food, wine"
    ) as error:
        split_domains(Tables.of(two_domains()), ["books"], EventRules())
    assert error.value.code == "bad_data"
    bare = two_domains().drop("domain")
    with pytest.raises(DataError, match="domains: none; the column domain of the events"):
        split_domains(Tables.of(bare), ["food"], EventRules())


def test_all_domains_cannot_be_sources():
    with pytest.raises(DataError, match="none is left"):
        split_domains(Tables.of(two_domains()), ["food", "wine"], EventRules())


def test_people_of_a_source_become_users_with_their_items():
    target, sources = split_domains(Tables.of(two_domains()), ["food"], EventRules())
    joined, ids = join_sources(target, sources)
    row = joined.users.filter(pl.col("user_id") == "x140")["source_items"][0]
    assert len(row) == 5
    assert set(row) <= set(ids.ids)
    assert joined.users["user_id"].n_unique() == joined.users.height


def new_market(n_users, seed=0):
    """A training of a small market, with a large one that sells the same items."""
    rng = np.random.default_rng(seed)
    rows = []
    for market, n in (("ca", 400), ("de", n_users)):
        for user in range(n):
            own = np.arange(user % N_TASTES, 48, N_TASTES)
            items = rng.choice(own, 5, replace=False)
            rows += [(f"{market}{user}", f"i{i}", market) for i in items]
    data = pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row")
    model = Recommender(encoder="none", strategies=["popular", "item_knn"])
    return model.fit(data, sources=["ca"])


def test_a_market_with_the_same_items_helps_a_new_one():
    used = [one for one in new_market(60).report["sources"] if one["used"]]
    assert {one["bridge"] for one in used} == {"items"}


@pytest.mark.parametrize("seed", range(4))
def test_a_bridge_of_items_that_is_accepted_is_used_at_some_level(seed):
    """With few queries, the level needs no more evidence than the bridge as a whole."""
    slices = new_market(50, seed).report["sources"]
    needed = [needed_z("items", one["queries"]) for one in slices]
    accepted = any(one["z"] >= least for one, least in zip(slices, needed, strict=True))
    assert any(one["used"] for one in slices) is accepted


def test_the_gate_compares_a_release_with_its_sources(helped):
    target, found = read_sources(Tables.of(two_domains()), "food", EventRules())
    plain = Recommender(encoder="none", strategies=["popular", "item_knn"]).fit(target)
    models = helped.state.trained, plain.state.trained
    with_source = compare_recommenders(*models, target, sources=found)
    without = compare_recommenders(*models, target)
    assert with_source.passed
    gains = [
        {one.slice: one.difference for one in result.comparisons}["events_0"]
        for result in (with_source, without)
    ]
    assert gains[0] > 0.2
    assert abs(gains[1]) < 0.02


@pytest.mark.parametrize("seed", range(2))
def test_a_source_of_content_is_used_and_one_of_shuffled_titles_refused(seed):
    helpful = content_in_common(np.random.default_rng(seed), shuffled=False)
    assert is_accepted(helpful)
    assert {one["bridge"] for one in helpful.report["sources"] if one["used"]} == {"content"}
    assert not is_accepted(content_in_common(np.random.default_rng(seed), shuffled=True))


def test_what_another_shop_knows_of_content_counts_for_strangers_only():
    """Without an event of the shop nothing can refuse it; see the measured launches."""
    kinds = ("red wine", "green tea", "old rum")
    sold = [(f"u{n}", f"s{(n * n + k) % 30}") for n in range(80) for k in range(3)]
    elsewhere = Recommender(encoder="none", strategies=["popular", "item_knn"]).fit(
        pl.DataFrame(sold, ["user_id", "item_id"], orient="row"),
        pl.DataFrame(
            {
                "item_id": [f"s{n}" for n in range(30)],
                "title": [f"{kinds[n % 3]} {n}" for n in range(30)],
            }
        ),
    )
    items = pl.DataFrame(
        {
            "item_id": [f"t{n}" for n in range(24)],
            "title": [f"{kinds[n % 3]} of shelf {n}" for n in range(24)],
        }
    )

    def open_shop(**options):
        strategies = ["popular", "item_knn", "content/match", "content/history"]
        return Recommender(encoder="none", strategies=strategies).fit(None, items, **options)

    launched, alone = open_shop(sources={"release": elsewhere}), open_shop()
    known = [{"user_id": "eve", "item_id": "t1"}]
    lists = [
        shop.recommend(histories=known, k=8).select("item_id", "score")
        for shop in (launched, alone)
    ]
    assert lists[0].equals(lists[1])
    named = launched.recommend(["stranger"], k=3)["strategy"].to_list()
    assert all("release" in name for name in named)
