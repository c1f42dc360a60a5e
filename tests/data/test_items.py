import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary


@pytest.fixture
def shop():
    words = sp.csr_array(np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32))
    meaning = np.array([[0, 1], [0, 1], [1, 0]], dtype=np.float32)
    blocks = (ContentBlock("words", words), ContentBlock("meaning", meaning))
    return Items(Vocabulary(["tea", "rum", "gin"]), blocks, np.array([1.0, np.nan, 3.0]))


def test_similarity_adds_blocks_and_halves_meaning(shop):
    """Tea and rum share .6 of their words and all their meaning: ``.6 + .5``."""
    found = shop.similarity(shop)
    np.testing.assert_allclose(found, [[1.5, 1.1, 0], [1.1, 1.5, 0], [0, 0, 0.5]], atol=1e-6)
    assert found.dtype == np.float32


def test_items_are_taken_with_their_content_and_age(shop):
    some = shop.take(np.array([2, 0]))
    assert some.ids.ids == ("gin", "tea")
    assert some.created_at.tolist() == [3.0, 1.0]
    np.testing.assert_allclose(some.similarity(shop), shop.similarity(shop)[[2, 0]])
    assert len(shop.take(np.empty(0, dtype=np.int64))) == 0


def test_items_without_content_are_like_nothing():
    bare = Items(Vocabulary(["tea", "rum"]))
    assert bare.similarity(bare).tolist() == [[0, 0], [0, 0]]
    assert bare.take(np.array([1])).created_at.tolist() == []


def test_catalogues_of_other_blocks_cannot_be_compared(shop):
    with pytest.raises(ValueError, match="zip"):
        shop.similarity(Items(Vocabulary(["gin"])))
