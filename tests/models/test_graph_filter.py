import numpy as np
import pytest

from daybreak.models.graph_filter import GraphFilterModel
from tests.models.tiny import ask, dataset, random_dataset, weights


def test_two_items_by_hand():
    """Ann has both items, Bob the first: degrees 2 and 1 of people, 2 and 1 of items.

    ``Xh = [[1/2, 1/sqrt(2)], [1/sqrt(2), 0]]``, so ``(Xh'Xh)_01 = 1 / (2 sqrt(2))``; times
    ``sqrt(1) / sqrt(2)`` that is 1/4.
    """
    data = dataset([[0, 1], [0]], 2)
    scores = GraphFilterModel().fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_allclose(scores[0, 1], 0.25, rtol=1e-6)


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
def test_it_is_the_product_of_normalised_interactions(limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    data = random_dataset()
    x = data.interactions.toarray().astype(float)
    people, items = np.diag(x.sum(axis=1) ** -0.5), np.diag(x.sum(axis=0) ** -0.5)
    xh = people @ x @ items
    wanted = items @ xh.T @ xh @ np.linalg.inv(items)
    found = weights(GraphFilterModel().fit(data), data)
    off = ~np.eye(len(wanted), dtype=bool)  # large catalogues leave an item's own weight out
    np.testing.assert_allclose(found[off], wanted[off], atol=1e-6)
