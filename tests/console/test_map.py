"""The page "Map": the catalogue in two dimensions."""

import json

from playwright.sync_api import expect

from tests.console.conftest import http

EVIL = "<img src=x onerror=alert(1)>"


def ready(watch):
    page = watch.open("map")
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator(".map-side h2")).to_contain_text("items")
    return page


def test_the_map_is_coloured_by_several_things(watch):
    page = ready(watch)
    for name in ("Temperature", "Category", "A person", "Popularity"):
        page.get_by_role("radio", name=name).check()
        expect(page.locator(".legend")).to_be_visible()
    page.get_by_role("radio", name="A person").check()
    page.get_by_label("What does the person say?").fill("gin")
    expect(page.locator(".legend")).to_contain_text("fits best")
    assert watch.serious_findings() == []


def test_an_item_is_found_and_chosen_without_a_mouse(watch):
    page = ready(watch)
    page.get_by_role("combobox", name="Find an item").fill("gin number 2")
    page.get_by_role("option", name="gin number 2").click()
    expect(page.locator(".map-list li")).to_have_count(1)
    expect(page.locator(".map-list")).to_contain_text("gin number 2")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".map-list li")).to_have_count(0)


def test_drawing_around_items_lists_them(watch, shop):
    page = ready(watch)
    n_items = len(http.get(f"{shop}/api/v1/map").json()["ids"])
    page.get_by_label("Draw around items").check()
    box = page.locator("canvas").bounding_box()
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    expect(page.locator(".map-list li")).to_have_count(n_items)


def test_a_new_item_drops_in_as_text(watch, shop):
    page = ready(watch)
    item = {"item_id": "drop", "title": f"gin {EVIL}", "categories": [EVIL]}
    http.post(f"{shop}/api/v1/items", json=[item]).raise_for_status()
    try:
        expect(page.get_by_text("1 new since you opened the map")).to_be_visible()
        page.get_by_role("combobox", name="Find an item").fill("gin img")
        page.get_by_role("listbox").get_by_role("option").first.click()
        expect(page.locator(".map-list")).to_contain_text(EVIL)
        page.get_by_role("radio", name="Category").check()
        expect(page.locator(".legend")).to_be_visible()
        assert page.locator("main img").count() == 0
    finally:
        http.delete(f"{shop}/api/v1/items/drop")


def test_many_points_are_drawn_in_part_while_the_view_moves_and_whole_at_rest(watch):
    page = ready(watch)
    n = 30_000  # without a graphics card, each takes 10 microseconds
    page.evaluate(
        """async (n) => {
            const url = performance.getEntriesByType("resource").map((one) => one.name)
                .find((name) => name.endsWith("/scatter.js"));
            const { Scatter } = await import(url);
            const canvas = document.createElement("canvas");
            canvas.style.cssText = "width: 800px; height: 600px";
            document.body.append(canvas);
            const scatter = new Scatter(canvas);
            const places = Float32Array.from({ length: 2 * n }, () => Math.random() * 2 - 1);
            scatter.setPoints(places, new Float32Array(3 * n), new Float32Array(n).fill(2));
            window.scatter = scatter;
        }""",
        n,
    )
    watch.until(f"window.scatter.drawn === {n}")
    fewest = page.evaluate(
        """() => new Promise((resolve) => {
            let fewest = Infinity, left = 10;
            const step = () => {
                fewest = Math.min(fewest, window.scatter.drawn);
                left -= 1;
                if (!left) { resolve(fewest); return; }
                window.scatter.move(3, 1);
                requestAnimationFrame(step);
            };
            step();
        })"""
    )
    assert 20_000 <= fewest <= n
    watch.until(f"window.scatter.drawn === {n}")  # at rest, every point is there again
    place = page.evaluate("window.scatter.toPixels([...window.scatter.places.slice(0, 2)])")
    assert page.evaluate("(at) => window.scatter.nearest(at)", place) >= 0
    ring = [[-2, -2], [2, -2], [2, 2], [-2, 2]]
    assert page.evaluate("(ring) => window.scatter.inside(ring).length", ring) == n


def test_nothing_is_drawn_after_the_page_was_left(watch):
    """Between two pictures the elements are gone, and what draws them may still be called."""
    page = ready(watch)
    page.evaluate("""() => {
      const canvas = document.querySelector("canvas");
      const move = () => {
        canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: 20, cancelable: true }));
        requestAnimationFrame(move);
      };
      move();
    }""")
    page.locator('nav a[href="#/settings"]').click()
    expect(page.locator("h1").first).to_have_text("Settings")
    watch.settle()
    assert watch.errors == []


def test_an_empty_catalogue_and_an_error_are_told(watch_empty):
    page = watch_empty.open("map")
    expect(page.get_by_text("There are no items yet")).to_be_visible()
    watch_empty.expected_statuses.add(503)
    problem = {"status": 503, "code": "overloaded", "detail": "busy"}
    page.route(
        "**/api/v1/map*",
        lambda route: route.fulfill(
            status=503, content_type="application/problem+json", body=json.dumps(problem)
        ),
    )
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The server is busy")
