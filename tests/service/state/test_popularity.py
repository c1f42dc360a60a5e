"""The setting ``popularity`` of lists, from the library to the scorers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError
from daybreak.ranking.blending.weights import Blend, WeightSet
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.state.scorers import MAX_POPULARITY_SCORERS
from daybreak.service.state.serving_state import ServingState

USERS = ["person-1", "person-2", "person-3", "nobody"]


def with_sets(state):
    """Return the same state with three very different sets of weights."""
    trained, rng = state.trained, np.random.default_rng(2)
    shape = trained.blend.weights.shape

    def random_set(popularity):
        bias = rng.normal(size=shape[0])
        return WeightSet(popularity, rng.random(shape), rng.random(shape), bias)

    blend = Blend.from_sets(
        trained.blend.strategies,
        trained.blend.scale,
        (random_set(0.0), random_set(0.5), random_set(1.0)),
        0.5,
    )
    return rebuild(state, replace(trained, blend=blend))


def rebuild(state, trained):
    return ServingState.from_training(
        trained, state.catalogue.frame, None, state.histories, state.catalogue.items
    )


@pytest.fixture
def model(shop):
    shop._state = with_sets(shop.state)
    return shop


def at_default(model, popularity):
    """Return the model as if the setting were its default."""
    trained = model.state.trained
    other = Recommender(encoder="none")
    other._state = rebuild(
        model.state, replace(trained, blend=trained.blend.at_popularity(popularity))
    )
    return other


@pytest.mark.parametrize("popularity", [0, 0.3, 1])
def test_a_list_is_that_of_a_model_with_this_default(model, popularity):
    expected = at_default(model, popularity).recommend(USERS, k=8)
    found = model.recommend(USERS, k=8, popularity=popularity)
    assert found["popularity"].unique().to_list() == [popularity]
    assert found["item_id"].to_list() == expected["item_id"].to_list()
    assert found["strategy"].to_list() == expected["strategy"].to_list()
    np.testing.assert_allclose(found["score"], expected["score"], atol=1e-4)


def test_the_default_is_not_named_in_the_answer(model):
    plain = model.recommend(USERS, k=5)
    assert "popularity" not in plain.columns
    assert model.recommend(USERS, k=5, popularity=0.5).equals(plain)


def test_lists_of_one_batch_may_have_different_settings(model):
    rules = [Rules(popularity=one) for one in (0.0, 1.0, None, 0.0)]
    found = model.recommend(USERS, k=6, rules=rules)
    for user, one in zip(USERS, rules, strict=True):
        alone = model.recommend([user], k=6, rules=one)
        mine = found.filter(pl.col("user_id") == user)
        assert mine["item_id"].to_list() == alone["item_id"].to_list()
        assert mine["strategy"].to_list() == alone["strategy"].to_list()
        assert mine["popularity"].unique().to_list() == [
            0.5 if one.popularity is None else one.popularity
        ]


def test_rules_come_before_the_setting_of_the_call(model):
    rules = [Rules(popularity=0.0), Rules(), Rules(), Rules()]
    found = model.recommend(USERS, k=3, rules=rules, popularity=1.0)
    settings = found.group_by("user_id", maintain_order=True).agg(pl.col("popularity").first())
    assert settings["popularity"].to_list() == [0, 1, 1, 1]


def test_new_and_changed_items_are_scored_at_the_setting(model):
    titles = {"item_id": ["item-3", "brand-new"], "title": ["rum number 3", "tea number 99"]}
    other = at_default(model, 0.2)
    for one in (model, other):
        one._state = one.state.with_items(pl.DataFrame(titles), replace_known=True)
    found = model.recommend(USERS, k=36, popularity=0.2)
    np.testing.assert_allclose(
        found.sort("user_id", "item_id")["score"],
        other.recommend(USERS, k=36).sort("user_id", "item_id")["score"],
        atol=1e-3,
    )


def test_reasons_add_up_to_the_score_at_every_setting(model):
    for popularity in (0.0, 0.7):
        found = model.recommend(USERS[:2], k=4, popularity=popularity, explain=True)
        for row in found.iter_rows(named=True):
            total = sum(reason["value"] for reason in row["reasons"])
            assert total == pytest.approx(row["score"], abs=1e-3)
            alone = model.explain(row["user_id"], row["item_id"], popularity=popularity)
            assert alone["value"].sum() == pytest.approx(row["score"], abs=1e-3)


def test_scorers_of_other_settings_share_all_matrices_and_are_few(model):
    scorer = model.state.scorer
    for step in range(2 * MAX_POPULARITY_SCORERS):
        other = scorer.at_popularity(step / 100)
        assert other.scorers[0].linear_models is scorer.scorers[0].linear_models
    assert scorer.at_popularity(step / 100) is other
    assert len(scorer._by_popularity) == MAX_POPULARITY_SCORERS


def test_a_model_with_one_set_of_weights_has_one_scorer(model):
    state = model.state
    one_set = replace(state.trained, blend=replace(state.trained.blend, weight_sets=()))
    scorer = rebuild(state, one_set).scorer
    assert scorer.at_popularity(0.1) is scorer


@pytest.mark.parametrize("popularity", [-0.1, 2, "high"])
def test_a_setting_outside_0_to_1_is_an_error(model, popularity):
    with pytest.raises(ConfigError, match="popularity"):
        model.recommend(USERS, popularity=popularity)
    with pytest.raises(ConfigError, match="popularity"):
        Recommender(popularity=popularity)


def test_the_setting_of_a_training_is_the_default_of_its_release(tables, tmp_path):
    model = Recommender(encoder="none", popularity=0.25).fit(*tables)
    assert model.state.default_popularity == 0.25
    model.save(tmp_path / "release")
    assert Recommender.load(tmp_path / "release").state.default_popularity == 0.25
