import numpy as np
import pytest

from daybreak import estimates
from daybreak.estimates import bootstrap, bootstrap_all, paired_bootstrap


def slow_bootstrap(values):
    """Draw, average, take percentiles."""
    values = values[~np.isnan(values)]
    draws = np.random.default_rng(7).integers(0, len(values), (1000, len(values)))
    return (values.mean(), *np.percentile(values[draws].mean(axis=1), [2.5, 97.5]))


@pytest.mark.parametrize("chunk", [1 << 21, 1000])
def test_the_interval_is_that_of_the_same_draws(monkeypatch, chunk):
    monkeypatch.setattr(estimates, "MAX_DRAWS_PER_BLOCK", chunk)
    values = np.random.default_rng(0).random(301)
    values[::50] = np.nan
    np.testing.assert_allclose(bootstrap(values), slow_bootstrap(values), atol=1e-12)


def test_columns_that_leave_out_other_users_do_not_disturb_each_other():
    rng = np.random.default_rng(1)
    full, part = rng.random(80), rng.random(80)
    part[3] = np.nan
    both = bootstrap_all({"part": part, "full": full})
    assert list(both) == ["part", "full"]
    assert both["part"] == bootstrap(part)
    np.testing.assert_allclose(both["full"], bootstrap(full), atol=1e-12)


def test_nobody_has_no_interval():
    assert np.isnan(bootstrap(np.array([np.nan]))).all()


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """400 samples: 95 % ± 4 standard errors of 1.1 %."""
    rng = np.random.default_rng(2)
    inside = sum(
        low <= 0.5 <= high for _, low, high in (bootstrap(rng.random(60)) for _ in range(400))
    )
    assert 0.906 <= inside / 400 <= 0.994


def test_pairing_sees_a_small_steady_difference():
    easy = np.random.default_rng(3).random(200)
    assert bootstrap(easy + 0.01).low < bootstrap(easy).mean
    assert paired_bootstrap(easy + 0.01, easy).differs
    assert not paired_bootstrap(easy, easy).differs
