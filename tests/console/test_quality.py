"""The page of measured quality."""

from playwright.sync_api import expect

from daybreak.service.serving import RecommenderService
from tests.console.conftest import WAIT_MS, watched
from tests.server.conftest import served
from tests.server.example_store import make_shop

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


def point(system, users, events, value, **more):
    interval = {"low": value - 0.02, "high": value + 0.02}
    return {"system": system, "users": users, "events": events, "queries": 200} | {
        "value": value,
        **interval,
        "difference": None,
        "difference_low": None,
        "difference_high": None,
        "verdict": None,
        **more,
    }


def own(users, events, value, verdict):
    ends = {"difference": 0.1, "difference_low": 0.06, "difference_high": 0.14}
    return point("daybreak", users, events, value, verdict=verdict, **ends)


CURVE = {
    "k": 10,
    "measured_at": 1.7e9,
    "seconds": 12.4,
    "n_users": 900,
    "n_items": 300,
    "n_events": 9_000,
    "points": [
        *(own(n, 0, 0.1 + n / 1_000, "better") for n in (5, 20, 100)),
        own(5, 3, 0.05, "worse"),
        *(own(n, 3, 0.15 + n / 1_000, "tied") for n in (20, 100)),
        *(point("popular", n, events, 0.1) for n in (5, 20, 100) for events in (0, 3)),
        *(point("random", n, events, 0.01) for n in (5, 20, 100) for events in (0, 3)),
    ],
    "protocols": {},
    "notes": ["young_500: not measured, only 3 users came after the first 500"],
}
DONE = {"id": "shop_curve-1", "kind": "shop_curve", "status": "done", "note": "", "reason": ""}


def with_curve(watch, curve, tasks=(), evaluation=None):
    """Answer with a report that has measurements, or none."""
    report = REPORT | {"shop_curve": curve, "evaluation": evaluation}
    watch.page.route("**/api/v1/models/*/report", lambda route: route.fulfill(json=report))
    listed = {"tasks": list(tasks)}
    watch.page.route("**/api/v1/tasks", lambda route: route.fulfill(json=listed))


def test_the_warm_up_of_the_shop_has_intervals_baselines_and_a_protocol(watch):
    with_curve(watch, CURVE)
    page = watch.open("quality")
    shop = page.get_by_role("region", name="Warm-up of the shop", exact=True)
    expect(shop.get_by_role("img", name="Quality by the number of users")).to_be_visible()
    expect(shop).to_contain_text("5% better than the best sellers (0.100)")
    expect(shop).to_contain_text("100% better than the best sellers")
    shop.locator("summary").filter(has_text="All sizes").click()
    rows = shop.get_by_role("region", name="All sizes").get_by_role("row")
    expect(rows.filter(has_text="worse")).to_contain_text("0.050 (0.030 – 0.070)")
    expect(rows.filter(has_text="worse")).to_contain_text("+0.060 … +0.140")
    expect(shop).to_contain_text("only 3 users came after")
    expect(shop).to_contain_text("on 9,000 events of 900 users, in 12 seconds")
    shop.get_by_text("How the shop is measured").click()
    expect(shop.get_by_role("listitem")).to_have_count(4)
    assert watch.serious_findings() == []


def slice_of(name, own, popular, verdict):
    return {
        "slice": name,
        "label": f"{name} <b>bold</b>",
        "users": 120,
        "systems": {"daybreak": own, "popular": popular, "random": [0.01, 0.0, 0.02]},
        "difference": own[0] - popular[0],
        "difference_low": 0.05,
        "difference_high": 0.15,
        "verdict": verdict,
        "protocol": "A protocol <script>alert(1)</script>",
    }


EVALUATION = {
    "k": 10,
    "measured_at": 1.7e9,
    "seconds": 80.0,
    "n_users": 900,
    "n_items": 300,
    "n_events": 9_000,
    "slices": [
        slice_of("events_3", [0.3, 0.25, 0.35], [0.2, 0.15, 0.25], "better"),
        slice_of("unheard_of", [0.1, None, None], [0.2, 0.15, 0.25], "worse"),
    ],
    "notes": ["again: not measured, the later users have too few events"],
}


def test_slices_have_intervals_pictures_and_verdicts_against_baselines(watch):
    with_curve(watch, None, evaluation=EVALUATION)
    page = watch.open("quality")
    card = page.get_by_role("region", name="Slices against baselines").first
    row = card.get_by_role("row").filter(has_text="new users with 3 events")
    expect(row).to_contain_text("0.300 (0.250 – 0.350)")
    expect(row).to_contain_text("better")
    expect(row.locator(".interval .band")).to_have_count(1)
    other = card.get_by_role("row").filter(has_text="unheard_of <b>bold</b>")
    expect(other).to_contain_text("worse")
    card.get_by_text("How each slice is measured").click()
    expect(card).to_contain_text("what follows their tenth event")
    expect(card).to_contain_text("<script>alert(1)</script>")
    assert watch.serious_findings() == []


def test_slices_say_what_sources_give(watch):
    gain = {"source_gain": 0.1, "source_gain_low": 0.04, "source_gain_high": 0.16}
    slices = [
        {**EVALUATION["slices"][0], **gain, "source_verdict": "helps"},
        {**EVALUATION["slices"][1], **gain, "source_verdict": "no difference"},
    ]
    with_curve(watch, None, evaluation={**EVALUATION, "slices": slices})
    card = watch.open("quality").get_by_role("region", name="Slices against baselines").first
    row = card.get_by_role("row").filter(has_text="new users with 3 events")
    expect(row).to_contain_text("helps +0.040 … +0.160")
    expect(card.get_by_role("row").filter(has_text="unheard_of")).to_contain_text(
        "no difference"
    )


def test_slices_that_were_not_measured_are_told_how(watch):
    with_curve(watch, None)
    page = watch.open("quality")
    card = page.get_by_role("region", name="Slices against baselines").first
    expect(card).to_contain_text("daybreak evaluate --keep")
    expect(card.get_by_role("button", name="Measure")).to_be_enabled()


def test_a_shop_that_was_not_measured_is_told_how_and_the_page_starts_it(watch):
    with_curve(watch, None)
    started = []
    watch.page.route(
        "**/api/v1/models/*/shop-curve",
        lambda route: (started.append(route.request.method), route.fulfill(json=DONE)),
    )
    page = watch.open("quality")
    shop = page.get_by_role("region", name="Warm-up of the shop", exact=True)
    expect(shop).to_contain_text("Not measured for this release")
    expect(shop).to_contain_text("daybreak evaluate --shop-curve")
    shop.get_by_role("button", name="Measure").click()
    expect(page.get_by_text("The measurement has begun")).to_be_visible()
    assert started == ["POST"]


def test_a_measurement_that_ended_before_the_page_saw_it_run_is_shown(watch):
    tasks, report = [], REPORT | {"shop_curve": None, "evaluation": None}

    def measure(route):
        tasks.append(DONE)
        report["shop_curve"] = CURVE
        route.fulfill(json=DONE)

    page = watch.page
    page.route("**/api/v1/models/*/report", lambda route: route.fulfill(json=report))
    page.route("**/api/v1/tasks", lambda route: route.fulfill(json={"tasks": tasks}))
    page.route("**/api/v1/models/*/shop-curve", measure)
    watch.open("quality")
    shop = page.get_by_role("region", name="Warm-up of the shop", exact=True)
    expect(shop).to_contain_text("Not measured for this release")
    shop.get_by_role("button", name="Measure").click()
    expect(shop).to_contain_text("5% better than the best sellers (0.100)")


def test_a_running_measurement_shows_its_step_and_a_failed_one_its_reason(watch):
    note = "nothing can be measured: <img src=x onerror=alert(1)>"
    running = DONE | {"status": "running", "started_at": 1.7e9, "note": note}
    with_curve(watch, None, [running])
    page = watch.open("quality")
    shop = page.get_by_role("region", name="Warm-up of the shop", exact=True)
    expect(shop.get_by_role("status")).to_contain_text("four trainings on the first users")
    expect(shop.get_by_role("button", name="Measure")).to_be_disabled()
    with_curve(watch, None, [DONE | {"status": "failed", "note": note}])
    page.reload()
    expect(shop).to_contain_text("The last measurement failed")
    expect(shop).to_contain_text("onerror=alert(1)")


def test_the_curve_of_the_shop_is_explained_in_chinese(browser, shop):
    with watched(browser, shop, locale="zh-CN") as watch:
        with_curve(watch, CURVE)
        page = watch.open("quality")
        card = page.get_by_role("region", name="商店的升温过程", exact=True)
        expect(card).to_contain_text("比畅销榜好 5%")
        expect(card).to_contain_text("如何测量商店")


def test_the_page_measures_a_real_shop_and_shows_its_curve(browser, tmp_path):
    settings = make_shop(tmp_path)
    with (
        RecommenderService(settings) as service,
        served(service, rate=0) as (_, url),
        watched(browser, url) as watch,
    ):
        page = watch.open("quality")
        shop = page.get_by_role("region", name="Warm-up of the shop", exact=True)
        shop.get_by_role("button", name="Measure").click()
        expect(shop).to_contain_text("After 5 users", timeout=4 * WAIT_MS)
        expect(shop).to_contain_text("only 10 users came after the first 20")
