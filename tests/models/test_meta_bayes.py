from dataclasses import replace

import numpy as np
import pytest

from daybreak.models.meta_bayes import MetaBayesModel, UserPosterior
from daybreak.models.popular import PopularModel
from daybreak.models.shared_few_shot import FewShotTasks
from tests.models.test_shared_few_shot import listed
from tests.models.tiny import ask, dataset, items, random_dataset


def camps(n_users=80, n=20, seed=0, profiles=None):
    """People who take either even or odd items, eight of them, in random order."""
    rng = np.random.default_rng(seed)
    histories = [2 * rng.permutation(n // 2)[:8] + user % 2 for user in range(n_users)]
    known = None if profiles is None else [[user % 2, 1 - user % 2] for user in range(n_users)]
    return dataset(histories, n, profiles=known)


def hits(model, data, queries, wanted):
    """The share of the five best unseen items that are of the right kind."""
    scores = model.score(queries, data.items)
    scores[queries.history.nonzero()] = -np.inf
    return np.mean(np.argsort(-scores, axis=1)[:, :5] % 2 == np.array(wanted)[:, None])


def test_one_event_moves_the_mean_by_covariance_over_variance():
    """Half of the people begin with item 0 and go on to 2, the others with 1 and then 3.

    What is shown first is (1, 0, 0, 0) or (0, 1, 0, 0), half of the weight; the other half are
    subsets, which show item 0 and 2 a quarter each. With noise large beside both, the gain of
    item 0 for item 2 is their covariance over the noise. E[z0 y2] = 1/2 (1/2 + 1/4) = 3/8,
    E z0 = 1/2 (1/2 + 1/4) = 3/8, E y2 = 3/8: covariance 3/8 - 9/64 = 15/64.
    """
    data = dataset([[0, 2], [1, 3]] * 20, 4)
    tasks = FewShotTasks.from_dataset(data, 1)
    found = UserPosterior.from_tasks(tasks, np.eye(4, dtype=np.float32), noise=1e6 * len(tasks))
    np.testing.assert_allclose(1e6 * found.gain[0, 2], 15 / 64, rtol=1e-4)


def test_the_gain_is_that_of_bayesian_regression_over_all_tasks_one_by_one():
    """Weights with prior N(0, 1 / noise) and observations of variance 1; Bishop 2006, eq. 3.53.

    Every person counts as one observation, whose half is the first events and half the subsets.
    """
    data = random_dataset(n_users=12, n_items=9, n_events=60)
    shown, asked, weight, _ = map(np.array, zip(*listed(data, 2), strict=True))
    share = weight / weight.sum()
    root = np.sqrt(weight)[:, None]
    z, y = root * (shown - share @ shown), root * (asked - share @ asked)
    wanted = np.linalg.inv(z.T @ z + 5.0 * np.eye(9)) @ z.T @ y
    found = UserPosterior.from_tasks(
        FewShotTasks.from_dataset(data, 2), np.eye(9, dtype=np.float32), noise=5.0
    )
    np.testing.assert_allclose(found.gain, wanted, atol=1e-4)


def test_the_covariance_is_the_joint_gaussian_conditioned_by_its_precision():
    data = random_dataset(n_users=60, n_items=9, n_events=300)
    tasks, into = FewShotTasks.from_dataset(data, 3), np.eye(9, dtype=np.float32)
    shown = tasks.support_covariance(into).astype(float) + 5.0 / len(tasks) * np.eye(9)
    cross = tasks.cross_covariance(into).astype(float)
    joint = np.block([[shown, cross], [cross.T, tasks.target_covariance(into)]])
    wanted = np.linalg.inv(np.linalg.inv(joint)[9:, 9:])
    found = UserPosterior.from_tasks(tasks, into, noise=5.0)
    np.testing.assert_allclose(found.covariance, wanted, atol=2e-3)


def test_few_events_tell_what_popularity_cannot():
    data = camps()
    queries, wanted = ask(data, [0], [1], [2, 8], [3, 9, 11]), [0, 1, 0, 1]
    assert hits(MetaBayesModel().fit(data), data, queries, wanted) == 1
    assert hits(PopularModel().fit(data), data, queries, wanted) < 0.7


def test_without_events_the_profile_tells():
    data = camps(profiles=True)
    model = MetaBayesModel(profile_ridge=1.0).fit(data)
    assert hits(model, data, ask(data, [], [], profiles=[[0, 1], [1, 0]]), [0, 1]) == 1


def test_without_anything_it_is_how_often_items_are_chosen():
    data = random_dataset()
    model = MetaBayesModel(noise=1e9).fit(data)
    scores = model.score(ask(data, []), data.items)[0]
    np.testing.assert_allclose(scores, data.user_counts / len(data.active_user_rows), atol=1e-5)


def test_longer_histories_are_scaled_to_the_step_below():
    data = random_dataset()
    model = MetaBayesModel(dim=5).fit(data)
    assert model.state.steps.tolist() == [0, 1, 2, 3, 5]
    found = model.query_vectors(ask(data, [0, 1, 2, 3]))[0]
    gains, offsets = model.state.gains[3], model.state.offsets[3]
    np.testing.assert_allclose(found[:5], 0.75 * gains[:4].sum(axis=0) - offsets, atol=1e-5)
    assert found[5:].tolist() == [0, 0, 0, 1, 0]


def test_rounding_does_not_cost_a_step():
    data = camps()
    model, queries = MetaBayesModel().fit(data), ask(data, [0, 4, 8])
    rounded = replace(queries, n_events=np.nextafter(queries.n_events, np.float32(0)))
    np.testing.assert_allclose(
        model.score(rounded, data.items), model.score(queries, data.items), atol=1e-5
    )


def test_uncertainty_is_a_variance_that_events_make_smaller():
    data = camps()
    model = MetaBayesModel().fit(data)
    left = model.uncertainty(ask(data, [], [0], [0, 2, 4]), data.items)
    assert left.shape == (3, 20)
    assert (left > -1e-5).all()
    assert left[0].mean() > left[1].mean() > left[2].mean()


def test_uncertainty_is_the_quadratic_form_of_the_posterior_covariance():
    data = random_dataset(dim=4)
    model = MetaBayesModel(dim=5).fit(data)
    new = items(2, np.random.default_rng(3).standard_normal((2, 4)), first=90)
    vectors, covariance = model.item_vectors(new)[:, :5], model.state.covariances[1]
    wanted = np.diag(vectors @ covariance @ vectors.T)
    np.testing.assert_allclose(model.uncertainty(ask(data, [3]), new)[0], wanted, rtol=1e-4)


@pytest.mark.parametrize("option", [{}, {"noise": 7.0}])
def test_noise_is_learned_unless_it_is_given(option):
    data, asked = camps(), ask(camps(), [0, 2, 4])
    first = MetaBayesModel(**option).fit(data).query_vectors(asked)
    other = MetaBayesModel(noise=250.0).fit(data).query_vectors(asked)
    assert not np.allclose(first, other)
