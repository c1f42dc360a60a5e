import numpy as np

from daybreak.models.transitions import TransitionsModel
from tests.models.tiny import ask, dataset, random_dataset, weights


def slow_steps(data, reach, decay):
    total = np.zeros((len(data.items), len(data.items)))
    events = list(zip(data.events.user, data.events.item, data.events.at, strict=True))
    for first, (user, item, at) in enumerate(events):
        for gap, (other, then, later) in enumerate(events[first + 1 : first + 1 + reach]):
            if user == other and later > at:
                total[item, then] += decay**gap
    return total


def test_one_step_by_hand():
    """Six people take 0 and then 1: 6 steps, rows and columns ``6 + 5``."""
    data = dataset([[0, 1]] * 6, 2, at=range(12))
    scores = TransitionsModel().fit(data).score(ask(data, [0], [1]), data.items)
    np.testing.assert_allclose(scores, [[0, 6 * 11**-0.8], [0, 0]], rtol=1e-5)


def test_events_of_one_time_are_no_steps():
    at = [t for t in range(12) for _ in range(2)]
    data = dataset([[0, 1]] * 12, 2, at=at)
    model = TransitionsModel().fit(data)
    assert model.state.dated
    assert not weights(model, data).any()


def test_data_without_times_cannot_say():
    data = dataset([[0, 1]] * 12, 2, at=[0] * 24)
    assert np.isnan(TransitionsModel().fit(data).score(ask(data, [0]), data.items)).all()


def test_it_counts_steps_ahead_with_a_decay():
    data = random_dataset()
    steps = slow_steps(data, reach=10, decay=0.7)
    wanted = steps / np.sqrt(steps.sum(axis=1, keepdims=True) + 5)
    wanted = wanted / (steps.sum(axis=0) + 5) ** 0.3
    np.testing.assert_allclose(weights(TransitionsModel().fit(data), data), wanted, atol=1e-5)


def test_each_item_keeps_its_commonest_predecessors():
    data = random_dataset()
    every = weights(TransitionsModel().fit(data), data)
    kept = weights(TransitionsModel(keep=2).fit(data), data)
    np.testing.assert_allclose(np.sort(kept, axis=0)[-2:], np.sort(every, axis=0)[-2:])
    assert (np.count_nonzero(kept, axis=0) <= 2).all()
