"""Where things age, a newcomer gets what is read now; a film shop keeps its classics."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

HOUR, START = 3_600, 1_720_000_000
LIFE_H = 30


@pytest.fixture(scope="module", params=[True, False], ids=["created", "not created"])
def newsroom(request):
    """Six articles every ten hours, which live for thirty; a tenth is never read."""
    rng = np.random.default_rng(3)
    created = np.repeat(np.arange(0, 400, 10), 6)
    pull = rng.pareto(1.2, len(created)) * (rng.random(len(created)) < 0.9)
    reads = []
    for hour in np.sort(rng.random(1_800) * 400):
        age = hour - created
        weights = pull * np.where((age >= 0) & (age < LIFE_H), np.exp(-age / 10), 0)
        if weights.sum():
            item = rng.choice(len(created), p=weights / weights.sum())
            reads.append((f"u{rng.integers(200)}", f"a{item:03d}", START + hour * HOUR))
    events = pl.DataFrame(reads, ["user_id", "item_id", "timestamp"], orient="row")
    ids = [f"a{n:03d}" for n in range(len(created))]
    items = pl.DataFrame({"item_id": ids, "title": [f"story {n % 7}" for n in range(len(ids))]})
    if request.param:
        items = items.with_columns(created_at=pl.Series(START + created * HOUR))
    return events, items, created


def test_newcomers_and_visitors_get_what_is_read_now(newsroom):
    events, items, created = newsroom
    shop = Recommender(encoder="none").fit(events, items)
    assert shop.report["moments"]["share"] > 0.5
    told = [{"user_id": "visitor", "item_id": "a237"}]
    for found in (shop.recommend(["newcomer"]), shop.recommend(histories=told)):
        rows = found["item_id"].str.slice(1).cast(pl.Int64).to_numpy()
        assert (400 - created[rows] > LIFE_H + 10).sum() <= 2


def test_readers_with_a_taste_get_new_articles_of_it_first_and_no_old_ones():
    """Five topics, of which a reader prefers two; what was read is like much that is old."""
    rng = np.random.default_rng(4)
    topics = np.tile(np.arange(5), 60)
    created = np.repeat(np.arange(60) * 12, 5)
    reads = []
    for user in range(150):
        liked = rng.choice(5, 2, replace=False)
        for hour in rng.random(12) * 720:
            fresh = np.flatnonzero((created <= hour) & (hour - created < LIFE_H))
            own = fresh[np.isin(topics[fresh], liked)]
            chosen = rng.choice(own if len(own) and rng.random() < 0.8 else fresh)
            reads.append((f"u{user}", f"a{chosen:03d}", START + hour * HOUR))
    events = pl.DataFrame(reads, ["user_id", "item_id", "timestamp"], orient="row")
    words = [
        "football match",
        "election vote",
        "museum theatre",
        "inflation rent",
        "planet virus",
    ]
    items = pl.DataFrame(
        {
            "item_id": [f"a{n:03d}" for n in range(300)],
            "title": [f"{words[topic]} {n % 4}" for n, topic in enumerate(topics)],
            "created_at": START + created * HOUR,
        }
    )
    shop = Recommender(encoder="none").fit(events, items)
    now = (events["timestamp"].max() - START) / HOUR
    for n_events in (1, 3, 5, 10):
        read = [f"a{n:03d}" for n in np.flatnonzero(topics == 2)[-n_events - 3 : -3]]
        told = pl.DataFrame({"user_id": ["reader"] * n_events, "item_id": read})
        answer = shop.recommend(histories=told, k=10)
        rows = answer["item_id"].str.slice(1).cast(pl.Int64).to_numpy()
        assert (now - created[rows] < LIFE_H + 1).all()
        if n_events > 1:
            assert topics[rows[0]] == 2


def test_clicks_of_last_month_do_not_bring_their_articles_back(newsroom):
    """A click excludes nothing, and nothing is more like an article than itself."""
    events, items, created = newsroom
    shop = Recommender(encoder="none").fit(
        events.with_columns(event_type=pl.lit("click")), items
    )
    first = events.sort("timestamp")["item_id"].unique(maintain_order=True).to_list()[:3]
    told = [{"user_id": "old reader", "item_id": one, "event_type": "click"} for one in first]
    rows = shop.recommend(histories=told)["item_id"].str.slice(1).cast(pl.Int64).to_numpy()
    assert (400 - created[rows] <= LIFE_H + 10).all()
