"""The page of releases, trainings and experiments."""

import time

from playwright.sync_api import expect

RELEASES = [
    {
        "id": f"release-{number}",
        "created_at": time.time() - number * 86_400,
        "active": number == 0,
        "metadata": {"events": 100 * number, "users": 3, "items": 5, "seconds": 60.0},
    }
    for number in range(2)
]


def test_an_experiment_is_planned_started_looked_at_and_stopped(watch):
    page = watch.open("releases")
    page.get_by_role("button", name="Plan an experiment").click()
    page.get_by_label("Name").fill("more-variety")
    page.get_by_label("Question").fill("<b>does it help?</b>")
    assert watch.serious_findings() == []
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="more-variety")
    expect(row).to_contain_text("<b>does it help?</b>")
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("running")
    row.get_by_role("button", name="Results").click()
    expect(page.get_by_role("dialog")).to_contain_text("changed")
    page.get_by_role("button", name="Close").click()
    row.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(row).to_contain_text("stopped")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_plan_that_is_not_valid_is_told_in_the_dialog(watch):
    watch.expected_statuses.update({400, 422})
    page = watch.open("releases")
    page.get_by_role("button", name="Plan an experiment").click()
    page.get_by_label("Name").fill("a name/with a slash")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("slash")


def test_an_earlier_release_is_activated_after_a_question(watch):
    asked = []
    watch.page.route("**/api/v1/models", lambda route: route.fulfill(json={"models": RELEASES}))

    def activate(route):
        asked.append(route.request.url)
        route.fulfill(json=RELEASES[1])

    watch.page.route("**/api/v1/models/*/activate", activate)
    page = watch.open("releases")
    page.get_by_role("button", name="Go back to it").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect(page.locator(".toast")).to_contain_text("is active")
    assert asked[0].endswith("/models/release-1/activate")


def test_a_training_is_followed_until_its_end(watch):
    tasks = [{"id": "t", "kind": "train", "status": "running", "note": "", "reason": "asked"}]
    tasks[0]["started_at"] = time.time() - 5
    watch.page.route("**/api/v1/models", lambda route: route.fulfill(json={"models": RELEASES}))
    watch.page.route("**/api/v1/tasks", lambda route: route.fulfill(json={"tasks": tasks}))
    page = watch.open("releases")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("seconds left")).to_be_visible()
    expect(page.get_by_role("button", name="Train now")).to_be_disabled()
    tasks[0] |= {"status": "refused", "ended_at": time.time(), "note": "worse on 2 slices"}
    expect(page.get_by_text("not activated", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Train now")).to_be_enabled()


def test_a_server_that_answers_slowly_is_not_asked_anew_before_its_answer(watch):
    running = {"id": "t", "kind": "train", "status": "running", "note": "", "reason": "asked"}
    tasks = {"tasks": [running | {"started_at": time.time() - 5}]}
    watch.page.clock.install()
    watch.page.route("**/api/v1/tasks", lambda route: route.fulfill(json=tasks))
    page = watch.open("releases")
    expect(page.get_by_role("progressbar")).to_be_visible()
    held = watch.hold("**/api/v1/tasks")
    page.clock.run_for(3_000)
    held.wait()
    page.clock.run_for(30_000)
    tasks["tasks"][0] |= {"status": "done", "ended_at": time.time()}
    assert len(held) == 1
    held.end()
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_a_failing_list_of_releases_is_told_in_its_place(watch):
    watch.expected_statuses.add(503)
    body = {"code": "store", "detail": "the database is away"}
    watch.page.route("**/api/v1/models", lambda route: route.fulfill(status=503, json=body))
    page = watch.open("releases")
    expect(page.get_by_role("alert").first).to_contain_text("the database is away")
