"""One real server and one browser for all tests of the web page."""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from daybreak.config import Settings
from daybreak.data import ImportResult, Rejects
from daybreak.service.release_training import TrainOptions
from daybreak.service.serving import RecommenderService
from daybreak.service.workspace import Workspace
from tests.server.conftest import served
from tests.server.example_store import tables

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WAIT_MS = int(os.environ.get("CONSOLE_WAIT_MS", "120000"))
"""Longest wait for something on the page [ms]; only a failing test takes this long."""
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "chrome")
"""Programs on the path, best first."""
STRATEGIES = ("popular", "profile", "item_knn", "content/ridge", "wish")
expect.set_options(timeout=WAIT_MS)
http = SimpleNamespace(
    **{
        name: partial(getattr(httpx, name), timeout=WAIT_MS / 1000)
        for name in ("delete", "get", "post", "put")
    }
)
"""Requests of tests, which wait as long as those of the page."""


@dataclass
class Watched:
    """A page, and all that went wrong on it."""

    page: Page
    url: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected_statuses: set[int] = field(default_factory=set)
    """Statuses of failing requests that a test causes; browsers log them as errors."""
    expected_errors: set[str] = field(default_factory=set)
    """Parts of other messages on the console that a test causes."""

    def open(self, place=""):
        """Open a place such as ``try`` and wait for its heading."""
        self.page.goto(f"{self.url}/#/{place}")
        self.page.locator("h1").first.wait_for()
        return self.page

    def until(self, expression):
        """Wait until a JavaScript expression is true; the policy forbids Playwright's way."""
        end = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            self.page.wait_for_timeout(20)

    def settle(self):
        """Wait until nothing on the page is being loaded or moves."""
        busy = "main .busy, main .waiting, main [aria-busy=true]"
        self.until(f"!document.querySelector('{busy}')")
        self.until("document.getAnimations().every((a) => a.playState !== 'running')")

    def hold(self, address, method="GET"):
        """Hold requests of the page from now on; see :class:`Held`."""
        held = Held(self.page, method)
        self.page.route(address, held.take)
        return held

    def count_movements(self):
        """Count the elements that slide from now on, in ``window.moved``."""
        self.page.evaluate("""() => {
            window.moved = 0;
            const animate = Element.prototype.animate;
            Element.prototype.animate = function (...args) {
                window.moved += 1;
                return animate.apply(this, args);
            };
        }""")

    def serious_findings(self):
        """Return what axe-core finds against the rules of WCAG, without what is minor."""
        self.settle()
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]


class Held:
    """Requests that wait until a test lets them go on, as with a slow server."""

    def __init__(self, page, method):
        self._page, self._method = page, method
        self._routes = []
        self._is_over = False

    def take(self, route):
        if self._is_over or route.request.method != self._method:
            route.fallback()
        else:
            self._routes.append(route)

    def __len__(self):
        return len(self._routes)

    def wait(self):
        """Wait until there is a request."""
        end = time.monotonic() + WAIT_MS / 1000
        while not self._routes:
            assert time.monotonic() < end
            self._page.wait_for_timeout(20)

    def end(self):
        """Wait until there is a request; let it and all later ones go on."""
        self.wait()
        self._is_over = True
        for route in self._routes:
            route.fallback()


@pytest.fixture(scope="session")
def shop_service(tmp_path_factory):
    """Service over a small trained shop."""
    folder = tmp_path_factory.mktemp("console")
    settings = Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none")
    with Workspace(settings, create=True) as workspace:
        workspace.write_import(ImportResult(tables(), Rejects(), {}, ()))
        workspace.train(STRATEGIES, options=TrainOptions(gate=False))
    with RecommenderService(settings) as service:
        yield service


@pytest.fixture(scope="session")
def shop(shop_service):
    """Address of a server over the small shop; tests may add to it, not remove."""
    with served(shop_service, rate=0) as (_, url):
        yield url


@pytest.fixture
def count_answers(shop_service):
    """Return a function that returns the number of lists in the log of the shop."""

    def count():
        shop_service.answer_log.flush()
        return shop_service.experiments.online(time.time() - 3600).total.answers

    return count


@pytest.fixture(scope="session")
def empty_shop(tmp_path_factory):
    """Address of a server without any data."""
    folder = tmp_path_factory.mktemp("empty")
    with empty_service(folder) as service, served(service, rate=0) as (_, url):
        yield url


def empty_service(folder):
    return RecommenderService(Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none"))


@pytest.fixture(scope="module")
def browser():
    """Chromium: the system's, or the one that ``playwright install chromium`` has loaded.

    The headless shell, which has no windows to draw, takes a third of the processor time.
    It ends with the module: while it is there, an event loop runs in this thread, in which
    other tests start their own.
    """
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def watched(browser: Browser, url: str, **context_options):
    """A page that may load from its own server only; anything else fails the test."""
    options = {"locale": "en-GB", "reduced_motion": "reduce"} | context_options
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        watch = Watched(page, url)
        own = urlsplit(url).netloc

        def note_request(request):
            address = urlsplit(request.url)
            if address.netloc != own and address.scheme not in {"data", "blob"}:
                watch.foreign.append(request.url)

        context.on("request", note_request)
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("console", lambda message: note_message(watch, message))
        try:
            yield watch
        finally:  # requests that still run, as those at intervals, end with the page
            for one in context.pages:
                one.unroute_all(behavior="ignoreErrors")
        assert watch.foreign == []
        assert watch.errors == []


def note_message(watch, message):
    """Keep an error on the console, also a violation of the content security policy."""
    text = message.text
    is_driver = "GL Driver Message" in text  # how fast pictures are drawn without a GPU
    expected = {f"status of {status}" for status in watch.expected_statuses}
    is_expected = is_driver or any(part in text for part in expected | watch.expected_errors)
    if message.type in {"error", "warning"} and not is_expected:
        watch.errors.append(text)


@pytest.fixture
def watch(browser, shop):
    """A fresh browser context on the shop."""
    with watched(browser, shop) as watch:
        yield watch


@pytest.fixture
def watch_empty(browser, empty_shop):
    """A fresh browser context on a shop without data."""
    with watched(browser, empty_shop) as watch:
        yield watch
