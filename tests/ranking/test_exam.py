from types import SimpleNamespace

import numpy as np
import pytest

from daybreak.ranking.benchmarks.learners import benchmark_strategies
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.tuning.search import ValidationSplit
from daybreak.rng import create_generator
from daybreak.simulation.splits import iter_splits


@pytest.fixture
def two_slices():
    """Slice "a" asks users 0 and 1, slice "b" asks user 0 again."""

    def question(name, users):
        return SimpleNamespace(slice=name, labelled=SimpleNamespace(users=np.array(users)))

    return ValidationSplit(
        SimpleNamespace(n_users=3), (question("a", [0, 1]), question("b", [0]))
    )


def test_the_gain_is_the_mean_over_slices_of_shares_of_the_default(two_slices):
    old = {"a": np.array([0.5, 0.5]), "b": np.array([0.0])}
    new = {"a": np.array([1.0, 0.5]), "b": np.array([0.01])}
    gain = two_slices.relative_gain(new, old)
    # Slice a: 0.25 / 0.5. Slice b: 0.01 / 0.01, where the floor stands for the default's 0.
    assert gain.mean == pytest.approx((0.5 + 1.0) / 2)
    # User 0 gives all 0.75 of it: standard error sqrt(2) x std(0.75, 0).
    margin = 1.96 * 2**0.5 * np.std([0.75, 0], ddof=1)
    assert gain.low == pytest.approx(0.75 - margin)
    assert gain.high == pytest.approx(0.75 + margin)


def test_only_slices_that_were_answered_count(two_slices):
    gain = two_slices.relative_gain({"a": np.array([0.6, 0.6])}, {"a": np.array([0.5, 0.5])})
    assert gain.mean == pytest.approx(0.2)
    assert gain.low == pytest.approx(0.2)
    assert np.isnan(two_slices.relative_gain({}, {}).low)


def test_marks_are_the_values_of_a_contest(data):
    """A contest plays the same part when it draws from the same stream."""
    name = "any"
    exam = ValidationSplit.draw(data, 3, name)
    seed = int(create_generator(3, name).integers(2**31))
    for strategy in get_strategies(["item_knn", "content/match"]):
        row = benchmark_strategies(data, [strategy], seed=seed, repeats=1)[strategy.name]
        for slice_, values in exam.evaluate(strategy, seed).items():
            np.testing.assert_allclose(values, row.values[slice_])


def test_a_strategy_is_asked_only_what_its_options_can_change(data):
    exam = ValidationSplit.draw(data, 0, "any")
    old, both, new = (
        exam.evaluate(strategy, 0)
        for strategy in get_strategies(["ease", "content/match", "content/smooth"])
    )
    assert set(new) == {"both_cold", "cold_item", "cold_item_3"}
    assert not set(new) & set(old)
    assert set(both) == {q.slice for q in exam.slices}
    assert not {name for name in old if name.endswith("_all")}


def test_parts_are_others_for_other_names_and_than_those_of_a_blend(data):
    parts = [ValidationSplit.draw(data, 0, name).data for name in ("one", "two", "one")]
    parts.append(next(iter(iter_splits(data, 0))).data)
    first, second, again, theirs = (set(part.active_user_rows.tolist()) for part in parts)
    assert first == again
    assert len({frozenset(rows) for rows in (first, second, theirs)}) == 3
