import numpy as np

from daybreak.models.again import AgainModel
from tests.models.tiny import ask, dataset


def test_the_score_is_the_personal_frequency():
    data = dataset([[0, 1], [1, 2]], 3)
    model = AgainModel(decay=0.5).fit(data)
    queries = ask(data, [0, 1]).with_repeats(np.array([[0.25, 1.0, 0.0]]))
    np.testing.assert_allclose(model.score(queries, data.items), [[0.25, 1, 0]])


def test_a_query_that_needs_no_repeats_has_no_features():
    data = dataset([[0, 1], [1, 2]], 3)
    assert AgainModel().fit(data).query_features(ask(data, [0])).nnz == 0
