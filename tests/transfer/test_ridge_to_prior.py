import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.errors import ConfigError
from daybreak.transfer.ridge_to_prior import RidgeToPrior


def problem(rng, n=12, m=30, dim=4):
    rows = sp.random_array((n, m), density=0.3, rng=rng, dtype=np.float32).tocsr()
    return rows, rng.normal(size=(n, dim)), rng.normal(size=(m, dim))


def by_least_squares(rows, targets, prior, ridge):
    """Solve ``[B; √λ I] (W − W₀) = [T − B W₀; 0]`` directly."""
    dense = rows.toarray()
    stacked = np.vstack([dense, np.sqrt(ridge) * np.eye(dense.shape[1])])
    left = np.vstack([targets - dense @ prior, np.zeros_like(prior)])
    return prior + np.linalg.lstsq(stacked, left, rcond=None)[0]


def test_two_tokens_share_what_the_prior_leaves():
    """b = (1, 1), t = 1, W₀ = (2, 0), λ = 1: left 1 − 2 = −1, over 2 + 1: each token −1/3."""
    rows = sp.csr_array(np.ones((1, 2), np.float32))
    found = RidgeToPrior(rows, np.ones((1, 1)), np.array([[2.0], [0.0]])).fit(1.0)
    np.testing.assert_allclose(found, [[5 / 3], [-1 / 3]], atol=1e-6)


@pytest.mark.parametrize("ridge", [0.1, 1.0, 10.0])
def test_the_dual_is_the_direct_solution(ridge):
    rows, targets, prior = problem(np.random.default_rng(0))
    found = RidgeToPrior(rows, targets, prior).fit(ridge)
    np.testing.assert_allclose(found, by_least_squares(rows, targets, prior, ridge), atol=1e-5)


@pytest.mark.parametrize("ridge", [0.1, 1.0, 10.0])
def test_rounds_come_to_the_direct_solution(ridge):
    rows, targets, prior = problem(np.random.default_rng(1))
    found = RidgeToPrior(rows, targets, prior, max_direct_rows=0).fit(ridge)
    np.testing.assert_allclose(found, by_least_squares(rows, targets, prior, ridge), atol=1e-3)


@pytest.mark.parametrize("max_direct_rows", [0, 4096])
def test_a_prior_that_explains_everything_stays(max_direct_rows):
    rows, _, prior = problem(np.random.default_rng(2))
    ridge = RidgeToPrior(rows, rows @ prior, prior, max_direct_rows=max_direct_rows)
    found = ridge.fit(0.5)
    np.testing.assert_allclose(found, prior, atol=1e-6)


def test_a_token_that_no_text_shows_keeps_its_prior():
    rows = sp.csr_array(np.array([[1.0, 0.0], [2.0, 0.0]], np.float32))
    prior = np.array([[0.0], [7.0]])
    assert RidgeToPrior(rows, np.ones((2, 1)), prior).fit(1.0)[1, 0] == 7


@pytest.mark.parametrize("ridge", [0, -1.0, float("nan")])
def test_a_ridge_of_nothing_is_refused(ridge):
    rows, targets, prior = problem(np.random.default_rng(3))
    with pytest.raises(ConfigError, match="a ridge must be above 0"):
        RidgeToPrior(rows, targets, prior).fit(ridge)
