"""The chain of interest, by hand and on events that follow a known chain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.data.dataset import Events
from daybreak.models.interest import InterestModel
from daybreak.models.shared_interests import (
    STEP_GRID,
    GroupedEvents,
    InterestChain,
    estimate_transitions,
    fit_mixture,
    group_items,
    interests_before,
    learn_interest_chain,
)
from tests.models.tiny import ask, dataset, random_dataset, weights


def walk(n_users=150, n_steps=20, p_follow=0.7, seed=0, n_groups=5):
    """People who mostly go from a group to the next one, a day later."""
    rng = np.random.default_rng(seed)
    group = np.empty((n_users, n_steps), dtype=np.int64)
    group[:, 0] = rng.integers(0, n_groups, n_users)
    for step in range(1, n_steps):
        follows = rng.random(n_users) < p_follow
        drawn = rng.integers(0, n_groups, n_users)
        group[:, step] = np.where(follows, (group[:, step - 1] + 1) % n_groups, drawn)
    user = np.repeat(np.arange(n_users), n_steps)
    at = np.tile(np.arange(n_steps) * 86_400.0 + 1e9, n_users)
    return GroupedEvents(user, group.ravel(), at)


def test_transitions_by_hand():
    """Two go from 0 to 1, one of them a half-life later than the other, at once; prior 1.

    Counts of group 0 are ``1 + 0.5``; with shares of 1/2 each, ``T[0, 1] = (1.5 + 0.5) / 2.5``.
    """
    events = GroupedEvents(
        np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.0, 1e-9, 0.0, 60.0])
    )
    base = np.array([0.5, 0.5])
    found = estimate_transitions(events, np.array([0, 2]), base, 60.0, 1.0)
    np.testing.assert_allclose(found, [[0.2, 0.8], [0.5, 0.5]], atol=1e-9)


def test_interest_after_two_events_by_hand():
    """From ``(.5, .5)``, an event in 0 and one in 1 with step .2: ``(.48, .52)``."""
    events = GroupedEvents(np.array([0, 0]), np.array([0, 1]), np.array([1.0, 2.0]))
    base = np.array([0.5, 0.5])
    found = interests_before(events, np.array([1]), base, 0.2)
    chain = InterestChain(np.eye(2), base, 0.0, 0.2, np.inf, 0.0)
    np.testing.assert_allclose(found, [[0.48, 0.52]])
    np.testing.assert_allclose(chain.add_event(chain.add_event(base, 0), 1), found[0])


def test_the_mixture_share_maximises_the_likelihood():
    rng = np.random.default_rng(3)
    stay, move = rng.random(400), rng.random(400)
    beta = fit_mixture(stay, move)

    def likelihood(share):
        return np.log((1 - share) * stay + share * move).sum()

    assert likelihood(beta) == pytest.approx(
        max(likelihood(share) for share in np.linspace(0, 1, 1001)), abs=1e-3
    )


def test_a_planted_chain_is_found():
    chain = learn_interest_chain(walk(), 5)
    assert (chain.transitions.argmax(axis=1) == (np.arange(5) + 1) % 5).all()
    assert chain.beta > 0.9
    assert chain.gain > 0.3


def test_people_who_stay_have_no_use_for_transitions():
    """Everybody keeps to one group, so that the interest itself says it all."""
    events = walk(p_follow=0.0)
    fixed = GroupedEvents(events.user, events.user % 5, events.at)
    chain = learn_interest_chain(fixed, 5)
    assert chain.move(np.eye(5)).diagonal().min() > 0.9


def test_a_new_topic_moves_a_settled_interest_by_one_small_step():
    """People keep to a group for long and stray now and then: one event says little."""
    rng = np.random.default_rng(5)
    user = np.repeat(np.arange(100), 60)
    strays = rng.random(6_000) < 0.3
    group = np.where(strays, rng.integers(0, 8, 6_000), user % 8)
    chain = learn_interest_chain(
        GroupedEvents(user, group, np.tile(np.arange(60) * 3_600.0, 100)), 8
    )
    assert chain.step <= 0.1


def test_few_transitions_teach_nothing():
    events = GroupedEvents(np.array([0, 0]), np.array([0, 1]), np.array([1.0, 2.0]))
    chain = learn_interest_chain(events, 2)
    assert (chain.beta, chain.gain) == (0.0, 0.0)
    assert chain.step in STEP_GRID


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 6))
def test_interests_and_predictions_sum_to_one(seed, n_groups):
    events = walk(20, 6, 0.5, seed, n_groups)
    chain = learn_interest_chain(events, n_groups)
    interest = interests_before(events, np.arange(len(events.user)), chain.base, chain.step)
    np.testing.assert_allclose(chain.transitions.sum(axis=1), 1)
    np.testing.assert_allclose(chain.move(interest).sum(axis=1), 1)


def test_items_of_one_content_are_one_group():
    vectors = np.repeat(np.eye(3), 4, axis=0)
    data = dataset([[0, 4], [8, 1]], 12, vectors)
    group = group_items(data, 3, np.random.default_rng(0))
    assert [len(set(group[start : start + 4])) for start in (0, 4, 8)] == [1, 1, 1]
    assert sorted(set(group)) == [0, 1, 2]


def test_items_without_content_are_grouped_by_their_users():
    data = dataset([[0, 1], [0, 1], [2, 3], [2, 3]], 5)
    group = group_items(data, 2, np.random.default_rng(0))
    assert group[0] == group[1] != group[2] == group[3]
    assert group[4] not in group[:4]


def test_scores_of_single_items_are_the_chain():
    """Six people take 0 and then 1; each of two items is its own group.

    The base is ``(6 + 1) / 14``, so there are too few transitions to learn: ``β = 0``, and an
    interest in 0 stays there.
    """
    data = dataset([[0, 1]] * 6, 2, at=range(12))
    scores = InterestModel().fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_allclose(scores, [[1, 0]], atol=1e-6)


def test_scores_follow_a_planted_chain():
    events = walk()
    data = dataset([[0]], 5)
    data = type(data)(
        data.items, Events(events.user, events.group, events.at), int(events.user.max()) + 1
    )
    found = weights(InterestModel().fit(data), data)
    assert (found.argmax(axis=1) == (np.arange(5) + 1) % 5).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_groups_share_their_score_by_popularity():
    data = random_dataset(n_items=20, dim=4)
    model = InterestModel(groups=3, max_items=5, damping=1.0).fit(data)
    within = np.bincount(model.state.group, model.state.within)
    np.testing.assert_allclose(within, 1)


def test_data_without_times_cannot_say():
    data = dataset([[0, 1]] * 12, 2, at=[0] * 24)
    assert np.isnan(InterestModel().fit(data).score(ask(data, [0]), data.items)).all()
