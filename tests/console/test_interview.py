"""The panel "Ask me" of the page "Try it": questions, answers, and what becomes of them."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import http, watched

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
"""Text that would run if a page took it for HTML."""
ENDPOINT = "**/api/v1/interview"


def start(watch):
    """Open the page and start an interview; return the page and the panel."""
    page = watch.open("try")
    expect(page.locator(".item-card")).to_have_count(12)
    page.get_by_role("button", name="Start the questions").click()
    panel = page.get_by_role("region", name="Ask me")
    expect(panel).to_contain_text("Question 1 of 5")
    return page, panel


def titles(page):
    return page.locator(".item-card h3").all_inner_texts()


def choices(panel):
    return panel.get_by_role("group", name="Choose any number").get_by_role("button")


def answer(panel, name="Answer"):
    panel.get_by_role("button", name=name, exact=True).click()


def test_choices_and_words_move_the_list_and_stay_part_of_the_person(watch):
    page, panel = start(watch)
    everybody = titles(page)
    assert watch.serious_findings() == []
    expect(panel.get_by_role("button", name="Answer", exact=True)).to_be_disabled()
    first, second = choices(panel).all_inner_texts()[:2]
    choices(panel).nth(0).click()
    choices(panel).nth(1).click()
    expect(choices(panel).nth(1)).to_have_attribute("aria-pressed", "true")
    answer(panel)
    expect(panel).to_contain_text("Question 2 of 5")
    expect(panel.get_by_role("status")).to_have_text(f"Understood: likes: {first}, {second}.")
    expect(page.locator(".item-card h3", has_text=first)).to_have_count(0)
    assert titles(page) != everybody
    panel.get_by_label("Or in your own words").fill("tea, but no gin")
    panel.get_by_label("Or in your own words").press("Enter")
    expect(panel).to_contain_text("Question 3 of 5")
    expect(panel.get_by_role("status")).to_contain_text("not: gin")
    expect(page.locator(".item-card").first).to_contain_text("matches ‘tea’")
    assert not any("gin" in title for title in titles(page))
    assert watch.serious_findings() == []
    answer(panel, "End and keep answers")
    expect(page.locator(".favourites .chip")).to_have_count(2)
    expect(page.locator(".favourites")).to_contain_text(second)
    expect(page.get_by_label("What does the person say?")).to_have_value("tea, no gin")
    expect(page.get_by_role("button", name="Start the questions")).to_be_focused()
    expect(page.locator("pre.snippet").last).to_contain_text('"text":"tea, no gin"')


def test_there_are_five_questions_of_which_any_may_be_skipped(watch):
    page, panel = start(watch)
    answer(panel, "None of these")
    expect(panel.get_by_role("status")).to_have_text("Nothing is known from the answers yet.")
    for n in range(2, 6):
        expect(panel).to_contain_text(f"Question {n} of 5")
        expect(panel.get_by_role("heading", level=3)).to_be_focused()
        answer(panel, "Skip")
    expect(panel).to_contain_text("That was the last question.")
    before = titles(page)
    answer(panel, "End and keep answers")
    expect(page.get_by_label("What does the person say?")).to_have_value("")
    assert titles(page) == before


def test_the_last_answer_is_taken_back(watch):
    page, panel = start(watch)
    everybody, question = titles(page), choices(panel).all_inner_texts()
    choices(panel).first.click()
    answer(panel)
    expect(panel).to_contain_text("Question 2 of 5")
    assert titles(page) != everybody
    answer(panel, "Undo")
    expect(panel).to_contain_text("Question 1 of 5")
    expect(panel.get_by_role("button", name="Undo")).to_have_count(0)
    assert (titles(page), choices(panel).all_inner_texts()) == (everybody, question)
    expect(choices(panel).first).to_have_attribute("aria-pressed", "false")


def test_an_interview_needs_no_mouse(watch):
    page = watch.open("try")
    button = page.get_by_role("button", name="Start the questions")
    button.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Ask me")
    expect(panel.get_by_role("heading", level=3)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(choices(panel).first).to_have_attribute("aria-pressed", "true")
    panel.get_by_label("Or in your own words").press("Enter")
    expect(panel).to_contain_text("Question 2 of 5")


def test_an_error_of_the_server_is_shown_and_the_answer_is_sent_again(watch):
    watch.expected_statuses.add(500)
    page, panel = start(watch)
    problem = json.dumps({"code": "bug", "detail": "It broke.", "status": 500})
    page.route(ENDPOINT, lambda route: route.fulfill(status=500, body=problem))
    choices(panel).first.click()
    answer(panel)
    expect(panel.get_by_role("alert")).to_contain_text("It broke.")
    expect(panel.get_by_role("button", name="Skip")).to_be_disabled()
    expect(panel).to_contain_text("Question 1 of 5")
    assert len(titles(page)) == 12
    page.unroute(ENDPOINT)
    answer(panel, "Try again")
    expect(panel).to_contain_text("Question 2 of 5")
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_an_interview_that_cannot_start_can_be_left(watch):
    watch.expected_statuses.add(500)
    page = watch.open("try")
    page.route(ENDPOINT, lambda route: route.fulfill(status=500, body="{}"))
    page.get_by_role("button", name="Start the questions").click()
    expect(page.get_by_role("region", name="Ask me").get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="End and keep answers").click()
    expect(page.get_by_label("What does the person say?")).to_be_visible()
    expect(page.locator(".item-card")).to_have_count(12)


def test_html_in_questions_titles_and_answers_is_only_text(watch):
    def spoil(route):
        found = route.fetch()
        body = found.json()
        if body["question"]:
            body["question"]["text"] = f"{EVIL} {{n}}"
            for choice in body["question"]["choices"]:
                choice["label"] = EVIL
        body["understood"]["wanted"] = [["shelf", EVIL]]
        body["understood"]["liked"] = [EVIL]
        route.fulfill(response=found, json=body)

    watch.expected_statuses.add(404)
    watch.page.route(ENDPOINT, spoil)
    page, panel = start(watch)
    expect(panel.get_by_role("heading", level=3)).to_have_text(f"{EVIL} {{n}}")
    expect(choices(panel).first).to_have_text(EVIL)
    panel.get_by_label("Or in your own words").fill(f"pots {EVIL}")
    answer(panel)
    expect(panel.get_by_role("status")).to_contain_text(f"likes: {EVIL}, {EVIL}")
    assert page.locator("main img, main script").count() == 0
    answer(panel, "End and keep answers")
    expect(page.locator(".favourites .chip")).to_contain_text(EVIL)
    assert EVIL in page.get_by_label("What does the person say?").input_value()
    assert page.locator("main img, main script").count() == 0


def test_the_interview_is_shown_as_code_that_works(watch, shop):
    page, panel = start(watch)
    panel.get_by_label("Or in your own words").fill("it's tea")
    answer(panel)
    expect(panel).to_contain_text("Question 2 of 5")
    snippet = page.locator("pre.snippet").last
    expect(snippet).to_contain_text("/api/v1/interview")
    body = snippet.inner_text().split("--json ")[1].strip("'").replace("'\\''", "'")
    found = http.post(f"{shop}/api/v1/interview", json=json.loads(body)).json()
    assert [item["properties"]["title"] for item in found["items"]] == titles(page)
    page.get_by_role("radio", name="Python").check()
    expect(snippet).to_contain_text("shop.interview(")


def test_the_language_model_takes_part_if_there_is_one_and_it_is_wanted(watch):
    page = watch.open("try")
    expect(page.get_by_role("button", name="Start the questions")).to_be_visible()
    expect(page.get_by_label("Let the language model ask and read")).to_have_count(0)

    def has_model(route):
        found = route.fetch()
        route.fulfill(response=found, json=found.json() | {"language_model": True})

    page.route("**/api/v1/status", has_model)
    page.reload()
    toggle = page.get_by_label("Let the language model ask and read")
    expect(toggle).not_to_be_checked()
    toggle.check()
    assert watch.serious_findings() == []
    page.get_by_role("button", name="Start the questions").click()
    panel = page.get_by_role("region", name="Ask me")
    expect(panel).to_contain_text("Question 1 of 5")
    expect(page.locator("pre.snippet").last).to_contain_text('"use_model":true')


def test_cards_slide_after_an_answer(browser, shop):
    with watched(browser, shop, reduced_motion="no-preference") as watch:
        _, panel = start(watch)
        watch.count_movements()
        choices(panel).first.click()
        answer(panel)
        watch.until("window.moved > 0")


def test_a_shop_without_data_asks_an_open_question(watch_empty):
    page = watch_empty.open("try")
    page.get_by_role("button", name="Start the questions").click()
    panel = page.get_by_role("region", name="Ask me")
    panel.get_by_label("Or in your own words").fill("red mugs")
    answer(panel)
    expect(panel).to_contain_text("That was the last question.")
    answer(panel, "End and keep answers")
    expect(page.get_by_label("What does the person say?")).to_have_value("red mugs")


def test_no_answer_is_stored(watch, count_answers):
    before = count_answers()
    _, panel = start(watch)
    answer(panel, "Skip")
    expect(panel).to_contain_text("Question 2 of 5")
    assert count_answers() == before


def test_an_interview_in_chinese(browser, shop):
    with watched(browser, shop, locale="zh-CN") as watch:
        page = watch.open("try")
        page.get_by_role("button", name="开始提问").click()
        panel = page.get_by_role("region", name="问我几个问题")
        expect(panel).to_contain_text("您了解并且喜欢")
        panel.get_by_label("或用自己的话回答").fill("喜欢tea，不要gin")
        panel.get_by_role("button", name="回答", exact=True).click()
        expect(panel.get_by_role("status")).to_contain_text("不要：gin")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_fits_on_a_phone(browser, shop, scheme):
    viewport = {"width": 390, "height": 844}
    with watched(browser, shop, viewport=viewport, color_scheme=scheme) as watch:
        page, panel = start(watch)
        choices(panel).first.click()
        assert watch.serious_findings() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
