"""Lists of all users written to Parquet: time and memory against the number of users.

    python -m benchmarks.scale.batch_answers DATA WORK [--users N ...] [--out FILE]

Shops of 3,000 items and ten events a user are made by ``benchmarks.scale.generator`` from the
data set ``DATA``, imported, and trained with the strategies ``popular`` and ``item_knn``. The
lists of ten items with titles are those of ``daybreak recommend --all --engine serial``, in a
process of its own with one thread. *Opening* is the release, the items of the store, the ids of
its users and the first chunk of a thousand users with their events; *all* is at the end. Time
is processor time of the process, from opening the store to the finished file.

The slope is that of a straight line through the logarithms of the measured sizes. Beyond them,
the line is an extrapolation, and is marked so: a lower bound, because costs that do not depend
on the size make the slope of small sizes too low.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.common.tables import grid, machine
from benchmarks.scale.curves import extrapolate, peak_mb, slope
from benchmarks.scale.generator import plan_expansion, read_data, write_expansion
from daybreak.config import Settings
from daybreak.data import read_tables
from daybreak.service.batch_answers import BatchOptions, write_answers
from daybreak.service.partitions import import_partitions
from daybreak.service.workspace import Workspace

N_ITEMS = 3_000
EVENTS_PER_USER = 10
BEYOND_USERS = (1_000_000, 100_000_000)
"""Users of the extrapolations; the second has a billion events."""
STRATEGIES = ("popular", "item_knn")
HEADS = ["users", "events", "opening [MB]", "all [MB]", "processor [s]", "a list [ms]"]
HEADS += ["file [MB]"]


def build_store(data: Path, folder: Path, n_users: int) -> Settings:
    """Return the settings of a trained store.

    Args:
        data: Real data set.
        folder: Folder of shop and store.
        n_users: Number of users.
    """
    settings = Settings(store=f"sqlite:///{folder}/shop.db", encoder="none")
    complete = folder / "complete"
    if complete.exists():
        return settings
    (folder / "shop.db").unlink(missing_ok=True)
    events, items = read_data(data)
    plan = plan_expansion(events, n_users, N_ITEMS, EVENTS_PER_USER * n_users)
    write_expansion(plan, items, folder)
    with Workspace(settings, create=True) as workspace:
        workspace.write_import(read_tables(items=folder / "items.parquet"))
        import_partitions(workspace, str(folder / "events"))
        workspace.train(list(STRATEGIES))
    complete.touch()
    return settings


def answer(store: str, out: Path) -> dict[str, float]:
    """Write the lists of a store in this process; return what they took."""
    peaks: list[float] = []
    start = time.process_time()
    with Workspace(Settings(store=store, encoder="none")) as workspace:
        written = write_answers(
            workspace, out, BatchOptions("serial"), lambda done, total: peaks.append(peak_mb())
        )
    return {
        "users": written.users,
        "first_mb": peaks[0],
        "all_mb": peak_mb(),
        "seconds": time.process_time() - start,
        "file_mb": out.stat().st_size / 1e6,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--users", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(arguments)
    found = []
    for n_users in args.users:
        folder = args.work / str(n_users)
        settings = build_store(args.data, folder, n_users)
        one = measure(settings.store, folder / "lists.parquet")
        events = pl.scan_parquet(folder / "events" / "*.parquet").select(pl.len())
        found.append({**one, "events": events.collect().item()})
        print(found[-1], flush=True)
    title, _usage, *about = __doc__.split("\n\n")
    facts = [f"- {name}: {value}" for name, value in machine().items()]
    sizes = " ".join(map(str, args.users))
    facts.append(
        f"- command: `python -m benchmarks.scale.batch_answers DATA WORK --users {sizes}`"
    )
    paragraphs = "\n\n".join(about).strip().split("\n")
    lines = [f"# {title.rstrip('.')}", "", *paragraphs, "", *facts, ""]
    lines += [*grid(HEADS, map(_cells, found)), "", *growth(found)]
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if args.out is not None:
        args.out.write_text(text, encoding="utf-8")


def measure(store: str, out: Path) -> dict[str, float]:
    """Return what the lists of a store take, in a process of its own with one thread."""
    call = [sys.executable, "-m", "benchmarks.scale.batch_answers", "--one", store, str(out)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
    environment = {**os.environ, **dict.fromkeys(threads, "1")}
    done = subprocess.run(  # noqa: S603 - this program
        call, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    one: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return one


def growth(found: Sequence[dict[str, float]]) -> list[str]:
    """Return the lines on slopes, and on what they give for more users."""
    if len(found) < 2:
        return []
    users = [one["users"] for one in found]
    names = {"all_mb": "all [MB]", "seconds": "processor [s]", "file_mb": "file [MB]"}
    rows = []
    for key, name in names.items():
        values = [one[key] for one in found]
        beyond = [f"{extrapolate(users, values, size):,.0f}" for size in BEYOND_USERS]
        rows.append([name, f"{slope(users, values):.2f}", *beyond])
    first, last = found[0], found[-1]
    added = (last["seconds"] - first["seconds"]) / (last["users"] - first["users"])
    heads = ["", "slope", *(f"{size:,} users (not measured)" for size in BEYOND_USERS)]
    note = (
        f"One more list costs {1_000 * added:.2f} ms: the difference between the last and "
        "the first row, opening left out."
    )
    return [*grid(heads, rows), "", note]


def _cells(one: dict[str, float]) -> list[str]:
    ms = 1_000 * one["seconds"] / one["users"]
    cells = [f"{one['users']:,}", f"{one['events']:,}", f"{one['first_mb']:,.0f}"]
    cells += [f"{one['all_mb']:,.0f}", f"{one['seconds']:.0f}", f"{ms:.2f}"]
    return [*cells, f"{one['file_mb']:.1f}"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(answer(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
