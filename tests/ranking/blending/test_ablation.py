from dataclasses import replace

import numpy as np
import pytest

from daybreak.deadline import time_limit
from daybreak.errors import OutOfTimeError
from daybreak.ranking.blending.ablation import (
    NdcgDifference,
    ablate_strategies,
    select_strategies,
    split_by_item,
    split_by_query,
)
from daybreak.ranking.blending.features import CandidatePool
from daybreak.ranking.blending.objective import RankingTask, fit_softmax

LIGHT = np.array([True, False, False])
ALL = np.array([True, True, True])
ITEM = np.tile(np.arange(12, dtype=np.int32), (200, 1))


def task(useful, n=200, width=12, seed=0):
    """One target a query; feature 0 tells a little of it, 1 much or nothing, 2 is noise."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((3, n, width)).astype(np.float32)
    relevant = np.zeros((n, width), dtype=bool)
    relevant[np.arange(n), rng.integers(0, width, n)] = True
    features[0][relevant] += 0.5
    features[1][relevant] += useful
    present = np.ones_like(relevant)
    one = np.ones(n, dtype=np.int64)
    return RankingTask(
        features,
        pool := CandidatePool(features, relevant, present, ~present, one, one, ITEM[:n]),
        pool.present,
    )


def fit(tasks, usable):
    bounds = [(0, None) if use else (0, 0) for use in usable]
    return fit_softmax(tasks, np.where(usable, 0.1, 0), bounds)


def test_a_gain_is_clear_when_it_exceeds_its_errors():
    """.02 is two errors of .01; its interval is .02 -+ 1.96 * .01."""
    gain = NdcgDifference(0.02, 0.01)
    assert gain.is_significant(1.9)
    assert not gain.is_significant(2.1)
    assert gain.to_list() == [0.02, 0.0004, 0.0396]


def test_a_strategy_that_helps_may_count_and_noise_may_not():
    choice = select_strategies([[task(1.0)]], fit, LIGHT, ALL, split_by_query)
    assert choice.masks[0].tolist() == [True, True, False]
    report = choice.report(0, ["light", "useful", "noise"])["costly"]
    assert report["heard"] == ["useful"]
    assert report["gain"][1] > 0
    assert report["each"]["noise"][1] <= 0 <= report["each"]["noise"][2] + 0.02


def test_where_nothing_costly_helps_only_the_light_count():
    choice = select_strategies([[task(0.0)], []], fit, LIGHT, ALL, split_by_query)
    assert [mask.tolist() for mask in choice.masks] == [LIGHT.tolist()] * 2
    assert choice.report(1, ["a", "b", "c"]) == {}


def test_a_level_where_it_does_not_help_goes_without():
    choice = select_strategies(
        [[task(1.5)], [task(0.0, seed=1)]], fit, LIGHT, ALL, split_by_query
    )
    assert choice.masks[0][1]
    assert not choice.masks[1][1]


def test_nothing_is_judged_when_nobody_is_costly():
    assert select_strategies([[task(1.0)]], fit, LIGHT, LIGHT, split_by_query).ablations == (
        None,
    )


def test_fitting_more_weights_to_noise_is_no_gain():
    """Judged on the queries they were fitted on, fifty useless weights would look good."""
    rng = np.random.default_rng(3)
    base = task(0.0, n=60)
    noise = rng.standard_normal((50, 60, 12)).astype(np.float32)
    wide = np.concatenate([base.features[:1], noise])
    pool = CandidatePool(wide, *(getattr(base.pool, name) for name in NAMES))
    light = np.arange(51) < 1
    found = ablate_strategies(
        [split_by_query(RankingTask(wide, pool, pool.present))],
        fit,
        light,
        np.ones(51, dtype=bool),
    )
    assert found.joint_gain.mean < 0.02


NAMES = ("relevant", "present", "new", "n_relevant", "n_events", "item")


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.1, 0.9)])
def test_tasks_count_by_their_share(shares):
    good, bad = task(1.5), task(0.0, seed=1)
    tasks = [
        RankingTask(t.features, t.pool, t.present, None, share)
        for t, share in zip((good, bad), shares, strict=True)
    ]
    gain = ablate_strategies(
        [split_by_query(t) for t in tasks], fit, LIGHT, ALL
    ).joint_gain.mean
    assert (gain > 0.1) == (shares[0] > 0.5)


def test_halves_by_item_share_no_new_item_and_all_old_ones():
    whole = task(1.0, n=4)
    pool = replace(whole.pool, new=ITEM[:4] >= 4)
    first, second = split_by_item(RankingTask(pool.features, pool, pool.present))
    assert (first.present & second.present)[:, :4].all()
    assert not (first.present & second.present)[:, 4:].any()
    assert (first.present | second.present).all()
    assert (
        first.pool.n_relevant.tolist() == (pool.relevant & first.present).sum(axis=1).tolist()
    )


def test_what_fits_a_few_items_only_is_no_gain_by_item():
    """A number drawn for each item fits those that happen to be chosen, and no others."""
    rng = np.random.default_rng(5)
    base = task(0.0)
    drawn = rng.standard_normal((40, 1, 12)).astype(np.float32)
    luck = np.repeat(drawn, 200, axis=1)
    relevant = np.zeros((200, 12), dtype=bool)
    relevant[np.arange(200), rng.choice([1, 2, 7, 9], 200)] = True
    wide = np.concatenate([base.features[:1], luck])
    present = np.ones_like(relevant)
    one = np.ones(200, dtype=np.int64)
    pool = CandidatePool(wide, relevant, present, present, one, one, ITEM)
    asked = RankingTask(wide, pool, pool.present)
    light = np.arange(41) < 1
    everybody = np.ones(41, dtype=bool)
    lucky = ablate_strategies([split_by_query(asked)], fit, light, everybody).joint_gain.mean
    fair = ablate_strategies([split_by_item(asked)], fit, light, everybody).joint_gain.mean
    assert lucky > 0.2
    assert fair < lucky / 2


def test_a_judgement_that_would_take_too_long_is_not_begun_on_every_level():
    done = []

    def slow(tasks, usable):
        done.append(1)
        return fit(tasks, usable)

    with time_limit(0), pytest.raises(OutOfTimeError):
        select_strategies([[task(1.0)]] * 20, slow, LIGHT, ALL, split_by_query)
    assert len(done) < 20 * 4


def test_new_items_need_a_clearer_gain():
    sure = (
        select_strategies([[task(1.0)]], fit, LIGHT, ALL, split_by_query, 2.0)
        .ablations[0]
        .joint_gain
    )
    assert select_strategies([[task(1.0)]], fit, LIGHT, ALL, split_by_query, 1e9).masks[
        0
    ].tolist() == [
        True,
        False,
        False,
    ]
    assert sure.is_significant(2.0)
