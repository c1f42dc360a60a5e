import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.ranking.attribute_lift import attribute_lifts


def test_lifts_of_a_hand_worked_example():
    """Four users; items 0 and 1 carry the value.

    Shares: 1, 1/2, 0, 1/2, mean 1/2. Item 0 has the users a (other choice: 1) and b (other: 2):
    other shares 1 and 0, so (1 + 0 + 1 * 1/2) / (3 * 1/2) = 1. Item 3 has c (other: 2, share 0)
    and d (other: 1, share 1), so the same; item 2 has b and c: (1 + 0 + 1/2) / (3/2) = 1.
    Item 1 has a (other: 0, share 1) and d (other: 3, share 0): 1.
    """
    history = sp.csr_array(
        np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 1]], dtype=np.float32)
    )
    carries = sp.csr_array(np.array([[1], [1], [0], [0]], dtype=np.float32))
    shares, lifts = attribute_lifts(history, carries, prior_users=1.0)
    assert shares.tolist() == [0.5]
    assert lifts[0].tolist() == [1.0, 1.0, 1.0, 1.0]


def test_what_people_choose_with_a_value_gains_by_it():
    history = sp.csr_array(np.array([[1, 1, 0, 0]] * 5 + [[0, 0, 1, 1]] * 5, dtype=np.float32))
    carries = sp.csr_array(np.array([[1], [0], [0], [0]], dtype=np.float32))
    lifts = attribute_lifts(history, carries, prior_users=5.0)[1][0]
    assert lifts[1] == pytest.approx((5 * 1 + 5 * 0.25) / (10 * 0.25))
    assert lifts[2] == lifts[3] == pytest.approx(0.5)


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(1, 5))
def test_lifts_are_finite_and_not_negative(seed, n_users, n_items):
    rng = np.random.default_rng(seed)
    history = sp.csr_array((rng.random((n_users, n_items)) < 0.4).astype(np.float32))
    carries = sp.csr_array((rng.random((n_items, 3)) < 0.4).astype(np.float32))
    shares, lifts = attribute_lifts(history, carries)
    assert lifts.shape == (3, n_items)
    assert np.isfinite(lifts).all()
    assert (lifts >= 0).all()
    assert ((shares >= 0) & (shares <= 1)).all()
