import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from daybreak.nets.training import (  # noqa: E402 - needs torch
    FINE_TUNING_EPOCH_SHARE,
    FINE_TUNING_PATIENCE_EPOCHS,
    FINE_TUNING_RATE_SHARE,
    TrainingConfig,
    WarmStartArrays,
    copy_into,
    fine_tune,
    torch_seed,
    validation_score,
)

PLAN = TrainingConfig(epochs=40, batch=4, rate=0.1)


class Number(torch.nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(float(value)))


def after(wanted, held):
    """Go on from 0 towards the mean of what rows want, judged by those held."""
    net, wanted = Number(0), torch.tensor(wanted, dtype=torch.float32)
    seen = set()

    def loss(rows, share):
        if torch.is_grad_enabled():
            assert share >= 1  # nothing is warmed up again
            seen.update(rows.tolist())
        return ((net.value - wanted[rows]) ** 2).mean()

    with torch_seed(0):
        fine_tune(net, len(wanted), loss, PLAN, WarmStartArrays({}, np.array(held, np.int64)))
    return net.value.item(), seen


def test_it_goes_where_those_who_judge_are_better_off():
    value, _ = after([1.0] * 10, held=[8, 9])
    assert 0.2 < value <= 1.05


def test_the_start_stays_when_those_who_judge_want_it():
    assert after([1.0] * 8 + [0.0] * 2, held=[8, 9])[0] == 0


def test_nobody_learns_from_those_who_judge():
    assert after([1.0] * 10, held=[3, 9])[1] == {0, 1, 2, 4, 5, 6, 7, 8}


def test_nothing_is_trained_when_nobody_can_judge():
    assert after([1.0] * 10, held=[]) == (0, set())


def test_further_training_is_shorter_slower_and_impatient():
    further = PLAN.for_fine_tuning()
    assert (further.epochs, further.patience) == (
        40 * FINE_TUNING_EPOCH_SHARE,
        FINE_TUNING_PATIENCE_EPOCHS,
    )
    assert further.rate == pytest.approx(FINE_TUNING_RATE_SHARE * 0.1)
    assert TrainingConfig(0, 4).for_fine_tuning().epochs == 0


def test_the_score_of_what_is_held_has_the_same_draws_always():
    with torch_seed(0):
        score = validation_score(
            lambda rows, _: torch.rand(len(rows)).mean(), torch.arange(5), 2
        )
        first = score()
        torch.rand(3)
        assert score() == first


def test_an_array_is_put_into_a_parameter_of_its_shape_only():
    net = Number(0)
    copy_into(net.value, np.float32(3))
    assert net.value.item() == 3
    with pytest.raises(RuntimeError, match="shape"):
        copy_into(net.value, np.zeros(2, np.float32))
