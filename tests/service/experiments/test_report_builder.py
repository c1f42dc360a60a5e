import json

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.service.experiments import ItemFacts, shadow_id
from daybreak.service.experiments.online import online_report
from daybreak.service.experiments.report_builder import build_report
from daybreak.store.base import LoggedItem, LoggedRecommendation
from tests.service.experiments.simulated import ITEMS, SimulatedService

RATES = {"now": 0.05, "new": 0.15}


def deciding(report):
    return report.differences[0]


def test_a_better_variant_is_found_and_named_in_the_verdict(service):
    service.run()
    service.days(RATES)
    report = service.experiments.report("page")
    line = deciding(report)
    assert (line.measure, line.variant, line.word) == ("ctr", "new", "better")
    assert line.low < 0.1 < line.high
    assert line.low < line.once_low < line.once_high < line.high
    assert "'new' is better than 'now': click rate" in report.verdict
    assert "valid at any time" in report.verdict


def test_equal_variants_have_no_significant_difference(service):
    service.run(effect=0.05)
    service.days({"now": 0.1, "new": 0.1})
    line = deciding(service.experiments.report("page"))
    assert line.word in {"open", "no difference that matters"}
    assert line.low < 0 < line.high


def test_numbers_equal_those_of_a_simple_loop(service):
    """Two people in each variant; the ratio is over sums, not a mean of ratios."""
    service.run()
    users = [f"u{n}" for n in range(60)]
    group = {user: service.experiments.assign(user).variant.name for user in users}
    for user in users:
        service.answer(f"r-{user}", user, ["tea", "cup"] if user < "u3" else ["tea"])
    service.react(*((f"r-{user}", user, "tea", "click") for user in users[::3]))
    report = service.experiments.report("page")
    for shown in report.shown:
        mine = [user for user in users if group[user] == shown.name]
        clicks = sum(user in users[::3] for user in mine)
        places = sum(2 if user < "u3" else 1 for user in mine)
        assert (shown.people, shown.clicks, shown.impressions) == (len(mine), clicks, places)
        assert shown.measures["ctr"].value == pytest.approx(clicks / places)


def test_few_users_give_the_verdict_too_early(service):
    service.run()
    service.days({"now": 0.0, "new": 1.0}, people=60)
    report = service.experiments.report("page")
    assert deciding(report).word == "too early"
    assert "Too early to judge 'new': at least 100 people" in report.verdict


def test_an_experiment_without_users_is_not_an_error(service):
    service.run()
    report = service.experiments.report("page")
    assert report.verdict == "No recommendations have been shown yet."
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["shown"][0]["people"] == 0


def test_every_report_is_json_without_nan(service):
    service.run()
    service.days(RATES, people=150)
    row = json.loads(json.dumps(service.experiments.report("page").to_dict(), allow_nan=False))
    assert row["experiment"]["id"] == "page"
    assert {line["measure"] for line in row["differences"]} >= {"ctr", "conversion"}


def test_a_sample_ratio_mismatch_suppresses_the_verdict(service):
    """Half of the people of one variant never arrive."""
    service.run()
    for number in range(600):
        user = f"u{number}"
        if service.experiments.assign(user).variant.name == "now" or number % 2:
            service.answer(f"r{number}", user, ["tea"])
    report = service.experiments.report("page")
    assert not report.split.sound
    assert report.verdict.startswith("The assignment is broken:")


def test_a_user_who_saw_two_variants_counts_for_the_first(service):
    """A visitor logs in: the session was in one variant, the user is in the other."""
    service.run()
    group = {
        key: service.experiments.assign(key).variant.name
        for key in (f"k{n}" for n in range(20))
    }
    session = next(key for key, name in group.items() if name == "now")
    user = next(key for key, name in group.items() if name == "new")
    service.answer("r1", session, ["tea"])
    service.clock.now = 10.0
    service.answer("r2", user, ["tea"])
    service.store.merge_users(session, user)
    report = service.experiments.report("page")
    assert report.crossed == 1
    assert [(shown.people, shown.impressions) for shown in report.shown] == [(1, 2), (0, 0)]
    assert "saw more than one variant" in report.notes[0]


def test_a_shadow_is_compared_with_what_was_shown(service):
    variants = [{"name": "now"}, {"name": "dark", "shadow": True}]
    service.run(variants=variants)
    service.answer("r1", "ann", ["tea", "cup"])
    dark = (LoggedItem("cup", 1.0, 1, "x", explored=True), LoggedItem("pot", 0.5, 2, "x"))
    service.store.put_recommendations(
        [
            LoggedRecommendation(
                shadow_id("r1", "dark"), 0.0, "ann", "r", dark, "page", "dark", shadow=True
            )
        ]
    )
    service.react(("r1", "ann", "cup", "click"), ("r1", "ann", "tea", "click"))
    report = service.experiments.report("page")
    (shadow,) = report.shadows
    assert (shadow.answers, shadow.items, shadow.explored) == (1, 2, 0.5)
    assert (shadow.agreement, shadow.clicks_kept) == (0.5, 0.5)
    assert report.shown[0].people == 1
    assert "they were not shown" in report.verdict


def test_three_variants_share_the_error_rate(service):
    service.run(variants=[{"name": "now"}, {"name": "new"}, {"name": "other"}])
    service.days(RATES | {"other": 0.05}, people=600)
    report = service.experiments.report("page")
    assert {line.level for line in report.differences} == {0.975}
    words = {line.variant: line.word for line in report.differences if line.measure == "ctr"}
    assert words["new"] == "better"
    assert words["other"] != "better"


def test_coverage_and_cold_items_need_the_catalogue():
    events = pl.DataFrame(
        {"user_id": ["x"] * 9, "item_id": ["item-00"] * 9, "timestamp": [0.0] * 9}
    )
    tables = Tables.of(events, pl.DataFrame({"item_id": [*ITEMS, "never"]}))
    service = SimulatedService(item_facts=lambda: ItemFacts.from_tables(tables))
    service.run()
    service.clock.now = 5.0
    service.answer("r1", "ann", ["item-00", "item-01"])
    shown = next(shown for shown in service.experiments.report("page").shown if shown.people)
    assert shown.coverage == pytest.approx(2 / 41)
    assert shown.measures["cold_exposure"].value == 0.5


def test_satisfaction_decides_if_it_is_the_metric(service):
    service.run(metric="satisfaction")
    service.days({"now": 0.1, "new": 0.1})
    likes = [
        (
            answer.id,
            answer.user_id,
            answer.shown[0].item_id,
            "like" if answer.variant == "new" else "hide",
        )
        for answer in service.store.recommendations(experiment="page")[::2]
    ]
    service.clock.now = 100.0
    service.react(*((*like, None, None) for like in likes))
    report = service.experiments.report("page")
    assert (deciding(report).measure, deciding(report).word) == ("satisfaction", "better")
    assert report.shown[0].opinion == -1.0
    assert report.shown[1].opinion == 1.0


def filled():
    """A hundred people, two visits each; a shadow beside every third answer."""
    service = SimulatedService()
    variants = [{"name": "now"}, {"name": "new"}, {"name": "dark", "shadow": True}]
    service.run(variants=variants)
    service.days({"now": 0.1, "new": 0.4}, people=100)
    dark = tuple(LoggedItem(item, 1.0, rank, "x") for rank, item in enumerate(ITEMS[:20], 1))
    for answer in service.store.recommendations()[::3]:
        id_ = shadow_id(answer.id, "dark")
        shadow = LoggedRecommendation(
            id_, answer.at, answer.user_id, "r", dark, "page", "dark", shadow=True
        )
        service.store.put_recommendations([shadow])
    return service


def reports(service, **options):
    plan, store, now = service.experiments.get("page"), service.store, service.clock.now
    found = (
        build_report(plan, store, ItemFacts(), now, **options),
        online_report(store, 0.0, until=now, every_h=7.0, **options),
    )
    return [json.loads(json.dumps(one.to_dict())) for one in found]


def same(one, other):
    """Numbers are added in another order, so the last digits may differ."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == (pytest.approx(other) if isinstance(other, float) else other)


def test_a_report_from_many_chunks_equals_that_from_one():
    service = filled()
    whole = reports(service)
    assert same(reports(service, chunk_size=7), whole)
    (shadow,) = whole[0]["shadows"]
    assert shadow["answers"] == 67
    assert 0.0 < shadow["agreement"] < 1.0


def test_at_most_one_chunk_is_read_at_a_time(monkeypatch):
    service, sizes = filled(), []
    read = service.store.recommendations
    monkeypatch.setattr(
        service.store,
        "recommendations",
        lambda **which: sizes.append(len(which["ids"])) or read(**which),
    )
    reports(service, chunk_size=7)
    assert max(sizes) == 7
