"""Parts of pools, and the pools that they are joined to."""

import numpy as np
import pytest

from daybreak.ranking.blending.candidate_pool import CandidatePool, PoolParts


def pool(features, n_events):
    """Return a pool whose candidates are all present; strategies give the features."""
    features = np.asarray(features, dtype=np.float32)
    shape = features.shape[1:]
    return CandidatePool(
        features,
        np.zeros(shape, dtype=bool),
        np.ones(shape, dtype=bool),
        np.zeros(shape, dtype=bool),
        np.ones(shape[0], dtype=np.int64),
        np.asarray(n_events, dtype=np.float32),
        np.tile(np.arange(shape[1], dtype=np.int32), (shape[0], 1)),
        np.arange(shape[0]),
    )


@pytest.fixture
def parts():
    """Two parts of one kind: strategies 0 and 2 with two candidates, strategy 1 with three."""
    found = PoolParts()
    found.add("user", pool([[[1, 2]], [[0, 0]], [[3, 4]]], [5]), [0, 1, 2])
    found.add("user", pool([[[7, 8, 9]]], [6]), [1])
    found.add("topic", pool([[[1]]], [0]), [0])
    return found


@pytest.mark.parametrize("is_last", [False, True])
def test_joined_parts_by_hand(parts, is_last):
    """Strategies that a part does not have score 0, as columns that it does not have."""
    joined = parts.join([1, 2], ("user",), is_last=is_last)["user"]
    assert joined.features.tolist() == [[[0, 0, 0], [7, 8, 9]], [[3, 4, 0], [0, 0, 0]]]
    assert joined.present.tolist() == [[True, True, False], [True, True, True]]
    assert joined.n_events.tolist() == [5, 6]


def test_parts_are_forgotten_with_the_last_join_only(parts):
    first = parts.join([0, 1, 2])
    last = parts.join([0, 1, 2], is_last=True)
    assert list(first) == list(last) == ["user", "topic"]
    assert (first["user"].features == last["user"].features).all()
    assert parts.count("user") == parts.count("topic") == 0


def test_later_parts_can_be_removed(parts):
    parts.truncate("user", 1)
    assert parts.join([0, 1, 2])["user"].n_events.tolist() == [5]


def test_strategies_without_any_score_use_no_memory(parts):
    held = parts._parts["user"][0].pool.features
    assert held.shape == (2, 1, 2)
