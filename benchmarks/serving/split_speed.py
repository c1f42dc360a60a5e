"""Processor time of the first simulated cold start of a training, by its parts.

    python -m benchmarks.serving.split_speed FOLDER --items N [--before SOURCE]

``FOLDER`` has ``interactions.csv.gz`` and ``items.csv.gz``; the N most chosen items are used.
``SOURCE`` is the folder ``src`` of another checkout. Every simulated cold start repeats these
parts, so that the first one tells what a training on a large catalogue costs. Without text
vectors; one thread in a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.common.paths import ROOT
from benchmarks.serving.training_speed import KEPT_COLUMNS, ONE_THREAD

N_PARTS = 12
"""Parts that are printed, those that take longest."""


class MeasuredError(Exception):
    """The first simulated cold start has been measured."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the data set")
    parser.add_argument("--items", type=int, default=25_000, help="most chosen items")
    parser.add_argument("--before", type=Path, help="folder src of another checkout")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.child:
        print(json.dumps(measure(args.folder, args.items)))
        return
    sources = ([args.before] if args.before else []) + [ROOT / "src"]
    found = [_run(args.folder, args.items, source) for source in sources]
    names = sorted(found[0], key=lambda name: -found[0][name])
    print(f"| part | {' | '.join(['before', 'now'][-len(found) :])} |")
    print(f"| --- |{' ---: |' * len(found)}")
    for name in names[:N_PARTS]:
        print(f"| {name} | {' | '.join(f'{one.get(name, 0):,.1f}' for one in found)} |")


def measure(folder: Path, n_items: int) -> dict[str, float]:
    """Return processor times of parts of the first simulated cold start [s]."""
    from daybreak import Recommender  # noqa: PLC0415 - the parent process may not have it
    from daybreak.ranking.blending import pools, time_budget  # noqa: PLC0415 - as above
    from daybreak.ranking.blending.strategies import FittedStrategies  # noqa: PLC0415

    spent: Counter[str] = Counter()
    candidates: Any = time_budget.CandidateStrategies
    _time(spent, candidates, "_fit_timed", lambda _, strategy, *rest: f"fit {strategy.name}")
    _time(spent, FittedStrategies, "linear_models", lambda *_: "weights of the scored items")
    _time(spent, pools, "score_strategies", lambda *_: "scores of the queries")
    _time(spent, pools, "build_candidate_pool", lambda *_: "candidate pools")
    _time(spent, pools.PoolBuilder, "add_split", lambda *_: "all", stops=True)
    events, items = _read(folder, n_items)
    try:
        Recommender(encoder="none").fit(events, items=items)
    except MeasuredError:
        spent["peak memory [MB]"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return dict(spent)


def _time(
    spent: "Counter[str]",
    owner: Any,
    name: str,
    label: Callable[..., str],
    *,
    stops: bool = False,
) -> None:
    """Let a function add its processor time to a counter."""
    function = getattr(owner, name)

    def timed(*args: Any, **options: Any) -> Any:
        start = time.process_time()
        result = function(*args, **options)
        spent[label(*args)] += time.process_time() - start
        if stops:
            raise MeasuredError
        return result

    setattr(owner, name, timed)


def _read(folder: Path, n_items: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events and rows of the most chosen items."""
    text = {"user_id": pl.String, "item_id": pl.String}
    events, items = (
        pl.read_csv(folder / f"{name}.csv.gz", schema_overrides=text, infer_schema_length=None)
        for name in ("interactions", "items")
    )
    counts = events.group_by("item_id").len().sort("len", "item_id", descending=[True, False])
    kept = counts.head(n_items).select("item_id")
    events = events.select(name for name in KEPT_COLUMNS if name in events.columns)
    return events.join(kept, on="item_id"), items.join(kept, on="item_id")


def _run(folder: Path, n_items: int, source: Path) -> dict[str, float]:
    """Return the measurements of a new process."""
    command = [sys.executable, "-m", __spec__.name, str(folder)]
    command += ["--items", str(n_items), "--child"]
    environment = {
        **os.environ,
        **ONE_THREAD,
        "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)]),
    }
    result = subprocess.run(  # noqa: S603 - ours
        command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT
    )
    found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
