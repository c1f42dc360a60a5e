import numpy as np

from daybreak.models.shared_calibration import calibration_error, fit_logistic, sigmoid


def test_intercept_and_slope_are_found_again():
    """Outcomes drawn from 1 / (1 + exp(-(0.5 - 2 x))), as many as make errors small."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(50_000)
    chosen = rng.random(len(x)) < sigmoid(0.5 - 2 * x)
    np.testing.assert_allclose(fit_logistic(x, chosen), [0.5, -2], atol=0.05)


def test_the_fit_is_where_the_gradient_is_zero():
    x, chosen = np.array([-1.0, 0.5, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    a, b = fit_logistic(x, chosen)
    miss = chosen - sigmoid(a + b * x)
    np.testing.assert_allclose([miss.sum() - a, miss @ x - (b - 1)], 0, atol=1e-6)


def test_without_pairs_nothing_is_changed():
    assert fit_logistic(np.empty(0), np.empty(0)) == (0.0, 1.0)


def test_pairs_that_all_came_true_stay_finite():
    assert np.isfinite(fit_logistic(np.full(9, 50.0), np.ones(9))).all()


def test_no_pairs_have_no_error():
    assert calibration_error(np.empty(0), np.empty(0)) == 0
