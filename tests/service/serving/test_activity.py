"""Activity over time."""

import numpy as np
import pytest

from daybreak.data.event_log import EventLog
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError
from daybreak.service.inputs.histories import EventRows, Histories
from daybreak.service.serving.activity import report_activity

DAY = 86_400.0
KIND = ("buy", 1)


def histories(*events):
    """Histories of (user, item, day)."""
    users = Vocabulary(dict.fromkeys(user for user, *_ in events))
    user = users.rows([user for user, *_ in events])
    item, day = ([event[n] for event in events] for n in (1, 2))
    at = np.array(day) * DAY
    return Histories.of_log(users, EventLog.of(user, item, at, [KIND] * len(events)))


def columns(report, *names):
    return [tuple(getattr(period, name) for name in names) for period in report.periods]


def test_users_and_items_are_new_in_the_period_of_their_first_event():
    found = report_activity(
        histories(("ann", 0, 3), ("ann", 1, 4.5), ("bob", 0, 4.2), ("bob", 0, 6)), 7
    )
    assert found.period_s == DAY
    names = ("events", "users", "new_users", "items", "new_items")
    assert columns(found, *names) == [
        (1, 1, 1, 1, 1),
        (2, 2, 1, 2, 1),
        (0, 0, 0, 0, 0),
        (1, 1, 0, 1, 0),
    ]
    assert (found.periods[0].since, found.periods[-1].until) == (3 * DAY, 7 * DAY)


def test_events_that_have_just_come_count_for_the_same_user():
    known = histories(("ann", 0, 3), ("bob", 1, 3))
    rows = EventRows(
        ["ann", "eve"], np.array([1, 5]), np.array([4.0, np.inf]) * DAY, [KIND] * 2
    )
    found = report_activity(known.with_events(rows), 9)
    assert columns(found, "users", "new_users")[-1] == (1, 0)
    assert found.undated == 1


@pytest.mark.parametrize("n", [1, 2, 10, 60])
def test_there_are_never_more_periods_than_wanted(n):
    found = report_activity(histories(("ann", 0, 0.3), ("ann", 1, 40_000)), n)
    assert 1 <= len(found.periods) <= n
    assert sum(period.events for period in found.periods) == 2


def test_no_events_give_no_periods_and_the_number_of_periods_is_checked():
    assert report_activity(Histories.empty()).periods == ()
    with pytest.raises(ConfigError, match="periods must be"):
        report_activity(Histories.empty(), 0)
