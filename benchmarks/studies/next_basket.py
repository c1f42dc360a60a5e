"""Next basket: recall@10 of what a household buys next, things that it has bought included.

    python -m benchmarks.studies.next_basket DATA/completejourney \
        > benchmarks/results/next_basket.md

A sample of the households; items that enough of them have bought. The last basket of each
household is held out, all earlier baskets are training. Daybreak is trained with its defaults
and asked with ``exclude_seen=False``; it chooses what it needs inside the training data.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.studies.basket_peers import BasketHistory, TifuKnn, personal_frequency
from daybreak import Recommender, Tables, read_folder
from daybreak.estimates import bootstrap, paired_bootstrap

LIST_LENGTH = 10
N_HOUSEHOLDS = 300
"""Households in the sample."""
MIN_BUYERS = 15
"""Households of the sample that have bought an item."""
MIN_BASKETS = 3
"""Baskets of a household."""
BASKET_GAP_S = 6 * 3_600
"""Shortest time between baskets [s]."""


@dataclass(frozen=True)
class NextBasketData:
    """Training tables, and the last basket of each household."""

    train: Tables
    last: dict[str, set[str]]


def main() -> None:
    """Parse the command line, measure, print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of completejourney")
    parser.add_argument("--households", type=int, default=N_HOUSEHOLDS)
    args = parser.parse_args()
    data = hold_out(read_folder(args.data).tables, args.households)
    print(_page(data, measure(data)))


def hold_out(tables: Tables, n_households: int) -> NextBasketData:
    """Draw households and hold out their last baskets."""
    ids = tables.events["user_id"].unique().sort()
    drawn = ids.gather(np.random.default_rng(0).permutation(len(ids))[:n_households])
    events = tables.events.filter(pl.col("user_id").is_in(drawn.implode()))
    buyers = events.group_by("item_id").agg(pl.col("user_id").n_unique())
    kept = buyers.filter(pl.col("user_id") >= MIN_BUYERS)["item_id"]
    events = number_baskets(events.filter(pl.col("item_id").is_in(kept.implode())))
    events = events.filter(pl.col("n_baskets") >= MIN_BASKETS)
    is_last = pl.col("basket") == pl.col("n_baskets") - 1
    train = events.filter(~is_last).drop("basket", "n_baskets")
    known = train["item_id"].unique()
    last = events.filter(is_last & pl.col("item_id").is_in(known.implode()))
    items = tables.items.filter(pl.col("item_id").is_in(known.implode()))
    users = tables.users.filter(pl.col("user_id").is_in(train["user_id"].unique().implode()))
    targets = {
        user: set(ids)
        for user, ids in last.group_by("user_id").agg("item_id").sort("user_id").rows()
    }
    return NextBasketData(Tables.of(train, items, users), targets)


def number_baskets(events: pl.DataFrame) -> pl.DataFrame:
    """Add the number of the basket of each event, and the number of baskets of its user."""
    is_new = pl.col("timestamp").diff().over("user_id").fill_null(0) > BASKET_GAP_S
    return (
        events.sort("user_id", "timestamp", "item_id")
        .with_columns(basket=is_new.cast(pl.Int64).cum_sum().over("user_id"))
        .with_columns(n_baskets=pl.col("basket").max().over("user_id") + 1)
    )


def measure(data: NextBasketData) -> dict[str, tuple[np.ndarray, float]]:
    """Return the recall of each household and the seconds, by method."""
    users = list(data.last)
    baskets = number_baskets(data.train.events)
    user_ids = baskets["user_id"].unique().sort().to_list()
    item_ids = baskets["item_id"].unique().sort().to_list()
    history = BasketHistory(
        _rows(baskets["user_id"], user_ids),
        _rows(baskets["item_id"], item_ids),
        baskets["basket"].to_numpy(),
        len(user_ids),
        len(item_ids),
    )
    unique = np.unique(np.stack([history.user, history.item, history.basket]), axis=1)
    history = BasketHistory(*unique, len(user_ids), len(item_ids))
    rows = [user_ids.index(user) for user in users]
    names = np.array(item_ids)
    frequency = personal_frequency(history)
    popular = np.asarray(frequency.sum(axis=0)).ravel()
    results = {}

    def add(name: str, score: "np.ndarray", seconds: float) -> None:
        best = np.argsort(-score[rows], axis=1, kind="stable")[:, :LIST_LENGTH]
        lists = {user: names[row].tolist() for user, row in zip(users, best, strict=True)}
        results[name] = (_recall(data.last, lists), seconds)

    add("best sellers", np.tile(popular, (len(user_ids), 1)), 0.0)
    tie = popular / (popular.max() + 1)  # best sellers decide between equal frequencies
    add("personal frequency", frequency.toarray() + tie, 0.0)
    started = time.process_time()
    add("TIFU-KNN", TifuKnn().score(history), time.process_time() - started)
    started = time.process_time()
    model = Recommender(encoder="none").fit(data.train)
    found = model.recommend(users, k=LIST_LENGTH, exclude_seen=False)
    seconds = time.process_time() - started
    lists = dict(found.group_by("user_id").agg("item_id").rows())
    results["Daybreak"] = (_recall(data.last, lists), seconds)
    return results


def _rows(ids: pl.Series, known: list[str]) -> np.ndarray:
    position = {id_: row for row, id_ in enumerate(known)}
    return np.array([position[id_] for id_ in ids], dtype=np.int64)


def _recall(last: dict[str, set[str]], lists: dict[str, list[str]]) -> np.ndarray:
    return np.array(
        [len(basket & set(lists.get(user, ()))) / len(basket) for user, basket in last.items()]
    )


def _page(data: NextBasketData, results: dict[str, tuple[np.ndarray, float]]) -> str:
    events = data.train.events
    lines = [
        "# Next basket",
        "",
        f"{len(data.last):,} households of completejourney, {data.train.items.height:,} items, "
        f"{events.height:,} purchases; the last basket of each household is held out. Items "
        "that a household has bought are candidates. Recall@10 with a 95 % interval; the "
        "difference is that of Daybreak to the method, over the same households.",
        "",
        "| method | recall@10 | Daybreak against it | CPU seconds |",
        "| --- | --- | --- | ---: |",
    ]
    ours = results["Daybreak"][0]
    for name, (recall, seconds) in results.items():
        mean = bootstrap(recall)
        against = ""
        if name != "Daybreak":
            gain = paired_bootstrap(ours, recall)
            against = f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        lines.append(
            f"| {name} | {mean.mean:.4f} ({mean.low:.4f} to {mean.high:.4f}) | {against} | "
            f"{seconds:.0f} |"
        )
    lines += ["", "    python -m benchmarks.studies.next_basket DATA/completejourney"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
