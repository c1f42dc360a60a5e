"""The page of measured quality."""

from playwright.sync_api import expect

REPORT = {
    "id": "r",
    "report": {
        "levels": [
            {
                "events": events,
                "queries": 40,
                "ndcg@10": 0.2 + events / 50,
                "error": 0.01,
                "alone": {"popular": 0.1, "content/match": 0.15},
                "weights": {"popular": 1.0, "ease": 3.0},
            }
            for events in (0, 3, 10, 20)
        ],
        "candidates": {
            "popular": {"seconds": 0.1, "left_out": None},
            "ease": {"seconds": 2.0, "left_out": None},
            "slow<script>alert(1)</script>": {"seconds": 9.0, "left_out": "it does not help"},
        },
    },
    "gate": {
        "passed": False,
        "forced": True,
        "slices": [
            {
                "slice": "events_3",
                "label": "three events",
                "new": 0.1,
                "old": 0.2,
                "low": -0.15,
                "high": None,
                "word": "worse",
            }
        ],
        "notes": ["fewer events than before"],
    },
    "strategies": [{"name": "popular"}, {"name": "ease"}],
}


def test_a_small_shop_is_told_that_its_weights_come_from_other_shops(watch):
    page = watch.open("quality")
    expect(page.get_by_role("heading", name="How it is measured")).to_be_visible()
    expect(page.locator("main")).to_contain_text("the weights come from other shops")


def test_weights_verdicts_and_the_gate_are_shown_as_they_are(watch):
    watch.page.route("**/api/v1/models/*/report", lambda route: route.fulfill(json=REPORT))
    page = watch.open("quality")
    weights = page.get_by_role("region", name="What each strategy contributes")
    row = weights.get_by_role("row").filter(has_text="ease")
    expect(row.get_by_role("cell").nth(1)).to_have_text("75%")
    verdicts = page.get_by_role("region", name="Why each strategy stayed or left")
    left = verdicts.get_by_role("row").filter(has_text="<script>")
    expect(left).to_contain_text("it does not help")
    expect(page.get_by_text("20% better than")).to_have_count(0)
    expect(page.get_by_text("100% better than the best sellers (0.100)")).to_be_visible()
    expect(page.get_by_text("without regard to the comparison")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="3 events")).to_contain_text("worse")
    assert watch.serious_findings() == []


def test_a_shop_without_a_release_is_told_the_next_step(watch_empty):
    page = watch_empty.open("quality")
    expect(page.get_by_role("status").first).to_contain_text("Nothing has been trained yet")
    expect(page.get_by_role("link", name="Bring data")).to_have_attribute("href", "#/data")


def test_a_report_that_cannot_be_read_is_told_and_tried_again(watch):
    watch.expected_statuses.add(500)
    answers = iter(
        [{"status": 500, "json": {"code": "bug", "detail": "broken"}}, {"json": REPORT}]
    )
    watch.page.route("**/api/v1/models/*/report", lambda route: route.fulfill(**next(answers)))
    page = watch.open("quality")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Warm-up of a new user").first).to_be_visible()
