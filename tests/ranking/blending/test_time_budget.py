"""Time budgets, with a clock that only moves when a strategy learns."""

from dataclasses import dataclass, field

import pytest

from daybreak import deadline
from daybreak.errors import MissingExtraError
from daybreak.ranking.blending import time_budget as module
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.testing.models import example_dataset


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@dataclass(frozen=True)
class Slow(Strategy):
    clock: Clock = field(default_factory=Clock)
    seconds: float = 1.0

    def fit(self, data, seed):
        deadline.report_progress(0.0)
        for part in range(1, 11):
            self.clock.now += self.seconds / 10
            deadline.report_progress(part / 10)
        return super().fit(data, seed)


class Absent(Strategy):
    def fit(self, data, seed):
        raise MissingExtraError("it", "'daybreak[deep]'")


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(deadline, "perf_counter", clock)
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


def line_up(clock, *seconds):
    light = Slow("light", "popular", clock=clock, seconds=1)
    return light, *(
        Slow(f"costly {s}", "popular", is_slow=True, clock=clock, seconds=s) for s in seconds
    )


def budget(clock, seconds):
    return TimeBudget(seconds, clock())


def test_without_a_budget_everybody_learns(clock):
    field = CandidateStrategies(line_up(clock, 1000), budget(clock, None))
    assert field.fit(example_dataset(), 0, [0, 1], 5).names == ("light", "costly 1000")
    assert field.exclusion_reasons == {}


def test_a_strategy_that_would_take_too_long_is_stopped_early_and_says_why(clock):
    field = CandidateStrategies(line_up(clock, 2, 1000), budget(clock, 100))
    fitted = field.fit(example_dataset(), 0, [0, 1, 2], 5)
    assert fitted.names == ("light", "costly 2")
    assert field.exclusion_reasons["costly 1000"].startswith("it would take 1000 s, ")
    assert clock.now < 1 + 2 + 1000 / 10 + 1


def test_every_learning_that_is_to_come_is_paid_for(clock):
    """80 s without the weighing; 6 learnings of 2 s for the light one leave 68: 11.3 each."""
    field = CandidateStrategies(line_up(clock, 11), budget(clock, 100))
    assert "costly 11" in field.fit(example_dataset(), 0, [0, 1], 5).names
    clock.now = 0.0
    field = CandidateStrategies(line_up(clock, 12), budget(clock, 100))
    assert "costly 12" not in field.fit(example_dataset(), 0, [0, 1], 5).names


def test_the_slowest_leaves_when_time_runs_out_later(clock):
    field = CandidateStrategies(line_up(clock, 2, 5), budget(clock, 100))
    assert len(field.fit(example_dataset(), 0, [0, 1, 2], 5).names) == 3
    clock.now += 35
    assert field.fit(example_dataset(), 0, [0, 1, 2], 4).names == ("light", "costly 2")
    assert field.exclusion_reasons == {"costly 5": "one learning takes 5 s, 57 s are left"}
    assert field.remaining_rows() == [0, 1]


def test_light_strategies_learn_however_little_time_there_is(clock):
    field = CandidateStrategies(line_up(clock, 2), budget(clock, 0.1))
    assert field.fit(example_dataset(), 0, [0, 1], 5).names == ("light",)
    assert not field.has_time_for(1)


def test_a_missing_extra_is_a_reason_not_a_crash(clock):
    absent = Absent("deep", "popular", is_slow=True)
    field = CandidateStrategies((*line_up(clock), absent), budget(clock, 100))
    assert field.fit(example_dataset(), 0, [0, 1], 1).names == ("light",)
    assert "daybreak[deep]" in field.report()["deep"]["left_out"]


def test_the_report_names_everybody(clock):
    field = CandidateStrategies(line_up(clock, 2), budget(clock, 100))
    field.fit(example_dataset(), 0, [0, 1], 1)
    field.keep(["light"], "counts nowhere")
    assert field.report() == {
        "light": {"seconds": 1.0, "left_out": None},
        "costly 2": {"seconds": 2.0, "left_out": "counts nowhere"},
    }


def looking(clock, seconds, found):
    def look():
        deadline.report_progress(0.0)
        for part in range(1, 11):
            clock.now += seconds / 10
            deadline.report_progress(part / 10)
        return found

    return look


def test_a_first_look_sends_home_who_does_not_help(clock):
    field = CandidateStrategies(line_up(clock, 2, 3), budget(clock, 100))
    field.drop_unhelpful(looking(clock, 10, {"costly 3"}), 5)
    assert field.remaining_rows() == [0, 2]
    assert "did not help" in field.exclusion_reasons["costly 2"]


def test_the_weighing_is_expected_to_take_somewhat_longer_than_the_first_look(clock):
    """40 s for a look that took 33.3: more than the fifth that is always set aside."""
    field = CandidateStrategies(line_up(clock, 2), budget(clock, 150))
    field.drop_unhelpful(looking(clock, 100 / 3, {"costly 2"}), 1)
    assert field.budget.seconds_for_fitting == pytest.approx(150 - 100 / 3 - 40)


def test_without_time_for_a_look_only_the_light_ones_stay(clock):
    field = CandidateStrategies(line_up(clock, 2, 3), budget(clock, 20))
    field.fit(example_dataset(), 0, [0, 1, 2], 1)
    field.drop_unhelpful(looking(clock, 1000, {"costly 3"}), 1)
    assert field.remaining_rows() == [0]
    assert "no time to find out" in field.exclusion_reasons["costly 3"]
    assert clock.now < 6 + 2 * 1000 / 10 + 1


def test_without_a_budget_a_first_look_takes_what_it_takes(clock):
    field = CandidateStrategies(line_up(clock, 2), budget(clock, None))
    field.drop_unhelpful(looking(clock, 10_000, {"costly 2"}), 5)
    assert field.remaining_rows() == [0, 1]
