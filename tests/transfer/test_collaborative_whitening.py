import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ConfigError, DataError
from daybreak.transfer.collaborative_whitening import (
    CoEventDirections,
    repeat_columns,
    user_weight_covariance,
)


def planted(n_texts=60, n_users=80, dim=6, seed=0):
    """Texts of which users choose by the sign of the second number only."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_texts, dim)).astype(np.float32)
    side = vectors[:, 1] > 0
    likes = rng.random((n_users, n_texts)) < 0.3
    rows = likes & (side == (np.arange(n_users) % 2 == 0)[:, None])
    return vectors, sp.csr_array(rows.astype(np.float32))


def test_the_direction_that_users_choose_by_comes_first():
    directions = CoEventDirections(*planted(), ridge=1.0)
    assert abs(directions.axes[1, 0]) > 0.9
    assert directions.scales[0] == 1
    assert directions.scales[1] < 0.5


def test_two_texts_by_hand():
    # z = ±1, one user each: normal equations 2, ridge 1 * 2; weights ±1/4; squares 2/16
    texts = np.array([[1.0], [-1.0]], np.float32)
    covariance = user_weight_covariance(texts, sp.csr_array(np.eye(2)), ridge=1.0)
    np.testing.assert_allclose(covariance, [[0.125]])


def test_an_event_of_a_user_with_four_counts_half_as_much():
    # user 0 has texts 0 to 3 (z = 1 each), user 1 has texts 4 to 7 (z = -1 each): each event
    # counts 1/2, so a user has 4 * 1/2 / (8 + 8) = 1/8, and both 2/64
    texts = np.array([[1.0]] * 4 + [[-1.0]] * 4, np.float32)
    x = np.kron(np.eye(2), np.ones((1, 4)))
    covariance = user_weight_covariance(texts, sp.csr_array(x), ridge=1.0)
    np.testing.assert_allclose(covariance, [[2 / 64]])


def test_power_0_keeps_the_cosines_of_the_centred_vectors():
    vectors, interactions = planted()
    text_map = CoEventDirections(vectors, interactions, ridge=1.0).text_map(0.0, 1.0)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    mapped = text_map.apply(vectors)
    np.testing.assert_allclose(mapped @ mapped.T, centred @ centred.T, atol=1e-5)


@given(st.floats(0, 2), st.floats(0, 1), st.integers(0, 20))
def test_mapped_rows_have_length_1(power, share, seed):
    vectors, interactions = planted(seed=seed)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = CoEventDirections(vectors, interactions, ridge=1.0).text_map(power, share)
    np.testing.assert_allclose(np.linalg.norm(rows.apply(vectors), axis=1), 1, atol=1e-5)


def test_the_order_of_users_does_not_matter():
    vectors, interactions = planted()
    first = CoEventDirections(vectors, interactions, 1.0)
    second = CoEventDirections(vectors, sp.csr_array(interactions.toarray()[::-1]), 1.0)
    np.testing.assert_allclose(first.scales, second.scales, atol=1e-6)


def test_too_few_texts_and_no_events_are_refused():
    vectors, interactions = planted()
    with pytest.raises(DataError, match="at least 20 texts"):
        CoEventDirections(vectors[:19], interactions[:, :19], 1.0)
    with pytest.raises(DataError, match="events"):
        CoEventDirections(vectors, sp.csr_array(interactions.shape), 1.0)


def test_a_share_above_1_is_refused():
    directions = CoEventDirections(*planted(), ridge=1.0)
    with pytest.raises(ConfigError, match="share from 0 to 1"):
        directions.text_map(1.0, 1.5)


def test_an_item_with_two_texts_counts_for_both():
    columns = repeat_columns(sp.csr_array([[1, 0], [0, 1]]), [0, 1, 1])
    assert columns.toarray().tolist() == [[1, 0, 0], [0, 1, 1]]
