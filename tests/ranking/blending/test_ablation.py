from dataclasses import replace

import numpy as np
import pytest

from daybreak.deadline import time_limit
from daybreak.errors import OutOfTimeError
from daybreak.ranking.blending.ablation import (
    SelectionThresholds,
    ablate_strategies,
    select_strategies,
)
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.tasks import RankingTask

FAST = np.array([True, False, False])
ALL = np.array([True, True, True])
DEFAULT = SelectionThresholds()
ITEM_ROWS = np.tile(np.arange(12, dtype=np.int32), (200, 1))


def make_task(gain, n=200, width=12, seed=0):
    """One target a query; feature 0 is weak, 1 as strong as ``gain``, 2 is noise."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((3, n, width)).astype(np.float32)
    relevant = np.zeros((n, width), dtype=bool)
    relevant[np.arange(n), rng.integers(0, width, n)] = True
    features[0][relevant] += 0.5
    features[1][relevant] += gain
    return task_of(features, relevant)


def task_of(features, relevant, is_new=None, share=1.0):
    present = np.ones_like(relevant)
    one = np.ones(len(relevant), dtype=np.int64)
    is_new = ~present if is_new is None else is_new
    pool = CandidatePool(
        features, relevant, present, is_new, one, one, ITEM_ROWS[: len(relevant)]
    )
    return RankingTask(features, pool, present, None, share)


def test_a_strategy_that_helps_is_selected_and_noise_is_not():
    selection = select_strategies([[make_task(1.0)]], FAST, ALL, DEFAULT)
    assert selection.masks[0].tolist() == [True, True, False]
    assert selection.helpful == {1}
    report = selection.report(0, ["fast", "useful", "noise"])["costly"]
    assert report["heard"] == ["useful"]
    assert report["gain"][1] > 0
    assert report["each"]["noise"][1] <= 0 <= report["each"]["noise"][2] + 0.02


def test_if_no_slow_strategy_helps_only_the_fast_ones_are_selected():
    selection = select_strategies([[make_task(0.0)], []], FAST, ALL, DEFAULT)
    assert [mask.tolist() for mask in selection.masks] == [FAST.tolist()] * 2
    assert selection.report(1, ["a", "b", "c"]) == {}


def test_a_strategy_that_helps_at_one_level_is_selected_only_there():
    levels = [[make_task(1.5)], [make_task(0.0, seed=1)]]
    selection = select_strategies(levels, FAST, ALL, DEFAULT)
    assert selection.masks[0][1]
    assert not selection.masks[1][1]


def test_nothing_is_tested_without_slow_strategies():
    selection = select_strategies([[make_task(1.0)]], FAST, FAST, DEFAULT)
    assert selection.ablations == (None,)


def test_thresholds_decide_what_is_selected():
    strict = replace(DEFAULT, single_gain=np.inf)
    assert select_strategies([[make_task(1.0)]], FAST, ALL, strict).helpful == frozenset()
    joint = replace(DEFAULT, joint_gain=1e9)
    mask = select_strategies([[make_task(1.0)]], FAST, ALL, joint).masks[0]
    assert mask.tolist() == FAST.tolist()


def test_new_items_have_a_threshold_of_their_own():
    rng = np.random.default_rng(0)
    plain = make_task(1.5)
    bias = np.ones_like(plain.features[:1])
    features = np.concatenate([plain.features[:2], bias])
    relevant = plain.pool.relevant & (rng.random(plain.pool.relevant.shape) >= 0)
    task = task_of(features, relevant, is_new=np.ones_like(relevant))
    fast, every = np.array([True, False, True]), np.array([True, True, True])
    strict = replace(DEFAULT, joint_gain_new_items=1e9)
    found = select_strategies([[task]], fast, every, DEFAULT, new_items=True)
    assert found.masks[0].tolist() == every.tolist()
    found = select_strategies([[task]], fast, every, strict, new_items=True)
    assert found.masks[0].tolist() == fast.tolist()


def test_weights_fitted_to_noise_bring_no_gain():
    """Fifty useless weights fit the queries they were fitted on, but not the other half."""
    rng = np.random.default_rng(3)
    base = make_task(0.0, n=60)
    noise = rng.standard_normal((50, 60, 12)).astype(np.float32)
    task = task_of(np.concatenate([base.features[:1], noise]), base.pool.relevant)
    fast = np.arange(51) < 1
    result = ablate_strategies([task.split_by_query()], fast, np.ones(51, dtype=bool))
    assert result.joint_gain.difference < 0.02


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.1, 0.9)])
def test_tasks_count_by_their_shares(shares):
    tasks = [make_task(1.5), make_task(0.0, seed=1)]
    halves = [
        replace(task, share=share).split_by_query()
        for task, share in zip(tasks, shares, strict=True)
    ]
    gain = ablate_strategies(halves, FAST, ALL).joint_gain.difference
    assert (gain > 0.1) == (shares[0] > 0.5)


def test_what_fits_a_few_items_only_is_no_gain_between_halves_by_item():
    """A random number per item fits the items that happen to be targets, and no others."""
    rng = np.random.default_rng(5)
    base = make_task(0.0)
    by_item = np.repeat(rng.standard_normal((40, 1, 12)).astype(np.float32), 200, axis=1)
    relevant = np.zeros((200, 12), dtype=bool)
    relevant[np.arange(200), rng.choice([1, 2, 7, 9], 200)] = True
    features = np.concatenate([base.features[:1], by_item])
    task = task_of(features, relevant, is_new=np.ones_like(relevant))
    fast, every = np.arange(41) < 1, np.ones(41, dtype=bool)
    by_query = ablate_strategies([task.split_by_query()], fast, every).joint_gain.difference
    by_item_half = ablate_strategies([task.split_by_item()], fast, every).joint_gain.difference
    assert by_query > 0.2
    assert by_item_half < by_query / 2


def test_a_selection_that_takes_too_long_is_cancelled():
    with time_limit(0), pytest.raises(OutOfTimeError):
        select_strategies([[make_task(1.0)]] * 20, FAST, ALL, DEFAULT)
