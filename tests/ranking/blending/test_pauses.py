"""Recent histories of known users count by the time since their last event."""

import numpy as np
import pytest

from daybreak.data.memory import N_PAUSES
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.pauses import (
    MIN_PAUSE_QUERIES,
    PAUSE_STEPS,
    fit_pause_steps,
    scale_recent,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS

WIDTH = 12
SITTING_S, MONTHS_S = 5.0, 1e7
STRATEGIES = get_strategies(["popular", "item_knn"])
WEIGHTS = np.ones((len(EVENT_LEVELS), 2))


def pool(recent, pause_s, n_events=20.0):
    """Return the pool of queries with the first candidate as target.

    Best sellers put it first by 1; what is like the last events scores it with ``recent``, and
    all others with 0.
    """
    n = len(recent)
    features = np.zeros((2, n, WIDTH), dtype=np.float32)
    features[0, :, 0] = 1
    features[1, :, 0] = recent
    relevant = np.zeros((n, WIDTH), dtype=bool)
    relevant[:, 0] = True
    return CandidatePool(
        features,
        relevant,
        np.ones((n, WIDTH), dtype=bool),
        np.zeros((n, WIDTH), dtype=bool),
        np.ones(n, dtype=np.int64),
        np.full(n, n_events, dtype=np.float32),
        np.tile(np.arange(WIDTH, dtype=np.int32), (n, 1)),
        pause_s=np.asarray(pause_s, dtype=np.float64),
    )


def pools(recent, pause_s, n_events=20.0):
    return TrainingPools({"user": pool(recent, pause_s, n_events)}, np.ones(2, np.float32))


def test_after_a_pause_recent_events_that_mislead_have_no_weight():
    """At -1.5 the target falls behind all others, unless the step is at most 1/2."""
    n = MIN_PAUSE_QUERIES
    recent, pauses = np.repeat([1.0, -1.5], n), np.repeat([SITTING_S, MONTHS_S], n)
    steps = fit_pause_steps(pools(recent, pauses), STRATEGIES, WEIGHTS)
    assert steps[0] == 1
    assert steps[-1] < 2 / 3
    assert (np.diff(steps) <= 0).all()


def test_within_a_sitting_recent_events_count_more_where_that_helps():
    """The best seller is wrong by 1; recent events need a step above 1 / .6."""
    n = MIN_PAUSE_QUERIES
    made = pools(np.full(n, 0.6), np.full(n, SITTING_S))
    made.pools["user"].features[0, :, 0] = -1
    steps = fit_pause_steps(made, STRATEGIES, WEIGHTS)
    assert steps.tolist() == [2, 1, 1, 1, 1]


@pytest.mark.parametrize("pauses", [np.nan, MONTHS_S])
def test_few_or_unknown_pauses_change_nothing(pauses):
    n = MIN_PAUSE_QUERIES - 1 if pauses == MONTHS_S else 2 * MIN_PAUSE_QUERIES
    made = pools(np.full(n, -1.5), np.full(n, pauses))
    assert fit_pause_steps(made, STRATEGIES, WEIGHTS).tolist() == [1] * N_PAUSES
    made.pools["user"] = pool(np.full(n, -1.5), [])
    assert fit_pause_steps(made, STRATEGIES, WEIGHTS).tolist() == [1] * N_PAUSES


def test_scores_of_known_users_are_multiplied_by_the_step_of_their_pause():
    made = pools([1.0, 1.0, 1.0], [SITTING_S, MONTHS_S, np.nan])
    newcomers = pool([1.0], [MONTHS_S], n_events=3)
    made.pools["new_user"] = newcomers
    scale_recent(made, STRATEGIES, np.array([2.0, 1.0, 1.0, 1.0, 0.5]))
    assert made.pools["user"].features[1, :, 0].tolist() == [2, 0.5, 1.25]
    assert made.pools["user"].features[0, :, 0].tolist() == [1, 1, 1]
    assert newcomers.features[1, 0, 0] == 1
    assert 1.0 in PAUSE_STEPS
