"""Time and memory of training, opening and answering against items and events.

    python -m benchmarks.scale.curves DATA WORK --items N ... --events N ... [--peer-python P]
        [--out FILE] [--picture FILE]

Shops are made by ``benchmarks.scale.generator`` from the data set ``DATA``. Along the first
axis the items grow, with a user for each item and ten events a user; along the second one
the events grow, with 3,000 items and ten events a user. Each number is measured in
a process of its own with one thread: processor time of the training (reading the files is not
part of it), peak memory of that process, processor time to open the saved release in another
process (with checksums and imports; of the peer, to read its file in the same one), and
processor time of a list of ten of 100 known users, one after another. *Daybreak* is the
default training without a text model; *item_knn* is that strategy alone. The peer
``implicit`` has one row for each of its models, ``AlternatingLeastSquares`` with 64 factors and
``CosineRecommender`` with 100 neighbours, with their other defaults.

The slope is that of a straight line through the logarithms (least squares): time grows with
the size to the power of the slope. What is beyond the measured sizes is an extrapolation, and
is marked so.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

EVENTS_PER_USER = 10
BASE_ITEMS = 3_000
N_ANSWERS = 100
SYSTEMS = ("daybreak", "item_knn")
PEERS = ("implicit_als", "implicit_cosine")
NAMES = {
    "daybreak": "Daybreak, default",
    "item_knn": "Daybreak, item_knn alone",
    "implicit_als": "implicit 0.7 ALS",
    "implicit_cosine": "implicit 0.7 Cosine",
}
MEASURES = {
    "fit_s": "training [s]",
    "peak_mb": "memory of the training [MB]",
    "open_s": "opening [s]",
    "answer_ms": "a list [ms]",
}
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
    """Return the power of the size with which values grow; NaN for fewer than two sizes.

    Example:
        >>> round(slope([1, 10, 100], [3, 30, 300]), 3), round(slope([1, 4], [1, 2]), 3)
        (1.0, 0.5)
    """
    if len(set(sizes)) < 2:
        return float("nan")
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
    found = fit_daybreak(system, folder) if system in SYSTEMS else fit_implicit(system, folder)
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


def fit_implicit(system: str, folder: Path) -> dict[str, float]:
    """Train a model of the peer, and answer."""
    import implicit  # noqa: PLC0415 - of another environment
    import scipy.sparse as sp  # noqa: PLC0415
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415

    events, _ = read(folder)
    codes = [events[name].rank("dense").to_numpy().astype(np.int64) - 1
             for name in ("user_id", "item_id")]  # fmt: skip
    histories = sp.csr_matrix((np.ones(len(codes[0]), np.float32), tuple(codes)))
    if system == "implicit_als":
        model: Any = implicit.als.AlternatingLeastSquares(64, num_threads=1, random_state=0)
    else:
        model = CosineRecommender(K=100, num_threads=1)
    start = time.process_time()
    model.fit(histories, show_progress=False)
    seconds = time.process_time() - start
    file = folder / f"{system}.npz"
    model.save(str(file))
    start = time.process_time()
    type(model).load(str(file))
    opened = time.process_time() - start
    ms = answer_ms(lambda u: model.recommend(u, histories[u], N=10), list(range(N_ANSWERS + 1)))
    return {"fit_s": seconds, "open_s": opened, "answer_ms": ms}


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


def run(
    data: Path, work: Path, sizes: Sequence[Point], python: str | None
) -> list[dict[str, Any]]:
    """Measure all systems on all sizes; rows of the table.

    Args:
        data: Real data set.
        work: Folder for shops and results; a measurement that is there is not repeated.
        sizes: Sizes of shops.
        python: Interpreter with the peer; None: without it.
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
        for system in (*SYSTEMS, *(PEERS if python else ())):
            rows.append(
                {**point._asdict(), "system": system, **_measured(system, folder, python)}
            )
            print(rows[-1], flush=True)
    return rows


def _measured(system: str, folder: Path, python: str | None) -> dict[str, float]:
    kept = folder / f"{system}.json"
    if not kept.exists():
        interpreter = sys.executable if system in SYSTEMS else str(python)
        found: dict[str, float] = {}
        for part in ("fit", "answer") if system in SYSTEMS else ("fit",):
            call = [interpreter, __file__, "--one", part, system, str(folder)]
            done = subprocess.run(  # noqa: S603 - this program
                call, env={**os.environ, **THREADS}, capture_output=True, text=True, check=True
            )
            found |= json.loads(done.stdout.splitlines()[-1])
        kept.write_text(json.dumps(found))
    measured: dict[str, float] = json.loads(kept.read_text())
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
            cells += [NAMES[row["system"]], *(_round(row[name]) for name in MEASURES)]
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
            x = [row[axis] for row in own]
            cells = []
            for name in MEASURES:
                y = [row[name] for row in own]
                cells.append(f"{slope(x, y):.2f} ({_round(extrapolate(x, y, size))})")
            lines.append(f"| {NAMES[system]} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw training time and memory against items and events, and what a list costs."""
    import matplotlib as mpl  # noqa: PLC0415 - only where a picture is wanted

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "daybreak"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    shown = ("fit_s", "peak_mb", "answer_ms")
    figure, axes = plt.subplots(2, len(shown), figsize=(11, 6.4))
    colours = dict(zip(NAMES, ("#c1121f", "#e07a3f", "#2a6f97", "#6c9a8b"), strict=True))
    for line, axis in zip(axes, ("items", "events"), strict=True):
        for place, name in zip(line, shown, strict=True):
            for system, colour in colours.items():
                own = [r for r in rows if r["axis"] == axis and r["system"] == system]
                if own:
                    x, y = [r[axis] for r in own], [r[name] for r in own]
                    place.plot(x, y, marker="o", color=colour, label=NAMES[system])
            place.set(xscale="log", yscale="log", xlabel=axis, ylabel=MEASURES[name])
            place.grid(alpha=0.3, which="both")
    axes[0][0].legend(loc="upper left", fontsize=8)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--items", type=int, nargs="*", default=[1_000, 4_000, 16_000])
    parser.add_argument("--events", type=int, nargs="*", default=[30_000, 120_000, 480_000])
    parser.add_argument("--peer-python")
    parser.add_argument("--beyond", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args(arguments)
    from benchmarks.common.tables import machine  # noqa: PLC0415 - the peers have no Daybreak

    rows = run(args.data, args.work, points(args.items, args.events), args.peer_python)
    facts = [f"- {name}: {value}" for name, value in machine().items()]
    about = __doc__.split("\n\n")
    page = [
        "# " + about[0].rstrip("."),
        "",
        *about[2:],
        "",
        *facts,
        "",
        *table(rows, args.beyond),
    ]
    text = "\n".join(page).rstrip() + "\n"
    print(text)
    if args.out is not None:
        args.out.write_text(text, encoding="utf-8")
        with args.out.with_suffix(".csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    if args.picture is not None:
        draw(rows, args.picture)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one = answer_daybreak if sys.argv[2] == "answer" else measure
        print(json.dumps(one(sys.argv[3], Path(sys.argv[4]))))
    else:
        main()
