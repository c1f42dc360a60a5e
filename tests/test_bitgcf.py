"""BiTGCF as a peer: its selection of steps on held-out people."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.peers import bitgcf

# PyTorch warns that its CSR matrices are new.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse:UserWarning")


@pytest.fixture
def tastes():
    """Two domains of 80 people and 20 items each, with one of four tastes."""
    rng = np.random.default_rng(0)
    taste = np.arange(80) % 4
    both = []
    for _ in range(2):
        chosen = np.zeros((80, 20), np.float32)
        for user in range(80):
            chosen[user, rng.choice(np.arange(taste[user], 20, 4), 3, replace=False)] = 1
        both.append(sp.csr_array(chosen))
    return bitgcf.Interactions(*both)


def test_ndcg_by_hand():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    wanted = np.array([[False, True, False], [True, False, True]])
    first = 1 / np.log2(3)
    second = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert bitgcf._mean_ndcg(scores, wanted) == pytest.approx((first + second) / 2)


def test_held_out_people_select_the_steps_and_the_taste_is_found(tastes, monkeypatch):
    monkeypatch.setattr(bitgcf, "CHECK_EVERY", 5)
    monkeypatch.setattr(bitgcf, "PATIENCE", 3)
    found = bitgcf.select(tastes, 0.05)
    assert found.is_ended
    assert found.steps % 5 == 0
    assert found.ndcg > 0.6


def test_a_limit_of_time_is_told(tastes, monkeypatch):
    monkeypatch.setattr(bitgcf, "MAX_SECONDS", 0.0)
    assert not bitgcf.select(tastes, 0.05).is_ended
