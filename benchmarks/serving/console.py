"""Speed of the web page, and of recommendations while many pages are open.

Example:
    python -m benchmarks.serving.console --out benchmarks/results/console.md
"""

import argparse
import shutil
import statistics
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from daybreak.config import Settings
from daybreak.service.demo import run_demo
from daybreak.service.serving import RecommenderService
from tests.server.conftest import served

N_PAGES = 50
N_REQUESTS = 500
SETTLE_S = 15.0
"""Time in which the open pages load and become idle [s]."""
REFRESH_S = 30.0
"""Time between two requests for the status by one page; see ``js/pages/today.js`` [s]."""
POLLED = ("status", "tasks")
"""What an open page *Today* asks for again."""
SENTENCE = "vintage cups and cake stands"
HEADER = """# The web page

The page *Try it* on the quick demo (1,072 items), over loopback, in headless Chromium on two
cores without a GPU; median of 5 visits with an empty cache. Recommendations: {n} requests for
known users, one after the other, while no page is open, and while a browser on the same machine
has {pages} pages *Today* open, of which each asks for the status every {refresh:.0f} s. The
last row has no browser: a process sends exactly the requests of {pages} such pages at these
times. It shows what open pages cost the service, without what the browser takes.

```sh
python -m benchmarks.serving.console --out benchmarks/results/console.md
```

"""


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        settings = Settings(store=f"sqlite:///{folder}/demo.db", encoder="none")
        run_demo(settings, settings.store, quick=True, progress=lambda _: None)
        with RecommenderService(settings) as service, served(service, rate=0) as (_, url):
            rows = measure_all(url)
    lines = [
        "| what | value |",
        "| --- | ---: |",
        *(f"| {name} | {value} |" for name, value in rows),
    ]
    text = (
        HEADER.format(n=f"{N_REQUESTS:,}", pages=N_PAGES, refresh=REFRESH_S)
        + "\n".join(lines)
        + "\n"
    )
    options.out.write_text(text, "utf-8")
    print(text)


def measure_all(url: str) -> list[tuple[str, str]]:
    """Return the rows of the table."""
    users = [row["user_id"] for row in httpx.get(f"{url}/api/v1/users?k=200").json()["users"]]
    measure_recommendations(url, users)
    alone = measure_recommendations(url, users)
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        visits = [visit(browser, url) for _ in range(5)]
        context = browser.new_context()
        for _ in range(N_PAGES):
            context.new_page().goto(f"{url}/#/today")
        time.sleep(SETTLE_S)
        beside = measure_recommendations(url, users)
        browser.close()
    scripted = measure_beside_scripted_pages(url, users)
    middle = {name: statistics.median(one[name] for one in visits) for name in visits[0]}
    return [
        ("sent before the first picture, compressed [kB]", f"{middle['bytes'] / 1000:.0f}"),
        ("first content [ms]", f"{middle['first']:.0f}"),
        ("first list of cards [ms]", f"{middle['cards']:.0f}"),
        ("from *Like* to the new list [ms]", f"{middle['like']:.0f}"),
        ("recommendation, no page open: p50 / p99 [ms]", f"{alone[0]:.1f} / {alone[1]:.1f}"),
        (
            f"recommendation, {N_PAGES} pages open: p50 / p99 [ms]",
            f"{beside[0]:.1f} / {beside[1]:.1f}",
        ),
        (
            f"recommendation, requests of {N_PAGES} pages, no browser: p50 / p99 [ms]",
            f"{scripted[0]:.1f} / {scripted[1]:.1f}",
        ),
    ]


def measure_beside_scripted_pages(url: str, users: list[str]) -> tuple[float, float]:
    """Measure recommendations while a process sends the requests of open pages."""
    context = get_context("spawn")
    stop = context.Event()
    pages = context.Process(target=send_requests_of_pages, args=(url, stop), daemon=True)
    pages.start()
    time.sleep(SETTLE_S)
    try:
        return measure_recommendations(url, users)
    finally:
        stop.set()
        pages.join()


def send_requests_of_pages(url: str, stop: Any) -> None:
    """Send what open pages ask for, spread evenly over time, until an event is set."""
    with httpx.Client(base_url=f"{url}/api/v1") as client:
        while not stop.is_set():
            for path in POLLED:
                client.get(f"/{path}").raise_for_status()
            stop.wait(REFRESH_S / N_PAGES)


def visit(browser: Browser, url: str) -> dict[str, float]:
    """Return sizes and times of one visit."""
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(_size(answer)))
        page.goto(f"{url}/#/try?text={SENTENCE}")
        page.locator(".item-card").first.wait_for()
        times: dict[str, float] = page.evaluate(
            """() => ({
                first: performance.getEntriesByName("first-contentful-paint")[0].startTime,
                cards: performance.now(),
            })"""
        )
        n_bytes = sum(sizes)
        like: float = page.evaluate(
            """() => new Promise((resolve) => {
                const before = document.querySelector(".item-card").dataset.key;
                const start = performance.now();
                const watch = new MutationObserver(() => {
                    if (document.querySelector(".item-card").dataset.key !== before) {
                        watch.disconnect();
                        resolve(performance.now() - start);
                    }
                });
                watch.observe(document.querySelector(".item-cards"), {childList: true});
                document.querySelector('.item-card button[title="Like"]').click();
            })"""
        )
        return {"bytes": n_bytes, "like": like, **times}


def _size(answer: Any) -> int:
    return int(answer.headers.get("content-length", 0))


def measure_recommendations(url: str, users: list[str]) -> tuple[float, float]:
    """Return the median and the 99th percentile of the time of one request [ms]."""
    took = []
    with httpx.Client(base_url=f"{url}/api/v1") as client:
        for n in range(N_REQUESTS):
            start = time.perf_counter()
            client.get(f"/recommend/{users[n % len(users)]}?k=10").raise_for_status()
            took.append(1000 * (time.perf_counter() - start))
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]


if __name__ == "__main__":
    main()
