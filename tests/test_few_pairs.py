"""The study of content with few shared users, on two domains with one taste."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.transfer.few_pairs import Contents, cross_fitted, scores_of


def test_a_weight_is_chosen_on_the_other_half():
    """The score helps every user as much as the best weight allows."""
    targets = np.tile(np.eye(12)[11], (8, 1))
    popularity = np.arange(12, 0, -1.0)
    score = np.tile(np.eye(12)[11], (8, 1))
    found = cross_fitted(score, popularity, targets)
    assert found == pytest.approx(np.ones(8))
    assert cross_fitted(0 * score, popularity, targets) == pytest.approx(np.zeros(8))


def test_alignment_of_one_shared_user_is_the_value_computed_by_hand():
    """With the ridge 30, A = (30 I + s s')^-1 (30 I + s t') with s = (1, 0), t = (0, 1)."""
    s = np.array([[1.0, 0.0]])
    chosen = sp.csr_array(np.array([[0.0, 1.0]]))
    contents = Contents(np.eye(2), np.eye(2), s, s, chosen, np.eye(2))
    found = scores_of(contents, 1)
    moved = np.array([30.0, 1.0]) / 31  # first row of A
    assert found["aligned, cosine"][0] == pytest.approx(moved / np.linalg.norm(moved), rel=1e-4)
    assert found["ridge to items"][0] == pytest.approx([0.0, 1 / 31], rel=1e-4)
    assert scores_of(contents, 0)["cosine"][0].tolist() == [1.0, 0.0]
