"""An experiment over HTTP: plan, start, recommendations, events and report."""

import pytest

from daybreak import Client

PLAN = {
    "id": "rum",
    "variants": [
        {"name": "now"},
        {"name": "new", "ask": {"rules": {"boosts": [{"where": "price < 5", "factor": 100}]}}},
        {"name": "dark", "shadow": True},
    ],
    "effect": 0.05,
}


@pytest.fixture
def running(api):
    """A service with a running experiment."""
    assert api.post("/experiments", json=PLAN).status_code == 201
    assert api.post("/experiments/rum/start").json()["status"] == "running"
    return api


def test_clicks_are_attributed_to_their_variant(running):
    for number in range(12):
        body = {"user_id": f"stranger-{number}", "n": 4}
        answer = running.post("/recommend", json=body).json()
        assert (answer["experiment"], answer["variant"] in {"now", "new"}) == ("rum", True)
        click = {
            "user_id": body["user_id"],
            "item_id": answer["items"][0]["item_id"],
            "event_type": "click",
            "recommendation_id": answer["recommendation_id"],
        }
        assert running.post("/events", json=[click]).status_code in {200, 201}
    shown = written(running)["shown"]
    assert sum(one["people"] for one in shown) == 12
    assert sum(one["impressions"] for one in shown) == 48
    assert sum(one["clicks"] for one in shown) == 12
    total = running.get("/online", params={"since": -3600}).json()["total"]
    assert (total["people"], total["ctr"]) == (12, 0.25)


def test_variants_cannot_be_changed_while_the_experiment_runs(running):
    refused = running.patch("/experiments/rum", json={"metric": "conversion"})
    assert refused.status_code in {400, 409, 422}
    assert "it is running" in refused.json()["detail"]
    assert running.patch("/experiments/rum", json={"share": 0.5}).json()["share"] == 0.5
    assert running.post("/experiments/rum/stop").json()["status"] == "stopped"
    answer = running.post("/recommend", json={"user_id": "ann"}).json()
    assert answer["experiment"] is None


def test_the_client_runs_an_experiment_with_typed_results(api):
    with Client(str(api.base_url).removesuffix("/api/v1/")) as client:
        book = client.experiments
        assert book.create(PLAN).status == "draft"
        assert book.change("rum", share=0.5).share == 0.5
        assert book.start("rum").started_at is not None
        assert [one.id for one in book.list()] == ["rum"]
        assert client.recommend("stranger").experiment in {"rum", None}
        report = book.report("rum")
        assert (report.experiment, report.split.sound) == (book.get("rum"), True)
        assert set(report.shown[0].measures) > {"ctr", "diversity"}
        assert [one.name for one in report.shadows] == ["dark"]
        assert book.online(-3600).total.clicks == 0
        assert book.stop("rum").status == "stopped"
        assert (book.delete("rum"), book.delete("rum")) == (True, False)


def test_a_filter_that_cannot_be_applied_is_rejected_at_the_start(api):
    boost = {"where": "colour = 'red'", "factor": 2}
    variants = [{"name": "a"}, {"name": "b", "ask": {"rules": {"boosts": [boost]}}}]
    api.post("/experiments", json={"id": "x", "variants": variants})
    refused = api.post("/experiments/x/start")
    assert (refused.status_code // 100, refused.json()["code"]) == (4, "bad_filter")


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"id": "x"},
        {"id": "x", "variants": 3},
        {"id": "../x", "variants": [{"name": "a"}, {"name": "b"}]},
        {"id": "x", "variants": [{"name": "a"}, {"name": "b"}], "note": "\0"},
        {"id": "x", "variants": [{"name": "a"}, {"name": "b"}], "share": "all"},
        {"id": "x", "variants": [{"name": "a"}, {"name": "b", "ask": {"rules": [[]]}}]},
    ],
)
def test_an_invalid_plan_is_rejected_with_a_reason(api, plan):
    refused = api.post("/experiments", json=plan)
    assert refused.status_code in {400, 422}
    assert refused.json()["detail"]


def written(client):
    """Return the report once all lists are in the log; they are written in batches."""
    for _ in range(1000):
        report = client.get("/experiments/rum/report").json()
        if sum(one["people"] for one in report["shown"]) == 12:
            return report
    pytest.fail(f"answers are missing: {report}")
