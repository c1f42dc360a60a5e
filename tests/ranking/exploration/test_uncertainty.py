import numpy as np
import pytest

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Items
from daybreak.models.shared_content import KERNEL_RIDGE
from daybreak.ranking.exploration.uncertainty import (
    ContentUncertainty,
    residual_scale,
    select_landmarks,
    self_similarity,
)


def items(*vectors):
    names = Vocabulary(f"{len(vectors)}-{row}" for row in range(len(vectors)))
    return Items(names, (ContentBlock("words", np.array(vectors, dtype=np.float32)),))


def test_the_variance_is_that_of_a_gaussian_process():
    """One landmark, K + λ = 5. A copy: 1 - 1/5 + 4; at right angles: 1 + 4; unknown: 4."""
    uncertainty = ContentUncertainty.from_scores(
        items([1, 0]), {0: np.zeros((1, 1), np.float32)}, 1
    )
    found = uncertainty.std(items([1, 0], [0, 1], [0, 0])) ** 2
    assert KERNEL_RIDGE == 4.0
    assert found == pytest.approx([4.8, 5.0, 4.0])


def test_the_scale_makes_residuals_as_large_as_expected():
    """A Gaussian process drawn with s = 3 and measured: within 10 %."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 5))
    catalogue = items(*(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)))
    kernel = catalogue.similarity(catalogue) + KERNEL_RIDGE * np.eye(200)
    drawn = 3 * rng.normal(size=(100, 200)) @ np.linalg.cholesky(kernel).T
    uncertainty = ContentUncertainty.from_scores(catalogue, {0: drawn.astype(np.float32)}, 1)
    assert uncertainty.scale[0] == pytest.approx(3, rel=0.1)


def test_a_level_without_scores_has_the_scale_of_the_nearest():
    one = np.array([[0.0, 1.0]], dtype=np.float32)
    catalogue = items([1, 0], [0, 1])
    uncertainty = ContentUncertainty.from_scores(catalogue, {0: one, 3: 2 * one}, 5)
    assert uncertainty.scale / uncertainty.scale[0] == pytest.approx([1, 1, 2, 2, 2])


def test_equal_scores_have_a_scale_of_zero():
    assert residual_scale(np.ones((2, 3)), np.eye(3)) == 0


def test_self_similarities_are_the_diagonal():
    catalogue = items([1, 0], [0.6, 0.8], [0, 0])
    assert self_similarity(catalogue) == pytest.approx(np.diag(catalogue.similarity(catalogue)))


def test_landmarks_are_spread_evenly():
    rows = select_landmarks(np.arange(3_000))
    assert len(rows) == 1_500
    assert (rows[0], rows[-1]) == (0, 2_999)
