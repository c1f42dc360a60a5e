"""Measure whether trainings keep to their time budgets, and which slow strategies they use.

    python -m benchmarks.quality.budget --shared SHARED --data ml100k gift_shop \
        --budget 30 60 120 240

Every training runs in a separate process. A budget is kept if the training takes at most a
tenth longer. The fast strategies are always trained; a run without a budget shows the time they
need.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common.paths import RESULTS, ROOT
from benchmarks.common.tables import machine
from daybreak import Recommender, read_folder

MAX_TIME_RATIO = 1.1


def main() -> None:
    """Run every training and write the table."""
    args = _arguments()
    if args.one is not None:
        print(json.dumps(train(args.shared / "data" / args.data[0], args.one)))
        return
    rows = [
        _row(name, budget, args) for name in args.data for budget in (0.0, *sorted(args.budget))
    ]
    lines = [
        "# Trainings within a budget",
        "",
        "Complete trainings with cached text vectors and one thread for networks. *light*: no",
        "budget. A budget is kept if the training takes at most "
        f"{MAX_TIME_RATIO:g} times as long.",
        "",
        *(f"- {title}: {text}" for title, text in machine().items()),
        "",
        "| data | budget [s] | taken [s] | kept | peak [MiB] | slow strategies in use |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    (args.out / "budget.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/NAME/")
    parser.add_argument("--data", nargs="+", default=["ml100k", "gift_shop", "ml1m"])
    parser.add_argument("--budget", nargs="+", type=float, default=[30, 60, 120, 240, 900])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def train(folder: Path, budget: float) -> dict[str, object]:
    """Train once; the catalogue is encoded before, so that encoding is not timed."""
    tables = read_folder(folder).tables
    Recommender(strategies=["popular"]).fit(tables)
    start = time.perf_counter()
    model = Recommender(budget_s=budget or None).fit(tables)
    seconds = time.perf_counter() - start
    fast = {s.name for s in Recommender().strategies}
    used = [
        name
        for name, found in model.report["candidates"].items()
        if not found["left_out"] and name not in fast
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, "used": used}


def _row(name: str, budget: float, args: argparse.Namespace) -> str:
    command = [
        sys.executable,
        "-m",
        "benchmarks.quality.budget",
        "--shared",
        str(args.shared.resolve()),
    ]
    command += ["--data", name, "--one", str(budget)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout.strip().splitlines()[-1])
    kept = "–" if not budget else "yes" if found["seconds"] <= MAX_TIME_RATIO * budget else "no"
    requested = f"{budget:g}" if budget else "light"
    used = ", ".join(found["used"]) or "none"
    print(f"{name} {requested}: {found['seconds']:.1f} s, {used}", flush=True)
    took, peak = f"{found['seconds']:.1f}", f"{found['peak_mb']:.0f}"
    return f"| {name} | {requested} | {took} | {kept} | {peak} | {used} |"


if __name__ == "__main__":
    main()
