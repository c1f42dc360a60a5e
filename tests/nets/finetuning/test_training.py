from functools import partial

import numpy as np
import pytest
import torch

from daybreak.errors import ConfigError, DataError
from daybreak.nets.finetuning.adapters import adapters
from daybreak.nets.finetuning.checkpoints import CHECKPOINT_FILE
from daybreak.nets.finetuning.objectives import objectives
from daybreak.nets.finetuning.training import (
    CheckpointPlace,
    Finetuning,
    FinetuningSchedule,
)
from tests.nets.finetuning.tiny_text_model import tiny_examples, tiny_model

SCHEDULE = FinetuningSchedule(steps=12, batch=8, check_every=4, patience=9, rate=3e-3)
TEXTS = ["red globe", "blue lamp", "old white clock"]


def create(adapter="full", schedule=SCHEDULE, objective="contrastive"):
    model = tiny_model()
    examples = tiny_examples()
    maker = partial(objectives[objective], examples)
    return model, Finetuning(model, adapters[adapter](), maker, schedule)


def rising(values):
    """A score that returns the given values, one for each check."""
    rest = iter(values)
    return lambda: next(rest)


class KilledError(Exception):
    """Stands for the end of a process."""


def killed_after(n_checks):
    """A score that ends the process at a check."""
    calls = []

    def score():
        calls.append(1)
        if len(calls) > n_checks:
            raise KilledError
        return float(len(calls))

    return score


@pytest.mark.parametrize("adapter", list(adapters))
def test_only_the_weights_of_the_adapter_change(adapter):
    model, training = create(adapter)
    before = tiny_model().network.state_dict()
    training.run(rising(range(9)))
    after = model.network.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed
    assert set(after) == set(before)
    allowed = {
        "last_layer": lambda name: name.startswith("encoder.layer.1."),
        "lora": lambda name: ".query.weight" in name or ".value.weight" in name,
        "full": lambda name: name.startswith("encoder.layer."),
    }
    assert all(map(allowed[adapter], changed))


def test_a_low_rank_adapter_gives_the_same_vectors_after_it_is_merged():
    model, training = create("lora")
    np.testing.assert_array_equal(model.encode(TEXTS), tiny_model().encode(TEXTS))
    for _ in range(4):
        training._step(0)
    before = model.encode(TEXTS)
    training.adapter.merge(model)
    np.testing.assert_allclose(model.encode(TEXTS), before, atol=1e-6)


def test_a_killed_training_continues_and_ends_with_the_same_weights(tmp_path):
    whole, training = create()
    training.run(rising(range(9)))
    place = CheckpointPlace(tmp_path, "data and options")
    with pytest.raises(KilledError):
        create()[1].run(killed_after(2), place)
    assert (tmp_path / CHECKPOINT_FILE).is_file()
    continued, training = create()
    steps = []
    record = training.run(rising(range(2, 9)), place, lambda done, total: steps.append(done))
    assert min(steps) == 4
    assert record.step == 12
    np.testing.assert_allclose(continued.encode(TEXTS), whole.encode(TEXTS), atol=1e-6)


def test_a_finished_training_is_not_repeated(tmp_path):
    place = CheckpointPlace(tmp_path, "x")
    first, training = create()
    training.run(rising(range(9)), place)
    again, training = create()
    record = training.run(rising([]), place)
    assert record.step == 12
    np.testing.assert_array_equal(again.encode(TEXTS), first.encode(TEXTS))


def test_the_checkpoint_of_other_data_is_refused(tmp_path):
    create()[1].run(rising(range(9)), CheckpointPlace(tmp_path, "one"))
    with pytest.raises(ConfigError, match="other data or options"):
        create()[1].run(rising(range(9)), CheckpointPlace(tmp_path, "two"))


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"no tensors")
    with pytest.raises(DataError, match="damaged"):
        create()[1].run(rising(range(9)), CheckpointPlace(tmp_path, "one"))


def test_the_best_check_is_kept_and_later_ones_are_dropped():
    # checks at 0, 4, 8, 12: the second one is best
    best, training = create()
    record = training.run(rising([0.1, 0.9, 0.3, 0.2]))
    short, training = create(schedule=SCHEDULE)
    assert record.best_step == 4
    for _ in range(4):
        training._step(training.record.step)
    np.testing.assert_allclose(best.encode(TEXTS), short.encode(TEXTS), atol=1e-6)


def test_a_training_without_a_better_check_leaves_the_model_as_it_was():
    model, training = create()
    record = training.run(rising([0.9, 0.1, 0.1, 0.1]))
    assert record.best_step == 0
    np.testing.assert_array_equal(model.encode(TEXTS), tiny_model().encode(TEXTS))


def test_patience_ends_a_training():
    schedule = FinetuningSchedule(steps=100, batch=4, check_every=2, patience=2)
    _, training = create(schedule=schedule)
    record = training.run(rising([0.5, 0.6, 0.5, 0.6]))
    assert record.step == 6
    assert [step for step, _ in record.checks] == [0, 2, 4, 6]


def test_the_rate_rises_and_falls_to_0():
    _, training = create(schedule=FinetuningSchedule(steps=20))
    shares = [training._rate_share(step) for step in range(20)]
    assert shares[:2] == [0.5, 1.0]
    assert shares[-1] == pytest.approx(1 / 18)
    assert max(shares) == 1
