"""A newspaper over HTTP: what people read now comes first, also before the next training."""

import random
import time

import pytest

from daybreak import Recommender
from daybreak.service.serving import RecommendRequest

DAY = 86_400.0
DAYS, DAILY = 12, 5


def article(day, n, now):
    created = now - (DAYS - day) * DAY
    return {"item_id": f"d{day:02d}-{n}", "title": f"report {day} {n}", "published_at": created}


def reads(now, first=0, last=DAYS):
    """Return reads of each day's articles on that day only; number 0 has most of them."""
    return [
        {
            "user_id": f"u{(day * 7 + reader) % 60}",
            "item_id": f"d{day:02d}-{reader % DAILY if reader % 2 else 0}",
            "timestamp": now - (DAYS - day) * DAY + (reader + 1) * 3_600.0,
        }
        for day in range(first, last)
        for reader in range(20)
    ]


def days_of(answer):
    return [int(item.item_id[1:3]) for item in answer.items]


@pytest.mark.parametrize("singly", [False, True], ids=["at once", "one by one"])
def test_a_paper_without_a_training_shows_what_is_read_now(fresh, singly):
    now = time.time()
    articles = [article(day, n, now) for day in range(DAYS) for n in range(DAILY)]
    for rows in [[row] for row in articles] if singly else [articles]:
        fresh.catalogue.put(rows)
    fresh.events.add(reads(now))
    fresh.releases.recount_popularity()
    found = fresh.recommend(RecommendRequest(n=10))
    assert found.items[0].item_id == f"d{DAYS - 1}-0"
    assert sum(day >= DAYS - 2 for day in days_of(found)) >= 7


def paper(now):
    """Return 30 days with six articles, each read on its day and hardly on the next one."""
    rng = random.Random(3)
    articles = [
        {
            "item_id": f"d{day:02d}-{n}",
            "title": f"{word} {n}",
            "created_at": now + (day - 30) * DAY,
        }
        for day in range(30)
        for n, word in enumerate(("football", "markets", "weather", "election", "rain", "goal"))
    ]
    events = []
    for number in range(3_000):
        age, at = rng.random() ** 3 * 2 * DAY, now - rng.random() * 29 * DAY
        day = int(30 - (now - at + age) / DAY)
        item = f"d{max(day, 0):02d}-{int(rng.random() ** 2 * 6)}"
        events.append({"user_id": f"u{number % 400}", "item_id": item, "timestamp": at})
    return articles, events


def test_articles_and_reads_after_a_training_replace_those_of_the_training():
    now = time.time()
    articles, events = paper(now)
    cut = now - 2 * DAY
    shop = Recommender(encoder="none").fit(
        [one for one in events if one["timestamp"] < cut],
        items=[one for one in articles if one["created_at"] < cut],
    )
    shop.add_items([one for one in articles if one["created_at"] >= cut])
    shop.add_events([one for one in events if one["timestamp"] >= cut])
    days = [int(item[1:3]) for item in shop.recommend(["nobody"], k=8)["item_id"]]
    assert sum(day >= 28 for day in days) >= 6


@pytest.mark.parametrize("is_loaded", [False, True], ids=["trained", "loaded"])
def test_an_article_that_is_published_again_is_new(is_loaded, tmp_path):
    now = time.time()
    articles, events = paper(now)
    shop = Recommender(encoder="none").fit(events, items=articles)
    if is_loaded:
        shop.save(tmp_path / "paper")
        shop = Recommender.load(tmp_path / "paper", events=events)

    def place():
        return shop.recommend(["nobody"], k=180)["item_id"].to_list().index("d10-1")

    before = place()
    again = next(one for one in articles if one["item_id"] == "d10-1")
    shop.update_items([{**again, "created_at": now - 60}])
    assert before >= 30
    assert place() < 15
