"""Training on a large catalogue: simulated queries score a part of it, and all items.

    python -m benchmarks.studies.scored_items DATA/gift_shop --part 1000
    python -m benchmarks.studies.scored_items DATA/completejourney --items 25000

A tenth of the users (at most 400) are new: after 0, 1, 3, 5, 10 and 20 known events, the next
20 are relevant. Every twentieth item has no event; it is ranked for 400 known users among the
other such items. NDCG@10, with 95 % intervals of the paired difference over users. Each
training runs in a process of its own with one thread, without text vectors.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common.paths import ROOT
from daybreak import Recommender, Rules
from daybreak.metrics import ndcg_of_ids
from daybreak.ranking.blending import pools

KNOWN_EVENTS = (0, 1, 3, 5, 10, 20)
"""Numbers of known events of new users."""
MAX_USERS, N_TARGETS = 400, 20
"""Users of each kind, and events that are relevant."""
NEW_ITEM_STEP = 20
"""One of this many items has no event in training."""
MIN_RATING = 4.0
"""Smallest rating that counts as an event."""
ONE_THREAD = {
    name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS")
}


def main() -> None:
    """Train on a part and on all items, compare; print rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of a data set")
    parser.add_argument("--items", type=int, default=0, help="random items that are used")
    parser.add_argument("--part", type=int, default=0, help="size of the part; default: usual")
    parser.add_argument("--seed", type=int, default=0, help="seed of the trainings")
    parser.add_argument("--only", choices=("part", "all"), help="one of both trainings")
    parser.add_argument("--child", choices=("part", "all"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measure(args)))
        return
    found = {name: _run(args, name) for name in ("part", "all") if args.only in {None, name}}
    for run in found.values():
        cells = " | ".join(f"{np.mean(values):.4f}" for values in run["ndcg"].values())
        print(
            f"| {args.data.name} | {run['n_items']:,} | {run['scored']:,} | "
            f"{run['cpu_s']:.0f} | {run['peak_mb']:,.0f} | {cells} |",
            flush=True,
        )
    if len(found) == 2:
        pairs = zip(found["part"]["ndcg"].values(), found["all"]["ndcg"].values(), strict=True)
        gains = [np.subtract(part, whole) for part, whole in pairs]
        cells = " | ".join(
            f"{gain.mean():+.4f} ± {1.96 * gain.std() / np.sqrt(len(gain)):.4f}"
            for gain in gains
        )
        print(f"| {args.data.name} | | difference | | | {cells} |")


def _run(args: argparse.Namespace, name: str) -> dict[str, object]:
    command = [sys.executable, "-m", "benchmarks.studies.scored_items", str(args.data)]
    command += ["--items", str(args.items), "--part", str(args.part), "--child", name]
    command += ["--seed", str(args.seed)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    told = subprocess.run(  # noqa: S603 - this interpreter and this module
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(told.stdout.splitlines()[-1])


def measure(args: argparse.Namespace) -> dict[str, object]:
    """Train in this process; return its cost and the NDCG@10 of each query."""
    kind: str = args.child
    if kind == "all":
        pools.MAX_FULLY_SCORED_ITEMS = 1_000_000
    elif args.part:
        pools.MAX_FULLY_SCORED_ITEMS = 1
        pools.N_SCORED_ITEMS = args.part
    events, items = read(args.data, args.items)
    known, new_users, new_items = split(events)
    start = time.process_time()
    model = Recommender(encoder="none", seed=args.seed).fit(known, items=items)
    cpu_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    n_all = items.height
    return {
        "cpu_s": cpu_s,
        "peak_mb": peak_mb,
        "n_items": n_all,
        "scored": n_all if kind == "all" else min(pools.N_SCORED_ITEMS, n_all),
        "ndcg": {
            **{str(k): ask_new_users(model, new_users, k) for k in KNOWN_EVENTS},
            "new items": ask_new_items(model, events, known, new_items),
        },
    }


def read(folder: Path, n_items: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events and the items of a data set, of random items."""
    text = {"user_id": pl.String, "item_id": pl.String}
    events, items = (
        pl.read_csv(folder / f"{name}.csv.gz", schema_overrides=text, infer_schema_length=None)
        for name in ("interactions", "items")
    )
    if "rating" in events.columns:
        events = events.filter(pl.col("rating") >= MIN_RATING)
    kept = ("user_id", "item_id", "timestamp", "event")
    events = events.select(name for name in kept if name in events.columns)
    sold = np.sort(events["item_id"].unique().to_numpy())
    drawn = np.random.default_rng(0).permutation(sold)[: n_items or len(sold)].tolist()
    inside = pl.col("item_id").is_in(drawn)
    return events.filter(inside), items.filter(inside)


def split(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Return the events of training, those of new users, and the items without events."""
    rng = np.random.default_rng(1)
    users = np.sort(events["user_id"].unique().to_numpy())
    items = np.sort(events["item_id"].unique().to_numpy())
    new_users = rng.permutation(users)[: min(len(users) // 10, MAX_USERS)].tolist()
    new_items = rng.permutation(items)[: len(items) // NEW_ITEM_STEP].tolist()
    others = events.filter(~pl.col("item_id").is_in(new_items))
    is_new = pl.col("user_id").is_in(new_users)
    return others.filter(~is_new), others.filter(is_new), new_items


def ask_new_users(model: Recommender, events: pl.DataFrame, n_known: int) -> list[float]:
    """Return the NDCG@10 of each new user with enough events."""
    order = [name for name in ("timestamp",) if name in events.columns]
    firsts = events.unique(["user_id", "item_id"], keep="first", maintain_order=True)
    ordered = firsts.sort(["user_id", *order], maintain_order=True)
    lists = dict(ordered.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())
    asked = {user: found for user, found in lists.items() if len(found) > n_known}
    histories = pl.DataFrame(
        [(user, item) for user, found in asked.items() for item in found[:n_known]],
        {"user_id": pl.String, "item_id": pl.String},
        orient="row",
    )
    answers = model.recommend(list(asked), k=10, histories=histories, exclude_seen=True)
    by_user = dict(answers.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())
    return [
        ndcg_of_ids(by_user.get(user, []), set(found[n_known : n_known + N_TARGETS]), 10)
        for user, found in asked.items()
    ]


def ask_new_items(
    model: Recommender, events: pl.DataFrame, known: pl.DataFrame, new_items: list[str]
) -> list[float]:
    """Return the NDCG@10 of items without events for known users, among these items."""
    users = known["user_id"].unique().to_list()
    chosen = events.filter(
        pl.col("item_id").is_in(new_items) & pl.col("user_id").is_in(users)
    ).select("user_id", "item_id")
    wanted = dict(chosen.group_by("user_id").agg("item_id").sort("user_id").iter_rows())
    asked = list(np.random.default_rng(2).permutation(sorted(wanted))[:MAX_USERS])
    answers = model.recommend(asked, k=10, rules=Rules(items=tuple(new_items)))
    by_user = dict(answers.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())
    return [ndcg_of_ids(by_user.get(user, []), set(wanted[user]), 10) for user in asked]


if __name__ == "__main__":
    main()
