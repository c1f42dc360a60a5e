import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.shared_text_kernel import MIN_LEFT_RATIO, WhitenedText

RNG = np.random.default_rng(0)
TEXT = WhitenedText(
    RNG.normal(size=6).astype(np.float32), RNG.normal(size=(6, 6)).astype(np.float32)
)


def items(n, blank=()):
    vectors = RNG.normal(size=(n, 6)).astype(np.float32)
    vectors[list(blank)] = 0
    return Items(Vocabulary(map(str, range(n))), (ContentBlock("meaning", vectors),))


@pytest.mark.parametrize("n_right", [1, 3, 30])
def test_cosines_of_few_items_are_products_of_transformed_vectors(n_right):
    left, right = items(4 * MIN_LEFT_RATIO, blank=(2, 7)), items(n_right)
    wanted = TEXT.transform(left) @ TEXT.transform(right).T
    for _ in range(2):  # the second time with the lengths of the first
        np.testing.assert_allclose(TEXT.cosines(left, right), wanted, atol=1e-5)
    assert not TEXT.cosines(left, right)[[2, 7]].any()


def test_two_projections_of_the_same_items_have_lengths_of_their_own():
    left, right = items(MIN_LEFT_RATIO), items(1)
    other = WhitenedText(TEXT.mean, 3 * TEXT.projection + np.eye(6, dtype=np.float32))
    for text in (TEXT, other, TEXT):
        wanted = text.transform(left) @ text.transform(right).T
        np.testing.assert_allclose(text.cosines(left, right), wanted, atol=1e-5)


def test_cosines_of_items_without_texts_are_zero():
    bare = Items(Vocabulary(map(str, range(MIN_LEFT_RATIO))))
    cosines = TEXT.cosines(bare, bare.take(np.array([3])))
    assert cosines.shape == (MIN_LEFT_RATIO, 1)
    assert not cosines.any()
