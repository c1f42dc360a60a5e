import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.ranking.wish_matches import MAX_MATCHED_WORDS, feature_words, matched_words

NAMES = {0: "cake", 1: "stand", 2: "coffee", 5: "kitchen"}
WEIGHTS = sp.csr_array(
    np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.6, 0.0], [0.0, 0.5, 0.8], [1, 1, 1], [0, 0, 0], [0.4, 0, 0]],
        dtype=np.float32,
    )
)
WISH = sp.csr_array(np.array([[1, 1, -1, 0.5, 0, 1]], dtype=np.float32))


def test_words_are_named_by_their_shares_and_those_of_unwanted_content_below_zero():
    """The first item has cake .9, kitchen .4 and stand .2; the meaning has no word."""
    values = np.array([1.5, 0.6, -0.3], dtype=np.float32)
    found = matched_words(WISH, WEIGHTS, np.array([0, 1, 2]), NAMES, values)
    assert found == ("cake kitchen stand", "stand cake", "coffee")
    assert matched_words(WISH, WEIGHTS, np.array([2]), NAMES, np.ones(1, np.float32)) == (None,)


def test_items_without_words_have_no_match():
    assert matched_words(WISH, None, np.array([0]), NAMES, np.ones(1, np.float32)) == (None,)
    assert matched_words(WISH, WEIGHTS, np.array([0]), {}, np.ones(1, np.float32)) == (None,)


def test_at_most_a_few_words_are_named():
    wish = sp.csr_array(np.ones((1, 9), dtype=np.float32))
    names = {n: f"w{n}" for n in range(9)}
    one = np.ones(1, np.float32)
    (found,) = matched_words(wish, sp.csr_array(np.ones((9, 1), np.float32)), [0], names, one)
    assert len(found.split()) == MAX_MATCHED_WORDS


def test_the_words_of_features_skip_blocks_without_terms():
    blocks = [
        ContentBlock(name, np.ones((1, 2), np.float32)) for name in ("words", "m", "tags")
    ]
    found = feature_words(blocks, {"words": ("a", "b"), "tags": ("tag=red wine", "x=1")})
    assert found == {0: "a", 1: "b", 4: "red wine", 5: "1"}
