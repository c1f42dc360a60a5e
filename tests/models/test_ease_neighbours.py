from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.models.ease import EaseModel
from daybreak.models.ease_neighbours import EaseNeighboursModel
from daybreak.models.item_knn import ItemKnnModel
from daybreak.models.shared_neighbour_ease import NeighbourEquations, fit_neighbour_ease
from tests.models.test_ease import ridge_by_columns
from tests.models.tiny import ask, dataset, random_dataset, weights


@pytest.fixture
def large(monkeypatch):
    """Every catalogue counts as too large for both other forms of EASE."""
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", 1)
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DUAL_USERS", 1)


def test_one_neighbour_by_hand():
    """Six users: 4 have item 0, 3 item 1, 1 item 2; 3 pairs of 0 and 1, 1 of 0 and 2.

    Item 1 is predicted from item 0 alone: ``C_01 = 3 - 4 * 3 / 6 = 1``, and ``C_00`` is
    ``4 - 4 * 4 / 6 = 4/3``. With a ridge of .999 + .001, the weight is ``1 / (7/3) = 3/7``.
    """
    data = dataset([[0, 1], [0, 1], [0, 1], [0, 2], [3], [3]], 4)
    model = EaseNeighboursModel(ridge=0.999 / np.sqrt(6), neighbours=1).fit(data)
    scores = model.score(ask(data, [0]), data.items)
    assert scores[0, 1] == pytest.approx(3 / 7, abs=1e-6)


def test_with_all_items_as_neighbours_it_is_ease():
    data = random_dataset(n_users=80, n_items=8, n_events=900)
    assert (data.interactions.T @ data.interactions).toarray().all()
    ridge = 2.5 * np.sqrt(len(data.active_user_rows)) + 1e-3
    found = weights(EaseNeighboursModel(neighbours=8).fit(data), data)
    np.testing.assert_allclose(found, ridge_by_columns(data, ridge), atol=1e-5)


def test_no_item_has_more_neighbours_than_asked_for():
    data = random_dataset(n_items=30)
    kept = fit_neighbour_ease(data, 2.5, 4)
    assert np.diff(sp.csc_array(kept).indptr).max() == 4
    assert not kept.diagonal().any()


def test_ease_takes_this_form_where_no_other_fits(large):
    data = random_dataset(n_items=30)
    expected = weights(EaseNeighboursModel(ridge=1.5).fit(data), data)
    np.testing.assert_array_equal(weights(EaseModel(ridge=1.5).fit(data), data), expected)


def test_pairs_are_counted_once_for_neighbours_and_ease(large, monkeypatch):
    data, calls = random_dataset(n_items=30), []
    from daybreak.models import shared_item_similarity  # noqa: PLC0415 - its function is replaced

    count = shared_item_similarity.sparse_cooccurrence
    monkeypatch.setattr(
        shared_item_similarity,
        "sparse_cooccurrence",
        lambda *rest: calls.append(1) or count(*rest),
    )
    EaseModel().fit(data)
    shared = weights(ItemKnnModel(neighbours=12).fit(data), data)
    assert len(calls) == 1
    monkeypatch.undo()
    again = weights(ItemKnnModel(neighbours=12).fit(random_dataset(n_items=30)), data)
    np.testing.assert_allclose(np.sort(shared, axis=0), np.sort(again, axis=0), atol=1e-6)


def test_indefinite_equations_are_solved_with_smaller_pairs():
    """Pairs .9, .9 and -.9 of variables with variance 1 have a negative eigenvalue."""
    pairs = np.array([[0, 0.9, 0.9, 1], [0.9, 0, -0.9, 0], [0.9, -0.9, 0, 0], [1, 0, 0, 0]])
    equations = NeighbourEquations(
        sp.csr_array(pairs.astype(np.float32)), np.ones(4, dtype=np.float32)
    )
    halved = np.eye(3) + pairs[:3, :3] / 2
    found = equations.solve(3, np.arange(3, dtype=np.int32))
    np.testing.assert_allclose(halved @ found, [1, 0, 0], atol=1e-6)


def test_catalogues_without_pairs_have_no_weights(large):
    data = dataset([[0], [1], [2]], 3)
    assert not weights(EaseModel().fit(data), data).any()


def test_weights_of_users_count_like_repeated_users(large):
    """A user of weight 2 is two users."""
    histories = [[0, 1, 2], [0, 1], [2], [1, 2], [0]]
    once = dataset(histories, 3)
    weighted = replace(once, user_weights=np.float32([2, 1, 1, 1, 1]))
    twice = dataset([*histories, histories[0]], 3)
    np.testing.assert_allclose(
        fit_neighbour_ease(weighted, 1.0).toarray(),
        fit_neighbour_ease(twice, 1.0).toarray(),
        atol=1e-5,
    )
