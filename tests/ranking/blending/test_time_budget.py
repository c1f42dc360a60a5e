"""Time budgets, with a clock that only advances while a strategy is fitted."""

from dataclasses import dataclass, field

import pytest

from daybreak import deadline
from daybreak.errors import MissingExtraError
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.ranking.blending.weights import ExclusionReason
from daybreak.testing.models import example_dataset


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@dataclass(frozen=True)
class Timed(Strategy):
    clock: Clock = field(default_factory=Clock)
    seconds: float = 1.0

    def fit(self, data, seed):
        deadline.report_progress(0.0)
        for part in range(1, 11):
            self.clock.now += self.seconds / 10
            deadline.report_progress(part / 10)
        return super().fit(data, seed)


class WithoutExtra(Strategy):
    def fit(self, data, seed):
        raise MissingExtraError("it", "'daybreak[deep]'")


@pytest.fixture
def clock():
    return Clock()


def candidates(clock, budget, *slow_seconds):
    """Return a fast strategy of one second and slow ones of given seconds."""
    fast = Timed("fast", "popular", clock=clock, seconds=1)
    slow = (
        Timed(f"slow {s}", "popular", is_slow=True, clock=clock, seconds=s)
        for s in slow_seconds
    )
    return CandidateStrategies((fast, *slow), TimeBudget(budget, clock))


def test_without_a_budget_all_strategies_are_fitted(clock):
    found = candidates(clock, None, 1000)
    assert found.fit(example_dataset(), 0, [0, 1], 5).names == ("fast", "slow 1000")
    assert found.excluded == {}


def test_a_strategy_that_would_take_too_long_is_stopped_early(clock):
    found = candidates(clock, 100, 2, 1000)
    fitted = found.fit(example_dataset(), 0, [0, 1, 2], 5)
    assert fitted.names == ("fast", "slow 2")
    exclusion = found.excluded["slow 1000"]
    assert exclusion.reason is ExclusionReason.NO_TIME
    assert exclusion.message.startswith("it would take 1000 s, ")
    assert clock.now < 1 + 2 + 1000 / 10 + 1


def test_time_is_reserved_for_all_fits_still_to_come(clock):
    """80 s without the weights; 6 rounds of 2 s for the fast one leave 68: 11.3 each."""
    found = candidates(clock, 100, 11)
    assert "slow 11" in found.fit(example_dataset(), 0, [0, 1], 5).names
    clock.now = 0.0
    found = candidates(clock, 100, 12)
    assert "slow 12" not in found.fit(example_dataset(), 0, [0, 1], 5).names


def test_the_slowest_is_excluded_when_time_runs_out_later(clock):
    found = candidates(clock, 100, 2, 5)
    assert len(found.fit(example_dataset(), 0, [0, 1, 2], 5).names) == 3
    clock.now += 35
    assert found.fit(example_dataset(), 0, [0, 1, 2], 4).names == ("fast", "slow 2")
    assert found.excluded["slow 5"].message == "one fit takes 5 s, 57 s are left"
    assert found.remaining_rows() == [0, 1]


def test_fast_strategies_are_fitted_however_little_time_there_is(clock):
    found = candidates(clock, 0.1, 2)
    assert found.fit(example_dataset(), 0, [0, 1], 5).names == ("fast",)
    assert not found.has_time_for(1)


def test_a_missing_extra_excludes_a_strategy(clock):
    absent = WithoutExtra("deep", "popular", is_slow=True)
    found = CandidateStrategies((Timed("fast", "popular", clock=clock), absent))
    assert found.fit(example_dataset(), 0, [0, 1], 1).names == ("fast",)
    assert found.excluded["deep"].reason is ExclusionReason.MISSING_EXTRA
    assert "daybreak[deep]" in found.report()["deep"]["left_out"]


def test_the_report_lists_all_strategies(clock):
    found = candidates(clock, 100, 2)
    found.fit(example_dataset(), 0, [0, 1], 1)
    found.exclude_unused(["fast"])
    assert found.report() == {
        "fast": {"seconds": 1.0, "left_out": None},
        "slow 2": {"seconds": 2.0, "left_out": "its weight is zero at every level"},
    }


def test_the_first_reason_of_an_exclusion_is_kept(clock):
    found = candidates(clock, 100, 2)
    found.exclude_slow((), ExclusionReason.NOT_HELPFUL, "no gain")
    found.exclude_unused(["fast"])
    assert found.excluded["slow 2"].reason is ExclusionReason.NOT_HELPFUL


def test_slow_strategies_are_excluded_but_for_those_to_keep(clock):
    found = candidates(clock, 100, 2, 3)
    found.exclude_slow(["slow 3"], ExclusionReason.NOT_HELPFUL, "no gain")
    assert [s.name for s in found.remaining()] == ["fast", "slow 3"]


def test_the_expected_time_for_the_weights_is_reserved(clock):
    """The weights get 40 s if they are expected to take that, else a fifth of the budget."""
    budget = TimeBudget(150, clock)
    assert budget.seconds_for_fitting == pytest.approx(150 - 30)
    budget.weighting_seconds = 40
    assert budget.seconds_for_fitting == pytest.approx(150 - 40)


def test_the_time_for_slow_strategies_is_what_the_fast_ones_leave(clock):
    """80 s without the weights; 5 rounds of 2 s for a fast strategy of one second."""
    found = candidates(clock, 101, 2)
    found.fit(example_dataset(), 0, [0], 5)
    assert found.seconds_for_slow(5) == pytest.approx(101 - 20.2 - 1 - 10)
