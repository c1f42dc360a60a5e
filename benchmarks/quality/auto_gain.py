"""Gain of the slow strategies: two runs of Daybreak, compared by cell and paired over users.

    python -m benchmarks.quality.cells --shared SHARED --work WORK --daybreak --run light
    python -m benchmarks.quality.cells --shared SHARED --work WORK --daybreak \
        --run all --budget 900
    python -m benchmarks.quality.auto_gain --shared SHARED --work WORK \
        --first light --second all

Writes ``auto.md`` and ``auto.csv``. NDCG is evalkit's; the difference has a 95 % interval by
paired bootstrap over users, and *better* or *worse* mean that the interval excludes 0.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from benchmarks.common.paths import RESULTS
from benchmarks.common.scoring import Cell, Evalkit
from benchmarks.common.tables import machine


def main() -> None:
    """Compare every cell that both runs have."""
    args = _arguments()
    kit = Evalkit(args.shared)
    rows = [
        row
        for split in sorted((args.work / "daybreak" / args.second).glob("*/*"))
        for row in compare(kit, split, args)
    ]
    frame = pd.DataFrame(rows)
    args.out.mkdir(parents=True, exist_ok=True)
    frame.round(4).to_csv(args.out / "auto.csv", index=False)
    (args.out / "auto.md").write_text(page(frame, args), encoding="utf-8")
    print(summary(frame))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds evalkit/")
    parser.add_argument("--work", type=Path, required=True, help="working folder of cells.py")
    parser.add_argument(
        "--first", required=True, help="run key of the default with fast strategies"
    )
    parser.add_argument(
        "--second", required=True, help="run key of the run that is compared with it"
    )
    parser.add_argument("--note", default="", help="description of the runs, for the page")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def compare(kit: Evalkit, split: Path, args: argparse.Namespace) -> list[dict[str, object]]:
    """Return one row for each candidates file for which both runs have lists."""
    data, name = split.parent.name, split.name
    other = args.work / "daybreak" / args.first / data / name
    rows = []
    for mine in sorted(split.glob("seed0.*.csv.gz")):
        theirs = other / mine.name
        if not theirs.exists():
            continue
        k = 20 if name.startswith("coldrec") else 10
        candidates = mine.name.split(".")[1]
        cell = Cell(data, name, candidates, args.work / "splits" / data / name, k)
        first, second = kit.score(cell, theirs), kit.score(cell, mine)
        found = kit.compare(cell, mine, theirs)
        low, high = found["low"], found["high"]
        rows.append(
            {
                "data": data,
                "split": name,
                "candidates": candidates,
                "users": int(second["users"]),
                "first": first["ndcg"],
                "second": second["ndcg"],
                "difference": second["ndcg"] - first["ndcg"],
                "low": low,
                "high": high,
                "verdict": "better" if low > 0 else "worse" if high < 0 else "tied",
            }
            | _cost(mine.with_name("seed0.json"))
        )
    return rows


def _cost(path: Path) -> dict[str, object]:
    cost = json.loads(path.read_text())
    return {
        "fit_seconds": cost["fit_seconds"],
        "peak_mb": cost["peak_mb"],
        "strategies": ", ".join(cost.get("strategies", [])),
    }


def summary(frame: pd.DataFrame) -> str:
    """Return one sentence."""
    counts = frame["verdict"].value_counts()
    words = ", ".join(f"{counts.get(w, 0)} {w}" for w in ("better", "tied", "worse"))
    ratio = (frame["second"] / frame["first"]).mean()
    lower = int((frame["second"] < frame["first"]).sum())
    return f"{len(frame)} cells: {words}; mean ratio {ratio:.3f}; {lower} lower by the mean"


def page(frame: pd.DataFrame, args: argparse.Namespace) -> str:
    """Return the table with its protocol."""
    head = [
        "# The slow strategies against the fast ones",
        "",
        "NDCG of two runs of the default recommender on the same splits, full ranking, paired",
        "bootstrap over users (95 %). `light`: the closed forms alone; `all`: every strategy,",
        "within a time budget; simulated cold starts decide which are used.",
        "",
        *(f"- {title}: {text}" for title, text in machine().items()),
        f"- runs: light {args.first}, all {args.second}{'; ' + args.note if args.note else ''}",
        f"- {summary(frame)}",
        "",
        "| data | split | candidates | users | light | all | difference | 95 % | verdict |"
        " fit [s] | peak [MiB] |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines = [
        f"| {r.data} | {r.split} | {r.candidates} | {r.users} | {r.first:.4f} | {r.second:.4f} "
        f"| {r.difference:+.4f} | {r.low:+.4f} to {r.high:+.4f} | {r.verdict} "
        f"| {r.fit_seconds:.0f} | {r.peak_mb} |"
        for r in frame.itertuples()
    ]
    used = frame.drop_duplicates(["data", "strategies"])
    tail = ["", "| data | split | strategies in the blend |", "| --- | --- | --- |"]
    tail += [f"| {r.data} | {r.split} | {r.strategies} |" for r in used.itertuples()]
    return "\n".join([*head, *lines, *tail]) + "\n"


if __name__ == "__main__":
    main()
