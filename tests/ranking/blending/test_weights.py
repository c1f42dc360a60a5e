import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, nearest_level


def test_a_level_is_its_own_nearest():
    assert nearest_level(np.array(EVENT_LEVELS, dtype=np.float32)).tolist() == list(
        range(len(EVENT_LEVELS))
    )


def test_the_least_event_leaves_the_level_without_events():
    assert nearest_level(np.array([0, 0.01], dtype=np.float32)).tolist() == [0, 1]


@given(st.lists(st.floats(0, 1e6, width=32), min_size=2))
def test_more_events_never_mean_a_lower_level(counts):
    levels = nearest_level(np.sort(np.array(counts, dtype=np.float32)))
    assert (np.diff(levels) >= 0).all()
    assert levels.min() >= 0
    assert levels.max() < len(EVENT_LEVELS)


def test_a_strategy_is_used_when_it_counts_anywhere():
    zero = np.zeros((len(EVENT_LEVELS), 3))
    weights, new = zero.copy(), zero.copy()
    weights[2, 0], new[5, 2] = 0.5, 0.1
    blend = Blend(("a", "b", "c"), np.ones(3, np.float32), weights, new, zero[:, 0])
    assert blend.used_strategies() == ("a", "c")
