import numpy as np
import pytest

from daybreak.models.content_neighbours import ContentNeighboursModel
from daybreak.models.ease import EaseModel
from tests.models.tiny import ask, items, random_dataset, weights


@pytest.mark.parametrize("limit", [6000, 1], ids=["dense", "sparse"])
def test_a_copy_of_an_old_item_has_its_scores(limit, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", limit)
    data = random_dataset(dim=5)
    copy = items(1, data.items.blocks[0].matrix[[3]], first=90)
    found = weights(ContentNeighboursModel(neighbours=1).fit(data), data, copy)
    np.testing.assert_allclose(
        found[:, 0], weights(EaseModel().fit(data), data)[:, 3], atol=1e-6
    )


def test_two_neighbours_count_by_their_likeness():
    data = random_dataset(dim=5)
    vectors = data.items.blocks[0].matrix
    new = vectors[[3]] + 0.3 * vectors[[4]]
    found = weights(
        ContentNeighboursModel(neighbours=2).fit(data), data, items(1, new, first=90)
    )
    teacher = weights(EaseModel().fit(data), data)
    likeness = (vectors @ (new / np.linalg.norm(new)).T)[:, 0]
    near = np.argsort(-likeness)[:2]
    wanted = teacher[:, near] @ likeness[near] / likeness[near].sum()
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-6)


def test_items_with_events_are_left_to_the_teacher():
    data = random_dataset(dim=5)
    scores = ContentNeighboursModel().fit(data).score(ask(data, [0, 1]), data.items)
    assert np.isnan(scores).all()
