"""The page "Today": what there is, what is cold, what to do next."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import http, watched

EVIL = "<img src=x onerror=alert(1)>"


def answer(page, path, change):
    """Let the page get a changed answer of one path."""

    def fulfill(route):
        body = route.fetch().json()
        route.fulfill(
            status=200, content_type="application/json", body=json.dumps(change(body))
        )

    page.route(f"**/api/v1/{path}*", fulfill)


def test_numbers_activity_and_the_release_are_shown(watch):
    status = http.get(f"{watch.url}/api/v1/status").json()
    page = watch.open("today")
    figures = page.locator(".figures").first
    expect(figures).to_contain_text(str(status["users"]))
    expect(figures).to_contain_text(str(status["items"]))
    activity = page.get_by_role("region", name="Activity")
    expect(activity.locator(".plot canvas")).to_be_visible()
    expect(page.locator(".facts a").first).to_have_attribute("href", "#/releases")
    activity.get_by_role("radio", name="New", exact=True).check()
    activity.get_by_text("As a table").click()
    expect(activity.get_by_role("table")).to_contain_text("New users")
    expect(activity.get_by_role("table")).to_contain_text("100%")
    assert watch.serious_findings() == []


def test_an_empty_shop_shows_three_ways_to_begin(watch_empty):
    page = watch_empty.open("today")
    expect(page.locator("h1")).to_have_text("Welcome to Daybreak")
    expect(page.get_by_text("daybreak demo --serve")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text("/api/v1/items")
    assert watch_empty.serious_findings() == []
    page.locator('input[type="file"]').set_input_files(
        {"name": f"{EVIL}.csv", "mimeType": "text/csv", "buffer": b"item_id\ntea\n"}
    )
    expect(page).to_have_url(f"{watch_empty.url}/#/data")
    assert page.locator("main img").count() == 0


STATUSES = {
    "faulty": ({"faulty": {EVIL: "damaged"}}, f"The release {EVIL} cannot be loaded"),
    "untrained": ({"release": ""}, "Nothing has been trained yet"),
    "drift": ({"drift_score": {"items": 0.4}}, "(drift 0.4)"),
    "old": ({"model_age_seconds": 86_400 * 20}, "The release is 20 days old"),
    "few": ({"events": 1}, "There is only 1 event"),
    "lost": ({"lost_answers": 3}, "3 lists were not written to the log"),
}


@pytest.mark.parametrize(("change", "text"), STATUSES.values(), ids=STATUSES)
def test_what_is_wrong_is_told_with_the_next_step(watch, change, text):
    answer(watch.page, "status", lambda body: body | change)
    page = watch.open("today")
    warning = page.locator(".warning", has_text=text)
    expect(warning).to_be_visible()
    assert page.locator("main img").count() == 0


def test_a_failed_training_is_told_and_another_can_be_started(watch):
    failed = {"id": "t", "kind": "train", "status": "failed", "note": EVIL, "started_at": 1.7e9}
    answer(watch.page, "tasks", lambda body: body | {"tasks": [failed]})
    started = []

    def start(route):
        started.append(route.request.method)
        task = {"id": "t2", "kind": "train", "status": "running", "note": ""}
        route.fulfill(status=202, content_type="application/json", body=json.dumps(task))

    watch.page.route("**/api/v1/train", start)
    page = watch.open("today")
    expect(page.locator(".warning")).to_contain_text(EVIL)
    page.get_by_role("button", name="Train now").first.click()
    expect(page.get_by_text("The training has started")).to_be_visible()
    assert started == ["POST"]


def test_an_error_of_the_server_is_told_and_can_be_tried_again(watch):
    watch.expected_statuses.add(503)
    problem = {"status": 503, "code": "store", "detail": "the store does not answer"}
    watch.page.route(
        "**/api/v1/status",
        lambda route: route.fulfill(
            status=503, content_type="application/problem+json", body=json.dumps(problem)
        ),
    )
    page = watch.open("today")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The database does not answer")
    expect(alert).to_contain_text("the store does not answer")
    page.unroute("**/api/v1/status")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".figures").first).to_be_visible()


def test_a_server_that_is_gone_is_told_in_the_language_of_the_page(browser, shop):
    with watched(browser, shop, locale="zh-CN") as watch:
        watch.expected_errors.add("ERR_FAILED")
        watch.page.route("**/api/v1/status", lambda route: route.abort())
        page = watch.open("today")
        expect(page.get_by_role("alert")).to_contain_text("服务器没有响应")
