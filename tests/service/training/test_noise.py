"""What noise does to the default recommender: it must not fall below the best sellers."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender, Tables
from daybreak.metrics import ndcg_of_ids

STRATEGIES = ("popular", "popular/trend", "item_knn", "ease", "graph_filter", "transitions")
N_USERS, N_ITEMS, N_TARGETS = 150, 80, 4
NOON = 1_700_000_000.0


def draw_shop(seed=0):
    """Histories drawn by popularity alone, and the next items of each user."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, N_ITEMS + 1) ** 0.8
    rows, targets = [], {}
    for user in range(N_USERS):
        items = rng.choice(
            N_ITEMS, rng.integers(5, 19) + N_TARGETS, replace=False, p=share / share.sum()
        ).tolist()
        times = NOON + np.sort(rng.random(len(items))) * 1e7
        targets[f"user {user}"] = set(items[-N_TARGETS:])
        rows += [
            (f"user {user}", item, at)
            for item, at in zip(items[:-N_TARGETS], times[:-N_TARGETS].tolist(), strict=True)
        ]
    return rows, targets


def add_noise(kind, rows, targets):
    rng = np.random.default_rng(1)
    times = [at for _, _, at in rows]

    def event(user):
        return user, int(rng.integers(N_ITEMS)), times[rng.integers(len(times))]

    if kind == "random events":
        drawn = [event(rows[rng.integers(len(rows))][0]) for _ in range(len(rows) * 3 // 7)]
        return [*rows, *(row for row in drawn if row[1] not in targets[row[0]])]
    if kind == "random accounts":
        return [*rows, *(event(f"random {n // 20}") for n in range(600))]
    if kind == "one account with everything":
        return [*rows, *((kind, n % N_ITEMS, NOON + n) for n in range(20 * N_ITEMS))]
    return [*rows, *((f"bot {n}", N_ITEMS - 1, max(times)) for n in range(30))]


def measure(rows, targets, strategies):
    named = [(user, str(item), at) for user, item, at in rows]
    events = pl.DataFrame(named, schema=["user_id", "item_id", "timestamp"], orient="row")
    model = Recommender(strategies=strategies, encoder="none").fit(Tables.of(events))
    lists = model.recommend(list(targets), k=10, exclude_seen=True)
    found = dict(lists.group_by("user_id", maintain_order=True).agg("item_id").rows())
    values = [ndcg_of_ids(found[user], set(map(str, own))) for user, own in targets.items()]
    return float(np.mean(values)), model


KINDS = ("random events", "random accounts", "one account with everything", "bots")


@pytest.mark.parametrize("kind", KINDS)
def test_noise_does_not_bring_the_blend_below_the_best_sellers(kind):
    """There is nothing but popularity to learn, and noise; 3 % are the error of the guard."""
    blend, best_sellers = [], []
    for seed in range(3):  # four targets for each of 150 people are few
        rows, targets = draw_shop(seed)
        noisy = add_noise(kind, rows, targets)
        blend.append(measure(noisy, targets, STRATEGIES)[0])
        best_sellers.append(measure(noisy, targets, ["popular"])[0])
    assert np.mean(blend) >= 0.97 * np.mean(best_sellers)


def test_bots_do_not_push_an_item_to_the_top_and_are_told():
    rows, targets = draw_shop()
    noisy = add_noise("bots", rows, targets)
    _, model = measure(noisy, targets, ["popular"])
    listed = model.recommend(["a stranger"], k=10)["item_id"].to_list()
    assert str(N_ITEMS - 1) not in listed
    (note,) = [note for note in model.notes if "without further events" in note]
    assert note.startswith("30 accounts without further events chose 79 within a minute")


def test_an_account_with_very_many_events_is_told():
    rows, targets = draw_shop()
    many = [("robot", f"page {n}", NOON + 7 * n) for n in range(3_000)]
    _, model = measure([*rows, *many], targets, ["popular"])
    (note,) = [note for note in model.notes if "many more" in note]
    assert note.startswith("1 account counts only as ")
