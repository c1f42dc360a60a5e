"""Lists and NDCG with weights of 8 bits, against those with exact weights.

    python -m benchmarks.serving.weight_bits FOLDER... [--out FILE]

Of every fifth user, all events but the first 1, 3, 10 or 30 are hidden, in turns; a release is
trained on the rest, and its lists of these users are compared with the hidden items. NDCG of
the order takes the exact list as the truth: the item at place r has the gain 1 / log2(r + 1).
Only sums of 64 MB or more have 8 bits; here all have.
"""

import argparse
from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common.server_process import machine
from benchmarks.common.tables import grid
from benchmarks.scale.lists import answer
from daybreak import Recommender
from daybreak.data import read_folder
from daybreak.metrics import ndcg_of_ids
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.serving_state import ServingState

KEPT = (1, 3, 10, 30)
"""Numbers of events that users in the test keep, in turns."""
K = 10
HEADS = (
    "data", "items", "users", "events kept", "NDCG@10 exact", "NDCG@10 8 bits", "equal lists",
    "overlap@10", "NDCG of the order",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, train on every data set, compare the lists, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="folders of data sets")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    args = parser.parse_args(arguments)
    rows = [row for folder in args.folders for row in measure(folder)]
    text = "\n".join(grid(HEADS, rows))
    print(text)
    if args.out is not None:
        title, command, about = __doc__.strip().split("\n\n")
        notes = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}."
        page = (f"# {title.rstrip('.')}", f"`{command.strip()}`", about, notes, text)
        args.out.write_text("\n\n".join(page) + "\n", encoding="utf-8")


def measure(folder: Path) -> list[list[str]]:
    """Return the rows of the table for one data set."""
    tables = read_folder(folder).tables
    known, hidden = split(tables.events)
    model = Recommender(encoder="none", seed=0).fit(known, items=tables.items)
    n_items = len(model.state.catalogue.items)
    exact, small = (with_quantized(model.state, least) for least in (np.inf, 0.0))
    rows = []
    for n_kept in KEPT:
        users = [user for user, (kept, _) in hidden.items() if kept == n_kept]
        lists = [list_of(state, users) for state in (exact, small)]
        found = [
            np.mean([ndcg_of_ids(items, hidden[user][1], K) for user, items in one.items()])
            for one in lists
        ]
        pairs = [(lists[0][user], lists[1][user]) for user in users]
        agreement = [
            np.mean([a == b for a, b in pairs]),
            np.mean([len(set(a) & set(b)) / len(a) for a, b in pairs]),
            np.mean([order_ndcg(a, b) for a, b in pairs]),
        ]
        numbers = [f"{value:.4f}" for value in (*found, *agreement)]
        rows.append([folder.name, f"{n_items:,}", f"{len(users):,}", str(n_kept), *numbers])
        print(rows[-1], flush=True)
    return rows


def split(events: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, tuple[int, set[str]]]]:
    """Return the events to train on, and for users the number kept and the hidden items."""
    if "timestamp" in events.columns:
        events = events.sort("timestamp", maintain_order=True)
    order = pl.int_range(pl.len()).over("user_id")
    events = events.with_columns(place=order, total=pl.len().over("user_id"))
    users = sorted(events.filter(pl.col("total") > max(KEPT))["user_id"].unique())[::5]
    kept = {user: KEPT[number % len(KEPT)] for number, user in enumerate(users)}
    limits = pl.col("user_id").replace_strict(kept, default=events.height + 1)
    is_known = pl.col("place") < limits
    extra = ["place", "total"]
    known, rest = (events.filter(mask).drop(extra) for mask in (is_known, ~is_known))
    seen = set(zip(known["user_id"], known["item_id"], strict=True))
    hidden: dict[str, tuple[int, set[str]]] = {user: (kept[user], set()) for user in users}
    for user, item in zip(rest["user_id"], rest["item_id"], strict=True):
        if (user, item) not in seen:
            hidden[user][1].add(item)
    return known, {user: (n, items) for user, (n, items) in hidden.items() if items}


def with_quantized(state: ServingState, min_bytes: float) -> ServingState:
    """Return a state whose sums of at least a size have 8 bits."""
    scorer = copy(state.scorers[0])
    scorer.min_quantized_bytes, scorer._levels = min_bytes, {}
    scorer._free_cache_bytes = np.inf
    return state._with_catalogue(state.catalogue, PartitionedScorer.from_scorer(scorer))


def list_of(state: ServingState, users: Sequence[str]) -> dict[str, list[str]]:
    """Return the lists of users."""
    ids = state.catalogue.items.ids.ids
    lists = answer(state, [{"user": user, "rows": None} for user in users], K)
    found: dict[str, list[str]] = {user: [] for user in users}
    for query, item in zip(lists.query.tolist(), lists.item.tolist(), strict=True):
        found[users[query]].append(ids[item])
    return found


def order_ndcg(exact: Sequence[str], items: Sequence[str]) -> float:
    """Return the NDCG of a list if the items of another are worth what their places are."""
    gains = {item: 1 / np.log2(place + 2) for place, item in enumerate(exact)}
    found = sum(gains.get(item, 0) / np.log2(n + 2) for n, item in enumerate(items))
    return float(found / sum(gain * gain for gain in gains.values()))


if __name__ == "__main__":
    main()
