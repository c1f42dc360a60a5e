"""The warm-up curve of a shop: Daybreak and its peers, learned from the first customers only.

    python -m benchmarks.quality.young_shops --shared SHARED --work WORK \
        --peers --daybreak --peer-python .venv-peers/bin/python

Shops of 5, 20, 100 and 500 customers, newcomers with 0, 1 and 3 known events, all items of the
(possibly capped) catalogue as candidates. Splits, lists and values are kept in WORK, those of
Daybreak under a hash of its source, so the command can be stopped and repeated; the peers need
to be run once.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.common.paths import IMAGES, RESULTS, ROOT
from benchmarks.common.scoring import Evalkit
from benchmarks.quality.cells import run_group, source_hash
from benchmarks.quality.young_report import YoungResults, write_report
from benchmarks.quality.young_splits import (
    SHOTS,
    TIE_ORDERS,
    ShopSplit,
    cap_catalogue,
    list_splits,
    make_splits,
)

DATA_SETS = ("ml1m", "anime_zh_dev", "gift_shop", "completejourney", "nemig_de")
MIN_VALUE = {"ml1m": 4.0, "ml100k": 4.0, "nemig_de": 1.0}
"""Smallest value that is positive; where it is not given, all rows are."""
PEERS = (
    "popular",
    "content_knn",
    "content_ridge",
    "ease_centred",
    "als_mapped",
    "lightfm_features",
)
LIST_LENGTH = 10


def main() -> None:
    """Make the splits, run what is missing, write the table."""
    args = _arguments()
    kit = Evalkit(args.shared)
    found: list[ShopSplit] = []
    for name in args.data:
        source = args.shared / "data" / name
        if not (source / "interactions.csv.gz").exists():
            print(
                f"skipped {name}: no {name}/interactions.csv.gz in the data folder; see README"
            )
            continue
        splits = prepare(kit, source, args.work / name)
        found += splits
        if args.peers:
            _run_peers(splits, args)
        if args.daybreak:
            _run_daybreak(splits, args)
    results = YoungResults(kit, args.work, args.run, PEERS)
    write_report(results, found, args.out, IMAGES if args.out == RESULTS else args.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/ and evalkit/")
    parser.add_argument("--data", nargs="+", default=list(DATA_SETS))
    parser.add_argument("--work", type=Path, required=True, help="folder for finished files")
    parser.add_argument("--daybreak", action="store_true", help="run Daybreak")
    parser.add_argument("--peers", action="store_true", help="run the peers")
    parser.add_argument(
        "--peer-python", default=sys.executable, help="Python interpreter of the peers"
    )
    parser.add_argument("--max-draws", type=int, default=99, help="shops of one size, at most")
    parser.add_argument("--run", default=source_hash(), help="key of Daybreak's files in WORK")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def prepare(kit: Evalkit, source: Path, folder: Path) -> list[ShopSplit]:
    """Return the splits of a data set; make them if they are missing."""
    splits = list_splits(source.name, folder / "splits")
    if not (splits[-1].folder / "split.json").exists():
        loaded = kit.load(source, MIN_VALUE.get(source.name))
        make_splits(cap_catalogue(source, folder / "data", loaded), splits)
    return splits


def _run_peers(splits: list[ShopSplit], args: argparse.Namespace) -> None:
    folder = args.work / splits[0].data
    command = [args.peer_python, "-W", "ignore", "-m", "benchmarks.peers.batch"]
    drawn = [split for split in splits if split.draw < args.max_draws]
    command += [str(split.folder.resolve()) for split in drawn]
    command += ["--data", str((folder / "data").resolve()), "-k", str(LIST_LENGTH)]
    command += ["--peer", *PEERS, "--out", str((folder / "peers").resolve())]
    command += ["--tie-orders", str(TIE_ORDERS)]
    limits = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env={**os.environ, **limits}, check=True)  # noqa: S603


def _run_daybreak(splits: list[ShopSplit], args: argparse.Namespace) -> None:
    """Train on each shop once, and answer for all numbers of known events."""
    command = [sys.executable, "-m", "benchmarks.quality.run_split"]
    for start in range(0, len(splits), len(SHOTS)):
        shop = splits[start : start + len(SHOTS)]
        if shop[0].draw < args.max_draws:
            folder = args.work / shop[0].data
            stems = [folder / "daybreak" / args.run / split.folder.name for split in shop]
            labels = [f"{split.data} {split.folder.name}" for split in shop]
            folders = [split.folder for split in shop]
            run_group(
                folders, stems, labels, [*command, "-k", str(LIST_LENGTH)], folder / "data"
            )


if __name__ == "__main__":
    main()
