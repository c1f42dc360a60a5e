"""Simulated cold starts by the workers of an engine are those of one process."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_allclose

from daybreak.engines import use_engine
from daybreak.engines.processes import ProcessEngine
from daybreak.engines.serial import SerialEngine
from daybreak.ranking.blending import split_tasks
from daybreak.ranking.blending.ablation import SelectionThresholds
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.ranking.blending.training_pools import build_training_pools
from daybreak.simulation.splits import iter_splits
from tests.ranking.blending import lost_worker

STRATEGIES = get_strategies(["popular", "popular/now", "content/ridge", "ease", "item_knn"])


class CountingEngine(SerialEngine):
    """A serial engine that counts the simulated cold starts that it computes."""

    n_splits = 0

    def submit(self, function, task):
        self.n_splits += function is split_tasks.compute_split
        return super().submit(function, task)


def build_pools(data, engine, seconds=None):
    candidates = CandidateStrategies(STRATEGIES, TimeBudget(seconds))
    with use_engine(engine):
        pools = build_training_pools(data, candidates, 0, lambda _: None, SelectionThresholds())
    return pools, candidates


def assert_same_pools(found, wanted):
    assert list(found.pools) == list(wanted.pools)
    assert found.now_share == wanted.now_share
    assert_allclose(found.scale, wanted.scale, rtol=1e-5)
    for kind, pool in wanted.pools.items():
        for one in fields(pool):
            pair = (getattr(found.pools[kind], one.name), getattr(pool, one.name))
            assert_allclose(*pair, rtol=1e-4, atol=1e-4, err_msg=f"{kind} {one.name}")


@pytest.mark.parametrize("n_shards", [1, 2, 7])
def test_pools_of_shards_are_those_of_one_process(data, n_shards):
    engine = CountingEngine(n_shards)
    found, candidates = build_pools(data, engine)
    assert (engine.n_splits > 2) == (n_shards > 1)
    wanted, alone = build_pools(data, None)
    assert_same_pools(found, wanted)
    assert candidates.fit_seconds.keys() == alone.fit_seconds.keys()


def test_with_a_time_limit_splits_stay_in_this_process(data):
    engine = CountingEngine(2)
    build_pools(data, engine, seconds=600.0)
    assert engine.n_splits == 0


def test_two_processes_fit_the_same_blend_even_if_one_is_lost(data, tmp_path, monkeypatch):
    alone, _ = fit_blend(data, STRATEGIES, 3)
    monkeypatch.setenv(lost_worker.MARK_VARIABLE, str(tmp_path / "lost"))
    monkeypatch.setattr(split_tasks, "compute_split", lost_worker.compute_split)
    with ProcessEngine(2) as engine, use_engine(engine):
        together, _ = fit_blend(data, STRATEGIES, 3)
    assert (tmp_path / "lost").exists()
    assert together.strategies == alone.strategies
    assert_allclose(together.weights, alone.weights, rtol=1e-3, atol=1e-3)


def test_a_split_is_packed_without_the_catalogue_and_restored(data):
    for split in iter_splits(data, 0):
        packed = split_tasks.pack_split(split)
        assert not any(len(one.queries.train_items) for one in packed.query_sets)
        found = split_tasks.unpack_split(packed, data)
        assert (found.name, found.is_without_events) == (split.name, split.is_without_events)
        assert found.has_new_item_targets == split.has_new_item_targets
        assert found.data.train_items.ids.ids == split.data.train_items.ids.ids
        for one, other in zip(found.query_sets, split.query_sets, strict=True):
            assert one.queries.train_items.ids.ids == other.queries.train_items.ids.ids
            assert np.array_equal(one.users, other.users)
            assert (one.targets != other.targets).nnz == 0
