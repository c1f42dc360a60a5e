"""The page of keys and settings."""

from playwright.sync_api import expect

from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService
from tests.console.conftest import http, watched
from tests.server.conftest import served
from tests.server.example_store import make_shop

SCRIPT = "<img src=x onerror=alert(1)>"


def test_a_key_is_made_shown_once_and_revoked(watch):
    page = watch.open("settings")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_label("Name").fill(SCRIPT)
    page.get_by_label("Write").check()
    page.get_by_role("dialog").get_by_role("button", name="Make a key").click()
    expect(page.locator("dialog pre")).to_contain_text("dbk_")
    assert watch.serious_findings() == []
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text=SCRIPT)
    expect(row).to_contain_text("Write")
    expect(page.locator("main")).not_to_contain_text("dbk_")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)


def test_a_name_that_is_not_valid_is_told_in_its_place(watch):
    watch.expected_statuses.update({400, 422})
    page = watch.open("settings")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_label("Name").fill("\u200e")
    page.get_by_role("dialog").get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("alert")).to_contain_text("printable")


def test_keys_that_may_not_see_settings_are_told_so(browser, tmp_path):
    with RecommenderService(make_shop(tmp_path)) as service:
        reader = ApiKeyStore(service.store).create("read")[1]
        with served(service, rate=0, keys="on") as (_, url), watched(browser, url) as watch:
            page = watch.open("settings")
            page.get_by_label("API key").fill(reader)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_role("status").first).to_contain_text("role “admin”")
            expect(page.get_by_role("button", name="Make a key")).to_have_count(0)


def test_rules_are_previewed_saved_and_taken_back(watch, shop):
    watch.expected_statuses.add(422)
    page = watch.open("settings")
    card = page.locator(".rules-editor")
    card.get_by_role("combobox", name="Show only items that match").fill("price < 9")
    expect(card.locator(".effect").first).to_contain_text("Hides")
    card.get_by_role("button", name="Add a boost").click()
    card.get_by_role("combobox", name="Boost 1").fill("price < 3")
    expect(card.locator(".effect").nth(1)).to_contain_text("Lifts")
    expect(card.locator(".effect-items li").first).to_contain_text("number")
    assert watch.serious_findings() == []
    try:
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved; all servers")).to_be_visible()
        items = http.post(f"{shop}/api/v1/recommend", json={"k": 20}).json()["items"]
        assert all(item["properties"]["price"] < 9 for item in items)
        card.get_by_role("combobox", name="Boost 1").fill(f"title = '{SCRIPT}' or")
        expect(card.get_by_role("alert")).to_be_visible()
        expect(card.get_by_role("button", name="Save")).to_be_disabled()
        card.get_by_role("combobox", name="Boost 1").fill(f"title = '{SCRIPT}'")
        expect(card.locator(".effect").nth(1)).to_contain_text(SCRIPT)
        assert page.locator("main img").count() == 0
    finally:
        http.put(f"{shop}/api/v1/policy", json={}).raise_for_status()


def test_what_is_typed_while_the_saved_policy_is_read_stays(watch, shop):
    page = watch.open("settings")
    card = page.locator(".rules-editor")
    where = card.get_by_role("combobox", name="Show only items that match")
    try:
        where.fill("price < 9")
        held = watch.hold("**/api/v1/policy")
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved; all servers")).to_be_visible()
        where.fill("price < 7")
        while not held:
            page.wait_for_timeout(20)
        with page.expect_response("**/api/v1/policy") as answer:
            held.end()
        answer.value.finished()
        expect(card.locator(".effect")).to_contain_text("price < 7")
        expect(where).to_have_value("price < 7")
        expect(card.get_by_role("button", name="Save")).to_be_enabled()
    finally:
        http.put(f"{shop}/api/v1/policy", json={}).raise_for_status()


def test_retraining_and_retention_are_chosen(watch, shop):
    watch.expected_statuses.add(422)
    page = watch.open("settings")
    card = page.locator(".upkeep")
    expect(card).to_contain_text("started without automatic retraining")
    try:
        card.get_by_role("radio", name="On request").check()
        card.get_by_role("radio", name="For some days").check()
        card.get_by_label("Days", exact=True).fill("36500")
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved; all servers")).to_be_visible()
        policy = http.get(f"{shop}/api/v1/policy").json()
        assert (policy["retrain"], policy["retention_days"]) == ("off", 36_500)
        card.get_by_role("radio", name="Own conditions").check()
        card.get_by_label("Conditions", exact=True).fill("sometimes")
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_text("cannot read 'sometimes'")).to_be_visible()
    finally:
        http.put(f"{shop}/api/v1/policy", json={}).raise_for_status()
