import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ConfigError, DataError
from daybreak.transfer.collaborative_factors import (
    FactorRegression,
    completed_co_events,
    item_factors,
    most_chosen,
)


def planted(n_texts=40, n_users=60, seed=0):
    """Texts whose vectors are noise, and of which users choose by a word."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_texts, 4)).astype(np.float32)
    texts = [f"{'red' if row % 2 else 'blue'} lamp" for row in range(n_texts)]
    side = np.arange(n_texts) % 2
    likes = rng.random((n_users, n_texts)) < 0.4
    chosen = likes & (side == (np.arange(n_users) % 2)[:, None])
    return vectors, texts, sp.csr_array(chosen.astype(np.float32))


def test_co_events_of_two_users_by_hand():
    # items 0 and 1 of user 0, item 2 of user 1. Scaled: (1, 1, 0) / sqrt(2) and (0, 0, 1).
    # The co-events of 0 and 1 are 1/2; EASE with the ridge 1 predicts one from the other with
    # (1/2) / (1/2 + 1) = 1/3, so completed histories are (1 + 2/3) / sqrt(2) = 5 / (3 sqrt(2)).
    x = sp.csr_array(np.array([[1, 1, 0], [0, 0, 1]], float))
    pair = 25 / 18
    expected = [[pair, pair, 0], [pair, pair, 0], [0, 0, 1]]
    np.testing.assert_allclose(completed_co_events(x, ridge=1.0), expected)


def test_factors_multiply_to_the_co_events():
    co_events = completed_co_events(planted()[2])
    factors = item_factors(co_events, len(co_events))
    np.testing.assert_allclose(factors @ factors.T, co_events, atol=1e-9)
    few = item_factors(co_events, 2)
    np.testing.assert_allclose(few @ few.T, co_events, atol=np.linalg.norm(co_events))
    assert few.shape == (len(co_events), 2)


def test_a_regression_by_hand():
    # 20 texts with the same word, 20 with another one, vectors alike but for the sign: a text
    # of a group has the similarity 1 to its own and -1/2 to the others (-1 for the vector, 0
    # for the words). With the factors ±1 and the ridge 10, each text has the weight w with
    # 20 w + 10 w + 10 w = 1, and is predicted at 20 w + 10 w = 3/4.
    vectors = np.repeat([[1.0], [-1.0]], 20, axis=0).astype(np.float32)
    texts = ["tea"] * 20 + ["rum"] * 20
    regression = FactorRegression(vectors, texts, vectors.astype(float), word_share=0.5)
    text_map = regression.text_map(ridge=10.0, share=1.0)
    found = text_map.words.product(vectors, texts, text_map.projection)
    np.testing.assert_allclose(found, 0.75 * vectors, atol=1e-6)


def test_a_word_that_users_choose_by_brings_texts_together():
    vectors, texts, events = planted()
    factors = item_factors(completed_co_events(events), 8)
    text_map = FactorRegression(vectors, texts, factors, 0.5).text_map(1.0, 1.0)
    new = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    red, other_red, blue = text_map.apply(new, ["red chair", "Red bowl", "blue chair"])
    assert red @ other_red > 0.8
    assert red @ other_red > red @ blue + 0.3


@given(st.floats(0.05, 0.95), st.floats(0, 1), st.integers(0, 20))
def test_mapped_rows_have_length_1(word_share, share, seed):
    vectors, texts, events = planted(seed=seed)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    factors = item_factors(completed_co_events(events), 8)
    text_map = FactorRegression(vectors, texts, factors, word_share).text_map(1.0, share)
    rows = text_map.apply(vectors, texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_order_of_users_does_not_matter():
    events = planted()[2]
    other = sp.csr_array(events.toarray()[::-1])
    np.testing.assert_allclose(completed_co_events(events), completed_co_events(other))


def test_the_most_chosen_items_are_found_in_their_order():
    events = sp.csr_array(np.array([[1, 0, 1, 1], [0, 0, 1, 1]]))
    assert most_chosen(events, 2).tolist() == [2, 3]
    assert most_chosen(events, 9).tolist() == [0, 1, 2, 3]


def test_bad_options_and_few_texts_are_refused():
    vectors, texts, events = planted()
    factors = item_factors(completed_co_events(events), 8)
    with pytest.raises(ConfigError, match="word_share must be between 0 and 1, got 1"):
        FactorRegression(vectors, texts, factors, 1)
    with pytest.raises(DataError, match="at least 20 texts"):
        FactorRegression(vectors[:19], texts[:19], factors[:19], 0.5)
    regression = FactorRegression(vectors, texts, factors, 0.5)
    for ridge, share in ((0, 0.5), (1, 1.5)):
        with pytest.raises(ConfigError, match="ridge must be above 0 and share from 0 to 1"):
            regression.text_map(ridge, share)


def test_nobody_chose_anything():
    with pytest.raises(DataError, match="events"):
        item_factors(np.zeros((30, 30)))


def test_a_pair_of_words_is_learned_where_neither_word_tells():
    # people choose "red tea" and "black rum", or "red rum" and "black tea"
    vectors = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    names = ("red tea", "black rum", "red rum", "black tea")
    texts = [names[row % 4] for row in range(40)]
    side = np.array([row % 4 in {0, 1} for row in range(40)])
    events = sp.csr_array(np.stack([side, ~side]).repeat(10, axis=0).astype(np.float32))
    factors = item_factors(completed_co_events(events), 2)
    text_map = FactorRegression(vectors, texts, factors, 0.9).text_map(0.1, 1.0)
    rows = text_map.apply(np.ones((3, 4), np.float32), ["red tea", "black rum", "red rum"])
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.5
