"""Compute the lists of one peer for one split.

python -m benchmarks.peers SPLIT --data DATA --peer ease --out recs.csv.gz
"""

import argparse
import json
import resource
import time
from pathlib import Path

from . import MODULES, load
from .inputs import read


def option(text: str) -> tuple[str, float | str]:
    """Parse ``name=value``; numbers become numbers."""
    name, value = text.split("=", 1)
    try:
        return name, float(value)
    except ValueError:
        return name, value


def main() -> None:
    """Parse the command line, rank, write one file for each candidates file, print the cost."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.peers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("split", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", choices=MODULES, required=True)
    parser.add_argument("-k", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="recs.csv.gz")
    parser.add_argument("--set", type=option, action="append", default=[], metavar="NAME=VALUE")
    args = parser.parse_args()
    split = read(args.split, args.data)
    start = time.perf_counter()
    answer = load(args.peer).rank(split, args.k, args.seed, **dict(args.set))
    seconds = time.perf_counter() - start
    args.out.parent.mkdir(parents=True, exist_ok=True)
    stem = args.out.name.removesuffix(".csv.gz")
    for name, frame in answer.groupby("candidates"):
        path = args.out.with_name(f"{stem}.{name}.csv.gz")
        frame.drop(columns="candidates").to_csv(path, index=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peer": args.peer, "seconds": round(seconds, 2), "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
