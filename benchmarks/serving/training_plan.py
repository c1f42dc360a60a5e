"""Planned and measured time and memory of trainings, and the constants of the plan.

    python -m benchmarks.serving.training_plan measure DATA RUNS.jsonl [--sets NAME[@ITEMS] ...]
    python -m benchmarks.serving.training_plan report RUNS.jsonl [--write]

``DATA`` is a folder with one folder for each data set, with ``interactions.csv.gz`` and
``items.csv.gz``; ``gift_shop@1000`` are the 1,000 items with the most events. Every training
runs in a process of its own with one thread, and appends the processor time and the peak of
each of its parts to ``RUNS.jsonl``. ``--level`` measures the settings of a training with little
memory. ``report`` fits the constants, prints a table in which each data set is predicted from
the others, and writes ``cost_constants.json`` with ``--write``.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common.paths import SOURCE
from benchmarks.serving.training_speed import ONE_THREAD, read_shop

SETS = ("ml100k", "gift_shop", "gift_shop@1000", "anime_zh_dev", "ml1m", "completejourney@3000")
CONSTANTS = SOURCE / "service" / "training" / "cost_constants.json"
COVERED_SHARE = 0.9
"""Share of the errors on left-out data sets that an interval covers."""
MARGIN = 1.1
"""Factor by which the intervals are wider than these errors."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "dense": (2.0, 6.0),
    "landmarks": (1.0, 6.0),
    "sparse": (1.0, 6.0),
    "blocks": (0.2, 1.0),
    "scores": (1.0, 6.0),
    "kernel": (1.0, 3.0),
    "tables": (1.0, 8.0),
    "text": (2.0, 4.0),
}
"""Least and largest number of copies of a kind of matrix that are in memory together: few data
sets cannot tell them apart."""
MIN_GROWTH_MB = 20.0
"""Smallest memory of a fit; below, other allocations decide [MB]."""

Run = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line; measure, or report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("data", type=Path)
    measuring.add_argument("runs", type=Path)
    measuring.add_argument("--sets", nargs="+", default=SETS)
    measuring.add_argument("--level", type=int, default=0, help="1, 2: with less memory")
    measuring.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    reporting = commands.add_parser("report")
    reporting.add_argument("runs", type=Path)
    reporting.add_argument("--write", action="store_true", help="write the constants")
    args = parser.parse_args(arguments)
    if args.command == "report":
        report([json.loads(line) for line in args.runs.read_text().splitlines()], args.write)
        return
    if args.child:
        run = measure(args.data, args.sets[0], args.level)
        with args.runs.open("a") as file:
            file.write(json.dumps(run) + "\n")
        return
    for name in args.sets:
        command = [sys.executable, "-m", __spec__.name, "measure", args.data, args.runs]
        command += ["--sets", name, "--level", str(args.level), "--child"]
        subprocess.run([*map(str, command)], env={**os.environ, **ONE_THREAD}, check=False)  # noqa: S603 - this module


def read_tables(folder: Path, n_items: int | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return events and items of a data set, or of its items with the most events."""
    events, items = read_shop(folder)
    if n_items is None:
        return events, items
    counts = events.group_by("item_id").len().sort("len", "item_id", descending=[True, False])
    kept = counts["item_id"].head(n_items).implode()
    return tuple(frame.filter(pl.col("item_id").is_in(kept)) for frame in (events, items))  # type: ignore[return-value]


def measure(data: Path, name: str, level: int) -> dict[str, Any]:
    """Train on a data set in this process; return its sizes and the cost of each part."""
    from daybreak import Recommender  # noqa: PLC0415 - the parent process does not need it
    from daybreak.data import EventRules  # noqa: PLC0415
    from daybreak.memory import use_limits  # noqa: PLC0415
    from daybreak.service.inputs.frames import as_tables  # noqa: PLC0415
    from daybreak.service.training.plan import LEVELS, measure_tables  # noqa: PLC0415

    folder, _, size = name.partition("@")
    events, items = read_tables(data / folder, int(size) if size else None)
    parts: list[dict[str, Any]] = []

    def start(step: str) -> None:
        now = {"cpu_s": time.process_time(), "peak_mb": _memory_mb("VmHWM")}
        if parts:
            parts[-1]["cpu_s"] = now["cpu_s"] - parts[-1]["cpu_s"]
            parts[-1]["peak_mb"] = now["peak_mb"]
        Path("/proc/self/clear_refs").write_text("5")
        parts.append({"part": step, "start_mb": _memory_mb("VmRSS"), "cpu_s": now["cpu_s"]})

    tables, *_ = as_tables(events, items, None, None)
    sizes = measure_tables(tables, EventRules())
    start("reading")
    with use_limits(LEVELS[level].limits):
        Recommender(encoder="none").fit(events, items=items, progress=start)
    start("end")
    return {"name": name, "level": level, **asdict(sizes), "parts": parts[:-1]}


def _memory_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field))


# --- constants ------------------------------------------------------------------------------


def report(runs: Sequence[Run], is_written: bool) -> None:
    """Print planned and measured costs, each data set planned from the others."""
    from daybreak.service.training import cost_estimate  # noqa: PLC0415

    whole = fit_constants(runs, cost_estimate.cost_constants())
    errors: dict[str, list[float]] = {"memory": [], "seconds": []}
    rows = []
    for run in runs:
        others = [one for one in runs if one["name"] != run["name"]]
        planned = plan_run(run, fit_constants(others, whole))
        measured = run_costs(run)
        for kind, ratios in errors.items():
            if np.isfinite(measured[kind]):
                ratios.append(measured[kind] / planned[kind])
        rows.append((run, planned, measured))
    whole["intervals"] = {
        kind: [
            round(float(np.quantile(found, (1 - COVERED_SHARE) / 2)) / MARGIN, 3),
            round(float(np.quantile(found, (1 + COVERED_SHARE) / 2)) * MARGIN, 3),
        ]
        for kind, found in errors.items()
    } | {"n_trainings": len(runs)}
    _print_table(rows, whole["intervals"])
    if is_written:
        CONSTANTS.write_text(json.dumps(whole, indent=2) + "\n")


def _print_table(rows: Sequence[tuple[Run, Any, Any]], intervals: Mapping[str, Any]) -> None:
    kinds = {"memory": "memory [MB]", "seconds": "time [s]"}
    heading = ["data set", "setting", "items", "users", "events"]
    for label in kinds.values():
        heading += [label, "planned", "error"]
    print(f"| {' | '.join(heading)} |")
    print(f"| --- |{' ---: |' * (len(heading) - 1)}")
    held: dict[str, list[bool]] = {kind: [] for kind in kinds}
    for run, planned, measured in rows:
        sizes = (run["sizes"][name] for name in ("n_items", "n_users", "n_events"))
        cells = [run["name"], str(run["level"]), *(f"{size:,}" for size in sizes)]
        for kind, inside in held.items():
            found, expected = measured[kind], planned[kind]
            if not np.isfinite(found):
                cells += ["–", f"{expected:,.0f}", "–"]
                continue
            low, high = intervals[kind]
            inside.append(low * expected <= found <= high * expected)
            cells += [f"{found:,.0f}", f"{expected:,.0f}", f"{expected / found - 1:+.0%}"]
        print(f"| {' | '.join(cells)} |")
    for kind, inside in held.items():
        low, high = intervals[kind]
        print(f"\n{kind}: from {low:.2f} to {high:.2f} of the plan, held in {sum(inside)} of "
              f"{len(inside)} trainings")  # fmt: skip


def run_costs(run: Run) -> dict[str, float]:
    """Return the peak [MB] and the processor time [s] of a training, without moments."""
    parts = run["parts"]
    seconds = [one["cpu_s"] for one in parts if "(later)" not in one["part"]]
    peaks = [one["peak_mb"] for one in parts if one["peak_mb"] is not None]
    return {"memory": max(peaks) if peaks else float("nan"), "seconds": sum(seconds)}


def plan_run(run: Run, constants: Mapping[str, Any]) -> dict[str, float]:
    """Return the planned peak [MB] and time [s] of a training, without moments."""
    from daybreak.memory import use_limits  # noqa: PLC0415
    from daybreak.service.training import cost_estimate as costs  # noqa: PLC0415
    from daybreak.service.training.plan import LEVELS  # noqa: PLC0415

    with use_limits(LEVELS[run["level"]].limits):
        found = costs.estimate_cost(training_data(run), constants=constants)
        fits = costs.plan_fits(training_data(run).sizes, has_times=run["has_times"])
        later = costs.fit_seconds(fits[-2], constants) if run["has_times"] else 0.0
    return {
        "memory": found.peak_bytes.expected / 1e6,
        "seconds": found.seconds.expected - later,
    }


def training_data(run: Run) -> Any:
    """Return what the cost of a training depends on."""
    from daybreak.models.sizes import TrainingSizes  # noqa: PLC0415
    from daybreak.service.training.cost_estimate import TrainingData  # noqa: PLC0415

    sizes = TrainingSizes(**run["sizes"])
    return TrainingData(sizes, run["table_bytes"], run["has_times"], run["text_dim"])


def fit_constants(runs: Sequence[Run], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constants with the smallest squared relative errors, none below 0."""
    from daybreak.memory import use_limits  # noqa: PLC0415
    from daybreak.service.training import cost_estimate as costs  # noqa: PLC0415
    from daybreak.service.training.plan import LEVELS  # noqa: PLC0415

    rows: dict[str, list[tuple[dict[str, float], float]]] = {
        name: [] for name in ("base", "fit", "weights", "encoding", "seconds", "weighing")
    }
    for run in runs:
        with use_limits(LEVELS[run["level"]].limits):
            data = training_data(run)
            fits = costs.plan_fits(data.sizes, has_times=run["has_times"])
            pools = costs.pool_megabytes(fits[:-1], costs.N_REFERENCE_STRATEGIES)
            base = costs.base_features(data)
            _add_run(rows, run, fits, pools, base)
    memory = _solve(rows["base"], BOUNDS)
    memory["fit"] = _solve(rows["fit"], BOUNDS)
    memory["weights"] = _solve(rows["weights"])["weights"]
    encoding, weighing = _solve(rows["encoding"]), _solve(rows["weighing"])
    seconds = {**encoding, **weighing, "fit": _solve(rows["seconds"])}
    return {**earlier, "memory": memory, "seconds": seconds}


def _add_run(
    rows: Mapping[str, list[tuple[dict[str, float], float]]],
    run: Run,
    fits: Sequence[Any],
    pools: float,
    base: dict[str, float],
) -> None:
    """Add what the parts of a training say about each group of constants."""
    from daybreak.service.training import cost_estimate as costs  # noqa: PLC0415

    simulated = next(one for one in run["parts"] if one["part"].startswith("simulated"))
    n_random = len(fits) - 1 - 2 * run["has_times"]
    fit_of = {"(random)": fits[0], "all data": fits[-1]}
    fit_of |= {"(arrival)": fits[n_random]} if run["has_times"] else {}
    for part in run["parts"]:
        if part["part"].startswith("encoding"):
            features = costs.encoding_features(training_data(run))
            rows["encoding"].append((features, part["cpu_s"]))
        for name, fit in fit_of.items():
            if name in part["part"]:
                _add_fit(rows, part, fit)
    weights = [one for one in run["parts"] if "the weights" in one["part"]]
    n_queries = sum(one.n_queries for one in fits) / 1_000
    rows["weighing"].append(({"weights": n_queries}, sum(one["cpu_s"] for one in weights)))
    if simulated["peak_mb"] is not None:
        rows["base"].append((base, simulated["start_mb"]))
        peak = max(one["peak_mb"] for one in weights)
        rows["weights"].append(({"weights": pools}, max(peak - simulated["start_mb"], 1.0)))


def _add_fit(
    rows: Mapping[str, list[tuple[dict[str, float], float]]], part: Mapping[str, Any], fit: Any
) -> None:
    """Add what a part says about one fit."""
    from daybreak.service.training import cost_estimate as costs  # noqa: PLC0415

    rows["seconds"].append((costs.fit_time_features(fit), max(part["cpu_s"], 0.01)))
    if part["peak_mb"] is not None and "all data" not in part["part"]:  # pools are freed there
        pools = costs.pool_megabytes([fit], costs.N_REFERENCE_STRATEGIES)
        growth = max(part["peak_mb"] - part["start_mb"] - pools, MIN_GROWTH_MB)
        rows["fit"].append((costs.fit_memory_features(fit), growth))


def _solve(
    rows: Sequence[tuple[dict[str, float], float]],
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """Return the constants within bounds that minimise the relative errors."""
    from scipy.optimize import lsq_linear  # noqa: PLC0415

    names = list(rows[0][0])
    features = np.array([[one[name] for name in names] for one, _ in rows])
    values = np.array([value for _, value in rows])
    limits = np.array([(bounds or {}).get(name, (0.0, np.inf)) for name in names]).T
    found = lsq_linear(features / values[:, None], np.ones(len(values)), limits).x
    return {name: float(f"{value:.4g}") for name, value in zip(names, found, strict=True)}


if __name__ == "__main__":
    main()
