import json
import math

import pytest

from daybreak.errors import ConfigError
from daybreak.service.experiments import ItemFacts
from daybreak.service.experiments.online import (
    CLICK_DELAY_S,
    COUNT_INTERVAL_S,
    MAX_BACKLOG_S,
    RATE_WINDOW_S,
    online_report,
)
from daybreak.store.base import LoggedItem, LoggedRecommendation
from tests.service.experiments.simulated import DAY, SimulatedService


def filled():
    """Two days: one answer on the first, two on the second, a click and a like."""
    service = SimulatedService(item_facts=lambda: ItemFacts(n_items=4))
    service.answer("r1", "ann", ["tea", "cup"])
    service.react(("r1", "ann", "tea", "click"))
    service.clock.now = DAY + 60
    service.answer("r2", "bob", ["tea", "cup"])
    service.answer("r3", None, ["rum", "cup"])
    service.react(("r2", "bob", "tea", "purchase"), ("r3", "bob", "rum", "hide"))
    service.clock.now = 2 * DAY
    return service


def test_each_day_has_its_own_metrics():
    first, second = filled().experiments.online(0.0).periods
    assert (first.answers, first.people, first.ctr, first.conversion) == (1, 1, 0.5, 0.0)
    assert (second.answers, second.people, second.ctr, second.conversion) == (2, 2, 0.0, 0.25)
    assert (second.satisfaction, second.opinion, second.told) == (-0.25, -1.0, 1)


def test_the_total_is_over_all_days():
    total = filled().experiments.online(0.0).total
    assert (total.since, total.until, total.items, total.coverage) == (0.0, 2 * DAY, 3, 0.75)
    assert total.ctr == pytest.approx(1 / 6)


def test_items_that_were_not_seen_are_left_out():
    service = filled()
    dark = LoggedRecommendation(
        "r1~x", 0.0, "ann", "r", (LoggedItem("pot", 1.0, 1, "x"),), "e", "x", shadow=True
    )
    service.store.put_recommendations([dark])
    assert service.experiments.online(0.0).total.items == 3


def test_a_day_without_answers_has_no_rates():
    report = filled().experiments.online(0.0, until=5 * DAY)
    assert len(report.periods) == 5
    assert report.periods[4].ctr is None
    assert report.periods[4].answers == 0
    json.dumps(report.to_dict(), allow_nan=False)


def test_the_last_period_may_be_short():
    report = filled().experiments.online(0.0, every_h=36.0)
    assert [(p.since, p.until) for p in report.periods] == [
        (0, 1.5 * DAY),
        (1.5 * DAY, 2 * DAY),
    ]


@pytest.mark.parametrize(
    ("since", "every_h"),
    [(9e9, 24.0), (0.0, 0.0), (0.0, 1e-9), (0.0, math.inf), (-math.inf, 24.0), (math.nan, 1.0)],
)
def test_an_invalid_time_range_is_rejected(since, every_h):
    service = SimulatedService()
    with pytest.raises(ConfigError, match="a start before its end"):
        online_report(service.store, since, until=DAY, every_h=every_h)


def test_an_answer_is_counted_once_its_clicks_have_had_time(service):
    service.run()
    service.experiments.click_rates()
    variant = service.experiments.assign("ann").variant.name
    service.clock.now = 10.0
    service.answer("r1", "ann", ["tea", "cup"])
    service.clock.now += CLICK_DELAY_S - 1
    service.react(("r1", "ann", "tea", "click"))
    assert service.experiments.click_rates() == {}
    service.clock.now += COUNT_INTERVAL_S
    assert service.experiments.click_rates() == {f"page/{variant}": 0.5}
    assert service.experiments.click_rates() == {f"page/{variant}": 0.5}


def test_counts_of_the_last_hour_add_up(service):
    service.run()
    variant = service.experiments.assign("ann").variant.name
    for number in range(3):
        service.answer(f"r{number}", "ann", ["tea"])
        if number == 1:
            service.react((f"r{number}", "ann", "tea", "click"))
        service.clock.now += COUNT_INTERVAL_S + CLICK_DELAY_S
        service.experiments.click_rates()
    assert service.experiments.click_rates() == {f"page/{variant}": 1 / 3}
    service.clock.now += RATE_WINDOW_S
    assert service.experiments.click_rates() == {}


def test_lists_older_than_the_backlog_are_not_counted(service):
    service.run()
    service.answer("r1", "ann", ["tea"])
    service.clock.now += CLICK_DELAY_S + MAX_BACKLOG_S + 1
    assert service.experiments.click_rates() == {}
