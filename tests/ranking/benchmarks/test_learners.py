from dataclasses import dataclass, replace

import numpy as np
import pytest

from daybreak import metrics
from daybreak.errors import MissingExtraError
from daybreak.estimates import paired_bootstrap
from daybreak.ranked_lists import top_k
from daybreak.ranking.benchmarks.learners import BlendLearner, benchmark_strategies
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.simulation.slices import (
    BENCHMARK_SLICES,
    BENCHMARK_WARM_SLICES,
    FEW_SHOT_SLICES,
    NEW_ITEM_SLICES,
)
from daybreak.simulation.splits import iter_evaluation_splits, iter_splits

NAMES = ("popular", "item_knn", "content/match", "content/smooth")


@pytest.fixture
def results(data):
    return benchmark_strategies(data, get_strategies(NAMES), seed=0, repeats=2)


def test_every_slice_of_every_strategy_has_a_value_for_each_query(results):
    assert set(results.n_queries) <= set(BENCHMARK_SLICES)
    assert set(results.n_queries) >= {
        *FEW_SHOT_SLICES[:4],
        *BENCHMARK_WARM_SLICES,
        "cold_item",
        "arriving",
    }
    for row in results.results:
        assert row.error is None
        for name, values in row.values.items():
            assert len(values) == results.n_queries[name]
            assert ((values >= 0) & (values <= 1)).all()
        assert row.training.seconds > 0
        assert row.scoring.seconds > 0


def test_a_strategy_is_evaluated_only_on_slices_that_it_can_serve(results):
    assert not set(NEW_ITEM_SLICES) & set(results["popular"].values)
    assert "cold_item_mixed" in results["popular"].values
    assert set(results["content/smooth"].values) <= set(NEW_ITEM_SLICES)
    assert set(results["content/match"].values) == set(results.n_queries)


def test_content_beats_popularity_where_taste_is_content(results):
    match, popular = results["content/match"], results["popular"]
    better = paired_bootstrap(match.values["events_3"], popular.values["events_3"])
    assert better.low > 0
    assert match.mean("cold_item_mixed") > popular.mean("cold_item_mixed")


def test_the_same_seed_gives_the_same_values(data):
    one, other = (
        benchmark_strategies(data, get_strategies(["item_knn"]), seed=4, repeats=1)
        for _ in range(2)
    )
    for name, values in one["item_knn"].values.items():
        np.testing.assert_array_equal(values, other["item_knn"].values[name])


def test_values_are_those_of_lists_and_the_metrics_of_the_evaluation(data):
    strategy = Strategy("item_knn", "item_knn")
    split = next(iter(iter_evaluation_splits(data, 0, 1)))
    model = strategy.fit(split.data, 0)
    slice_ = next(s for s in split.slices if s.slice == "warm_last_tenth")
    labelled = slice_.labelled
    scores = model.score(labelled.queries, data.items)
    scores += np.random.default_rng(0).random(scores.shape, dtype=np.float32) * 1e-3

    class Jittered:
        name, scores_known, scores_new = "jittered", True, False

        def fit(self, data, seed):
            return self

        def score(self, queries, items):
            return scores if len(queries) == len(scores) else np.zeros((len(queries), 40))

    hidden = np.tile(~labelled.candidates, (len(scores), 1))
    hidden[labelled.seen.nonzero()] = True
    relevant = labelled.targets.multiply(~hidden).tocsr()
    expected = metrics.ndcg(top_k(scores, 10, exclude=hidden), relevant)
    row = benchmark_strategies(data, [Jittered()], seed=0, repeats=1).results[0]
    np.testing.assert_allclose(row.values["warm_last_tenth"], expected)


def test_the_held_out_parts_differ_from_those_of_a_blend(data):
    benchmark = next(iter(iter_evaluation_splits(data, 0, 1))).data.active_user_rows
    blend = next(iter(iter_splits(data, 0))).data.active_user_rows
    assert set(benchmark.tolist()) != set(blend.tolist())


def test_a_strategy_that_fails_has_a_result_with_the_error(data):
    @dataclass(frozen=True)
    class Broken:
        error: Exception
        name: str = "broken"
        scores_known: bool = True
        scores_new: bool = False

        def fit(self, data, seed):
            raise self.error

    errors = {
        "not enough memory": MemoryError(),
        "torch needs an extra": MissingExtraError("torch", "'daybreak[deep]'"),
        "ValueError: odd": ValueError("odd\nnext line"),
    }
    for words, error in errors.items():
        found = benchmark_strategies(
            data, [Broken(error), *get_strategies(["popular"])], seed=0, repeats=1
        )
        assert words in found["broken"].error
        assert "\n" not in found["broken"].error
        assert np.isnan(found["broken"].mean("events_0"))
        assert found["popular"].mean("events_0") > 0


def test_a_blend_is_a_learner_too(data):
    row = benchmark_strategies(
        data, [BlendLearner(get_strategies(["popular", "content/match"]))], repeats=1
    ).results[0]
    assert row.error is None
    assert row.mean("events_3") > 0.2
    assert "cold_item" in row.values


def test_without_times_and_content_there_are_fewer_slices(data):
    items = replace(data.items, blocks=())
    plain = replace(data, items=items, events=replace(data.events, at=0 * data.events.at))
    found = benchmark_strategies(plain, get_strategies(["popular"]), repeats=1)
    assert set(found.n_queries) == {
        *FEW_SHOT_SLICES[:4],
        "warm_last_tenth",
    }  # nobody has twelve events
