import numpy as np
import pytest

from daybreak.models.item_knn import ItemKnnModel
from tests.models.tiny import ask, dataset, random_dataset, weights


def slow_similarities(data, shrinkage):
    x = data.interactions.toarray().astype(float)
    n_users, n = x.shape
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                both, product = (x[:, i] * x[:, j]).sum(), x[:, i].sum() * x[:, j].sum()
                excess = max(both - 0.5 * product / n_users, 0)
                found[i, j] = excess / (np.sqrt(product) + shrinkage)
    return found


def test_two_items_by_hand():
    """Of three users three have item 0 and two item 1; by chance ``3 * 2 / 3`` have both."""
    data = dataset([[0, 1], [0, 1], [0]], 2)
    scores = ItemKnnModel(expected_share=0.5).fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_allclose(scores, [[0, (2 - 0.5 * 2) / (np.sqrt(6) + 10)]], rtol=1e-6)


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
def test_it_is_the_shrunk_cosine_of_more_than_half_of_the_chance_pairs(limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    data = random_dataset()
    np.testing.assert_allclose(
        weights(ItemKnnModel(expected_share=0.5).fit(data), data),
        slow_similarities(data, 10),
        atol=1e-6,
    )


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
def test_each_item_keeps_its_nearest_neighbours(limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    data = random_dataset()
    found = weights(ItemKnnModel(neighbours=3, expected_share=0.5).fit(data), data)
    nearest = -np.sort(-slow_similarities(data, 10), axis=0)[:3]
    np.testing.assert_allclose(-np.sort(-found, axis=0)[:3], nearest, atol=1e-6)
    assert (np.count_nonzero(found, axis=0) <= 3).all()


def test_chance_pairs_stay_unless_a_share_of_them_is_subtracted():
    data = dataset([[0, 1], [0, 1], [0]], 2)
    scores = ItemKnnModel().fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_allclose(scores, [[0, 2 / (np.sqrt(6) + 10)]], rtol=1e-6)
