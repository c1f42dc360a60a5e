import numpy as np
import pytest

from daybreak.data.recency import RecencyCurve


def test_the_weight_is_a_power_of_the_number_of_later_events():
    """``(1 + 3) ** -0.5`` is a half, ``(1 + 3) ** -0.75`` the root of an eighth."""
    assert RecencyCurve().weights(np.array([0, 3, 99])).tolist() == pytest.approx([1, 0.5, 0.1])
    assert RecencyCurve(0.75).weights(np.array([3]))[0] == pytest.approx(np.sqrt(1 / 8))


def test_releases_of_version_0_1_keep_their_weights():
    weights = RecencyCurve(None).weights(np.arange(4))
    np.testing.assert_allclose(weights, [1, 0.8, 0.64, 0.512], rtol=1e-6)


@pytest.mark.parametrize("power", [None, 0.25, 0.5, 0.75, 1.0])
def test_the_number_of_later_events_can_be_read_from_the_weight(power):
    curve, n_later = RecencyCurve(power), np.arange(60)
    np.testing.assert_array_equal(curve.count_later(curve.weights(n_later)), n_later)


def test_weights_outside_the_curve_give_numbers_as_well():
    curve = RecencyCurve(0.25)
    assert curve.count_later(np.array([1.5])).tolist() == [0]
    assert curve.count_later(np.array([1e-30]))[0] > 1e8


def test_random_last_events_do_not_outweigh_a_long_history():
    """Fifty events before the last ten weigh 1.8 times as much as these; 0.12 in 0.1."""
    for power, least, most in ((0.5, 1.75, 1.85), (None, 0.11, 0.13)):
        weights = RecencyCurve(power).weights(np.arange(60))
        assert least < weights[10:].sum() / weights[:10].sum() < most
