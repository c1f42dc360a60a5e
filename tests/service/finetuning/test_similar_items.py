import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Items
from daybreak.models.shared_text_kernel import TEXT_BLOCK
from daybreak.service.finetuning.similar_items import SimilarQueries, keep_text_only


def items_of(vectors, name=TEXT_BLOCK):
    block = ContentBlock(name, np.asarray(vectors, np.float32))
    return Items(Vocabulary(f"i{row}" for row in range(len(vectors))), (block,))


def test_the_other_item_of_a_person_at_the_second_place_by_hand():
    # similar to item 0: item 1 (.8), item 2 (.6); item 3 is not hidden. Item 2 is wanted, at
    # the second place: NDCG@10 = 1 / log2(3)
    items = items_of([[1, 0], [0.8, 0.6], [0.6, 0.8], [1, 0]])
    hidden = np.array([True, True, True, False])
    targets = sp.csr_array(np.array([[0.0, 0, 1, 0]]))
    scores = SimilarQueries(np.array([0]), targets, hidden, np.array([7])).score(items)
    assert scores.gains.sum() == pytest.approx(1 / np.log2(3))
    assert scores.users.tolist() == [7]


def test_people_with_one_hidden_item_do_not_ask():
    chosen = sp.csr_array(np.array([[1.0, 0, 0], [0, 1, 1], [0, 1, 1]]))
    queries = SimilarQueries.draw(np.array([4, 5, 6]), chosen, np.ones(3, dtype=bool), 0)
    assert queries.users.tolist() == [5, 6]
    assert queries.targets.sum(axis=1).tolist() == [1, 1]
    assert queries.score(items_of(np.eye(3))).gains.shape == (2, 3)


@given(st.integers(0, 10_000))
def test_an_anchor_is_never_its_own_target(seed):
    chosen = sp.random_array((20, 15), density=0.3, rng=seed, format="csr")
    queries = SimilarQueries.draw(np.arange(20), chosen, np.ones(15, dtype=bool), seed)
    rows = np.arange(len(queries.anchors))
    assert not queries.targets.toarray()[rows, queries.anchors].any()
    assert (chosen.toarray()[queries.users, queries.anchors] > 0).all()


def test_only_texts_are_left():
    plain = items_of(np.eye(2), "words")
    both = Items(plain.ids, (*plain.blocks, *items_of(np.eye(2)).blocks))
    assert [block.name for block in keep_text_only(both).blocks] == [TEXT_BLOCK]
