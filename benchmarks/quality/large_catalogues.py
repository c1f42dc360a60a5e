"""Strategies on histories in catalogues that no dense matrix fits, compared with SANSA.

    python -m benchmarks.quality.large_catalogues --shared SHARED --work WORK \
        [--peer-python .venv-sansa/bin/python] [--data NAME ...]

Some users are held out, a fifth of each of their histories is hidden, and all other items are
ranked. Every model is trained in a process of its own, on one thread. Writes
``sparse_ease.md``. The other environment needs ``sansa`` with ``scikit-sparse`` 0.4.16, built
with the headers of SuiteSparse; without it, SANSA is left out of the table.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from benchmarks.common.paths import RESULTS, ROOT
from benchmarks.common.tables import grid, machine
from benchmarks.quality.large_shop import draw_shop
from daybreak.metrics import ndcg

K = 20
MIN_HISTORY = 5
"""Events of a held-out user, at least [events]."""
HIDDEN = 5
"""One of so many events of a held-out user is hidden."""
MODELS = {
    "ease": {},
    "ease_neighbours": {},
    "ease_neighbours, ridge 1": {"ridge": 1.0},
    "item_knn": {},
}
STEM = "sparse_ease"


@dataclass(frozen=True)
class LargeData:
    """A data set of the table."""

    n_users: int
    """Users that are held out, at most a fifth of all"""
    sansa: dict[str, float]
    """Options of SANSA; not tuned"""
    part: str | None = None
    """The value of the column ``part`` whose events count; None: all events"""


DATA_SETS = {
    "completejourney": LargeData(500, {"l2": 100.0, "density": 0.002}),
    "food_kitchen": LargeData(1_500, {"l2": 5.0, "density": 0.002}, part="train"),
    "amazon_beauty_toys": LargeData(1_500, {"l2": 5.0, "density": 0.004}),
    "synthetic": LargeData(500, {"l2": 100.0, "density": 0.001}),
}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Training histories, and held-out users with what is hidden of theirs."""

    train: sp.csr_array
    """(n_train_users, n_items), a one for each pair"""
    known: sp.csr_array
    """(n_held_out, n_items) histories that are given"""
    hidden: sp.csr_array
    """(n_held_out, n_items) items to be found"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Split every data set, train the models that are missing, write the table."""
    args = _arguments(arguments)
    rows = []
    for name in args.data:
        folder = args.work / "large_catalogues" / name
        split = hold_out(_read_histories(args.shared / "data", name), DATA_SETS[name].n_users)
        folder.mkdir(parents=True, exist_ok=True)
        sp.save_npz(folder / "train.npz", sp.csr_matrix(split.train))
        sp.save_npz(folder / "known.npz", sp.csr_matrix(split.known))
        for model, command in _commands(args, name, folder).items():
            cost = _run(command)
            gains = ndcg(np.load(folder / "lists.npy"), split.hidden)
            rows.append((name, split, model, gains, cost))
            print(name, model, f"{gains.mean():.4f}", cost, flush=True)
    (args.out / f"{STEM}.csv").write_text(_csv(rows), encoding="utf-8")
    table = args.out / f"{STEM}.md"
    table.write_text(page(rows) + _notes(table), encoding="utf-8")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/")
    parser.add_argument("--work", type=Path, required=True, help="for split data")
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--peer-python", type=Path, help="Python that can import sansa")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def _read_histories(data: Path, name: str) -> sp.csr_array:
    """Return the (n_users, n_items) histories of a data set, a one for each pair."""
    if name == "synthetic":
        return draw_shop(n_items=100_000, n_users=120_000)
    ids = {"user_id": pl.String, "item_id": pl.String}
    path = data / name / "interactions.csv.gz"
    events = pl.read_csv(path, schema_overrides=ids, infer_schema_length=None)
    if DATA_SETS[name].part is not None:
        events = events.filter(pl.col("part") == DATA_SETS[name].part)
    pairs = events.select(pl.col(*ids).rank("dense").cast(pl.Int64) - 1).unique()
    user, item = pairs["user_id"].to_numpy(), pairs["item_id"].to_numpy()
    return sp.csr_array((np.ones(len(pairs), dtype=np.float32), (user, item)))


def hold_out(histories: sp.csr_array, n_users: int, seed: int = 0) -> HeldOut:
    """Hold out users and hide a part of their histories.

    Items that nobody in the training has are left out.
    """
    rng = np.random.default_rng(seed)
    enough = np.flatnonzero(np.diff(histories.indptr) >= MIN_HISTORY)
    n_held_out = min(n_users, histories.shape[0] // 5, len(enough))
    held = np.sort(rng.choice(enough, n_held_out, replace=False))
    train = histories[np.setdiff1d(np.arange(histories.shape[0]), held)]
    used = np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]))
    asked = sp.csr_array(histories[held][:, used])
    is_hidden = np.zeros(asked.nnz, dtype=bool)
    for start, end in zip(asked.indptr, asked.indptr[1:], strict=False):
        chosen = rng.permutation(np.arange(start, end))[: max(1, (end - start) // HIDDEN)]
        is_hidden[chosen] = True
    return HeldOut(
        sp.csr_array(train[:, used]), _keep(asked, ~is_hidden), _keep(asked, is_hidden)
    )


def _keep(matrix: sp.csr_array, mask: np.ndarray) -> sp.csr_array:
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[mask]
    return sp.csr_array((matrix.data[mask], (row, matrix.indices[mask])), shape=matrix.shape)


def _commands(args: argparse.Namespace, name: str, folder: Path) -> dict[str, list[str]]:
    """Return the command of each model, by its name in the table."""
    ours = [sys.executable, "-m", "benchmarks.quality.train_histories", str(folder.resolve())]
    commands = {
        title: [*ours, title.partition(",")[0], json.dumps(options)]
        for title, options in MODELS.items()
    }
    if args.peer_python:
        options = DATA_SETS[name].sansa
        title = f"SANSA, ICF, l2 {options['l2']:g}, density {options['density']:g}"
        script = ROOT / "benchmarks" / "peers" / "sansa_histories.py"
        peer = [str(args.peer_python.absolute()), str(script), str(folder.resolve())]
        commands[title] = [*peer, json.dumps(options)]
    return commands


def _run(command: list[str]) -> dict[str, float]:
    """Run one model and return its cost; its lists are in ``lists.npy``.

    Raises:
        CalledProcessError: The model has failed.
    """
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=ROOT,
        env=os.environ | one_thread,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cost: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return cost


def page(rows: Sequence[tuple[str, HeldOut, str, np.ndarray, dict[str, float]]]) -> str:
    """Return the table with its protocol."""
    lines = ["# EASE for catalogues that no dense matrix fits", ""]
    lines += [
        "`ease_neighbours` solves the equations of EASE for each item over its 100 nearest",
        "items; `ease` does so by itself above 6,000 items and 10,000 users, and has its dual",
        "form where there are fewer users. NDCG@20 of",
        "held-out users, a fifth of whose items are hidden; all other items of the training",
        "are ranked. The standard error is of the mean over users; time is the processor time",
        "of the training in one thread. The synthetic shop has 400 clusters of items with a",
        "long tail. SANSA 1.1.0 was run with one setting on each data set and not tuned; other",
        "options may be better. The ridge of EASE is its default, 2.5, unless the row says",
        "otherwise. Nothing was chosen on these held-out users.",
        "",
        "Command: `python -m benchmarks.quality.large_catalogues --shared SHARED --work WORK "
        "--peer-python .venv-sansa/bin/python`",
        "",
        *(f"- {title}: {text}" for title, text in machine().items()),
        "",
    ]
    head = ["data set", "users × items, events of the training", "held out", "model"]
    head += [f"NDCG@{K}", "time [s]", "peak memory of the process [MB]"]
    cells = (
        [
            name,
            f"{split.train.shape[0]:,} × {split.train.shape[1]:,}, {split.train.nnz:,}",
            f"{split.known.shape[0]:,}",
            model,
            f"{gains.mean():.4f} ± {gains.std() / np.sqrt(len(gains)):.4f}",
            f"{cost['seconds']:.1f}",
            f"{cost['peak_mb']:,.0f}",
        ]
        for name, split, model, gains, cost in rows
    )
    return "\n".join([*lines, *grid(head, cells)]) + "\n"


def _notes(table: Path) -> str:
    """Return the sections of an earlier page that were written by hand."""
    text = table.read_text(encoding="utf-8") if table.exists() else ""
    _, heading, notes = text.partition("\n## ")
    return heading + notes


def _csv(rows: Sequence[tuple[str, HeldOut, str, np.ndarray, dict[str, float]]]) -> str:
    table: list[dict[str, Any]] = [
        {"data": name, "model": model, "ndcg": round(float(gains.mean()), 4), **cost}
        for name, _, model, gains, cost in rows
    ]
    return pl.DataFrame(table).write_csv()


if __name__ == "__main__":
    main()
