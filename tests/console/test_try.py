"""The page "Try it": the list of a person, and how it changes."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import http, watched

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
"""Text that would run if a page took it for HTML."""


def cards(page):
    return page.locator(".item-card")


def titles(page):
    return cards(page).locator("h3").all_inner_texts()


def test_a_newcomer_gets_a_list_for_an_invented_person_with_one_click(watch):
    page = watch.open("try")
    expect(cards(page)).to_have_count(12)
    everybody = titles(page)
    page.locator(".examples .chip").nth(2).click()
    expect(page.get_by_text("The list follows what the person says.")).to_be_visible()
    assert titles(page) != everybody
    assert watch.serious_findings() == []


def test_a_sentence_decides_the_list_and_is_shown_as_the_reason(watch):
    page = watch.open("try")
    page.get_by_label("What does the person say?").fill("gin")
    expect(cards(page).first.locator("h3")).to_contain_text("gin")
    expect(cards(page).first.locator(".reasons")).to_contain_text("matches ‘gin’")


def test_likes_and_hidden_items_change_the_list_and_can_be_taken_back(watch):
    page = watch.open("try?text=tea")
    expect(cards(page)).to_have_count(12)
    first, second = titles(page)[:2]
    page.get_by_role("button", name=f"Like {first}", exact=True).click()
    expect(cards(page).locator("h3", has_text=first)).to_have_count(0)
    expect(page.get_by_text("The list follows what the person has chosen.")).to_be_visible()
    expect(page.locator(".warmup .column")).to_have_count(2)
    page.get_by_role("button", name=f"Hide {second}", exact=True).click()
    expect(cards(page).locator("h3", has_text=second)).to_have_count(0)
    page.get_by_role("button", name="Start again").click()
    expect(cards(page).locator("h3", has_text=first)).to_have_count(1)
    expect(page.locator(".warmup .column")).to_have_count(1)


def test_nothing_that_is_tried_is_stored(watch, count_answers):
    before = count_answers()
    page = watch.open("try?user=u3")
    expect(cards(page)).not_to_have_count(0)
    first = titles(page)[0]
    page.locator('button[title="Buy"]').first.click()
    expect(cards(page).locator("h3", has_text=first)).to_have_count(0)
    assert count_answers() == before


def test_a_known_user_is_found_by_a_part_of_the_id(watch):
    page = watch.open("try")
    page.get_by_role("radio", name="A known user").check()
    field = page.get_by_role("combobox", name="User")
    field.fill("u2")
    page.get_by_role("option", name="u22").click()
    expect(field).to_have_value("u22")
    expect(page.get_by_text("The list follows what the person has chosen.")).to_be_visible()


def paste(field, text):
    field.evaluate(
        """(field, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text", text);
            const options = {clipboardData, bubbles: true, cancelable: true};
            field.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        text,
    )


def test_pasted_favourites_are_found_and_the_others_are_named(watch):
    page = watch.open("try")
    paste(page.get_by_label("Favourites"), "rum number 2\nno such thing\ngin-1")
    expect(page.locator(".favourites .chip")).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_text("Not found: no such thing")
    expect(page.get_by_text("The list follows what the person has chosen.")).to_be_visible()


def test_what_is_typed_while_pasted_favourites_are_looked_up_stays(watch):
    page = watch.open("try")
    expect(cards(page)).to_have_count(12)
    held = watch.hold("**/api/v1/items?search=*")
    paste(page.get_by_label("Favourites"), "rum number 2\ngin-1")
    held.wait()
    page.get_by_label("What does the person say?").fill("tea")
    held.end()
    expect(page.locator(".favourites .chip")).to_have_count(2)
    expect(page.get_by_label("What does the person say?")).to_have_value("tea")
    expect(page.locator("pre.snippet").last).to_contain_text('"text":"tea"')


def test_a_filter_that_is_typed_before_the_columns_are_known_is_completed(watch):
    watch.expected_statuses.add(422)
    held = watch.hold("**/api/v1/items?k=200")
    page = watch.open("try")
    page.get_by_text("Adjust the list").click()
    page.get_by_role("combobox", name="Filter").press_sequentially("pri")
    expect(page.locator("pre.snippet").last).to_contain_text('"where":"pri"')
    expect(page.locator(".field .fault")).to_be_visible()
    held.end()
    expect(page.get_by_role("option", name="price")).to_be_visible()


def test_a_filter_is_completed_and_its_errors_stand_beside_it(watch):
    watch.expected_statuses.add(422)
    page = watch.open("try")
    page.get_by_text("Adjust the list").click()
    field = page.get_by_role("combobox", name="Filter")
    field.press_sequentially("pri")
    page.get_by_role("option", name="price").click()
    expect(field).to_have_value("price ")
    field.press_sequentially("<")
    expect(page.locator(".field .fault")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.press_sequentially(" 4")
    expect(page.locator(".field .fault")).to_have_count(0)
    expect(cards(page)).to_have_count(4)
    field.fill("price < 0")
    expect(page.get_by_text("No item fits")).to_be_visible()


def test_two_settings_are_compared_side_by_side(watch):
    page = watch.open("try?text=tea")
    page.get_by_text("Adjust the list").click()
    page.get_by_label("Compare with another").check()
    columns = page.locator(".small-list")
    expect(columns).to_have_count(2)
    page.get_by_label("without the sentence").check()
    expect(columns.nth(1).locator("li.alone, li:has-text('▲')")).not_to_have_count(0)
    assert watch.serious_findings() == []


def test_a_strategy_alone_is_compared_with_all_together_and_shown_as_code(watch, shop):
    page = watch.open("try?text=tea")
    page.get_by_text("Adjust the list").click()
    page.get_by_label("Compare with another").check()
    expect(page.locator(".small-list")).to_have_count(2)
    compared = page.get_by_role("region", name="Side by side")
    compared.get_by_label("Strategy").select_option("popular")
    other = page.locator(".small-list").nth(1)
    expect(other.locator("li.alone, li:has-text('▲')")).not_to_have_count(0)
    snippet = compared.locator("pre.snippet")
    expect(snippet).to_contain_text('"strategy":"popular"')
    body = snippet.inner_text().split("--json ")[1].strip("'")
    items = http.post(f"{shop}/api/v1/recommend", json=json.loads(body)).json()["items"]
    shown = other.locator(".small-title").all_inner_texts()
    assert [item["properties"]["title"] for item in items] == shown


def test_two_releases_are_compared(browser, shop):
    """A second release, made for this test, answers beside the active one."""
    http.post(f"{shop}/api/v1/train", json={}).raise_for_status()
    with watched(browser, shop) as watch:
        page = watch.open("try?text=tea")
        watch.until(
            "fetch('api/v1/tasks').then((a) => a.json())"
            ".then((a) => a.tasks.every((one) => one.status === 'done'))"
        )
        page.reload()
        page.get_by_text("Adjust the list").click()
        page.get_by_label("Compare with another").check()
        compared = page.get_by_role("region", name="Side by side")
        other = compared.get_by_label("Release", exact=True)
        other.select_option(
            other.locator("option:not([value=''])").first.get_attribute("value")
        )
        expect(page.locator(".small-list").nth(1).locator("li")).to_have_count(12)
        expect(page.locator("pre.snippet", has_text='"release":')).to_have_count(1)


def test_novelty_is_a_setting_of_the_list(watch):
    page = watch.open("try")
    page.get_by_text("Adjust the list").click()
    page.get_by_label("Novelty").fill("1")
    expect(page.locator("pre.snippet").last).to_contain_text('"novelty":1')
    expect(cards(page)).to_have_count(12)


def test_the_page_says_why_an_item_is_not_in_the_list(watch):
    page = watch.open("try?text=tea")
    page.get_by_text("Adjust the list").click()
    page.get_by_role("combobox", name="Filter").fill("price < 9")
    why = page.get_by_role("combobox", name="Title or id of an item")
    why.fill("ale-3")
    page.get_by_role("option", name="ale number 3").click()
    expect(page.get_by_text("ale number 3 is not in the list.")).to_be_visible()
    expect(page.get_by_text("The filter leaves it out.")).to_be_visible()


def test_the_list_is_shown_as_code_that_works(watch, shop):
    page = watch.open("try?text=it's tea")
    expect(cards(page)).to_have_count(12)
    snippet = page.locator("pre.snippet").last
    expect(snippet).to_contain_text("curl -s")
    body = snippet.inner_text().split("--json ")[1].strip("'").replace("'\\''", "'")
    answer = http.post(f"{shop}/api/v1/recommend", json=json.loads(body)).json()
    assert [item["properties"]["title"] for item in answer["items"]] == titles(page)
    page.get_by_role("radio", name="Python").check()
    expect(snippet).to_contain_text("shop.recommend(")


@pytest.fixture
def evil_shop(shop):
    """The shop with an item and a user whose texts are HTML; both are deleted afterwards."""
    item = {
        "item_id": EVIL,
        "title": f"tea {EVIL}",
        "shelf": EVIL,
        "image": "javascript:alert(3)",
    }
    http.post(f"{shop}/api/v1/items", json=[item]).raise_for_status()
    http.post(f"{shop}/api/v1/users", json=[{"user_id": EVIL, "country": EVIL}])
    yield shop
    path = "".join(f"%{byte:02X}" for byte in EVIL.encode())
    http.delete(f"{shop}/api/v1/items/{path}").raise_for_status()
    http.delete(f"{shop}/api/v1/users/{path}").raise_for_status()


def test_html_in_ids_titles_sentences_and_filters_is_only_text(browser, evil_shop):
    with watched(browser, evil_shop) as watch:
        watch.expected_statuses.add(422)
        page = watch.open("try")
        page.get_by_label("What does the person say?").fill(f"tea {EVIL}")
        page.get_by_text("Adjust the list").click()
        page.get_by_role("combobox", name="Filter").fill("title ilike '%<script>%'")
        expect(cards(page)).to_have_count(1)
        expect(cards(page).locator("h3")).to_have_text(f"tea {EVIL}")
        page.locator('button[title="Like"]').click()
        expect(page.locator(".steps")).to_contain_text(EVIL)
        page.get_by_role("combobox", name="Filter").fill(f"'{EVIL}")
        expect(page.locator(".field .fault")).to_be_visible()
        page.get_by_role("radio", name="A known user").check()
        page.get_by_role("combobox", name="User").fill("<img")
        expect(page.get_by_role("listbox")).to_contain_text(EVIL)
        assert page.locator("main img, main script").count() == 0


def test_an_empty_shop_says_how_to_begin_instead_of_showing_cards(watch_empty):
    page = watch_empty.open("try")
    expect(page.get_by_text("No item fits")).to_be_visible()


def test_cards_stay_where_they_are_if_movements_are_not_wanted(watch):
    page = watch.open("try?text=tea")
    expect(cards(page)).to_have_count(12)
    first = titles(page)[0]
    page.locator('button[title="Like"]').first.click()
    expect(cards(page).locator("h3", has_text=first)).to_have_count(0)
    assert page.evaluate("document.getAnimations().length") == 0


def test_cards_slide_to_their_new_places(browser, shop):
    with watched(browser, shop, reduced_motion="no-preference") as watch:
        page = watch.open("try?text=tea")
        expect(cards(page)).to_have_count(12)
        watch.count_movements()
        page.locator('button[title="Like"]').first.click()
        watch.until("window.moved > 0")
