"""Compute the lists of several peers for several splits of one data set, in one process.

    python -m benchmarks.peers.batch SPLIT... --data DATA --peer popular ease --out FOLDER

The item table is read and prepared once. All splits must have the same candidates. Writes
``FOLDER/SPLIT/PEER.csv.gz``; what exists is kept, and a failure is written to ``PEER.failed``.
With ``--tie-orders``, items with equal scores are listed in several random orders, whose values
are averaged later.
"""

import argparse
import json
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd

from . import MODULES, load
from .inputs import Split, read, read_side_tables

FOLD_IN = {"lightfm_features": {"fold_in": 1.0}}
"""Options of peers that would otherwise train on the histories of all asked users."""


def main() -> None:
    """Parse the command line and compute what is missing."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.peers.batch", description=__doc__.splitlines()[0]
    )
    parser.add_argument("split", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", choices=MODULES, nargs="+", default=list(MODULES))
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True, help="folder of the lists")
    parser.add_argument(
        "--tie-orders", type=int, default=1, help="random orders of items with equal scores"
    )
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # peers warn about their own use of threads and types
    candidates = pd.read_csv(args.split[0] / "candidates_all.csv", dtype=str).item_id
    tables = read_side_tables(args.data, pd.Index(candidates.unique()))
    for folder in args.split:
        out = args.out / folder.name
        missing = [name for name in args.peer if not (out / f"{name}.csv.gz").exists()]
        if missing:
            split = replace(read(folder, args.data, tables), tie_orders=args.tie_orders)
            for name in missing:
                _run(name, split, args.k, out)


def _run(name: str, split: Split, k: int, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    failed = out / f"{name}.failed"
    start = time.perf_counter()
    try:
        answer = load(name).rank(split, k, 0, **FOLD_IN.get(name, {}))
    except Exception as error:  # noqa: BLE001 - other peers must go on
        failed.write_text(f"{type(error).__name__}: {error}\n")
        print(json.dumps({"split": out.name, "peer": name, "failed": str(error)}), flush=True)
        return
    failed.unlink(missing_ok=True)
    _drop_equal_orders(answer).drop(columns="candidates").to_csv(
        out / f"{name}.csv.gz", index=False
    )
    cost = {"split": out.name, "peer": name, "seconds": round(time.perf_counter() - start, 2)}
    print(json.dumps(cost), flush=True)


def _drop_equal_orders(answer: pd.DataFrame) -> pd.DataFrame:
    """Return the lists of one order of ties if all orders give the same lists."""
    if "tie_order" not in answer:
        return answer
    lists = ["candidates", "user_id", "rank"]
    rows = answer.sort_values(["tie_order", *lists]).groupby("tie_order").item_id
    different = {tuple(items) for _, items in rows}
    if len(different) > 1:
        return answer
    return answer[answer.tie_order == 0].drop(columns="tie_order")


if __name__ == "__main__":
    main()
