"""The regression on two memories: by hand, against a dense solution, and after pauses."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.data.memory import (
    MEMORY_DECAYS,
    N_PAUSES,
    group_pauses,
    memory_weights,
    present_time,
)
from daybreak.models.next_event import NextEventModel, _Histories, _learn_steps
from tests.models.tiny import dataset, items, random_dataset


def dense_system(data):
    """``M'M`` and ``M'Y`` of memories that are written out, event by event."""
    n, user = len(data.items), data.events.user
    memories, following = [], []
    state = np.zeros((len(MEMORY_DECAYS), n))
    for row, item in enumerate(data.events.item):
        if row and user[row] == user[row - 1]:
            memories.append(state.ravel().copy())
            following.append(np.eye(n)[item])
        else:
            state[:] = 0
        state *= np.array(MEMORY_DECAYS)[:, None]
        state[:, item] += 1
    m, y = np.array(memories), np.array(following)
    return m.T @ m, m.T @ y


def test_one_transition_by_hand():
    """Twelve people take 0 and then 1. Both memories are 1 at item 0 after the first event.

    With ridges ``r`` and ``3 r`` of 12 transitions, ``w_short = 12 / (12 + 12/3 + r)`` and
    ``w_long = w_short / 3``, where ``r = .33 √12 + .001``.
    """
    data = dataset([[0, 1]] * 12, 2, at=range(24))
    model = NextEventModel().fit(data)
    ridge = 0.33 * np.sqrt(12) + 1e-3
    short = 12 / (12 + 4 + ridge)
    wanted = np.zeros((4, 2))
    wanted[0, 1], wanted[2, 1] = short, short / 3
    np.testing.assert_allclose(model.state.weights, wanted, atol=1e-5)


def test_the_sums_over_pairs_are_those_of_memories_written_out():
    data = random_dataset(n_users=9, n_events=120)
    histories = _Histories.from_data(data, np.arange(len(data.train_item_rows)))
    gram, following = dense_system(data)
    np.testing.assert_allclose(histories.gram(), gram, rtol=0.1, atol=0.15)
    np.testing.assert_allclose(histories.next_counts(), following, rtol=0.1, atol=0.15)


def test_step_sizes_by_hand():
    """Twenty predictions of 1/2 for what came, and 1/2 for what did not, without leverage.

    The factor that fits best is ``Σ y p / Σ p² = .5 / .5 = 1``; after a long pause nothing
    that came was predicted, and the factor is 0.
    """
    predicted = np.full((40, 2), 0.5, dtype=np.float32)
    predicted[20:] = [0.0, 1.0]
    group = np.repeat([0, N_PAUSES - 1], 20)
    steps = _learn_steps(predicted, np.zeros(40), np.zeros(40, np.int64), group)
    np.testing.assert_allclose(steps, [1, 1, 1, 1, 0])


def test_a_prediction_does_not_count_what_it_was_taught():
    """With a leverage of 1/4 and a prediction of 5/8, that without the event is 1/2."""
    predicted = np.full((20, 1), 0.625, dtype=np.float32)
    steps = _learn_steps(
        predicted, np.full(20, 0.25), np.zeros(20, np.int64), np.zeros(20, int)
    )
    assert steps[0] == 1.0  # 0.5 / 0.25 is above the bound


def sittings(n_users=90, seed=0):
    """In a sitting, people go from an item to the next one of a ring; after a pause of 40 days,
    to any other."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        for sitting, start in enumerate(rng.permutation([0, 3, 6, 9])):
            at = 1e9 + 100 * user + sitting * 40 * 86_400
            rows += [(user, (start + user + step) % 12, at + 10 * step) for step in range(3)]
    user, item, at = np.array(rows).T
    events = Events.of(user.astype(int), item.astype(int), at)
    return Dataset(items(12), events, n_users)


def test_after_a_pause_the_last_events_say_less():
    model = NextEventModel().fit(sittings())
    assert model.state.steps[0] > 0.8
    assert model.state.steps[-1] < 0.9 * model.state.steps[0]


def test_scores_fade_with_the_pause():
    data = sittings()
    model = NextEventModel().fit(data)
    known = Events(np.array([0, 1]), np.array([4, 4]), np.array([1.0, 1.0]))
    profiles = sp.csr_array((2, 0), dtype=np.float32)
    queries = Queries.for_histories(data, known, profiles, np.array([5.0, 1e8]))
    near, far = model.score(queries, data.items)
    assert near.argmax() == 5
    np.testing.assert_allclose(far, near * model.state.steps[-1], rtol=1e-5)


def test_items_with_few_events_take_no_part():
    data = random_dataset()
    model = NextEventModel(max_items=5).fit(data)
    scores = model.score(Queries.for_users(data, data.events, np.arange(3)), data.items)
    assert (np.isfinite(scores).sum(axis=1) == 5).all()
    best = np.sort(np.argsort(-data.user_counts, kind="stable")[:5])
    assert np.flatnonzero(np.isfinite(scores[0])).tolist() == best.tolist()


def test_data_without_times_cannot_say():
    data = dataset([[0, 1]] * 12, 2, at=[0] * 24)
    queries = Queries.for_users(data, data.events, np.arange(2))
    assert np.isnan(NextEventModel().fit(data).score(queries, data.items)).all()


def test_events_of_one_time_are_remembered_alike():
    data = dataset([[0, 1, 2]] * 2, 3, at=[1, 1, 5, 1, 1, 5])
    memory = Queries.for_users(data, data.events, np.array([0])).memory.toarray()
    np.testing.assert_allclose(memory, [[0.6, 0.6, 1, 0.9, 0.9, 1]], rtol=1e-6)


def test_forgotten_events_weigh_nothing():
    short, long = memory_weights(np.array([0, 9, 44]))
    assert short.tolist()[0] == long.tolist()[0] == 1
    assert (short[1] > 0, short[2], long[2]) == (True, 0, 0)


@pytest.mark.parametrize(
    ("trained_until", "clock", "present"),
    [(1e9, 1e9 + 60, 1e9 + 60), (1e9, 1.1e9, 1e9), (1.2e9, 1.1e9, 1.2e9)],
)
def test_data_of_the_past_are_asked_about_their_own_present(trained_until, clock, present):
    assert present_time(trained_until, clock) == present


def test_unknown_pauses_are_those_of_a_sitting():
    assert group_pauses(np.array([np.nan, 0.0, 59.9, 60.0])).tolist() == [0, 0, 0, 1]
