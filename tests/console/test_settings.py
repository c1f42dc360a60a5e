"""The page of keys and settings."""

from playwright.sync_api import expect

from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService
from tests.console.conftest import watched
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
