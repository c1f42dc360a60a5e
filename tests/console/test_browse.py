"""The page of items and users."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import http

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture
def strange(shop):
    """A shop with an item and a user whose texts are scripts."""
    api = f"{shop}/api/v1"
    item = {"item_id": f"x/{SCRIPT}", "title": f"Odd {SCRIPT}", "category": "odd"}
    http.post(f"{api}/items", json=item).raise_for_status()
    http.post(f"{api}/users", json={"user_id": "odd/user", "name": SCRIPT}).raise_for_status()
    event = {"user_id": "odd/user", "item_id": item["item_id"], "event_type": "buy"}
    http.post(f"{api}/events", json=event).raise_for_status()
    return item


def test_an_item_is_found_opened_and_corrected(watch, strange):
    page = watch.open("browse")
    page.get_by_role("searchbox").fill("odd img")
    page.get_by_role("link", name=strange["title"]).click()
    expect(page.locator("h1")).to_have_text(strange["title"])
    expect(page.get_by_role("region", name="History").first).to_contain_text("odd/user")
    page.get_by_label("category").fill("new")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved")
    stored = http.get(f"{watch.url}/api/v1/items", params={"search": "odd img"}).json()
    assert stored["items"][0]["category"] == "new"
    assert watch.serious_findings() == []


def test_an_item_whose_title_is_blank_is_shown_by_its_id(watch, shop):
    """Before, its link had no text and could not be followed."""
    http.post(
        f"{shop}/api/v1/items", json={"item_id": "blank-7", "title": " "}
    ).raise_for_status()
    page = watch.open("browse")
    page.get_by_role("searchbox").fill("blank-7")
    page.get_by_role("link", name="blank-7").click()
    expect(page.locator("h1")).to_have_text("blank-7")


def test_what_is_typed_while_a_saved_item_is_read_stays(watch, shop):
    item = {"item_id": "typed", "title": "typed thing", "category": "old", "note": "none"}
    http.post(f"{shop}/api/v1/items", json=item).raise_for_status()
    page = watch.open("browse/items/typed")
    category, note = page.get_by_label("category"), page.get_by_label("note")
    category.fill("new")
    held = watch.hold("**/api/v1/items/typed")
    saves = watch.hold("**/api/v1/items/typed", "PATCH")
    page.get_by_role("button", name="Save").click()
    saves.wait()
    note.fill("while it is saved")
    saves.end()
    expect(page.locator(".toast")).to_contain_text("Saved")
    held.wait()
    expect(category).to_have_value("new")
    category.fill("newer")
    with page.expect_response("**/api/v1/items/typed") as answer:
        held.end()
    answer.value.finished()
    watch.settle()
    expect(note).to_have_value("while it is saved")
    expect(category).to_have_value("newer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    stored = http.get(f"{shop}/api/v1/items/typed").json()
    assert (stored["category"], stored["note"]) == ("newer", "while it is saved")


def test_a_user_is_found_with_history_and_list_and_erased_with_a_proof(watch, strange):
    watch.expected_statuses.add(404)
    page = watch.open("browse/users")
    page.get_by_role("searchbox").fill("odd")
    page.get_by_role("link", name=SCRIPT).click()
    expect(page.locator("h1")).to_have_text("odd/user")
    history = page.get_by_role("region", name="History").first
    expect(history).to_contain_text("buy")
    expect(history.get_by_role("link", name=strange["title"]).first).to_be_visible()
    expect(
        page.get_by_role("region", name="List of this user").locator("li").first
    ).to_be_visible()
    assert watch.serious_findings() == []
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(page.get_by_text("no trace")).to_be_visible()
    expect(page.get_by_role("region", name="Proof of the erasure")).to_contain_text("events")


def test_a_forgotten_history_is_no_longer_shown(watch, shop):
    watch.expected_statuses.add(404)  # nobody without events has interests
    http.post(f"{shop}/api/v1/users", json={"user_id": "forgetful"}).raise_for_status()
    event = {"user_id": "forgetful", "item_id": "tea 1", "event_type": "buy"}
    http.post(f"{shop}/api/v1/events", json=event).raise_for_status()
    page = watch.open("browse/users/forgetful")
    history = page.get_by_role("region", name="History").first
    expect(history.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Forget the history").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget the history").click()
    expect(history).to_contain_text("There are no events")


def test_more_rows_are_loaded_on_wish(watch):
    rows = [{"item_id": f"i{number}", "title": f"Cup {number}"} for number in range(60)]

    def answer(route):
        begin = 50 if "cursor" in route.request.url else 0
        route.fulfill(
            json={"items": rows[begin : begin + 50], "cursor": None if begin else "50"}
        )

    watch.page.route("**/api/v1/items?*", answer)
    page = watch.open("browse")
    expect(page.get_by_role("link", name="Cup 49", exact=True)).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("link", name="Cup 59", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_rows_of_an_earlier_search_are_not_added_to_another(watch):
    def answer(route):
        url = route.request.url
        word = "tea" if "search=tea" in url else "cup"
        begin = 50 if "cursor" in url else 0
        rows = [
            {"item_id": f"{word}{number}", "title": f"{word} {number}"}
            for number in range(begin, begin + (1 if word == "tea" else 50))
        ]
        route.fulfill(json={"items": rows, "cursor": "50" if word == "cup" else None})

    watch.page.route("**/api/v1/items?*", answer)
    page = watch.open("browse")
    more = page.get_by_role("button", name="Show more")
    expect(more).to_be_visible()
    held = watch.hold("**/api/v1/items?*cursor=*")
    more.click()
    more.click()
    page.get_by_role("searchbox").fill("tea")
    expect(page.get_by_role("link", name="tea 0", exact=True)).to_be_visible()
    expect(more).to_have_count(0)
    held.end()
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("link", name="cup 49", exact=True)).to_have_count(1)
    expect(page.get_by_role("link", name="cup 50", exact=True)).to_have_count(0)
    more.click()
    expect(page.get_by_role("link", name="cup 50", exact=True)).to_have_count(1)


def test_what_nobody_has_is_told(watch):
    watch.expected_statuses.add(404)
    page = watch.open("browse")
    page.get_by_role("searchbox").fill("zebra unicorn")
    expect(page.get_by_text("Nothing contains “zebra unicorn”")).to_be_visible()
    watch.open("browse/items/nothing")
    expect(page.get_by_role("alert").first).to_contain_text("Not found")
