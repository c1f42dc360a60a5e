import numpy as np
import polars as pl

from daybreak.data.dataset import Items


def test_a_new_item_is_compared_with_the_training_items_once(shop, monkeypatch):
    compared, similarity = [], Items.similarity
    monkeypatch.setattr(
        Items,
        "similarity",
        lambda self, others: compared.append(others.ids.ids) or similarity(self, others),
    )
    new = pl.DataFrame({"item_id": ["new"], "title": ["tea pot"], "shelf": ["tea"]})
    state = shop.state.with_items(new)
    assert compared == [("new",)]
    row = len(state.catalogue.items) - 1
    found = state.query_builder._neighbours
    again = found.without([row])
    (near,), (alone,) = (one.of(state.catalogue.items, [row]) for one in (found, again))
    assert len(compared) == 2
    np.testing.assert_array_equal(np.sort(near.items), np.sort(alone.items))
    np.testing.assert_allclose(np.sort(near.weights), np.sort(alone.weights), rtol=1e-6)
