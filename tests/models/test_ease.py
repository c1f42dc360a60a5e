import numpy as np
import pytest

from daybreak.models.ease import EaseModel
from tests.models.tiny import ask, dataset, random_dataset, weights


@pytest.fixture
def large(monkeypatch):
    """Catalogues of more than one item count as too large for the primal form."""
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", 1)


def ridge_by_columns(data, ridge):
    """Predict every item from all others by ridge regression on centred interactions."""
    x = data.interactions.toarray().astype(float)
    a = x - x.mean(axis=0)
    found = np.zeros((a.shape[1], a.shape[1]))
    for j in range(a.shape[1]):
        others = np.flatnonzero(np.arange(a.shape[1]) != j)
        normal = a[:, others].T @ a[:, others] + ridge * np.eye(len(others))
        found[others, j] = np.linalg.solve(normal, a[:, others].T @ a[:, j])
    return found


def test_two_items_by_hand():
    """Four users, three for each item, two for both: ``G = [[3, 2], [2, 3]]``.

    Shares are 3/4; centred it is ``G - 4 * 9/16 = [[.75, -.25], [-.25, .75]]``. With .25
    (.1245 * sqrt(4) + .001) on the diagonal the inverse is ``[[1, .25], [.25, 1]] / .9375``,
    and the weight is ``-.25 / 1``: who has one of them has the other less often than others.
    """
    data = dataset([[0, 1], [0, 1], [0], [1]], 2)
    scores = EaseModel(ridge=0.1245).fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_allclose(scores, [[0, -0.25]], atol=1e-6)


def test_it_is_the_ridge_regression_of_every_item_on_all_others():
    data = random_dataset()
    ridge = 2.5 * np.sqrt(len(data.active_user_rows)) + 1e-3
    found = weights(EaseModel().fit(data), data)
    np.testing.assert_allclose(found, ridge_by_columns(data, ridge), atol=1e-5)


def test_the_dual_form_equals_the_primal_one(large):
    data = random_dataset(n_users=15, n_items=40)
    ridge = 2.5 * np.sqrt(len(data.active_user_rows)) + 1e-3
    model = EaseModel().fit(data)
    assert model.state.sparse.shape == (40, 40)
    np.testing.assert_allclose(weights(model, data), ridge_by_columns(data, ridge), atol=1e-5)


def test_the_dual_form_keeps_the_largest_weights_of_each_column(large, monkeypatch):
    monkeypatch.setattr("daybreak.models.ease.MAX_WEIGHTS_PER_ITEM", 3)
    data = random_dataset(n_users=15, n_items=40)
    every = np.abs(ridge_by_columns(data, 2.5 * np.sqrt(len(data.active_user_rows)) + 1e-3))
    kept = weights(EaseModel().fit(data), data) != 0
    assert (kept.sum(axis=0) == 3).all()
    assert (np.where(kept, every, 9).min(axis=0) >= np.where(kept, 0, every).max(axis=0)).all()
