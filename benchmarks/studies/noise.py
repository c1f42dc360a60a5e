"""What noise costs: random events and accounts, one person with very many events, and bots.

    python -m benchmarks.studies.noise DATA/ml100k DATA/gift_shop > benchmarks/results/noise.md

The last tenth of each history is held out. Noise is added to the rest: random events of random
users, accounts with random events only, a user with an event on every item, a person with as
many events as all others together, or accounts that chose one item only. The targets stay the
same, and no noise event is a target. The rank is that of the item of the bots in the list of a
stranger, among all items.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender, Tables, read_folder
from daybreak.metrics import ndcg_of_ids

SYSTEMS = ("popular", "item_knn", "auto")
"""Strategies alone, and the default."""
NOISE_SHARE = 0.3
"""Share of random events among all."""
BOT_SHARE = 0.1
"""Accounts that choose one item, as a share of the users."""
RANDOM_ACCOUNT_SHARE = 0.1
"""Accounts with random events only, as a share of the users."""
N_REPEATED_ITEMS = 50
"""Items that the person with very many events chooses again and again [items]."""
MIN_HISTORY = 5
"""Events of a user whose last ones are held out."""
MAX_USERS = 500
"""Users that lists are asked for [users]."""
MIN_VALUE = 4.0
"""Smallest rating that counts as chosen."""


@dataclass(frozen=True)
class Shop:
    """Events that are known, and the items that users chose later."""

    name: str
    items: pl.DataFrame
    train: pl.DataFrame
    targets: dict[str, list[str]]


def main() -> None:
    """Parse the command line, measure every kind of noise, print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path, help="folders of data sets")
    parser.add_argument("--system", nargs="+", default=list(SYSTEMS))
    parser.add_argument(
        "--noise", nargs="+", help="beginnings of the names; default: all kinds"
    )
    args = parser.parse_args()
    print("# What noise costs\n")
    print("NDCG@10 of the next events of known users. Command:")
    print("`python -m benchmarks.studies.noise DATA/ml100k DATA/gift_shop`.\n")
    print("| data | noise | system | NDCG@10 | of that without noise | rank of pushed item |")
    print("| --- | --- | --- | ---: | ---: | ---: |", flush=True)
    for folder in args.data:
        shop = hold_out(folder)
        for system in args.system:
            clean = 0.0
            for noise, events in add_noise(shop):
                if not noise.startswith(tuple(args.noise or [""])):
                    continue
                value, rank = measure(shop, events, system)
                clean = clean or value
                share = f"{value / max(clean, 1e-9):.2f}"
                row = f"| {shop.name} | {noise} | {system} | {value:.4f} | {share} | {rank} |"
                print(row, flush=True)


def hold_out(folder: Path) -> Shop:
    """Return a data set whose users' last tenth is held out.

    Args:
        folder: Folder of the data set.
    """
    tables = read_folder(folder).tables
    events = tables.events
    if events["value"].max() is not None and events["value"].n_unique() > 2:
        events = events.filter(pl.col("value") >= MIN_VALUE)
    events = events.select("user_id", "item_id", "timestamp").unique(
        ["user_id", "item_id"], keep="first", maintain_order=True
    )
    events = events.sort("timestamp", nulls_last=True, maintain_order=True)
    size, place = pl.len().over("user_id"), pl.int_range(pl.len()).over("user_id")
    late = (size >= MIN_HISTORY) & (place >= size - (size // 10).clip(lower_bound=1))
    marked = events.with_columns(late=late)
    train = marked.filter(~pl.col("late")).drop("late")
    later = marked.filter("late").group_by("user_id", maintain_order=True).agg("item_id")
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(later.height)[:MAX_USERS])
    return Shop(folder.name, tables.items, train, dict(later[rows].rows()))


def add_noise(shop: Shop) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield names of kinds of noise with the events of training; no noise comes first.

    Args:
        shop: Data set.
    """
    yield "none", shop.train
    rng = np.random.default_rng(1)
    n = int(NOISE_SHARE / (1 - NOISE_SHARE) * shop.train.height)
    users = shop.train["user_id"].unique(maintain_order=True)
    ids = shop.items["item_id"]
    times = shop.train["timestamp"]
    noise = pl.DataFrame(
        {
            "user_id": users.gather(rng.integers(0, len(users), n)),
            "item_id": ids.gather(rng.integers(0, len(ids), n)),
            "timestamp": times.gather(rng.integers(0, len(times), n)),
        }
    )
    wanted = [(user, item) for user, items in shop.targets.items() for item in items]
    targets = pl.DataFrame(wanted, schema=["user_id", "item_id"], orient="row")
    noise = noise.join(targets, on=["user_id", "item_id"], how="anti")
    yield f"{NOISE_SHARE:.0%} random events", pl.concat([shop.train, noise])
    accounts = _random_accounts(shop, int(RANDOM_ACCOUNT_SHARE * len(users)), rng)
    yield (
        f"{RANDOM_ACCOUNT_SHARE:.0%} random accounts",
        pl.concat([shop.train, accounts]),
    )
    yield (
        "one user with all items",
        pl.concat([shop.train, _events_of(shop, ["everything"], ids)]),
    )
    few = ids.gather(rng.permutation(len(ids))[:N_REPEATED_ITEMS])
    times = max(1, shop.train.height // len(few))
    person = pl.concat([_events_of(shop, ["insatiable"], few)] * times)
    yield "one person with half of the events", pl.concat([shop.train, person])
    bots = [f"bot {n}" for n in range(int(BOT_SHARE * len(users)))]
    pushed = pl.Series([pushed_item(shop)])
    yield f"{BOT_SHARE:.0%} bots", pl.concat([shop.train, _events_of(shop, bots, pushed)])


def pushed_item(shop: Shop) -> str:
    """Return the item that bots choose: the one with the fewest events."""
    counts = shop.train["item_id"].value_counts().sort("count", "item_id")
    return str(counts["item_id"][0])


def _random_accounts(shop: Shop, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return events of accounts with histories as long as those of users, on random items."""
    sizes = shop.train["user_id"].value_counts(sort=True)["count"].to_numpy()
    drawn = rng.choice(sizes, n)
    owner = np.repeat(np.arange(n), drawn)
    ids, times = shop.items["item_id"], shop.train["timestamp"]
    return pl.DataFrame(
        {
            "user_id": pl.Series([f"random {row}" for row in owner]),
            "item_id": ids.gather(rng.integers(0, len(ids), len(owner))),
            "timestamp": times.gather(rng.integers(0, len(times), len(owner))),
        }
    )


def _events_of(shop: Shop, users: list[str], items: pl.Series) -> pl.DataFrame:
    """Return an event of each user on each item, at the last time of the training."""
    pairs = pl.DataFrame({"user_id": users}).join(pl.DataFrame({"item_id": items}), how="cross")
    return pairs.with_columns(timestamp=pl.lit(shop.train["timestamp"].max()))


def measure(shop: Shop, events: pl.DataFrame, system: str) -> tuple[float, int]:
    """Return the mean NDCG@10 on the held-out events, and the rank of the item of the bots.

    Args:
        shop: Data set.
        events: Events of the training.
        system: Name of a strategy, or ``auto``.
    """
    model = Recommender(strategies=system, encoder="none").fit(Tables.of(events, shop.items))
    lists = model.recommend(list(shop.targets), k=10, exclude_seen=True)
    found = dict(lists.group_by("user_id").agg("item_id").rows())
    values = [ndcg_of_ids(found.get(user, []), set(t)) for user, t in shop.targets.items()]
    stranger = model.recommend(["a stranger"], k=shop.items.height, titles=False)
    listed = stranger["item_id"].to_list()
    pushed = pushed_item(shop)
    rank = listed.index(pushed) + 1 if pushed in listed else len(listed) + 1
    return float(np.mean(values)), rank


if __name__ == "__main__":
    main()
