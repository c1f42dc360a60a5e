from types import SimpleNamespace

import numpy as np
import pytest

from daybreak.data.vocabulary import Vocabulary
from daybreak.models.shared_content import (
    fit_centred_content_weights,
    fit_content_kernel,
    impute_from_content,
    known_or_predicted,
)
from daybreak.models.shared_warm_start import (
    can_reuse_content,
    newest_items,
    newest_users,
    procrustes_rotation,
    transfer_by_id,
)
from tests.models.tiny import dataset, random_dataset

LIKE = [[1, 0], [0, 1], [1, 0]]


def test_values_follow_their_items_and_a_new_item_gets_those_of_its_like():
    """0 and 2 have the same content, 1 another: 2 is new and comes out nearer to 0."""
    data = dataset([[0, 1, 2], [0, 1]], 3, vectors=LIKE)
    before = np.float32([[9, 9], [3, 1], [1, 3]])
    found = transfer_by_id(data, Vocabulary(["gone", "1", "0"]), before)
    np.testing.assert_array_equal(found[:2], [[1, 3], [3, 1]])
    assert found[2, 0] < 2 < found[2, 1]


def test_a_hand_worked_prediction():
    """Kernel ridge with 4 on the diagonal: around the mean 2, item 2 gets (1 - 2) * 1 / 5."""
    data = dataset([[0, 1, 2], [0, 1]], 3, vectors=LIKE)
    found = impute_from_content(
        data, np.float32([[1], [3], [99]]), np.array([True, True, False])
    )
    np.testing.assert_allclose(found, [[1], [3], [2 - 1 / 5]], rtol=1e-6)


def test_what_is_filled_in_equals_a_regression_on_the_known_items_alone():
    data = random_dataset(dim=6)
    known = np.arange(20) % 3 > 0
    values = np.random.default_rng(1).standard_normal((20, 4)).astype(np.float32)
    some = data.filter_events(known[data.events.item])
    centre, weights = fit_centred_content_weights(some, values[known])
    state = SimpleNamespace(
        ids=some.train_items.ids, vectors=values[known], content=weights, centre=centre
    )
    alone = known_or_predicted(state, data.train_items)
    np.testing.assert_allclose(
        impute_from_content(data, values, known), alone, rtol=1e-4, atol=1e-5
    )


def test_more_unknown_items_than_landmarks_are_predicted_by_the_same_smoother(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 5)
    data = random_dataset(dim=6)
    known = np.arange(20) % 3 == 0
    new = np.flatnonzero(~known)
    values = np.random.default_rng(1).standard_normal((20, 2)).astype(np.float32)
    regression = fit_content_kernel(data)
    smoother = regression.coefficients @ regression.kernel.T
    residuals = np.where(known[:, None], values - values[known].mean(axis=0), 0)
    left = np.eye(len(new)) - smoother[np.ix_(new, new)]
    expected = values[known].mean(axis=0) + np.linalg.solve(left, smoother[new] @ residuals)
    found = impute_from_content(data, values, known)
    assert len(new) > len(regression.landmarks)
    np.testing.assert_array_equal(found[known], values[known])
    np.testing.assert_allclose(found[new], expected, rtol=1e-3, atol=1e-4)


def test_without_content_new_items_get_the_mean():
    data = dataset([[0, 1, 2]], 3)
    found = transfer_by_id(data, Vocabulary(["0", "1"]), np.float32([[1], [3]]))
    np.testing.assert_array_equal(found, [[1], [3], [2]])


@pytest.mark.parametrize(("ids", "enough"), [("01", True), ("0", False)])
def test_half_of_the_items_must_be_known(ids, enough):
    data = dataset([[0, 1, 2, 3]], 4)
    found = transfer_by_id(data, Vocabulary(ids), np.zeros((len(ids), 1), np.float32))
    assert (found is not None) == enough


def test_columns_are_the_same_when_they_are_as_many():
    data = dataset([[0, 1, 2]], 3, vectors=LIKE)
    assert can_reuse_content(data, data.items.ids, np.zeros((2, 5)))
    assert not can_reuse_content(data, data.items.ids, np.zeros((3, 5)))


def test_vectors_that_were_turned_are_turned_back_by_the_items_that_stayed():
    rng = np.random.default_rng(0)
    before = rng.standard_normal((8, 3)).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0].astype(np.float32)
    rows = np.array([5, 1, 2, 7, 3])
    ids, others = Vocabulary(str(row) for row in (*rows, 77)), Vocabulary("01234567")
    now = np.vstack([before[rows] @ turn, np.float32([[9, 9, 9]])])
    back = procrustes_rotation(now, ids, before, others)
    np.testing.assert_allclose(now[:5] @ back, before[rows], atol=1e-5)


def test_every_second_of_those_who_came_last_judges():
    """Twenty people: two judge, of the four who came last."""
    data = dataset([[0]] * 20, 1, at=np.arange(20.0))
    assert newest_users(data, np.random.default_rng(0)).tolist() == [16, 18]
    items = dataset([[place] for place in range(20)], 20, at=np.arange(20.0)[::-1])
    assert newest_items(items, np.random.default_rng(0)).tolist() == [1, 3]


def test_nobody_judges_where_there_is_nobody():
    nobody = dataset([], 2)
    assert len(newest_users(nobody, np.random.default_rng(0))) == 0
