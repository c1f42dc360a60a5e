import numpy as np

from daybreak.models.neighbour_popular import NeighbourPopularModel
from tests.models.tiny import ask, dataset, items

# Three users of item 0, one of item 1: logarithms log 4 and log 2, centred +-log(2) / 2.
HALF = np.log(2) / 2
HISTORIES = [[0], [0], [0, 1]]


def test_neighbours_are_averaged_by_likeness():
    """Likeness .6 and .8: ``(.6 - .8) / 1.4`` of half a logarithm."""
    data = dataset(HISTORIES, 2, vectors=np.eye(2))
    new = items(1, [[0.6, 0.8]], first=5)
    scores = NeighbourPopularModel().fit(data).score(ask(data, []), new)
    np.testing.assert_allclose(scores, [[-HALF / 7]], rtol=1e-5)


def test_only_items_without_events_are_scored():
    data = dataset(HISTORIES, 3, vectors=np.eye(3))
    scores = NeighbourPopularModel().fit(data).score(ask(data, []), data.items)
    assert np.isnan(scores[0]).tolist() == [True, True, False]
