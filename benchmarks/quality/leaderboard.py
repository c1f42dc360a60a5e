"""Every strategy alone on several data sets: a table, a CSV file and two pictures for each.

    python -m benchmarks.quality.leaderboard --shared SHARED --data ml100k gift_shop --work WORK

Each strategy runs in a separate process, so that its memory is measured separately and a lack
of memory ends no other strategy. Finished rows are kept in WORK under a hash of the source, so
the command can be stopped and repeated; rows that failed are computed again.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.paths import IMAGES, RESULTS, ROOT
from benchmarks.quality.cells import source_hash
from benchmarks.quality.leaderboard_tables import write
from daybreak.data import read_folder
from daybreak.errors import DaybreakError
from daybreak.ranking.benchmarks.learners import BenchmarkResults, StrategyResult
from daybreak.service.benchmarking.leaderboard import (
    BenchmarkOptions,
    Leaderboard,
    run_leaderboard,
    select_learners,
)
from daybreak.simulation.resources import ResourceUsage
from daybreak.simulation.slices import BENCHMARK_SLICES

DATA_SETS = ("ml100k", "gift_shop", "anime_zh_dev", "ml1m")


def main() -> None:
    """Write the table of each data set."""
    args = _arguments()
    if args.row is not None:
        print(json.dumps(measure(args.shared / "data" / args.data[0], args.row, args)))
        return
    for name in args.data:
        folder = args.shared / "data" / name
        if not folder.is_dir():
            print(f"skipped {name}: no such folder in the data folder; see README")
            continue
        if args.together:
            chosen = select_learners(
                args.strategy, auto=not args.no_auto, progress=_print_progress
            )
            options = BenchmarkOptions(seed=args.seed, repeats=args.repeats)
            board = run_leaderboard(
                name, read_folder(folder).tables, chosen, options, _print_progress
            )
        else:
            board = join_rows(
                name, {learner: cached_row(name, learner, args) for learner in _names(args)}
            )
        write(board, args.out, args.images)
        print(f"{name}: wrote {args.out / f'leaderboard_{name}.md'}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/NAME/")
    parser.add_argument("--data", nargs="+", default=list(DATA_SETS), help="folders in data/")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished rows")
    parser.add_argument("--strategy", nargs="+", default=[], help="only these (default: all)")
    parser.add_argument("--no-auto", action="store_true", help="leave the blend of all out")
    parser.add_argument("--repeats", type=int, default=2, help="random draws of hidden parts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--together",
        action="store_true",
        help="all in one process: faster, but memory is less exact and rows are not kept",
    )
    parser.add_argument("--run", default=source_hash(), help="key of the rows in WORK")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--images", type=Path, default=IMAGES)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    return parser.parse_args()


def _names(args: argparse.Namespace) -> list[str]:
    return [learner.name for learner in select_learners(args.strategy, auto=not args.no_auto)]


def measure(folder: Path, learner: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return the row of one strategy as plain values."""
    chosen = [
        c for c in select_learners(auto=True, progress=_print_progress) if c.name == learner
    ]
    options = BenchmarkOptions(seed=args.seed, repeats=args.repeats)
    board = run_leaderboard(
        folder.name, read_folder(folder).tables, chosen, options, _print_progress
    )
    (row,) = board.results.results
    return {
        "facts": dict(board.metadata),
        "queries": dict(board.results.n_queries),
        "values": {name: values.round(6).tolist() for name, values in row.values.items()},
        "train": vars(row.training),
        "score": vars(row.scoring),
        "fault": row.error,
    }


def _print_progress(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def cached_row(name: str, learner: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return a finished row, or compute it in a separate process."""
    folder = args.work / "leaderboard" / args.run / f"{name}_{args.seed}_{args.repeats}"
    file = folder / f"{learner.replace('/', '__')}.json"
    if file.exists():
        row: dict[str, Any] = json.loads(file.read_text())
        if row["fault"] is None:
            return row
    row = _run_row(name, learner, args)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row))
    done = row["fault"] or f"{row['train']['seconds']:.1f} s to train"
    print(f"{name} {learner}: {done}", flush=True)
    return row


def _run_row(name: str, learner: str, args: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.quality.leaderboard",
        "--row",
        learner,
        "--data",
        name,
    ]
    command += ["--shared", str(args.shared.resolve()), "--work", str(args.work.resolve())]
    command += ["--seed", str(args.seed), "--repeats", str(args.repeats), "--run", args.run]
    done = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        ended = f"ended with status {done.returncode}"
        if done.returncode < 0:
            ended = f"ended by signal {-done.returncode}; 9 usually means a lack of memory"
        return {"fault": ended, "facts": {}, "queries": {}, "values": {}}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def join_rows(name: str, rows: dict[str, dict[str, Any]]) -> Leaderboard:
    """Return the rows as one leaderboard.

    Raises:
        DaybreakError: No strategy has run.
    """
    run = [row for row in rows.values() if row["queries"]]
    if not run:
        raise DaybreakError(f"no strategy has run on {name}; the lines above say why")
    speeds = [row["facts"]["texts_per_s"] or 0 for row in run]
    facts = {**run[0]["facts"], "texts_per_s": max(speeds) or None}
    queries = {
        key: run[0]["queries"][key] for key in BENCHMARK_SLICES if key in run[0]["queries"]
    }
    results = tuple(_result(learner, row) for learner, row in rows.items())
    return Leaderboard.from_results(name, BenchmarkResults(results, queries), facts)


def _result(learner: str, row: dict[str, Any]) -> StrategyResult:
    values = {name: np.array(found) for name, found in row["values"].items()}
    train, score = (ResourceUsage(**row.get(part, {})) for part in ("train", "score"))
    return StrategyResult(learner, values, train, score, row["fault"])


if __name__ == "__main__":
    main()
