"""Time and memory of training, opening and answering against items and events.

    python -m benchmarks.scale.curves DATA WORK --items N ... --events N ... [--peer-python P]
        [--most-seconds N] [--without SYSTEM:AXIS:SIZE ...] [--out FILE] [--picture FILE]

Shops are made by ``benchmarks.scale.generator`` from the data set ``DATA``. Along the first
axis the items grow, with a user for each item and ten events a user; along the second one
the events grow, with 3,000 items and ten events a user. Each number is measured in
a process of its own with one thread: processor time of the training (reading the files is not
part of it), peak memory of that process, processor time to open the saved release in another
process (with checksums and imports; of the peer, to read its file in the same one), and
processor time of a list of ten of 100 known users, one after another. *Daybreak* is the
default training without a text model; *item_knn* is that strategy alone. Of the peers,
``implicit`` has ``AlternatingLeastSquares`` with 64 factors and ``CosineRecommender`` with 100
neighbours, ``LightFM`` (as ``lightfm-next``) the loss WARP with 64 factors, 10 epochs and no
features, and ``RecTools`` its ``EASEModel``, with their other defaults; see
``benchmarks/scale/curve_peers.py``.

A process that takes more than ``--most-seconds`` of processor time is ended, and a measurement
named by ``--without`` is not started; the cells say so.

The slope is that of a straight line through the logarithms (least squares) of the three largest
measured sizes: time grows with the size to the power of the slope. What is beyond the measured
sizes is an extrapolation, and is marked so. Costs that do not depend on the size make slopes of
small sizes too low, and such extrapolations are lower bounds.
"""

import argparse
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

EVENTS_PER_USER = 10
BASE_ITEMS = 3_000
N_ANSWERS = 100
N_SLOPE_SIZES = 3
"""Largest measured sizes through which the line of a slope goes."""
SYSTEMS = ("daybreak", "item_knn")
PEERS = ("implicit_als", "implicit_cosine", "lightfm_warp", "rectools_ease")
NAMES = {
    "daybreak": "Daybreak, default",
    "item_knn": "Daybreak, item_knn alone",
    "implicit_als": "implicit 0.7 ALS",
    "implicit_cosine": "implicit 0.7 Cosine",
    "lightfm_warp": "LightFM 1.19 WARP",
    "rectools_ease": "RecTools 0.19 EASE",
}
MEASURES = {
    "fit_s": "training [s]",
    "peak_mb": "memory of the training [MB]",
    "open_s": "opening [s]",
    "answer_ms": "a list [ms]",
}
COLOURS = ("#c1121f", "#e07a3f", "#2a6f97", "#6c9a8b", "#8d6cab", "#7a7a7a")
THREADS = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)


class Point(NamedTuple):
    """One size of a shop."""

    axis: str
    """``items`` or ``events``."""
    users: int
    items: int
    events: int

    @property
    def size(self) -> int:
        """Position on the axis."""
        return self.items if self.axis == "items" else self.events


def points(items: Sequence[int], events: Sequence[int]) -> list[Point]:
    """Return the sizes along both axes.

    Example:
        >>> points([1_000], [])
        [Point(axis='items', users=1000, items=1000, events=10000)]
    """
    by_items = [Point("items", n, n, EVENTS_PER_USER * n) for n in items]
    by_events = [Point("events", n // EVENTS_PER_USER, BASE_ITEMS, n) for n in events]
    return by_items + by_events


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the power of the size with which values grow, of at least two sizes.

    Example:
        >>> round(slope([1, 10, 100], [3, 30, 300]), 3), round(slope([1, 4], [1, 2]), 3)
        (1.0, 0.5)
    """
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def extrapolate(sizes: Sequence[float], values: Sequence[float], size: float) -> float:
    """Return the value at a size by the line through the logarithms.

    Example:
        >>> round(extrapolate([1, 10], [2, 20], 1_000))
        2000
    """
    power, start = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(np.exp(start + power * np.log(size)))


# --- one measurement, in a process of its own ----------------------------------------------


def measure(system: str, folder: Path) -> dict[str, float]:
    """Return the measures of a system on a shop.

    Args:
        system: Key of ``NAMES``.
        folder: Folder that the generator wrote.
    """
    found = fit_daybreak(system, folder) if system in SYSTEMS else measure_peer(system, folder)
    return {**found, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Return the largest memory of this process, without that of its parent [MB]."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1_000


def fit_daybreak(system: str, folder: Path) -> dict[str, float]:
    """Train and save a recommender."""
    from daybreak import Recommender  # noqa: PLC0415 - the peers have another environment

    events, items = read(folder)
    named = {} if system == "daybreak" else {"strategies": [system]}
    model = Recommender(encoder="none", **named)
    start = time.process_time()
    model.fit(events, items=items)
    seconds = time.process_time() - start
    model.save(folder / f"release-{system}")
    return {"fit_s": seconds}


def answer_daybreak(system: str, folder: Path) -> dict[str, float]:
    """Open the release in this process, and answer."""
    from daybreak import Recommender  # noqa: PLC0415

    events, _ = read(folder)
    start = time.process_time()
    model = Recommender.load(folder / f"release-{system}")
    seconds = time.process_time() - start
    model.add_events(events)
    users = events["user_id"].unique(maintain_order=True)[: N_ANSWERS + 1].to_list()
    return {"open_s": seconds, "answer_ms": answer_ms(lambda u: model.recommend([u]), users)}


def measure_peer(system: str, folder: Path) -> dict[str, float]:
    """Train a model of a peer, and answer."""
    peers = import_module("curve_peers")  # beside this script; the peers have no Daybreak
    peer = peers.fit_peer(system, read(folder)[0], folder)
    found = {"fit_s": peer.fit_s}
    if peer.reopen is not None:
        start = time.process_time()
        peer.reopen()
        found["open_s"] = time.process_time() - start
    return {**found, "answer_ms": answer_ms(peer.answer, list(peer.users)[: N_ANSWERS + 1])}


def answer_ms(answer: Callable[[Any], Any], users: Sequence[Any]) -> float:
    """Return the mean processor time of an answer; the first one does not count [ms]."""
    answer(users[0])
    start = time.process_time()
    for user in users[1:]:
        answer(user)
    return 1_000 * (time.process_time() - start) / (len(users) - 1)


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events and items of a shop."""
    return pl.read_parquet(folder / "events" / "*.parquet"), pl.read_parquet(
        folder / "items.parquet"
    )


# --- all measurements ----------------------------------------------------------------------


class Options(NamedTuple):
    """How to measure."""

    peer_python: str = ""
    """Interpreter with the peer; empty: without it."""
    most_seconds: int = 3_600
    """Processor time after which a process is ended [s]."""
    without: Sequence[str] = ()
    """Measurements that are not started, ``SYSTEM:AXIS:SIZE``."""


def run(
    data: Path, work: Path, sizes: Sequence[Point], options: Options
) -> list[dict[str, Any]]:
    """Measure all systems on all sizes; rows of the table.

    A measure that is missing is None, and ``why`` says why.

    Args:
        data: Real data set.
        work: Folder for shops and results; a measurement that is there is not repeated,
            nor one that was ended.
        sizes: Sizes of shops.
        options: How to measure.
    """
    from benchmarks.scale.generator import (  # noqa: PLC0415 - the peers have no Daybreak
        plan_expansion,
        read_data,
        write_expansion,
    )

    rows = []
    for point in sizes:
        folder = work / f"{point.users}-{point.items}-{point.events}"
        if not (folder / "items.parquet").exists():
            events, items = read_data(data)
            plan = plan_expansion(events, point.users, point.items, point.events)
            write_expansion(plan, items, folder)
        for system in (*SYSTEMS, *(PEERS if options.peer_python else ())):
            name = f"{system}:{point.axis}:{point.size}"
            if name in options.without:
                found: dict[str, Any] = {"why": "not run"}
            else:
                found = _measured(system, folder, options)
            empty = {**dict.fromkeys(MEASURES), "why": ""}
            rows.append({**point._asdict(), "system": system, **empty, **found})
            print(rows[-1], flush=True)
    return rows


def _measured(system: str, folder: Path, options: Options) -> dict[str, Any]:
    kept = folder / f"{system}.json"
    if not kept.exists():
        interpreter = sys.executable if system in SYSTEMS else options.peer_python
        found: dict[str, Any] = {}
        for part in ("fit", "answer") if system in SYSTEMS else ("fit",):
            call = [interpreter, __file__, "--one", part, system, str(folder)]
            call.append(str(options.most_seconds))
            done = subprocess.run(  # noqa: S603 - this program
                call,
                env={**os.environ, **THREADS},
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
            if done.returncode == -signal.SIGXCPU:
                found["why"] = f"> {options.most_seconds:,} s"
                break
            done.check_returncode()
            found |= json.loads(done.stdout.splitlines()[-1])
        kept.write_text(json.dumps(found))
    measured: dict[str, Any] = json.loads(kept.read_text())
    return measured


def table(rows: Sequence[dict[str, Any]], beyond: int) -> list[str]:
    """Return the lines of both tables: what was measured, and slopes with extrapolations."""
    lines = []
    for axis in ("items", "events"):
        lines += [f"## Against {axis}", ""]
        heads = ["users", "items", "events", "system", *MEASURES.values()]
        lines += [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
        chosen = [row for row in rows if row["axis"] == axis]
        for row in chosen:
            cells = [f"{row[name]:,}" for name in ("users", "items", "events")]
            cells += [NAMES[row["system"]], *(_cell(row, name) for name in MEASURES)]
            lines.append(f"| {' | '.join(cells)} |")
        size = beyond if axis == "items" else EVENTS_PER_USER * beyond
        lines += ["", f"Slopes, and in brackets what the slope gives for {size:,} {axis} (not "
                  "measured):", ""]  # fmt: skip
        lines += [
            f"| system | {' | '.join(MEASURES.values())} |",
            "| --- | --- | --- | --- | --- |",
        ]
        for system in dict.fromkeys(row["system"] for row in chosen):
            own = [row for row in chosen if row["system"] == system]
            cells = [_growth(own, axis, name, size) for name in MEASURES]
            lines.append(f"| {NAMES[system]} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _growth(rows: Sequence[dict[str, Any]], axis: str, name: str, size: int) -> str:
    """Return the slope of a measure and what it gives for a size; a dash for one size.

    Args:
        rows: Rows of one system, the largest size last.
        axis: Name of the size.
        name: Name of the measure.
        size: Size beyond.
    """
    measured = [row for row in rows if row[name]][-N_SLOPE_SIZES:]  # 0 has no logarithm
    x, y = [row[axis] for row in measured], [row[name] for row in measured]
    if len(set(x)) < 2:
        return "–"
    return f"{slope(x, y):.2f} ({_round(extrapolate(x, y, size))})"


def _cell(row: dict[str, Any], name: str) -> str:
    if row[name] is not None:
        return _round(row[name])
    first = next(measure for measure in MEASURES if row[measure] is None)
    return row["why"] if name == first else "–"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.2g}"


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw training time and memory against items and events, and what a list costs."""
    import matplotlib as mpl  # noqa: PLC0415 - only where a picture is wanted

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "daybreak"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    shown = ("fit_s", "peak_mb", "answer_ms")
    figure, axes = plt.subplots(2, len(shown), figsize=(11, 6.4))
    colours = dict(zip(NAMES, COLOURS, strict=True))
    for line, axis in zip(axes, ("items", "events"), strict=True):
        for place, name in zip(line, shown, strict=True):
            for system, colour in colours.items():
                own = [r for r in rows if r["axis"] == axis and r["system"] == system]
                own = [r for r in own if r[name] is not None]
                if own:
                    x, y = [r[axis] for r in own], [r[name] for r in own]
                    place.plot(x, y, marker="o", color=colour, label=NAMES[system])
            place.set(xscale="log", yscale="log", xlabel=axis, ylabel=MEASURES[name])
            place.grid(alpha=0.3)
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), loc="upper center", ncols=len(NAMES) // 2
    )
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(file, metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--items", type=int, nargs="*", default=[1_000, 4_000, 16_000])
    parser.add_argument("--events", type=int, nargs="*", default=[30_000, 120_000, 480_000])
    parser.add_argument("--peer-python", default="")
    parser.add_argument("--most-seconds", type=int, default=3_600)
    parser.add_argument("--without", nargs="*", default=[], metavar="SYSTEM:AXIS:SIZE")
    parser.add_argument("--beyond", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args(arguments)
    options = Options(args.peer_python, args.most_seconds, args.without)
    rows = run(args.data, args.work, points(args.items, args.events), options)
    text = "\n".join([*introduction(args), *table(rows, args.beyond)]).rstrip() + "\n"
    print(text)
    if args.out is not None:
        args.out.write_text(text, encoding="utf-8")
        with args.out.with_suffix(".csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    if args.picture is not None:
        draw(rows, args.picture)


def introduction(args: argparse.Namespace) -> list[str]:
    """Return the lines above the tables: protocol, machine and command."""
    from benchmarks.common.tables import machine  # noqa: PLC0415 - the peers have no Daybreak

    title, _usage, *about = __doc__.split("\n\n")
    facts = [f"- {name}: {value}" for name, value in machine().items()]
    sizes = " ".join(
        f"--{name} {' '.join(map(str, vars(args)[name]))}" for name in ("items", "events")
    )
    facts.append(f"- command: `python -m benchmarks.scale.curves DATA WORK {sizes}`")
    facts.append(f"- ended after: {args.most_seconds:,} s of processor")
    paragraphs = "\n\n".join(about).strip().split("\n")
    return [f"# {title.rstrip('.')}", "", *paragraphs, "", *facts, ""]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        most_s = int(sys.argv[5])
        resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s + 10))
        one = answer_daybreak if sys.argv[2] == "answer" else measure
        print(json.dumps(one(sys.argv[3], Path(sys.argv[4]))))
    else:
        main()
