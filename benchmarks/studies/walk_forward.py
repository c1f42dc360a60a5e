"""Walking forward in time: a stale model, the same with fresh histories, and a retrained one.

    python -m benchmarks.studies.walk_forward DATA/gift_shop DATA/completejourney \
        DATA/lastfm_hetrec > benchmarks/results/walk_forward.md

A first training ends after 60 % of the events. At 60, 70, 80 and 90 % people with an event
before are asked for: what they choose among the next 10 % of the events, new to them, is
relevant. *Stale*: the first model, which knows their events until the first training. *Fresh*:
the first model, which knows all their events so far. *Retrained*: trained at this moment.
NDCG@10 over all items, with 95 % intervals over people. 800 users and 6,000 items are drawn at
random where there are more; at a moment at most 300 people are asked for. lastfm_hetrec has
times for tags only, so an event is the first tag of a user on an artist.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender, Rules
from daybreak.metrics import ndcg_of_ids
from daybreak.types import Doubles

FIRST, MOMENTS, WINDOW = 0.6, (0.6, 0.7, 0.8, 0.9), 0.1
"""Shares of the events before the first training and the moments, and of those asked for."""
MAX_USERS, MAX_ITEMS, MAX_ASKED = 800, 6_000, 300
"""Users and items of a data set, and users that are asked about at a moment."""
SYSTEMS: dict[str, tuple[str, list[str]]] = {
    "popular": ("cold_start", ["popular"]),
    "item_knn": ("cold_start", ["item_knn"]),
    "transitions": ("cold_start", ["transitions"]),
    "blend": ("cold_start", ["popular", "popular/trend", "item_knn", "ease", "transitions"]),
    "blend, objective `next`": (
        "next",
        [
            "popular",
            "popular/trend",
            "item_knn",
            "ease",
            "transitions",
            "interest",
            "next_event",
        ],
    ),
}


@dataclass(frozen=True)
class Moment:
    """A moment, what happened before, and what people choose next."""

    at: float
    past: pl.DataFrame
    targets: dict[str, list[str]]


def read_events(folder: Path) -> pl.DataFrame:
    """Return the first event of each pair, in the order of time, of samples of both."""
    frame = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=None)
    frame = frame.select(
        pl.col("user_id").cast(pl.String),
        pl.col("item_id").cast(pl.String),
        pl.col("timestamp").cast(pl.Float64, strict=False),
    ).filter(pl.col("timestamp") > 0)
    for column, most in (("user_id", MAX_USERS), ("item_id", MAX_ITEMS)):
        ids = np.sort(frame[column].unique().to_numpy())
        drawn = np.random.default_rng(0).permutation(ids)[:most]
        frame = frame.filter(pl.col(column).is_in(drawn.tolist()))
    frame = frame.sort("timestamp")
    return frame.unique(["user_id", "item_id"], keep="first", maintain_order=True)


def find_moment(events: pl.DataFrame, share: float) -> Moment:
    """Return a moment with the targets of a sample of the people who were there before."""
    at = float(events["timestamp"].quantile(share) or 0.0)
    end = float(events["timestamp"].quantile(min(share + WINDOW, 1.0)) or 0.0)
    past = events.filter(pl.col("timestamp") < at)
    later = events.filter(pl.col("timestamp").is_between(at, end))
    known = later.filter(pl.col("user_id").is_in(past["user_id"].unique().to_list()))
    wanted = known.group_by("user_id", maintain_order=True).agg("item_id").sort("user_id")
    rows = np.random.default_rng(1).permutation(wanted.height)[:MAX_ASKED]
    return Moment(at, past, dict(wanted[np.sort(rows)].iter_rows()))


def ask(model: Recommender, moment: Moment) -> Doubles:
    """Return the NDCG@10 of each person at a moment."""
    lists = model.recommend(
        list(moment.targets), k=10, exclude_seen=True, rules=Rules(at=moment.at)
    )
    found = dict(lists.group_by("user_id").agg("item_id").iter_rows())
    return np.array(
        [
            ndcg_of_ids(found.get(user, []), set(items), 10)
            for user, items in moment.targets.items()
        ]
    )


def measure(events: pl.DataFrame, objective: str, strategies: list[str]) -> dict[str, Doubles]:
    """Return the NDCG@10 of all moments, by what the model knows."""
    moments = [find_moment(events, share) for share in MOMENTS]

    def train(moment: Moment) -> Recommender:
        model = Recommender(encoder="none", objective=objective, strategies=strategies)
        return model.fit(moment.past)

    first = train(moments[0])
    values: dict[str, list[Doubles]] = {"stale": [], "fresh": [], "retrained": []}
    for moment in moments:
        values["stale"].append(ask(first, moment))
    fresh = first
    for number, moment in enumerate(moments):
        if number:
            before = moments[number - 1].at
            fresh.add_events(moment.past.filter(pl.col("timestamp") >= before))
        values["fresh"].append(ask(fresh, moment))
        retrained = fresh if not number else train(moment)
        values["retrained"].append(ask(retrained, moment))
    return {name: np.concatenate(parts[1:]) for name, parts in values.items()}


def main() -> None:
    """Measure all systems on all data sets; print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path, help="folders of data sets")
    parser.add_argument("--only", nargs="*", help="names of the systems")
    parser.add_argument("--rows", action="store_true", help="print the rows of the table alone")
    options = parser.parse_args()
    if not options.rows:
        print_head()
    for folder in options.data:
        print_rows(folder, options.only or list(SYSTEMS))


def print_head() -> None:
    """Print the text above the rows."""
    print("# Walking forward in time\n")
    print((__doc__ or "").split("walk_forward.md\n\n", 1)[1])
    print(
        "The table has the moments at 70, 80 and 90 %; at 60 % all three are the same. Command:"
    )
    print("`python -m benchmarks.studies.walk_forward DATA/gift_shop DATA/completejourney")
    print("DATA/lastfm_hetrec`.\n")
    print("| data | people | system | stale | fresh histories | retrained |")
    print("| --- | ---: | --- | --- | --- | --- |")


def print_rows(folder: Path, systems: list[str]) -> None:
    """Measure systems on a data set; print a row for each."""
    events = read_events(folder)
    for name in systems:
        found = measure(events, *SYSTEMS[name])
        cells = " | ".join(
            f"{one.mean():.4f} ± {1.96 * one.std() / np.sqrt(len(one)):.4f}"
            for one in found.values()
        )
        print(f"| {folder.name} | {len(found['stale'])} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
