"""The prior counts less where it ranks held-out queries worse than the shop's own weights."""

import numpy as np
import pytest

from daybreak.ranking.blending.prior_trust import HalfFit, choose_trust, fit_halves
from tests.ranking.blending.test_guard import task_of

BEST, NOISE = np.array([1.0, 0.0]), np.array([0.0, 1.0])
ALLOWED = np.ones(2, dtype=bool)


def halves_of(prior, n_queries=120, seed=0):
    return fit_halves([task_of(n_queries, seed=seed)], ALLOWED, prior, n_queries)


@pytest.mark.parametrize("seed", range(3))
def test_a_prior_that_ranks_by_noise_is_not_trusted(seed):
    halves = halves_of(NOISE, seed=seed)
    assert choose_trust(halves, NOISE, 120.0, 300.0) < 1
    assert halves[0].fitted[0] > halves[0].fitted[1]


@pytest.mark.parametrize("seed", range(3))
def test_a_prior_that_is_right_is_trusted(seed):
    assert choose_trust(halves_of(BEST, seed=seed), BEST, 120.0, 300.0) == 1


def test_too_few_queries_do_not_speak_against_the_prior():
    halves = fit_halves([task_of(20)], ALLOWED, NOISE, 20)
    assert all(half.fitted is NOISE for half in halves)
    assert choose_trust(halves, NOISE, 20.0, 300.0) == 1
    assert choose_trust((), np.zeros(2), 120.0, 0.0) == 1


def test_weights_of_half_of_the_queries_are_shrunk_by_their_number():
    """Fitted on 60 of 120 queries against a prior of 180: a quarter of the fitted shares."""
    task = task_of(120)
    weights, held_out = HalfFit(BEST, (task,)).shrink(NOISE, 120.0, 180.0)
    np.testing.assert_allclose(weights, [0.25, 0.75])
    assert held_out == (task,)


def test_halves_hold_out_each_query_once():
    first, second = halves_of(BEST, n_queries=61)
    counts = [len(task.pool.n_events) for half in (first, second) for task in half.held_out]
    assert counts == [31, 30]
