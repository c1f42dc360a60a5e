"""Time and memory of one training on a shop of any size, phase by phase, and of its lists.

    python -m benchmarks.scale.large_training DATA WORK [--users N] [--items N] [--events N]
        [--strategies NAME ...] [--engine NAME] [--lists N] [--out FILE]

The shop is made by ``benchmarks.scale.generator`` from the data set ``DATA``. Its Parquet files
are read by ``read_partitions``, without a store, and a recommender without a text model is
trained on them in a process of its own. A row is the end of a phase: time since the start,
processor time of all threads and of the workers of the engine so far, and the largest memory of
the process so far. Then lists of ten are made for ``--lists`` known users, a thousand at a
time, and written to Parquet; the first thousand, which compute what others read, count on their
own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.common.tables import grid, machine
from benchmarks.scale.curves import peak_mb
from benchmarks.scale.generator import plan_expansion, read_data, write_expansion
from daybreak import Recommender, read_partitions
from daybreak.engines import open_engine, use_engine

STRATEGIES = ("popular", "item_knn")
CHUNK_USERS = 1_000
HEADS = ["end of", "seconds", "processor [s]", "largest memory [MB]"]


class PhaseLog:
    """Writes a row at the end of each phase."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = time.perf_counter()
        self._phase = "imports"
        file.write_text("", "utf-8")

    def begin(self, phase: str) -> None:
        """End the phase before.

        Args:
            phase: What is done from now on.
        """
        used = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        row = {
            "phase": self._phase,
            "seconds": time.perf_counter() - self._start,
            "processor_s": sum(one.ru_utime + one.ru_stime for one in used),
            "peak_mb": peak_mb(),
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._phase = phase


def train(shop: Path, log: Path, strategies: Sequence[str], engine: str, n_lists: int) -> None:
    """Train on a shop and make lists, and write the rows of all phases.

    Args:
        shop: Folder that the generator wrote.
        log: File for the rows.
        strategies: Names of the strategies.
        engine: Name of an engine; empty: none.
        n_lists: Number of lists.
    """
    phases = PhaseLog(log)
    phases.begin("reading the files")
    read = read_partitions(shop / "events", items=shop / "items.parquet")
    phases.begin("tables")
    names: Any = list(strategies) if strategies != ("auto",) else "auto"
    model = Recommender(encoder="none", strategies=names)
    if engine:
        with open_engine(engine) as opened, use_engine(opened):
            model.fit(read, progress=phases.begin)
    else:
        model.fit(read, progress=phases.begin)
    phases.begin("saving the release")
    model.save(shop / "release")
    phases.begin("the first thousand lists")
    users = read.tables.users["user_id"][:n_lists].to_list()
    parts = []
    for start in range(0, len(users), CHUNK_USERS):
        parts.append(model.recommend(users[start : start + CHUNK_USERS], k=10))
        if not start:
            phases.begin(f"{len(users) - CHUNK_USERS:,} further lists")
    pl.concat(parts).write_parquet(shop / "lists.parquet")
    phases.begin("")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Make the shop if it is not there, train in another process, and return the rows."""
    shop = args.work / f"{args.users}-{args.items}-{args.events}"
    if not (shop / "items.parquet").exists():
        events, items = read_data(args.data)
        write_expansion(
            plan_expansion(events, args.users, args.items, args.events), items, shop
        )
    log = shop / "phases.jsonl"
    call = [
        sys.executable,
        "-m",
        "benchmarks.scale.large_training",
        "--one",
        str(shop),
        str(log),
    ]
    options = ["--lists", str(args.lists), "--engine", args.engine]
    options += ["--strategies", *args.strategies]
    subprocess.run([*call, *options], check=True, env=os.environ)  # noqa: S603 - this program
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table of the phases.

    Example:
        >>> row = {"phase": "tables", "seconds": 2.0, "processor_s": 1.6, "peak_mb": 900.4}
        >>> table([row])[-1]
        '| tables | 2 | 2 | 900 |'
    """
    cells = [
        [row["phase"], *(f"{row[name]:,.0f}" for name in ("seconds", "processor_s", "peak_mb"))]
        for row in rows
    ]
    return grid(HEADS, cells)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--engine", default="")
    parser.add_argument("--lists", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.one:
        train(args.data, args.work, tuple(args.strategies), args.engine, args.lists)
        return
    heading, *rest = (__doc__ or "").split("\n\n")
    size = f"{args.users:,} users, {args.items:,} items, {args.events:,} events"
    chosen = f"strategies: {', '.join(args.strategies)}; engine: {args.engine or 'none'}"
    facts = [f"- {name}: {value}" for name, value in machine().items()]
    lines = [
        f"# {heading.rstrip('.')}",
        "",
        rest[-1].strip(),
        "",
        *facts,
        f"- {size}",
        f"- {chosen}",
    ]
    page = "\n".join([*lines, "", *table(run(args))]) + "\n"
    print(page)
    if args.out:
        args.out.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
