import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.wish import MIN_REFERENCE, WishModel, saturate_wishes, scale_wishes


def catalogue(n=3, first=0):
    """Items whose words are those of an identity matrix, and whose meaning is (0.6, 0.8)."""
    words = sp.csr_array(np.eye(3, dtype=np.float32)[np.arange(n) % 3])
    meaning = np.tile(np.array([0.6, 0.8], dtype=np.float32), (n, 1))
    ids = Vocabulary(f"i{first + row}" for row in range(n))
    return Items(ids, (ContentBlock("words", words), ContentBlock("meaning", meaning)))


def asking(items, words, meaning):
    empty = sp.csr_array((1, len(items)), dtype=np.float32)
    return Queries(
        items,
        empty,
        empty,
        sp.csr_array((1, 0)),
        np.zeros(1, dtype=np.float32),
        (sp.csr_array(np.array([words], np.float32)), np.array([meaning], np.float32)),
    )


@pytest.fixture
def model():
    return WishModel().fit(Dataset(catalogue(), Events.of([0], [1], [1.0]), 1))


def test_the_score_is_the_weighted_likeness_of_the_blocks_by_hand(model):
    """Words .8 of the first item, meaning at half weight: ``.5 * (.6 * .6 + .8 * .8) = .5``."""
    items = catalogue()
    found = model.score(asking(items, [0.8, 0, 0.6], [0.6, 0.8]), items)
    np.testing.assert_allclose(found, [[1.3, 0.5, 1.1]], rtol=1e-6)


def test_new_items_are_scored_like_known_ones(model):
    said = asking(catalogue(), [0, 1, 0], [0, 0])
    new = model.score(said, catalogue(3, first=50))
    np.testing.assert_allclose(new, [[0, 1, 0]], atol=1e-6)


def test_the_best_item_counts_as_one_and_unwanted_content_as_less_than_none(model):
    """In a catalogue of three, the likeness of the best item, .8, is the reference."""
    items = catalogue()
    scorer = model.linear_scorer(items, items)
    wishes = sp.csr_array(np.array([[0.8, 0, -0.6, 0, 0]], dtype=np.float32))
    scaled = scorer.weights.apply(scale_wishes(wishes, scorer))
    np.testing.assert_allclose(scaled, [[1, 0, -0.75]], rtol=1e-6)
    np.testing.assert_allclose(saturate_wishes(scaled), [[1, 0, -0.45]], rtol=1e-6)


def test_what_is_only_unwanted_is_measured_by_what_is_most_like_it(model):
    items = catalogue()
    scorer = model.linear_scorer(items, items)
    scaled = scale_wishes(sp.csr_array(np.array([[0, -0.5, 0, 0, 0]], np.float32)), scorer)
    np.testing.assert_allclose(scorer.weights.apply(scaled), [[0, -1, 0]], atol=1e-6)


def test_many_items_about_a_wish_count_the_same():
    items = catalogue(240)
    scorer = (
        WishModel().fit(Dataset(items, Events.of([], [], []), 0)).linear_scorer(items, items)
    )
    wishes = sp.csr_array(np.array([[1, 0.4, 0, 0, 0], [0, 1e-4, 0, 0, 0]], dtype=np.float32))
    scores = saturate_wishes(scorer.weights.apply(scale_wishes(wishes, scorer)))
    np.testing.assert_allclose(scores[0, :3], [1, 0.4, 0], rtol=1e-6)
    assert scores[1].max() < 2e-4 / MIN_REFERENCE


def test_what_is_markedly_more_alike_counts_more_up_to_twice():
    likeness = np.array([[1.0, 1.1, 1.2, 1.6, 2.0, 5.0]], dtype=np.float32)
    np.testing.assert_allclose(saturate_wishes(likeness), [[1, 1, 1, 1.5, 2, 2]], rtol=1e-6)
