"""Speed of a trained recommender: single requests, and all users at once.

    python -m benchmarks.serving.serving_speed SPLIT --data DATA [--release FOLDER]

Trains on the split, or loads an earlier release with the events of the split, and prints a
Markdown table of wall-clock and processor times; other work on the machine hardly affects the
latter. Everything runs in one process, through the public API.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.quality.run_split import read
from daybreak import Recommender, Tables

N_REQUESTS = 500
"""Single requests of each kind, including the warm-up."""
N_WARM_UP_REQUESTS = 50


def main() -> None:
    """Parse the command line, prepare the model, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("split", type=Path, help="folder with train.csv.gz, users.csv, ...")
    parser.add_argument("--data", type=Path, required=True, help="folder with items.csv.gz")
    parser.add_argument("--release", type=Path, help="folder of a release; default: train")
    args = parser.parse_args()
    tables, _ = read(args.split, args.data)
    start = time.perf_counter()
    model = _model(tables, args.release)
    ready = time.perf_counter() - start
    facts = f"{tables.users.height:,} users, {tables.items.height:,} items, "
    facts += f"{tables.events.height:,} events; load average {os.getloadavg()[0]:.1f}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}; {facts}.\n")
    print("| what | p50 | p99 | p50 of CPU | p99 of CPU |\n| --- | --- | --- | --- | --- |")
    print(f"| {'load' if args.release else 'train'} | {ready:.1f} s | | | |")
    print(f"| import daybreak.Recommender, new process | {_import_seconds():.2f} s | | | |")
    all_users = tables.users["user_id"].to_list()
    seconds = _seconds(lambda: model.recommend(all_users[:1_000], k=20))
    print(f"| the first 1,000 users, while weights are computed | {seconds:.2f} s | | | |")
    for name, send in _requests(model, tables):
        print(f"| {name} | {_row(send)} |")
    seconds = min(_seconds(lambda: model.recommend(all_users, k=20)) for _ in range(3))
    print(f"| top 20 of all {len(all_users):,} users | {seconds:.2f} s | | | |")
    print(f"| peak memory | {_peak_mb():,.0f} MB | | | |")


def _model(tables: Tables, release: Path | None) -> Recommender:
    if release is None:
        return Recommender().fit(tables)
    return Recommender.load(release, events=tables.events, users=tables.users)


def _requests(model: Recommender, tables: Tables) -> Iterator[tuple[str, Callable[[int], Any]]]:
    """Yield names and functions that make request number ``n``."""
    rng = np.random.default_rng(0)
    users = tables.users["user_id"].to_list()
    items = tables.items["item_id"].to_list()
    known = [users[row] for row in rng.integers(0, len(users), N_REQUESTS)]
    chosen = [[items[row] for row in rng.integers(0, len(items), 5)] for _ in range(N_REQUESTS)]
    yield "one known user, k=20", lambda n: model.recommend([known[n]], k=20)
    yield "an unknown user, k=20", lambda n: model.recommend([f"?{n}"], k=20)
    yield (
        "an unknown user with five events, k=20",
        lambda n: model.recommend(
            ["?"], k=20, histories={"user_id": ["?"] * 5, "item_id": chosen[n]}
        ),
    )
    yield (
        "a known user, k=20, explained",
        lambda n: model.recommend([known[n]], k=20, explain=True),
    )
    yield "10 similar items", lambda n: model.similar_items(chosen[n][:1])
    yield (
        "one new event",
        lambda n: model.add_events([{"user_id": f"?{n}", "item_id": chosen[n][0]}]),
    )


def _row(send: Callable[[int], Any]) -> str:
    wall, busy = [], []
    for number in range(N_REQUESTS):
        start, used = time.perf_counter(), time.process_time()
        send(number)
        wall.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    cells = [
        np.quantile(part[N_WARM_UP_REQUESTS:], q) * 1000
        for part in (wall, busy)
        for q in (0.5, 0.99)
    ]
    return " | ".join(f"{cell:.2f} ms" for cell in cells)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _import_seconds() -> float:
    command = [sys.executable, "-c", "from daybreak import Recommender"]

    def run() -> None:
        subprocess.run(command, check=True)  # noqa: S603 - fixed words

    return min(_seconds(run) for _ in range(5))


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, polars {pl.__version__}"
    )


def _peak_mb() -> float:
    kilo = 1024 if sys.platform != "darwin" else 1024**2
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo


if __name__ == "__main__":
    main()
