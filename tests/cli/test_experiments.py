import json

import pytest

PLAN = ("experiments", "create", "page", "--variant", "now", "--variant", "new")


@pytest.fixture
def planned(imported, ask):
    """A store with a plan."""
    return ask(*PLAN, "--set", "new.rules.diversity=0.3", "--window", "2")


def test_a_plan_is_made_of_options(planned):
    assert [variant["name"] for variant in planned["variants"]] == ["now", "new"]
    assert planned["variants"][1]["ask"] == {"rules": {"diversity": 0.3}}
    assert planned["attribution"]["window_h"] == 2.0
    assert planned["status"] == "draft"


def test_a_plan_is_started_changed_stopped_and_deleted(planned, ask):
    assert ask("experiments", "start", "page")["status"] == "running"
    assert ask("experiments", "change", "page", "--share", "0.5")["share"] == 0.5
    assert ask("experiments", "stop", "page")["status"] == "stopped"
    assert [row["id"] for row in ask("experiments", "list")["experiments"]] == ["page"]
    assert ask("experiments", "delete", "page") == {"deleted": "page"}
    assert ask("experiments", "list") == {"experiments": []}


def test_a_plan_may_come_from_a_file(imported, ask, here):
    plan = {"variants": [{"name": "a"}, {"name": "b", "shadow": True}], "metric": "conversion"}
    (here / "plan.json").write_text(json.dumps(plan))
    made = ask("experiments", "create", "dark", "--file", "plan.json", "--start")
    assert (made["metric"], made["status"]) == ("conversion", "running")


def test_a_report_is_words_and_tables_for_people(planned, call):
    call("experiments", "start", "page")
    status, out, _ = call("experiments", "report", "page")
    assert status == 0
    assert out.startswith("No recommendations have been shown yet.")
    assert "click rate" in out
    assert "Waudby-Smith" in out


def test_a_report_is_json_for_programs(planned, ask):
    row = ask("experiments", "report", "page")
    assert row["split"]["people"] == {"now": 0, "new": 0}


def test_the_service_over_time(imported, call, ask):
    assert len(ask("experiments", "online", "--days", "2")["periods"]) == 2
    status, out, _ = call("experiments", "online", "--days", "2", "--every", "12")
    assert status == 0
    assert "total" in out


def test_lists_of_plans_for_people(imported, call):
    assert "no experiments" in call("experiments", "list")[1]
    assert "draft" in call(*PLAN)[1]
    assert "page" in call("experiments", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("report", "none"), 5, "no experiment 'none'; known: none"),
        (("create", "x", "--variant", "a"), 2, "2 to 20 variants, got 1"),
        ((*PLAN[1:], "--set", "new.explore=maybe"), 2, "must end in JSON"),
        ((*PLAN[1:], "--set", "other.n=3"), 2, "variants: now, new"),
        ((*PLAN[1:], "--set", "new.explore.x=1", "--set", "new.explore=1"), 2, "true or false"),
        ((*PLAN[1:], "--set", "new.n=1", "--set", "new.n.x=1"), 2, "'n' is 1 already"),
        ((*PLAN[1:], "--metric", "sales"), 2, "one of ctr"),
        (("create", "x", "--file", "none.json"), 5, "cannot be read"),
        (("create", "x", "--file", "log.csv"), 3, "is not valid JSON"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(imported, call, arguments, status, said):
    found, _, err = call("experiments", *arguments)
    assert (found, said in err) == (status, True), err


def test_a_filter_that_cannot_be_read_is_found_at_the_start(imported, call):
    boosts = 'new.rules.boosts=[{"where": "colour = 1", "factor": 2}]'
    assert call(*PLAN, "--set", boosts)[0] == 0
    status, _, err = call("experiments", "start", "page")
    assert "colour" in err
    assert status == call("experiments", "start", "page")[0] != 0
