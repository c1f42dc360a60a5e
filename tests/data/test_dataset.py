import numpy as np

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary

SHOP = Items(Vocabulary(["tea", "rum", "gin", "ale"]))


def test_interactions_are_those_of_active_users_with_anchors():
    data = Dataset(SHOP, Events.of([0, 3, 3], [1, 1, 3], [0, 0, 0]), n_users=5)
    assert data.train_items.ids.ids == ("rum", "ale")
    assert data.active_user_rows.tolist() == [0, 3]
    assert data.interactions.toarray().tolist() == [[1, 0], [1, 1]]
    assert data.user_counts.tolist() == [2, 1]
    assert data.profiles.shape == (5, 0)


def test_without_events_every_item_is_an_anchor():
    data = Dataset(SHOP, Events.of([], [], []), n_users=2)
    assert data.train_items.ids == SHOP.ids
    assert data.interactions.shape == (0, 4)
    assert data.user_counts.tolist() == [0, 0, 0, 0]


def test_hiding_events_keeps_the_catalogue_and_forgets_statistics():
    data = Dataset(
        SHOP, Events.of([0, 1], [1, 3], [0, 0]), 2, kernel=np.eye(4, dtype=np.float32)
    )
    data.cache["it"] = 1
    part = data.filter_events(data.events.user == 1)
    assert part.items is data.items
    assert part.kernel is data.kernel
    assert part.train_items.ids.ids == ("ale",)
    assert part.cache == {}
    assert data.train_items.ids.ids == ("rum", "ale")
