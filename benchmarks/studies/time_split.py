"""The next event on MovieLens 1M, split by time as in the study *time-to-split*.

Ratings of any value are events; users and items with fewer than five are left out, repeatedly.
Training ends for all users at the 90 % quantile of the times. A query knows all earlier events
of its user, also those after this moment; seen items and items without training events are no
candidates. NDCG@10 of one target a query:

- last: the last event of each user with an event after the moment;
- first: the first event after the moment of each user known before;
- successive: each event after the moment.

Weights and options are chosen inside the training data only. Events of one second have no known
order: in the rows *file* they have that of the file, as in the study; in the rows *random* they
are put in a random order, which no model can learn from.

    python -m benchmarks.studies.time_split DATA/ml1m > benchmarks/results/time_split.md

``DATA/ml1m`` is a folder with ``interactions.csv.gz`` (user_id, item_id, timestamp), made of
MovieLens 1M from grouplens.org.

Source:
    Gusak et al. 2025, "Time to split: exploring data splitting strategies for offline
    evaluation of sequential recommenders", section 4; numbers of their repository, validation
    by time.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daybreak import Recommender
from daybreak.data.dataset import Dataset, Events
from daybreak.service.state.serving_state import ServingState
from daybreak.simulation.next_events import label_events
from daybreak.types import Doubles, Mask, Rows

QUANTILE = 0.9
"""Share of the events before the moment at which training ends."""
MIN_CORE_EVENTS = 5
"""Events that each user and item has at least."""
LEAN = [
    "popular",
    "popular/trend",
    "popular/now",
    "ease",
    "item_knn",
    "transitions",
    "next_event",
]
"""Strategies of the row *objective next, seven strategies*."""
MAX_TARGETS = 20_000
"""Successive targets that are scored, evenly spaced, besides all last and first ones."""
BLOCK_QUERIES = 1_000
"""Queries that are scored at a time."""
ALONE = (
    "popular",
    "popular/trend",
    "ease",
    "item_knn",
    "transitions",
    "interest",
    "next_event",
)
"""Strategies that are measured alone."""
PUBLISHED = (
    ("SASRec (published)", 0.0948, 0.0290, 0.1083),
    ("BERT4Rec (published)", 0.0867, 0.0362, 0.0891),
)
"""NDCG@10 last, first, successive of the study."""


@dataclass(frozen=True)
class Scores:
    """NDCG@10 of the three targets, with the half-width of a 95 % interval."""

    last: tuple[float, float]
    first: tuple[float, float]
    successive: tuple[float, float]
    seconds: float


def read_core(folder: Path) -> pl.DataFrame:
    """Return the events of users and items with enough of them, in the order of the file."""
    frame = pl.read_csv(folder / "interactions.csv.gz").select(
        pl.col("user_id").cast(pl.String),
        pl.col("item_id").cast(pl.String),
        pl.col("timestamp").cast(pl.Float64),
    )
    while True:
        enough = [pl.len().over(name) >= MIN_CORE_EVENTS for name in ("user_id", "item_id")]
        kept = frame.filter(*enough)
        if kept.height == frame.height:
            return kept
        frame = kept


def with_file_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return events of one second moved apart by 10 microseconds, in the order of the file."""
    place = pl.int_range(pl.len()).over("user_id", "timestamp")
    return frame.with_columns(pl.col("timestamp") + 1e-5 * place)


def measure(
    frame: pl.DataFrame, moment: float, objective: str, strategies: str | list[str]
) -> Scores:
    """Train on the events up to a moment, and score the targets after it."""
    started = time.perf_counter()
    train = frame.filter(pl.col("timestamp") < moment)
    model = Recommender(encoder="none", objective=objective, strategies=strategies).fit(train)
    seconds = time.perf_counter() - started
    state = model.state
    events = _events(state, frame)
    visible = Dataset(state.trained.items, events.filter(events.at < moment), _n_users(events))
    known = events.filter(np.isin(events.item, visible.train_item_rows))
    rows, last, first = select_targets(known, moment)
    spaced = np.zeros(len(rows), dtype=bool)
    spaced[np.unique(np.linspace(0, len(rows) - 1, MAX_TARGETS).astype(int))] = True
    scored = spaced | last | first
    ndcg = np.full(len(rows), np.nan)
    ndcg[scored] = _score(state, visible, known, rows[scored])
    return Scores(_mean(ndcg[last]), _mean(ndcg[first]), _mean(ndcg[spaced]), seconds)


def select_targets(events: Events, moment: float) -> tuple[Rows, Mask, Mask]:
    """Return positions of the targets, and which of them are last and first ones."""
    rows = np.flatnonzero((events.at >= moment) & (events.count_earlier() > 0))
    user = events.user[rows]
    last = np.r_[user[1:] != user[:-1], True]
    start = rows - events.count_earlier()[rows]
    first = np.r_[True, user[1:] != user[:-1]] & (events.at[start] < moment)
    return rows, last, first


def _events(state: ServingState, frame: pl.DataFrame) -> Events:
    item = state.trained.items.ids.rows(frame["item_id"].to_list())
    user = frame["user_id"].rank("dense").to_numpy().astype(np.int64) - 1
    kept = item >= 0
    return Events.of(user[kept], item[kept], frame["timestamp"].to_numpy()[kept])


def _n_users(events: Events) -> int:
    return int(events.user.max()) + 1


def _score(state: ServingState, visible: Dataset, events: Events, rows: Rows) -> Doubles:
    scorer = state.scorer.at_popularity(None).scorers[0]
    values = []
    for start in range(0, len(rows), BLOCK_QUERIES):
        labelled = label_events(visible, visible, events, rows[start : start + BLOCK_QUERIES])
        scores = scorer.score(labelled.queries)
        scores[:, ~labelled.candidates] = -np.inf
        scores[labelled.seen.nonzero()] = -np.inf
        query = np.arange(len(labelled))
        target = scores[query, events.item[rows[start : start + len(labelled)]]]
        rank = (scores >= target[:, None]).sum(axis=1) - 1  # ties count against the target
        values.append(np.where(rank < 10, 1 / np.log2(rank + 2.0), 0.0))
    return np.concatenate(values)


def _mean(values: Doubles) -> tuple[float, float]:
    return float(values.mean()), 1.96 * float(values.std() / np.sqrt(len(values)))


def main() -> None:
    """Measure strategies alone, the default and the objective ``next``; print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of MovieLens 1M")
    parser.add_argument("--only", nargs="*", help="names of the rows")
    parser.add_argument("--order", nargs="*", help="orders of ties: file, random")
    options = parser.parse_args()
    core = read_core(options.data)
    runs: dict[str, tuple[str, str | list[str]]] = {
        **{name: ("cold_start", [name]) for name in ALONE},
        "default": ("cold_start", "auto"),
        "objective `next`, seven strategies": ("next", LEAN),
        "objective `next`": ("next", "auto"),
    }
    print("# The next event, split by time\n")
    print((__doc__ or "").split("\n\n", 1)[1].split("    python")[0])
    print("Command: `python -m benchmarks.studies.time_split DATA/ml1m`.\n")
    print("| ranking | order of ties | last | first | successive | training s |")
    print("| --- | --- | --- | --- | --- | ---: |")
    for name, *numbers in PUBLISHED:
        print(f"| {name} | file | " + " | ".join(f"{n:.4f}" for n in numbers) + " | |")
    for order, frame in (("file", with_file_order(core)), ("random", core)):
        if options.order and order not in options.order:
            continue
        moment = float(np.quantile(frame["timestamp"].to_numpy(), QUANTILE))
        for name, (objective, strategies) in runs.items():
            if not options.only or name in options.only:
                found = measure(frame, moment, objective, strategies)
                numbers = (found.last, found.first, found.successive)
                cells = " | ".join(f"{value:.4f} ± {error:.4f}" for value, error in numbers)
                print(f"| {name} | {order} | {cells} | {found.seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
