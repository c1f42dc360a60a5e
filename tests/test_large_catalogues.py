"""The comparison on large catalogues."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.quality.large_catalogues import HIDDEN, MIN_HISTORY, hold_out
from benchmarks.quality.large_shop import draw_shop
from daybreak.metrics import ndcg


def test_ndcg_by_hand():
    """Two hidden items at ranks 1 and 3: ``(1 + 1/2) / (1 + 1/log2(3)) = .9197``."""
    hidden = sp.csr_array(np.array([[1, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    gains = ndcg(np.array([[0, 1, 2], [0, 1, 2]]), hidden)
    assert gains == pytest.approx([1.5 / (1 + 1 / np.log2(3)), 0])


def test_held_out_histories_are_split_and_leave_the_training():
    histories = draw_shop(n_items=200, n_users=150, n_clusters=5)
    split = hold_out(histories, 20)
    assert split.train.shape[0] == 130
    assert not split.known.multiply(split.hidden).nnz
    lengths = np.diff(split.known.indptr) + np.diff(split.hidden.indptr)
    assert np.array_equal(np.diff(split.hidden.indptr), np.maximum(lengths // HIDDEN, 1))
    assert (np.diff(split.train.indptr) >= 1).all()
    assert split.train.sum(axis=0).min() > 0


def test_users_with_short_histories_are_not_held_out():
    short = sp.csr_array(np.eye(9, 9, dtype=np.float32))
    long = sp.csr_array(np.ones((1, 9), dtype=np.float32))
    split = hold_out(sp.csr_array(sp.vstack([short, long])), 5)
    assert split.known.shape[0] == 1
    assert split.known.nnz + split.hidden.nnz == 9 > MIN_HISTORY


def test_items_of_a_shop_have_a_long_tail():
    histories = draw_shop(n_items=300, n_users=400, n_clusters=3)
    counts = np.sort(histories.sum(axis=0))[::-1]
    assert set(histories.data) == {1.0}
    assert counts[:30].sum() > 2 * counts[-30:].sum()


def test_items_of_a_cluster_have_users_in_common():
    alike, apart = (
        _largest_eigenvalue(draw_shop(n_items=300, n_users=2_000, n_clusters=number))
        for number in (6, 1)
    )
    assert alike > 2 * apart


def _largest_eigenvalue(histories):
    """Return the largest eigenvalue of the correlations of items."""
    dense = histories.toarray()[:, histories.sum(axis=0) > 0]
    centred = dense / dense.sum(axis=1, keepdims=True)
    return np.linalg.eigvalsh(np.corrcoef(centred.T))[-1]
