"""The page on which files are imported."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import empty_service, watched
from tests.server.conftest import served

SCRIPT = "<img src=x onerror=alert(1)>"
SALES = f"Q1;Q2;Q3\nann;tea-9;5\nbob;{SCRIPT};4\n;cup-1;3\n".encode()


@pytest.fixture
def sales():
    return {
        "name": f"sales {SCRIPT}.csv".replace("/", ""),
        "mimeType": "text/csv",
        "buffer": SALES,
    }


def choose(page, *files):
    page.locator("input[type=file]").set_input_files(list(files))


@pytest.fixture
def watch_new(browser, tmp_path):
    """A page on a shop without data of which the test may make one with data."""
    with (
        empty_service(tmp_path) as service,
        served(service, rate=0) as (_, url),
        watched(browser, url) as watch,
    ):
        yield watch


def test_columns_that_are_not_recognised_are_chosen_before_the_import(watch_new, sales):
    watch_new.expected_statuses.add(422)
    page = watch_new.open("data")
    choose(page, sales)
    card = page.locator(".file")
    card.get_by_label("Events", exact=True).check()
    expect(card).to_contain_text("Choose the columns")
    card.get_by_label("User", exact=True).select_option("Q1")
    card.get_by_label("Item", exact=True).select_option("Q2")
    card.get_by_role("button", name="Import 2 rows").click()
    expect(card.get_by_role("alert")).to_contain_text("Too many rows were rejected")
    card.get_by_role("button", name="Import the valid rows anyway").click()
    expect(card.get_by_role("status")).to_contain_text("2 new rows")


def test_a_chosen_table_stays_chosen_while_the_file_is_read_anew(watch, sales):
    watch.expected_statuses.add(422)
    page = watch.open("data")
    choose(page, sales)
    card = page.locator(".file")
    items = card.get_by_label("Items", exact=True)
    expect(items).not_to_be_checked()
    held = watch.hold("**/api/v1/import/preview*", "POST")
    items.check()
    held.wait()
    expect(items).to_be_checked()
    held.end()
    expect(card.get_by_label("Title", exact=True)).to_be_visible()
    expect(items).to_be_checked()


def test_known_columns_need_no_choice_and_rejected_rows_are_listed(watch, tmp_path):
    watch.expected_statuses.add(422)
    page = watch.open("data")
    rows = f"user_id,item_id,event_type\nann,tea-9,buy\nbob,{SCRIPT},dislike\n,cup,buy\n"
    choose(page, {"name": "events.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    card = page.locator(".file")
    expect(card.get_by_label("User", exact=True)).to_have_value("user_id")
    expect(card.get_by_role("row").filter(has_text="dislike").first).to_be_visible()
    expect(card.get_by_role("region", name="Rejected rows")).to_contain_text("4")
    with page.expect_download() as saved:
        card.get_by_role("button", name="Download as CSV").click()
    assert "4" in saved.value.path().read_text("utf-8-sig")
    assert watch.serious_findings() == []
    card.get_by_role("button", name="Import 2 rows").click()
    expect(card.get_by_role("alert")).to_contain_text("Too many rows were rejected")
    card.get_by_role("button", name="Import the valid rows anyway").click()
    expect(card.get_by_role("status")).to_contain_text("2 new rows")
    expect(card.get_by_role("link")).to_have_attribute("href", "#/releases")


def test_another_column_can_be_chosen_before_the_import(watch):
    page = watch.open("data")
    rows = "user_id,item_id,other\nann,tea,eve\nbob,cup,dan\n"
    choose(page, {"name": "events.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    card = page.locator(".file")
    card.get_by_label("User", exact=True).select_option("other")
    expect(card.get_by_role("region", name="First rows")).to_contain_text("eve")
    card.get_by_role("button", name="Leave out").click()
    expect(card).to_have_count(0)


def test_what_the_data_allow_is_said_in_words(watch):
    page = watch.open("data")
    expect(page.get_by_role("region", name="What your data allow")).to_contain_text("works now")
    expect(page.get_by_role("region", name="Checks").first).to_be_visible()


def test_a_file_that_is_no_table_is_told_in_its_place(watch):
    watch.expected_statuses.update({400, 422})
    page = watch.open("data")
    choose(
        page, {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\x00\x01"}
    )
    expect(page.locator(".file").get_by_role("alert")).to_be_visible()


def test_the_chinese_page_names_reasons_in_chinese(browser, shop):
    with watched(browser, shop, locale="zh-CN") as watch:
        watch.expected_statuses.add(422)
        page = watch.open("data")
        rows = f"user_id,item_id,event_type\nann,tea-9,buy\n,{SCRIPT},buy\nbob,,buy\n"
        choose(page, {"name": "events.csv", "mimeType": "text/csv", "buffer": rows.encode()})
        card = page.locator(".file")
        expect(card.get_by_text("没有 user_id")).to_be_visible()
        expect(card.get_by_text("没有 item_id")).to_have_attribute("lang", "zh-Hans")
        card.locator(".actions button").first.click()
        expect(card.get_by_role("alert")).to_contain_text("没有存储任何数据")
        assert watch.serious_findings() == []
