import numpy as np

from daybreak.models.sequence import lift_matrix, lift_vectors
from tests.models.tiny import dataset, random_dataset


def test_the_lift_of_neighbours_by_hand():
    """Two people see 0 then 1, one sees 2 then 3: c_01 = 2, of 6 pairs in both directions.

    Expected are 2 * 2 / 6 for 0 and 1 and 1 * 1 / 6 for 2 and 3.
    """
    near = lift_matrix(dataset([[0, 1], [0, 1], [2, 3]], 4), max_gap=1).toarray()
    assert np.isclose(near[0, 1], np.log(3 / (4 / 6 + 1)))
    assert np.isclose(near[2, 3], np.log(2 / (1 / 6 + 1)))
    np.testing.assert_allclose(near, near.T)
    assert near[0, 2] == 0


def test_events_of_different_people_are_not_near_each_other():
    assert lift_matrix(dataset([[0], [1], [2]], 3), max_gap=5).nnz == 0


def test_events_further_apart_than_the_reach_do_not_count():
    near = lift_matrix(dataset([[0, 1, 2, 3]] * 2, 4), max_gap=1).toarray()
    assert near[0, 1] > 0
    assert near[0, 3] == 0


def test_vectors_come_near_the_lift_of_alike_items():
    data = dataset([[0, 1], [1, 0], [2, 3], [3, 2]] * 5, 4)
    vectors = lift_vectors(data, 1, 8, np.random.default_rng(0))
    near = vectors @ vectors.T
    np.testing.assert_allclose(near[0, 1], lift_matrix(data, 1)[0, 1], rtol=1e-4)
    assert abs(near[0, 2]) < 1e-4


def test_more_numbers_than_directions_are_filled_up():
    data = random_dataset(n_items=5, n_events=40)
    assert lift_vectors(data, 3, 16, np.random.default_rng(0)).shape == (5, 16)
