"""Lists of shops with few customers for people without events: best sellers in a good order."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender, Tables
from daybreak.metrics import ndcg_of_ids

KINDS = ("teapot", "candle", "lamp", "scarf", "globe", "clock", "basket", "kite")
N_ITEMS = 96


def make_shop(n_customers: int, seed: int, *, dated: bool) -> Tables:
    """Customers buy seven items each, of a random kind more often; times are in no relation."""
    rng = np.random.default_rng(seed)
    kind = np.arange(N_ITEMS) % len(KINDS)
    rows = []
    for customer in range(n_customers):
        favourite = rng.integers(len(KINDS))
        weight = np.where(kind == favourite, 6.0, 1.0) / (1 + np.arange(N_ITEMS)) ** 0.8
        chosen = rng.choice(N_ITEMS, 7, replace=False, p=weight / weight.sum())
        rows += [(f"c{customer}", f"p{item}") for item in chosen]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    if dated:
        at = 1.7e9 + 3600.0 * rng.permutation(len(rows))
        events = events.with_columns(pl.Series("timestamp", at))
    titles = [f"{KINDS[k]} {KINDS[k]} model {n}" for n, k in enumerate(kind)]
    items = pl.DataFrame({"item_id": [f"p{n}" for n in range(N_ITEMS)], "title": titles})
    return Tables.of(events, items)


@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize("n_customers", [6, 20])
def test_a_newcomer_gets_the_items_with_most_customers(n_customers, dated):
    tables = make_shop(n_customers, n_customers, dated=dated)
    model = Recommender(encoder="none").fit(tables)
    shown = model.recommend(["somebody new"], k=10)["item_id"].to_list()
    counts = dict(tables.events["item_id"].value_counts().rows())
    best = sorted(counts.values(), reverse=True)[:10]
    assert sum(counts.get(item, 0) for item in shown) >= 0.95 * sum(best)
    assert counts[shown[0]] == best[0]


def purchases_of(tables):
    """Return the items of each customer."""
    baskets = tables.events.group_by("user_id", maintain_order=True).agg("item_id")
    return [items for _, items in baskets.iter_rows()]


def best_seller_ndcg(shop, baskets, n_known):
    """Return the mean NDCG@10 of the best sellers, over ten orders of equal counts."""
    counts = shop.events["item_id"].value_counts()
    values = []
    for seed in range(10):
        order = pl.Series("order", np.random.default_rng(seed).random(len(counts)))
        ranked = counts.with_columns(order).sort("count", "order", descending=True)["item_id"]
        for basket in baskets:
            shown = [item for item in ranked if item not in basket[:n_known]]
            values.append(ndcg_of_ids(shown[:10], set(basket[n_known:]), 10))
    return np.mean(values)


@pytest.mark.parametrize(("n_customers", "dated"), [(6, False), (6, True), (20, True)])
def test_a_few_purchases_of_a_newcomer_are_no_reason_for_worse_lists(n_customers, dated):
    """What seven purchases of a few customers have in common is mostly chance."""
    n_known, ours, best = 2, [], []
    for seed in range(2):
        shop = make_shop(n_customers, 10 * n_customers + seed, dated=dated)
        baskets = purchases_of(make_shop(100, 77 + seed, dated=False))
        histories = pl.DataFrame(
            [(f"new{n}", item) for n, one in enumerate(baskets) for item in one[:n_known]],
            ["user_id", "item_id"],
            orient="row",
        )
        users = [f"new{n}" for n in range(len(baskets))]
        lists = (
            Recommender(encoder="none").fit(shop).recommend(users, k=10, histories=histories)
        )
        shown = lists.group_by("user_id", maintain_order=True).agg("item_id")["item_id"]
        ours += [
            ndcg_of_ids(items, set(basket[n_known:]), 10)
            for items, basket in zip(shown.to_list(), baskets, strict=True)
        ]
        best.append(best_seller_ndcg(shop, baskets, n_known))
    assert np.mean(ours) >= 0.85 * np.mean(best)


@pytest.mark.parametrize("n_readers", [8, 20])
def test_a_newcomer_of_a_young_newsroom_gets_what_is_read_now(n_readers):
    rng = np.random.default_rng(n_readers)
    reads = [
        (f"r{reader}", f"a{day:02d}", 1.75e9 + 86_400 * day + 60 * reader)
        for day in range(45)
        for reader in range(n_readers)
        if rng.random() < (0.9 if day < 10 else 0.6)  # what was read most is old
    ]
    events = pl.DataFrame(reads, ["user_id", "item_id", "timestamp"], orient="row")
    items = pl.DataFrame({"item_id": [f"a{n:02d}" for n in range(45)]})
    items = items.with_columns(title=pl.format("story {}", pl.col("item_id")))
    paper = Recommender(encoder="none").fit(events, items)
    shown = paper.recommend(["newcomer"], k=5)["item_id"].str.slice(1).cast(int).to_list()
    assert sum(story >= 30 for story in shown) >= 4, shown


@pytest.mark.parametrize("n_customers", [5, 12])
def test_a_newcomer_gets_items_described_like_those_that_sell_among_equal_counts(n_customers):
    """Items with four tags sell; of two items that one customer chose, one has four tags."""
    rng = np.random.default_rng(n_customers)
    tags = ("red", "round", "paper", "metal", "small", "gift")
    items = [
        (f"p{n:02d}", f"thing {n}", [*rng.permutation(tags)[: 4 if n % 2 else 1].tolist()])
        for n in range(40)
    ]
    rows = [(f"c{c}", f"p{n:02d}") for c in range(n_customers) for n in (1, 3, 5)]
    rows += [("c0", f"p{n:02d}") for n in range(10, 26)]  # each of one customer
    shop = Recommender(encoder="none").fit(
        pl.DataFrame(rows, ["user_id", "item_id"], orient="row"),
        pl.DataFrame(items, ["item_id", "title", "tags"], orient="row"),
    )
    shown = shop.recommend(["somebody new"], k=11)["item_id"].str.slice(1).cast(int).to_list()
    assert set(shown[:3]) == {1, 3, 5}
    assert all(10 <= item < 26 and item % 2 for item in shown[3:]), shown
