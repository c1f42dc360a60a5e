import numpy as np

from daybreak.models.content_popular import ContentPopularModel
from tests.models.tiny import ask, dataset, items

# Three users of item 0, one of item 1: logarithms log 4 and log 2, centred +-log(2) / 2.
HALF = np.log(2) / 2
HISTORIES = [[0], [0], [0, 1]]


def test_a_new_item_like_the_popular_one_is_expected_to_be_popular():
    """``K = I`` and λ = 4, so a fifth of the value is believed."""
    data = dataset(HISTORIES, 2, vectors=np.eye(2))
    new = items(2, np.eye(2), first=5)
    scores = ContentPopularModel().fit(data).score(ask(data, []), new)
    np.testing.assert_allclose(scores, [[HALF / 5, -HALF / 5]], rtol=1e-5)


def test_only_items_without_events_are_scored():
    data = dataset(HISTORIES, 3, vectors=np.eye(3))
    scores = ContentPopularModel().fit(data).score(ask(data, []), data.items)
    assert np.isnan(scores[0]).tolist() == [True, True, False]
