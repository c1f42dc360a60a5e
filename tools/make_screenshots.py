"""Make screenshots of the web page in light and dark.

Example:
    python -m tools.make_screenshots docs/images/console --pages today try
    python -m tools.make_screenshots shots --url http://127.0.0.1:8000 --language zh --width 390
"""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, sync_playwright

from daybreak.config import Settings
from daybreak.service.demo import run_demo
from daybreak.service.serving import RecommenderService
from daybreak.service.workspace import Workspace
from tests.server.conftest import served

PAGES = ("today", "try", "new", "map", "quality")
QUERIES = {
    "try": {"text": "I run a small tea room and love vintage cups and cake stands"},
    "new": {"title": "Red retrospot tea towel set"},
}
"""What is typed on some pages."""
SETTLED_MS = 1_500
"""Time in which answers arrive and movements end [ms]."""


def main() -> None:
    """Parse the arguments and make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", nargs="+", default=PAGES)
    parser.add_argument("--url", help="server; default: one over the quick demo")
    parser.add_argument("--language", default="en", choices=["en", "zh"])
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--full", action="store_true", help="whole pages, not the first screen")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with server(options.url) as url, sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            take_pictures(browser, url, scheme, options)
        browser.close()


@contextmanager
def server(url: str | None) -> Iterator[str]:
    """Yield the address of a server; of a new one over the quick demo if none is given."""
    if url is not None:
        yield url
        return
    with TemporaryDirectory() as folder:
        settings = Settings(store=f"sqlite:///{folder}/demo.db", encoder="none")
        run_demo(settings, settings.store, quick=True, progress=lambda _: None)
        with Workspace(settings) as workspace:
            workspace.measure_shop()
            workspace.evaluate_release()
        with RecommenderService(settings) as service, served(service, rate=0) as (_, own):
            yield own


def take_pictures(browser: Browser, url: str, scheme: str, options: argparse.Namespace) -> None:
    """Make one picture of each page."""
    context = browser.new_context(
        viewport={"width": options.width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="zh-CN" if options.language == "zh" else "en-GB",
        device_scale_factor=1,
    )
    page = context.new_page()
    for name in options.pages:
        query = urlencode(QUERIES.get(name, {}), quote_via=quote)
        page.goto(f"{url}/#/{name}?{query}")
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=options.folder / f"{name}-{scheme}.png", full_page=options.full)
    context.close()


if __name__ == "__main__":
    main()
