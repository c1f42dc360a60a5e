"""The study of what a market's own users know, on a market of three items."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.transfer.market_gap import ease_weights, found_targets


def test_weights_of_two_items_that_one_user_chose_are_computed_by_hand():
    """X'X + 50 I has 51 and 1, so that the weight is 1 / 51."""
    found = ease_weights(sp.csr_array(np.ones((1, 2), np.float32)))
    assert found == pytest.approx(np.array([[0, 1 / 51], [1 / 51, 0]]), rel=1e-4)


def test_what_is_known_is_not_recommended():
    told = sp.csr_array(np.eye(12, dtype=np.float32)[:1])
    targets = sp.csr_array(np.eye(12, dtype=np.float32)[[0]] + np.eye(12)[[1]])
    weights = np.tile(np.arange(12, 0, -1.0), (12, 1))
    assert found_targets(told, weights, targets).tolist() == [False, True]
