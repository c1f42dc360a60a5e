"""The time since the last event of a known user decides how much it says."""

import time
from datetime import UTC, datetime
from importlib import import_module

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender, Rules
from daybreak.errors import DataError, RejectedRowsWarning
from daybreak.evaluation.baselines import reads_times

DAY_S = 86_400.0
START_S = 1e9
N_RING, N_SITTINGS = 40, 8


@pytest.fixture(scope="module")
def events():
    """Two hundred people come eight times, 40 days apart.

    Each time they take the next two of the sixteen best sellers, and then four neighbours of a
    ring, from a place that is chance.
    """
    rng = np.random.default_rng(0)
    rows = []
    for user in range(200):
        for sitting in range(N_SITTINGS):
            begins = START_S + 40 * DAY_S * sitting + 100 * user
            start = int(rng.integers(N_RING))
            taken = [f"best{2 * sitting + n:02}" for n in (0, 1)]
            taken += [f"ring{(start + n) % N_RING:02}" for n in range(4)]
            rows += [(f"u{user}", one, begins + 10 * n) for n, one in enumerate(taken)]
    return pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")


STEPS = (2.0, 1.0, 1.0, 1.0, 0.25)


@pytest.fixture(scope="module")
def model(events):
    """A recommender with known steps; how they are fitted is tested with the blend."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "daybreak.ranking.blending.fit.fit_pause_steps", lambda *_: np.array(STEPS)
        )
        return Recommender(encoder="none", strategies=["popular", "item_knn"]).fit(events)


def times_of(known, after_s):
    last = known.group_by("user_id").agg(pl.col("timestamp").max() + after_s)
    return last.select("user_id", "timestamp")


def test_a_time_for_users_counts_like_that_of_the_rules(model, events):
    known = events.filter(user_id="u0")[:20].with_columns(user_id=pl.lit("new"))
    for after_s in (10.0, 100 * DAY_S):
        expected = ask(model, events, after_s)
        found = model.recommend(["new"], histories=known, times=times_of(known, after_s), k=20)
        assert found.drop("strategy").equals(expected.drop("strategy", "rule"))


def test_users_of_one_call_are_asked_at_different_times(model, events):
    """Three of them; u2 has no time, and is asked as without one."""
    users = ["u0", "u1", "u2"]
    last = dict(events.group_by("user_id").agg(pl.col("timestamp").max()).rows())
    times = [
        {"user_id": "u0", "timestamp": last["u0"] + 10},
        {"user_id": "u1", "timestamp": last["u1"] + 90 * DAY_S},
        {"user_id": "u2", "timestamp": None},
    ]
    together = model.recommend(users, times=times, k=20)
    for user, one in zip(users, times, strict=True):
        alone = model.recommend([user], times=[one], k=20)
        assert alone.equals(together.filter(user_id=user))
    untold = model.recommend(users, k=20)
    same = [together.filter(user_id=u).equals(untold.filter(user_id=u)) for u in users]
    assert same == [False, True, True]  # people of data of the past come back late


def test_times_are_read_as_in_other_frames(model, events):
    last = events.filter(user_id="u0")["timestamp"].max()
    date = datetime.fromtimestamp(last + 10, UTC)
    lists = [
        model.recommend(["u0"], times={"user_id": ["u0"], "timestamp": [one]}, k=20)
        for one in (last + 10, date, date.isoformat())
    ]
    assert lists[0].equals(lists[1])
    assert lists[0].equals(lists[2])
    with pytest.raises(DataError, match="the times have no column 'timestamp'; columns"):
        model.recommend(["u0"], times={"user_id": ["u0"]})
    with pytest.warns(RejectedRowsWarning, match="timestamp: 1 of 1 values cannot be read"):
        unread = model.recommend(["u0"], times={"user_id": ["u0"], "timestamp": ["soon"]}, k=20)
    assert unread.equals(model.recommend(["u0"], k=20))


def test_a_time_for_users_changes_no_availability(events):
    """Ring 3 is sold on one day of the year 2001, and rules say for when a list is."""
    items = events.select("item_id").unique().sort("item_id")
    until = pl.when(pl.col("item_id") == "ring03").then(START_S + DAY_S)
    items = items.with_columns(available_until=until)
    model = Recommender(encoder="none", strategies=["popular"]).fit(events, items)
    times = [{"user_id": "u0", "timestamp": START_S}]
    told = model.recommend(["u0"], times=times, exclude_seen=False, k=99)
    assert "ring03" not in set(told["item_id"])
    ruled = model.recommend(["u0"], rules=Rules(at=START_S), exclude_seen=False, k=99)
    assert "ring03" in set(ruled["item_id"])


def test_an_evaluation_asks_at_the_time_of_the_target(events, monkeypatch):
    """The last event is the neighbour of the one before, and the best sellers come first where
    recent events do not count, as after a long time."""
    evaluating = import_module("daybreak.evaluation.evaluate")
    steps = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    monkeypatch.setattr("daybreak.ranking.blending.fit.fit_pause_steps", lambda *_: steps)
    settings = Recommender(encoder="none", strategies=["popular", "item_knn"])
    found = []
    for reads in (reads_times, lambda _: False):
        monkeypatch.setattr(evaluating, "reads_times", reads)
        report = settings.evaluate(events, slices=["warm_last"], k=5)
        found.append(report.cell("warm_last", "daybreak").values["ndcg"])
    told, untold = found
    assert told.low > untold.high + 0.2
    assert "200 of 200 users are asked at the time" in report.slices[0].protocol


def ask(model, events, after_s, **options):
    known = events.filter(user_id="u0")[:20].with_columns(user_id=pl.lit("new"))
    rules = Rules(at=float(known["timestamp"].max()) + after_s)
    return model.recommend(["new"], histories=known, rules=rules, k=20, **options)


def test_recent_events_say_more_within_a_sitting(model, events):
    spreads = [np.ptp(ask(model, events, s)["score"].to_numpy()) for s in (10.0, 100 * DAY_S)]
    assert spreads[0] > 2 * spreads[1]


def test_scores_differ_with_the_time_since_the_last_event(model, events):
    near, far = (ask(model, events, after_s) for after_s in (10.0, 100 * DAY_S))
    assert near["score"].to_list() != far["score"].to_list()
    assert ask(model, events, 20.0)["score"].to_list() == near["score"].to_list()


def test_reasons_add_up_to_the_score(model, events):
    for after_s in (10.0, 100 * DAY_S):
        for row in ask(model, events, after_s, explain=True).iter_rows(named=True):
            total = sum(reason["value"] for reason in row["reasons"])
            assert total == pytest.approx(row["score"], abs=1e-3)
    last = events.filter(user_id="u0")["timestamp"].max()
    times = [{"user_id": "u0", "timestamp": last + 10}]
    for row in model.recommend(["u0"], times=times, explain=True).iter_rows(named=True):
        total = sum(reason["value"] for reason in row["reasons"])
        assert total == pytest.approx(row["score"], abs=1e-3)


def test_a_saved_release_has_the_same_steps(model, events, tmp_path):
    model.save(tmp_path / "release")
    again = Recommender.load(tmp_path / "release")
    assert again.state.trained.blend.pause_steps == STEPS
    for after_s in (10.0, 100 * DAY_S):
        lists = [ask(one, events, after_s)["score"].to_list() for one in (model, again)]
        np.testing.assert_allclose(*lists, atol=1e-5)


def test_newcomers_are_not_asked_about_pauses(model):
    few = pl.DataFrame({"user_id": ["new"], "item_id": ["ring04"], "timestamp": [START_S]})
    lists = [
        model.recommend(["new"], histories=few, rules=Rules(at=START_S + after_s), k=5)
        for after_s in (10.0, 100 * DAY_S)
    ]
    assert lists[0]["score"].to_list() == lists[1]["score"].to_list()


def test_people_of_data_of_the_past_come_back_after_a_long_time(model, events):
    known = events.filter(user_id="u0")[:20].with_columns(user_id=pl.lit("new"))
    later = known.with_columns(timestamp=pl.col("timestamp") + 900 * DAY_S)
    expected = ask(model, events, 100 * DAY_S)["score"].to_list()
    for one in (known, later):
        found = model.recommend(["new"], histories=one, k=20)["score"].to_list()
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_somebody_who_is_here_now_is_within_a_sitting(model, events):
    known = events.filter(user_id="u0")[:20].with_columns(user_id=pl.lit("new"))
    now = known.with_columns(timestamp=time.time() - 300 + 10 * pl.int_range(pl.len()))
    here = model.recommend(["new"], histories=now, k=20)["score"].to_list()
    np.testing.assert_allclose(here, ask(model, events, 200.0)["score"].to_list(), atol=1e-4)
