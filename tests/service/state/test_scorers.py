from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Events
from daybreak.models.popular import PopularModel
from daybreak.ranking.scoring import query_features
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.scorers import MIN_PARTITION_SIZE_RATIO
from tests.service.state.compaction import compacted


@pytest.fixture
def state(shop):
    return shop.state


def asked(state):
    """Return queries of three people: of a short history, of a long one, of none."""
    events = Events.of([0, 1, 1, 1, 1], [3, 0, 5, 10, 15], [1.0, 1.0, 2.0, 3.0, 4.0])
    return state.query_builder.queries(
        UserContext(events, state.profiles.lookup(["a", "b", "c"])[0], {})
    )


def retitled(state, rows, word="rum"):
    ids = [state.catalogue.items.ids.ids[row] for row in rows]
    frame = {"item_id": ids, "title": [f"{word} number {row}" for row in rows]}
    shelves = pl.Series("shelf", [word] * len(ids))
    return state.with_items(pl.DataFrame(frame).with_columns(shelves), replace_known=True)


def in_one_go(state):
    """Return scores of the same catalogue by one scorer."""
    whole = state.scorers[0].for_items(state.catalogue.items)
    return whole.score(asked(state))


def test_changes_one_by_one_score_as_all_at_once(state):
    rng = np.random.default_rng(0)
    for row in rng.integers(0, 35, 60).tolist():
        state = retitled(state, [row], str(rng.choice(["rum", "jam", "cup"])))
    scores = state.scorer.score(asked(state))
    np.testing.assert_allclose(scores, in_one_go(state), atol=1e-4)


def test_new_items_beside_changed_ones_score_as_all_at_once(state):
    new = pl.DataFrame({"item_id": ["new-1", "new-2"], "title": ["tea pot", "jam number 3"]})
    state = retitled(retitled(state, [4]).with_items(new), [4, 30], "tea")
    assert state.scorer.n_items == 37
    scores = state.scorer.score(asked(state))
    np.testing.assert_allclose(scores, in_one_go(state), atol=1e-4)


def test_many_changes_make_few_partitions(state):
    for turn in range(40):
        state = retitled(state, [turn % 35], "rum" if turn < 35 else "jam")
        sizes = [len(rows) for rows in state.scorer.rows[1:]]
        for before, after in pairwise(sizes):
            assert before > MIN_PARTITION_SIZE_RATIO * after
    assert len(state.scorers) <= 3


def test_models_score_changed_items_only(state, monkeypatch):
    asked_for = []
    fitted = type(state.trained.fitted)
    forms = fitted.linear_models
    monkeypatch.setattr(
        fitted,
        "linear_models",
        lambda self, items: asked_for.append(len(items)) or forms(self, items),
    )
    for row in range(1, 5):
        state = retitled(state, [row], "tea")
    assert asked_for == [1] * 4
    assert len(state.scorers) == 2


def with_reversed_popularity(state):
    fitted = state.trained.fitted
    models = [
        model.with_state(replace(model.state, values=model.state.values[::-1].copy()))
        if isinstance(model, PopularModel)
        else model
        for model in fitted.models
    ]
    return state.scorer.with_models(replace(fitted, models=tuple(models)))


def test_partitions_follow_popularity_as_the_rest_does(state):
    state = retitled(state, [0, 1, 34])
    renewed = with_reversed_popularity(state)
    whole = renewed.scorers[0].for_items(state.catalogue.items)
    wanted = whole.score(asked(state))
    np.testing.assert_allclose(renewed.score(asked(state)), wanted, atol=1e-4)


def test_compacted_parts_score_the_same(state):
    new = pl.DataFrame({"item_id": ["new-1", "new-2"], "title": ["tea pot", "jam number 3"]})
    state = retitled(state.with_items(new), [0, 4, 31, 36], "cup")
    before = state.scorer.score(asked(state))
    merged = compacted(state)
    assert [len(rows) for rows in merged.scorer.rows] == [35, 2]
    np.testing.assert_allclose(merged.scorer.score(asked(state)), before, atol=1e-4)
    assert compacted(merged) is merged


def test_a_partition_without_new_items_is_dropped(state):
    merged = compacted(retitled(state, [0, 4, 31], "cup"))
    assert len(merged.scorers) == 1
    again = retitled(merged, [0, 5], "pot")
    assert [len(rows) for rows in again.scorer.rows] == [35, 2]
    np.testing.assert_allclose(again.scorer.score(asked(again)), in_one_go(again), atol=1e-4)


def test_an_item_that_changes_while_it_is_compacted_keeps_its_latest_content(state):
    state = retitled(state, list(range(1, 35)), "cup")
    begun = state.scorer.compaction_steps()
    state = state.with_scorer(state.scorer.with_first_scorer(next(begun)))
    state = retitled(state, [7], "pot")
    assert len(state.scorers) == 3
    for first in begun:
        state = state.with_scorer(state.scorer.with_first_scorer(first))
        scores = state.scorer.score(asked(state))
        np.testing.assert_allclose(scores[:, 1:], in_one_go(state)[:, 1:], atol=1e-4)
    state = state.with_scorer(state.scorer.without_changed())
    assert [len(rows) for rows in state.scorer.rows] == [35, 1]
    np.testing.assert_allclose(state.scorer.score(asked(state)), in_one_go(state), atol=1e-4)


def test_joined_partitions_have_the_weights_that_are_summed_for_their_items(state):
    for row, word in ((3, "rum"), (20, "jam"), (31, "cup"), (3, "tea")):
        state = retitled(state, [row], word)
    joined = state.scorer.scorers[-1]
    summed = state.scorer.scorers[0].for_items(joined.items, joined.linear_models)
    assert len(joined.items) == 3
    for level in range(len(joined.blend.weights)):
        one, other = joined.level_weights(level), summed.level_weights(level)
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.bias, other.bias)


def test_joining_partitions_sums_no_level_again(state, monkeypatch):
    state = retitled(state, [3], "rum")
    summed = []
    scorer = type(state.scorers[0])
    weigh = scorer._strategy_weights
    monkeypatch.setattr(
        scorer,
        "_strategy_weights",
        lambda self, *level: summed.append(len(self.items)) or weigh(self, *level),
    )
    retitled(state, [4], "rum")
    assert set(summed) == {1}


def test_sums_of_levels_give_the_scores_of_single_strategies(state, monkeypatch):
    monkeypatch.setattr(query_features, "MAX_FUSED_FEATURES", 0)
    rng = np.random.default_rng(1)
    for row in rng.integers(0, 35, 12).tolist():
        state = retitled(state, [row], str(rng.choice(["rum", "jam", "cup"])))
    assert all("history" in s.level_weights(3).fused for s in state.scorer.scorers[1:])
    single = state.scorers[0].for_items(state.catalogue.items, max_fused_bytes=0)
    assert "history" not in single.level_weights(3).fused
    scores = state.scorer.score(asked(state))
    np.testing.assert_allclose(scores, single.score(asked(state)), atol=1e-4)


def test_a_partition_with_sums_asks_no_single_strategy_of_their_kinds(state, monkeypatch):
    monkeypatch.setattr(query_features, "MAX_FUSED_FEATURES", 0)
    partition = retitled(state, [3], "rum").scorers[1]
    queries = asked(state)
    wanted = partition.score_encoded(state.scorers[0].encode(queries))
    summed = set(partition.level_weights(3).fused)
    assert "history" in summed
    rows = [row for kind in summed for row in partition.layout.strategy_rows[kind]]
    models = list(partition.linear_models)
    for row in rows:
        models[row] = None
    partition.linear_models = tuple(models)
    found = partition.score_encoded(state.scorers[0].encode(queries))
    np.testing.assert_array_equal(found, wanted)


def count_computed(monkeypatch, state):
    """Return a list that grows by the number of queries whose scores are computed."""
    computed = []
    scorer = type(state.scorers[0])
    multiply = scorer._multiply

    def counted(self, features):
        if self is state.scorers[0]:
            computed.append(len(features.queries))
        return multiply(self, features)

    monkeypatch.setattr(scorer, "_multiply", counted)
    return computed


def test_remembered_scores_are_those_that_are_computed(state, monkeypatch):
    state = retitled(state, [3], "rum")
    wanted = state.scorer.score(asked(state))
    computed = count_computed(monkeypatch, state)
    first = state.scorer.score(asked(state).take(np.array([1])), remembers=True)
    for _ in range(2):
        again = state.scorer.score(asked(state), remembers=True)
        np.testing.assert_allclose(again, wanted, atol=1e-6)
        np.testing.assert_allclose(again[[1]], first, atol=1e-6)
    assert computed == [1, 2]


def test_changed_items_drop_no_remembered_scores(state, monkeypatch):
    state.scorer.score(asked(state), remembers=True)
    changed = retitled(state, [3, 34], "rum")
    computed = count_computed(monkeypatch, state)
    scores = changed.scorer.score(asked(changed), remembers=True)
    np.testing.assert_allclose(scores, in_one_go(changed), atol=1e-4)
    assert changed.scorers[0] is state.scorers[0]
    assert not computed


def test_remembered_scores_follow_popularity(state):
    state.scorer.score(asked(state), remembers=True)
    renewed = with_reversed_popularity(state)
    assert renewed.memory is state.scorer.memory
    scores = renewed.score(asked(state), remembers=True)
    np.testing.assert_allclose(scores, renewed.score(asked(state)), atol=1e-6)
    assert not np.allclose(scores, state.scorer.score(asked(state)))


def test_compaction_drops_remembered_scores(state):
    changed = retitled(state, [0, 4, 31], "cup")
    changed.scorer.score(asked(changed), remembers=True)
    merged = compacted(changed)
    assert merged.scorer.memory is not changed.scorer.memory
    scores = merged.scorer.score(asked(merged), remembers=True)
    np.testing.assert_allclose(scores, in_one_go(merged), atol=1e-4)


def test_other_popularities_remember_their_own_scores(state):
    plain, popular = state.scorer, state.scorer.at_popularity(1.0)
    for scorer in (plain, popular, plain, popular):
        scores = scorer.score(asked(state), remembers=True)
        np.testing.assert_allclose(scores, scorer.score(asked(state)), atol=1e-6)
    assert len(popular.memory.scores) == 3
    plain.forget()
    assert not len(plain.memory.scores) + len(popular.memory.scores)
