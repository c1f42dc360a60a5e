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
from tests.service.experiments.stage import DAY, Stage


def filled():
    """Two days: one answer on the first, two on the second, a click and a like."""
    stage = Stage(item_facts=lambda: ItemFacts(n_items=4))
    stage.answer("r1", "ann", ["tea", "cup"])
    stage.react(("r1", "ann", "tea", "click"))
    stage.clock.now = DAY + 60
    stage.answer("r2", "bob", ["tea", "cup"])
    stage.answer("r3", None, ["rum", "cup"])
    stage.react(("r2", "bob", "tea", "purchase"), ("r3", "bob", "rum", "hide"))
    stage.clock.now = 2 * DAY
    return stage


def test_each_day_has_its_own_numbers():
    first, second = filled().book.online(0.0).periods
    assert (first.answers, first.people, first.ctr, first.conversion) == (1, 1, 0.5, 0.0)
    assert (second.answers, second.people, second.ctr, second.conversion) == (2, 2, 0.0, 0.25)
    assert (second.satisfaction, second.opinion, second.told) == (-0.25, -1.0, 1)


def test_the_total_is_over_all_days():
    total = filled().book.online(0.0).total
    assert (total.since, total.until, total.items, total.coverage) == (0.0, 2 * DAY, 3, 0.75)
    assert total.ctr == pytest.approx(1 / 6)


def test_what_nobody_saw_is_left_out():
    stage = filled()
    dark = LoggedRecommendation(
        "r1~x", 0.0, "ann", "r", (LoggedItem("pot", 1.0, 1, "x"),), "e", "x", shadow=True
    )
    stage.store.put_recommendations([dark])
    assert stage.book.online(0.0).total.items == 3


def test_a_day_without_answers_has_no_rates():
    report = filled().book.online(0.0, until=5 * DAY)
    assert len(report.periods) == 5
    assert report.periods[4].ctr is None
    assert report.periods[4].answers == 0
    json.dumps(report.to_dict(), allow_nan=False)


def test_the_last_period_may_be_short():
    report = filled().book.online(0.0, every_h=36.0)
    assert [(p.since, p.until) for p in report.periods] == [
        (0, 1.5 * DAY),
        (1.5 * DAY, 2 * DAY),
    ]


@pytest.mark.parametrize(
    ("since", "every_h"),
    [(9e9, 24.0), (0.0, 0.0), (0.0, 1e-9), (0.0, math.inf), (-math.inf, 24.0), (math.nan, 1.0)],
)
def test_a_time_that_cannot_be_reported_is_refused(since, every_h):
    stage = Stage()
    with pytest.raises(ConfigError, match="a start before its end"):
        online_report(stage.store, since, until=DAY, every_h=every_h)


def test_an_answer_is_counted_once_its_clicks_have_had_time(stage):
    stage.run()
    stage.book.click_rates()
    variant = stage.book.assign("ann").variant.name
    stage.clock.now = 10.0
    stage.answer("r1", "ann", ["tea", "cup"])
    stage.clock.now += CLICK_DELAY_S - 1
    stage.react(("r1", "ann", "tea", "click"))
    assert stage.book.click_rates() == {}
    stage.clock.now += COUNT_INTERVAL_S
    assert stage.book.click_rates() == {f"page/{variant}": 0.5}
    assert stage.book.click_rates() == {f"page/{variant}": 0.5}


def test_counts_of_the_last_hour_add_up(stage):
    stage.run()
    variant = stage.book.assign("ann").variant.name
    for number in range(3):
        stage.answer(f"r{number}", "ann", ["tea"])
        if number == 1:
            stage.react((f"r{number}", "ann", "tea", "click"))
        stage.clock.now += COUNT_INTERVAL_S + CLICK_DELAY_S
        stage.book.click_rates()
    assert stage.book.click_rates() == {f"page/{variant}": 1 / 3}
    stage.clock.now += RATE_WINDOW_S
    assert stage.book.click_rates() == {}


def test_what_nobody_asked_for_in_time_is_not_counted_later(stage):
    stage.run()
    stage.answer("r1", "ann", ["tea"])
    stage.clock.now += CLICK_DELAY_S + MAX_BACKLOG_S + 1
    assert stage.book.click_rates() == {}
