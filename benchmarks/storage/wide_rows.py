"""Cost of items that have many attribute names of their own.

    python -m benchmarks.storage.wide_rows [--before SOURCE]

``SOURCE`` is the folder ``src`` of another checkout. Every measurement runs in a process of its
own with one thread: items are stored by one call, a part of them is changed, and a service is
opened on the store. The last row is a catalogue of the same size whose items share all names.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common.paths import ROOT
from benchmarks.serving.training_speed import ONE_THREAD

SHAPES = ((100, 400, True), (2_000, 5, True), (10_000, 5, True), (10_000, 5, False))
"""Items, names of each, and whether the names are its own."""
CHANGED_SHARE = 0.1
"""Share of the items that are changed by attributes of their own."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="folder src of another checkout")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.child is not None:
        print(json.dumps(measure(*SHAPES[args.child])))
        return
    sources = {"now": ROOT / "src"} | ({"before": args.before} if args.before else {})
    print(f"{datetime.now(UTC):%Y-%m-%d}, one thread, processor times.\n")
    print("| items | names of each | code | store [s] | change a tenth [s] | start [s] | MB |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: |")
    for number, (n, m, own) in enumerate(SHAPES):
        for code, source in sorted(sources.items()):
            values = " | ".join(f"{value:.2f}" for value in _run(number, source))
            kind = "of its own" if own else "of all"
            print(f"| {n:,} | {m} {kind} | {code} | {values} |", flush=True)


def measure(n: int, m: int, own: bool) -> list[float]:
    """Return processor times [s] of storing, changing and opening, and the size [MB]."""
    from daybreak.config import Settings  # noqa: PLC0415 - the code that is measured
    from daybreak.service.serving import RecommenderService  # noqa: PLC0415

    rows = [
        {"item_id": f"i{i}", "title": f"Tea {i}"}
        | {f"name {i if own else ''} {j}": [j] for j in range(m)}
        for i in range(n)
    ]
    changes = [
        {"item_id": row["item_id"], f"late {i if own else ''}": i}
        for i, row in enumerate(rows[: int(CHANGED_SHARE * n)])
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        settings = Settings(store=f"sqlite:///{path}", encoder="none")
        times = [time.process_time()]
        with RecommenderService(settings, poll_s=3600) as service:
            times[0] = time.process_time()
            service.catalogue.put(rows)
            times.append(time.process_time())
            service.catalogue.put(changes, partial=True)
            times.append(time.process_time())
        before = time.process_time()
        with RecommenderService(settings, poll_s=3600):
            start = time.process_time() - before
        return [times[1] - times[0], times[2] - times[1], start, path.stat().st_size / 1e6]


def _run(number: int, source: Path) -> list[float]:
    """Return the measurements of one shape in a new process."""
    command = [sys.executable, "-m", "benchmarks.storage.wide_rows", "--child", str(number)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": f"{source}:{ROOT}"}
    found = subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ROOT)  # noqa: S603 - ours
    values: list[float] = json.loads(found.stdout)
    return values


if __name__ == "__main__":
    main()
