from itertools import combinations

import numpy as np
import pytest

from daybreak.models.shared_few_shot import FewShotTasks
from tests.models.tiny import dataset, random_dataset


def listed(data, size):
    """Every person's first events and every subset, as (shown, asked, weight), one by one."""
    for row, user in enumerate(data.active_user_rows):
        mine = np.searchsorted(data.train_item_rows, data.events.item[data.events.user == user])
        if len(mine) <= size:
            continue
        ways = list(combinations(mine, size))
        for shown, weight in [(mine[:size], 0.5), *((way, 0.5 / len(ways)) for way in ways)]:
            z, whole = np.zeros(len(data.train_items)), np.zeros(len(data.train_items))
            z[list(shown)], whole[mine] = 1, 1
            yield z, whole - z, weight, row


@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_moments_are_those_of_all_subsets_one_by_one(size):
    data = random_dataset(n_users=12, n_items=9, n_events=60)
    shown, asked, weight, rows = map(np.array, zip(*listed(data, size), strict=True))
    share, vectors = weight / weight.sum(), np.random.default_rng(1).random((9, 3))
    tasks = FewShotTasks.from_dataset(data, size)
    assert tasks.users.tolist() == sorted(set(rows))
    z, y = shown - share @ shown, asked - share @ asked
    np.testing.assert_allclose(tasks.mean_support, share @ shown, atol=1e-6)
    np.testing.assert_allclose(tasks.mean_target, share @ asked, atol=1e-6)
    np.testing.assert_allclose(
        tasks.support_covariance(vectors), (z.T * share) @ z @ vectors, atol=1e-5
    )
    np.testing.assert_allclose(
        tasks.cross_covariance(vectors), (z.T * share) @ y @ vectors, atol=1e-5
    )
    spread = vectors.T @ (y.T * share) @ y @ vectors
    np.testing.assert_allclose(tasks.target_covariance(vectors), spread, atol=1e-4)


def test_first_is_first_in_time():
    data = dataset([[2, 0, 1], [1, 2]], 3)
    tasks = FewShotTasks.from_dataset(data, 1)
    assert tasks.first_events.toarray().tolist() == [[0, 0, 1], [0, 1, 0]]
    assert tasks.project_targets(np.eye(3)).tolist() == [[1, 1, 0], [0, 0, 1]]


def test_who_has_nothing_left_to_ask_for_is_left_out():
    assert FewShotTasks.from_dataset(dataset([[0, 1], [0], [1]], 2), 1).users.tolist() == [0]
