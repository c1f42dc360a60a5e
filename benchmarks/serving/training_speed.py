"""Processor time and memory of a training, of this code and of earlier ones.

    python -m benchmarks.serving.training_speed DATA [--sets NAME ...] [--before SOURCE]

``DATA`` is a folder with one folder for each data set, with ``interactions.csv.gz`` and
``items.csv.gz``; ``SOURCE`` is the folder ``src`` of another checkout. Every training runs in a
process of its own with one thread. The table has the smallest processor time of several runs,
since other work on the machine only adds to it. Without ``--encoder``, no text vectors are
used; with one, the first run encodes texts unless an earlier one has.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchmarks.common.paths import ROOT

SETS = ("ml100k", "ml1m", "gift_shop")
MIN_RATING = 4.0
"""Smallest rating that counts as an event."""
KEPT_COLUMNS = ("user_id", "item_id", "timestamp", "rating", "event")
ONE_THREAD = {
    name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS")
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with one folder for each data set")
    parser.add_argument("--sets", nargs="+", default=SETS, help="names of the data sets")
    parser.add_argument("--before", type=Path, help="folder src of another checkout")
    parser.add_argument("--runs", type=int, default=2, help="trainings of each kind")
    parser.add_argument("--encoder", default="none", help="text encoder, such as auto")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.child:
        print(json.dumps(measure(args.data, args.encoder)))
        return
    sources = {"now": ROOT / "src"} | ({"before": args.before} if args.before else {})
    print(f"{datetime.now(UTC):%Y-%m-%d}, one thread, smallest of {args.runs} runs.\n")
    print("| data set | code | processor time [s] | peak memory [MB] |")
    print("| --- | --- | ---: | ---: |")
    for name in args.sets:
        for code, source in sorted(sources.items()):
            runs = [_run(args.data / name, source, args.encoder) for _ in range(args.runs)]
            cpu, memory = (min(run[key] for run in runs) for key in ("cpu_s", "peak_mb"))
            print(f"| {name} | {code} | {cpu:.1f} | {memory:,.0f} |", flush=True)


def read_shop(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the positive events and the items of a data set."""
    text = {"user_id": pl.String, "item_id": pl.String}
    events, items = (
        pl.read_csv(folder / f"{name}.csv.gz", schema_overrides=text, infer_schema_length=None)
        for name in ("interactions", "items")
    )
    if "rating" in events.columns:
        events = events.filter(pl.col("rating") >= MIN_RATING)
    return events.select(name for name in KEPT_COLUMNS if name in events.columns), items


def measure(folder: Path, encoder: str) -> dict[str, float]:
    """Train on a data set in this process; return processor time [s] and peak memory [MB]."""
    from daybreak import Recommender  # noqa: PLC0415 - the parent process may not have it

    events, items = read_shop(folder)
    start = time.process_time()
    Recommender(encoder=encoder).fit(events, items=items)
    cpu_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": cpu_s, "peak_mb": peak_mb}


def _run(folder: Path, source: Path, encoder: str) -> dict[str, float]:
    """Return the measurements of one training in a new process."""
    command = [
        sys.executable,
        "-m",
        __spec__.name,
        str(folder),
        "--encoder",
        encoder,
        "--child",
    ]
    paths = os.pathsep.join([str(source), str(ROOT)])
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": paths}
    result = subprocess.run(  # noqa: S603 - ours
        command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT
    )
    found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
