"""The page "New item": forecast, publication, warm-up."""

import zlib

from playwright.sync_api import expect

from tests.console.conftest import http

EVIL = "<img src=x onerror=alert(1)>"


def png(side=64):
    """Return a grey PNG picture."""

    def chunk(kind, data):
        length, check = len(data).to_bytes(4), zlib.crc32(kind + data).to_bytes(4)
        return length + kind + data + check

    rows = zlib.compress((b"\0" + bytes(range(side))) * side)
    head = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_similar_items_audience_and_reach_appear_while_somebody_types(watch):
    page = watch.open("new")
    expect(page.get_by_text("Type a title")).to_be_visible()
    page.get_by_label("Title").fill("gin number 9")
    expect(page.locator(".near-list li").first).to_contain_text("gin")
    expect(page.locator(".audience li").first).to_be_visible()
    expect(page.locator(".reach .interval")).to_be_visible()
    expect(page.locator(".place-dot")).to_be_visible()
    assert watch.serious_findings() == []
    page.get_by_label("Title").fill("xyzzy")
    expect(page.get_by_text("No item with events is similar")).to_be_visible()


def test_an_item_is_published_and_its_warm_up_is_followed(watch, shop):
    watch.expected_statuses.update({409, 422, 501})  # this shop compares no pictures
    page = watch.open("new")
    page.get_by_label("Title").fill(f"gin & {EVIL}")
    page.get_by_label("Category").fill("gin")
    page.get_by_label("Price").fill("12.5")
    page.get_by_label("Id", exact=True).fill("new/one")
    page.locator('input[type="file"]').set_input_files(
        {"name": f"{EVIL}.png", "mimeType": "image/png", "buffer": png()}
    )
    expect(page.locator(".new-picture img")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    try:
        expect(page.locator("h1")).to_have_text(f"gin & {EVIL}")
        expect(page.locator(".stages li.done")).to_have_count(1)
        stored = http.get(f"{shop}/api/v1/items/new%2Fone").json()
        assert (stored["price"], stored["categories"]) == (12.5, ["gin"])
        event = {"user_id": "eve", "item_id": "new/one", "event_type": "purchase"}
        http.post(f"{shop}/api/v1/events", json=event).raise_for_status()
        expect(page.locator(".stages li.done")).to_have_count(2)
        expect(page.locator(".figures").first).to_contain_text("1")
        assert page.locator("main img:not(.picture)").count() == 0
        assert watch.serious_findings() == []
    finally:
        page.close()  # it asks for the item every few seconds
        http.delete(f"{shop}/api/v1/items/new%2Fone")
        http.delete(f"{shop}/api/v1/users/eve")


def test_items_with_similar_pictures_are_shown_as_text_before_publication(watch):
    page = watch.open("new")
    found = {
        "items": [{"item_id": "cup", "score": 0.9, "properties": {"title": f"cup {EVIL}"}}]
    }

    def answer(route):
        if "image" in (route.request.post_data or ""):
            route.fulfill(json=found)
        else:
            route.continue_()

    page.route("**/api/v1/similar", answer)
    page.get_by_label("Title").fill("gin")
    page.locator('input[type="file"]').set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )
    card = page.locator(".card", has_text="Pictures like this one")
    expect(card).to_contain_text(f"cup {EVIL}")
    expect(card).to_contain_text("90%")
    assert page.locator("main img:not(.picture)").count() == 0


def test_what_is_typed_while_a_picture_is_read_stays(watch):
    page = watch.open("new")
    page.evaluate("""() => {
        const read = FileReader.prototype.readAsDataURL;
        FileReader.prototype.readAsDataURL = function (file) {
            window.goOn = () => read.call(this, file);
        };
    }""")
    page.get_by_label("Title").fill("gin")
    page.locator('input[type="file"]').set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )
    page.get_by_label("Title").fill("gin number 9")
    watch.until("Boolean(window.goOn)")
    page.evaluate("window.goOn()")
    expect(page.locator(".new-picture img")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("gin number 9")


def test_a_file_that_is_no_picture_is_refused_in_place(watch):
    page = watch.open("new")
    page.locator('input[type="file"]').set_input_files(
        {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
    )
    expect(page.get_by_role("alert")).to_contain_text("must be PNG, JPEG, WebP or GIF")


def test_items_that_look_like_a_picture_need_a_shop_with_pictures(watch):
    watch.expected_statuses.add(422)
    page = watch.open("new")
    page.locator('input[type="file"]').set_input_files(
        {"name": "cup.png", "mimeType": "image/png", "buffer": png()}
    )
    page.get_by_role("button", name="Find items that look like it").click()
    expect(page.get_by_role("alert")).to_contain_text("without pictures")


def test_the_timeline_of_an_unknown_item_says_so(watch):
    watch.expected_statuses.add(404)
    page = watch.open("new/no such thing")
    expect(page.get_by_role("alert")).to_contain_text("Not found")
