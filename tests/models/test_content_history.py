from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.models.content_history import ContentHistoryModel
from daybreak.models.shared_content_columns import content_columns
from tests.models.tiny import ask, dataset, items


def test_the_score_is_the_likeness_to_sold_and_unsold_items_by_hand():
    """One known item (1, 0) and one unsold item (0.6, 0.8), each worth ``1 / sqrt(2)``.

    A new item (0, 1) is like the first by 0 and like the second by .8: ``.8 / sqrt(2)``.
    """
    data = dataset([[0], [1]], 2, vectors=np.eye(2))
    model, query = ContentHistoryModel().fit(data), ask(data, [0])
    root = np.sqrt(2)
    query = replace(
        query,
        history=query.history / root,
        unseen_content=sp.csr_array(np.array([[0.6, 0.8]]) / root),
    )
    new = items(1, [[0.0, 1.0]], first=5)
    np.testing.assert_allclose(model.score(query, new), [[0.8 / root]], rtol=1e-6)
    plain = replace(query, unseen_content=None)
    np.testing.assert_allclose(model.score(plain, new), [[0]], atol=1e-6)


def test_columns_are_the_blocks_side_by_side_and_computed_once():
    some = items(3, np.arange(6).reshape(3, 2))
    columns = content_columns(some)
    np.testing.assert_allclose(columns.toarray(), some.blocks[0].matrix)
    assert content_columns(some) is columns
    assert content_columns(items(3)).shape == (3, 0)


@pytest.mark.parametrize("rows", [[0], [2, 0], [1, 1, 2]])
def test_a_part_of_a_batch_keeps_its_unseen_content(rows):
    data = dataset([[0], [1]], 2, vectors=np.eye(2))
    content = sp.csr_array(np.arange(6, dtype=np.float32).reshape(3, 2))
    batch = replace(ask(data, [0], [1], [0, 1]), unseen_content=content)
    taken = batch.take(np.array(rows))
    assert (taken.unseen_content.toarray() == content.toarray()[rows]).all()
