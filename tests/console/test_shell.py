"""The frame of the web page: menu, languages, colours, login, safety."""

import json
import re

import pytest
from playwright.sync_api import expect

from daybreak.console.assets import load_assets
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService
from tests.console.conftest import http, watched
from tests.server.conftest import served
from tests.server.example_store import make_shop

PAGES = ("today", "try", "new", "browse", "map", "quality", "data", "releases", "settings")
TEXT_KEY = re.compile(r"""\bt\(\s*["`](?P<key>[\w.]+?)["`]""")


def texts(language, page):
    return json.loads(load_assets()[f"texts/{language}/{page}.json"].body)


@pytest.mark.parametrize("page", ["common", *PAGES])
def test_both_languages_have_the_same_texts_with_the_same_values(page):
    english, chinese = texts("en", page), texts("zh", page)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        forms = {name for form in each(text) for name in re.findall(r"{\w+}", form)}
        assert forms == {
            name for form in each(chinese[key]) for name in re.findall(r"{\w+}", form)
        }, key


def each(text):
    return text.values() if isinstance(text, dict) else [text]


def test_every_text_that_the_code_names_exists():
    for path, asset in load_assets().items():
        if path.startswith("js/"):
            for key in TEXT_KEY.findall(asset.body.decode()):
                page, _, name = key.partition(".")
                assert name in texts("en", page), (path, key)


def test_the_page_loads_less_than_500_kilobytes_before_the_first_picture(watch):
    answers = []

    def keep(answer):  # Playwright takes no built-in function
        answers.append(answer)

    watch.page.on("response", keep)
    watch.open("try")
    assert 0 < sum(len(answer.body()) for answer in [*answers]) < 500_000


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_finding_of_axe(browser, shop, place, scheme):
    with watched(browser, shop, color_scheme=scheme) as watch:
        watch.open(place)
        watch.page.wait_for_load_state("networkidle")
        assert watch.serious_findings() == []


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("size", [(390, 844), (640, 480)])
def test_nothing_is_wider_than_a_phone_or_a_page_at_200_percent(browser, shop, place, size):
    viewport = {"width": size[0], "height": size[1]}
    with watched(browser, shop, viewport=viewport) as watch:
        watch.open(place)
        watch.page.wait_for_load_state("networkidle")
        watch.settle()
        width = watch.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0]


def test_the_menu_opens_every_page_with_the_keyboard(watch):
    page = watch.open()
    for place in PAGES:
        link = page.locator(f'nav a[href="#/{place}"]')
        link.focus()
        page.keyboard.press("Enter")
        expect(link).to_have_attribute("aria-current", "page")
        expect(page.locator("h1").first).to_be_visible()


def test_the_focus_moves_to_another_page_and_stays_where_the_language_is_chosen(watch):
    page = watch.open()
    expect(page.locator("h1").first).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.locator('nav a[href="#/browse"]').click()
    expect(page.locator("main")).to_be_focused()
    page.get_by_label("Language").focus()
    page.get_by_label("Language").select_option("zh")
    expect(page.locator("nav")).to_contain_text("试一试")
    watch.settle()
    expect(page.locator("header select").first).to_be_focused()


def test_another_language_changes_every_text_and_is_kept(watch):
    page = watch.open()
    page.get_by_label("Language").select_option("zh")
    expect(page.locator("nav")).to_contain_text("试一试")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    page.reload()
    expect(page.locator("nav")).to_contain_text("试一试")


def test_the_language_chosen_last_holds_although_texts_come_late(watch):
    page = watch.open()
    held = watch.hold("**/texts/zh/*.json")
    language = page.get_by_label("Language")
    language.select_option("zh")
    held.wait()
    language.select_option("en")
    with page.expect_response("**/texts/zh/today.json"):
        held.end()
    page.wait_for_load_state("networkidle")
    expect(page.locator("nav")).to_contain_text("Try it")
    expect(language).to_have_value("en")


def test_a_page_that_is_opened_while_the_language_changes_has_its_texts(watch):
    page = watch.open()
    held = watch.hold("**/texts/zh/*.json")
    page.get_by_label("Language").select_option("zh")
    held.wait()
    page.locator('nav a[href="#/try"]').click()
    expect(page.locator("h1")).to_have_text("Try it")
    held.end()
    expect(page.locator("h1")).to_have_text("试一试")


def test_chosen_colours_are_kept(watch):
    page = watch.open()
    page.get_by_label("Colours").select_option("dark")
    page.reload()
    page.locator("h1").first.wait_for()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_page_may_not_run_inline_scripts_or_load_foreign_things(shop):
    policy = http.get(f"{shop}/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy.replace("https:", "http:")


def test_a_file_that_the_browser_has_is_not_sent_again(shop):
    first = http.get(f"{shop}/console/js/main.js")
    again = http.get(
        f"{shop}/console/js/main.js", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert http.get(f"{shop}/console/../app.py").status_code == 404
    assert http.get(f"{shop}/console/vendor/LICENSE.htm").status_code == 404


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """Address of a server that needs keys, and a key for each role."""
    settings = make_shop(tmp_path_factory.mktemp("locked"))
    with RecommenderService(settings) as service:
        store = ApiKeyStore(service.store)
        keys = {role: store.create(role, f"the {role}r")[1] for role in ("read", "admin")}
        with served(service, rate=0, keys="on") as (_, url):
            yield url, keys


def test_a_key_opens_the_page_until_the_logout(browser, locked):
    url, keys = locked
    with watched(browser, url) as watch:
        watch.expected_statuses.add(401)
        page = watch.open()
        expect(page.locator("h1")).to_have_text("Log in with a key")
        assert watch.serious_findings() == []
        page.get_by_label("API key").fill("dbk_wrong_key")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("This key is not valid")
        page.get_by_label("API key").fill(keys["admin"])
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("h1")).to_have_text("Today")
        assert "dbk_" not in page.evaluate("document.cookie + JSON.stringify(localStorage)")
        page.reload()
        expect(page.locator("h1")).to_have_text("Today")
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("h1")).to_have_text("Log in with a key")
