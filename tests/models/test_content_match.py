import numpy as np
import pytest

from daybreak.models.content_match import ContentMatchModel
from tests.models.tiny import ask, dataset, items, random_dataset, weights


def test_the_score_is_the_mean_likeness_by_hand():
    """Two items in the history, each event worth ``1 / sqrt(2)``.

    The new item is like the first by .6 and like the second by .8: ``1.4 / sqrt(2)``. Old items
    are not like themselves.
    """
    data = dataset([[0], [1]], 2, vectors=np.eye(2))
    model, history = ContentMatchModel().fit(data), ask(data, [0, 1])
    new = items(1, [[0.6, 0.8]], first=5)
    np.testing.assert_allclose(model.score(history, new), [[1.4 / np.sqrt(2)]], rtol=1e-6)
    np.testing.assert_allclose(model.score(history, data.items), [[0, 0]], atol=1e-6)


@pytest.mark.parametrize("count", [3, 200])
def test_a_large_catalogue_compares_with_the_nearest_items(count, monkeypatch):
    monkeypatch.setattr("daybreak.models.content_match.MAX_DENSE_ITEMS", 1)
    data = random_dataset(dim=5)
    found = weights(ContentMatchModel(neighbours=count).fit(data), data)
    vectors = data.items.blocks[0].matrix
    likeness = np.maximum(vectors @ vectors.T, 0)
    np.fill_diagonal(likeness, 0)
    for item, column in enumerate(likeness.T):
        nearest = np.argsort(-column)[:count]
        wanted = np.zeros(len(column))
        wanted[nearest] = column[nearest] / column[nearest].sum()
        np.testing.assert_allclose(found[:, item], wanted, atol=1e-6)
