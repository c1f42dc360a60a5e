"""Lists of candidates against lists of all items, of a trained recommender."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.ranking.scoring import candidates as module
from daybreak.ranking.scoring import quantized
from tests.service.state.compaction import compacted

K = 100
N_ITEMS, N_USERS, N_EVENTS, N_TOPICS = 3_000, 600, 12_000, 40


def make_shop():
    """Return events, items and users of a shop of topics; one item in ten is new."""
    rng = np.random.default_rng(3)
    topic = rng.integers(0, N_TOPICS, N_ITEMS)
    words = rng.integers(0, 30, (N_ITEMS, 4))
    titles = [
        " ".join(f"topic{t}word{w}" for w in own) + f" colour{c}"
        for t, own, c in zip(topic, words, rng.integers(0, 9, N_ITEMS), strict=True)
    ]
    items = pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(N_ITEMS)],
            "title": titles,
            "category": [f"c{t}" for t in topic],
            "price": rng.lognormal(3, 1, N_ITEMS).round(2),
        }
    )
    is_sold = rng.random(N_ITEMS) > 0.1
    popularity = rng.lognormal(0, 1, N_ITEMS) * is_sold
    taste = rng.integers(0, N_TOPICS, (N_USERS, 2))
    user = rng.integers(0, N_USERS, N_EVENTS)
    wanted = taste[user, rng.integers(0, 2, N_EVENTS)]
    item = np.empty(N_EVENTS, dtype=np.int64)
    for one in range(N_TOPICS):
        of_topic = np.flatnonzero(topic == one)
        share = popularity[of_topic] / popularity[of_topic].sum()
        item[wanted == one] = rng.choice(of_topic, int((wanted == one).sum()), p=share)
    events = pl.DataFrame(
        {
            "user_id": [f"u{n}" for n in user],
            "item_id": [f"i{n}" for n in item],
            "timestamp": 1_700_000_000 + 600 * np.arange(N_EVENTS),
        }
    )
    users = pl.DataFrame(
        {"user_id": [f"u{n}" for n in range(N_USERS)], "town": [f"t{t}" for t in taste[:, 0]]}
    )
    return events, items, users


@pytest.fixture(scope="module")
def trained():
    events, items, users = make_shop()
    names = ["popular", "item_knn", "factors", "content/ridge", "content/match"]
    names += ["content/profile", "profile", "taste/words", "wish"]
    return Recommender(strategies=names, encoder="none").fit(events, items, users)


@pytest.fixture
def model(trained, monkeypatch):
    """Return the recommender with candidates, many blocks, and few candidates."""
    monkeypatch.setattr(quantized, "ITEMS_PER_BLOCK", 700)
    monkeypatch.setattr(module, "ITEMS_PER_BLOCK", 700)
    monkeypatch.setattr(module, "MIN_CANDIDATES", 150)
    state = trained.state
    trained.candidates_above = 1_000
    yield trained
    trained._state = state
    trained.candidates_above = 0


def both(model, **request):
    """Return the lists of candidates and those of all items."""
    found = model.recommend(**request)
    assert model.state.ranker.candidates is not None
    model.candidates_above = 0
    exact = model.recommend(**request)
    model.candidates_above = 1_000
    return found, exact


def recall(found, exact):
    """Return the mean share of the exact list that is found."""
    lists = zip(
        *(one.group_by("user_id", maintain_order=True) for one in (found, exact)), strict=True
    )
    shares = [b["item_id"].is_in(a["item_id"].implode()).mean() for (_, a), (_, b) in lists]
    return float(np.mean(shares))


QUESTIONS = {
    "cold": {"users": ["nobody"]},
    "sentence": {
        "profiles": pl.DataFrame(
            {
                "user_id": ["a", "b", "c"],
                "text": ["topic3word1 colour2", "topic7word4 topic7word5", "colour1"],
            }
        )
    },
    "profile": {
        "profiles": pl.DataFrame({"user_id": ["a", "b"], "town": ["t3", "t9"]}),
    },
    "few events": {
        "histories": pl.DataFrame(
            {"user_id": ["a", "a", "b"], "item_id": ["i5", "i17", "i900"]}
        )
    },
    "warm": {"users": [f"u{n}" for n in range(40)]},
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_recall_is_above_the_target(model, kind):
    found, exact = both(model, k=K, **QUESTIONS[kind])
    assert recall(found, exact) >= 0.98
    assert found["rank"].to_list() == exact["rank"].to_list()
    joined = found.join(exact, on=["user_id", "item_id"], suffix="_exact")
    assert (joined["score"] - joined["score_exact"]).abs().max() < 2e-4


def test_with_float32_vectors_the_lists_are_those_of_all_items(model, monkeypatch):
    monkeypatch.setattr(model.state.candidates.generator, "_uses_integers", False)
    model.state.candidates.generator._vectors.clear()
    for question in QUESTIONS.values():
        found, exact = both(model, k=10, **question)
        assert found["item_id"].to_list() == exact["item_id"].to_list()
        assert found["strategy"].to_list() == exact["strategy"].to_list()
    model.state.candidates.generator._vectors.clear()


def test_a_filter_that_few_items_pass_is_exact(model):
    where = "price < 3"
    found, exact = both(model, users=["u1", "u2", "nobody"], k=K, where=where)
    assert 0 < found.height < 3 * K
    assert found.drop("score").equals(exact.drop("score"))


def test_boosts_and_diversity_hold(model):
    boosted = Rules(boosts=[Boost("price > 60", 0.5)], exclude=["i3"])
    found, exact = both(model, users=["u1", "nobody"], k=20, rules=boosted)
    assert recall(found, exact) >= 0.98
    assert found["rule"].to_list() == exact["rule"].to_list()
    found, exact = both(model, users=["u1"], k=20, rules=Rules(diversity=0.5))
    assert recall(found, exact) >= 0.9


def test_preferences_of_sentences_hold(model):
    texts = ["something cheap with colour2", "expensive colour1", "colour3 about 20 euros"]
    asked = pl.DataFrame({"user_id": ["a", "b", "c"], "text": texts})
    found, exact = both(model, profiles=asked, k=20)
    assert recall(found, exact) >= 0.98
    without = pl.DataFrame({"user_id": ["a"], "text": ["something with colour2"]})
    plain = model.recommend(profiles=without, k=20)
    prices = model.items.select("item_id", "price")
    first, other = (
        one.join(prices, on="item_id")["price"].mean() for one in (found[:20], plain)
    )
    assert first < 0.5 * other


def test_queries_of_all_levels_and_kinds_in_one_batch(model):
    said = pl.DataFrame({"user_id": ["a", "u4"], "text": ["topic3word1", "topic5word5"]})
    history = pl.DataFrame({"user_id": ["b", "b", "c"], "item_id": ["i5", "i17", "i900"]})
    users = ["u1", "a", "b", "nobody", "u4", "c", *[f"u{n}" for n in range(50, 70)]]
    found, exact = both(model, users=users, profiles=said, histories=history, k=K)
    assert recall(found, exact) >= 0.98
    alone = model.recommend(["u1"], k=K)
    assert alone["item_id"].to_list() == found["item_id"].to_list()[:K]


def test_popularity_of_one_request_holds(model):
    found, exact = both(model, users=["u1", "u2"], k=20, popularity=1.0)
    assert recall(found, exact) >= 0.98


def test_several_wishes_and_quotas_are_scored_whole(model):
    asked = pl.DataFrame({"user_id": ["a"], "text": ["topic3word1, and topic9word2"]})
    found, exact = both(model, profiles=asked, k=20)
    assert found.equals(exact)


def test_changed_new_and_deleted_items_are_right_in_the_next_list(model):
    asked = pl.DataFrame({"user_id": ["a"], "text": ["zeppelin topic3word1"]})
    title = "topic3word1 topic3word2 zeppelin"
    new = pl.DataFrame({"item_id": ["new"], "title": [title], "category": ["c3"]})
    model.add_items(new)
    found, exact = both(model, profiles=asked, k=20)
    assert "new" in found["item_id"].to_list()
    assert recall(found, exact) >= 0.98
    first = model.recommend(["nobody"], k=1)["item_id"][0]
    gone = "zeppelin and nothing else"
    changed = pl.DataFrame({"item_id": ["new", first], "title": [gone, gone]})
    state = model.state.with_items(changed, replace_known=True)
    model._state = state
    found, exact = both(model, profiles=asked, k=20)
    assert recall(found, exact) >= 0.98
    assert {"new", first} & set(exact["item_id"]) == {"new", first} & set(found["item_id"])
    model._state = state.without_items(["new", first])
    found, exact = both(model, users=["nobody", "u1"], k=20)
    assert not {"new", first} & set(found["item_id"])
    assert recall(found, exact) >= 0.98
    model._state = compacted(state)
    found, exact = both(model, profiles=asked, k=20)
    assert recall(found, exact) >= 0.98


def test_answers_say_that_there_are_candidates(model):
    assert "candidates" in model.state.candidate_notes()[0]
    model.candidates_above = N_ITEMS + 1
    assert model.state.candidate_notes() == ()
    assert model.state.ranker.candidates is None


def test_small_catalogues_have_no_candidates(trained):
    assert Recommender().candidates_above == 200_000
    trained.candidates_above = 200_000
    assert trained.state.ranker.candidates is None
