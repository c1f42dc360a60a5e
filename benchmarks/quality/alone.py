"""Every slow strategy alone on one published split, compared with closed forms.

    python -m benchmarks.quality.cells --shared SHARED --work WORK --data citeulike_t
    python -m benchmarks.quality.alone --shared SHARED --work WORK \
        --split citeulike_t/coldrec_words

The first command makes the splits. Finished lists are kept in WORK and not made again. Writes
``alone_DATA.md``: NDCG and recall at 20 with 95 % intervals over users, seconds and memory.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.common.paths import RESULTS, ROOT
from benchmarks.common.scoring import Cell, Evalkit
from benchmarks.common.tables import machine
from daybreak.ranking.blending.strategies import slow_strategies

CLOSED_FORMS = ("content/ridge", "content/match", "meta_bayes")
"""For comparison: strategies without any training by gradients."""
LIST_LENGTH = 20


def main() -> None:
    """Train the missing strategies, score all of them and write the table."""
    args = _arguments()
    kit = Evalkit(args.shared)
    data, name = args.split.split("/")
    folder = args.work / "splits" / data / name
    names = [*(s.name for s in slow_strategies()), *CLOSED_FORMS]
    rows = []
    for strategy in args.strategy or names:
        stem = args.work / "alone" / data / name / strategy.replace("/", "_")
        cost = _train_strategy(strategy, folder, args.tables, stem)
        cells = [Cell(data, name, c, folder, LIST_LENGTH) for c in ("cold", "overall", "warm")]
        lists = [stem.with_name(f"{stem.name}.{c.candidates}.csv.gz") for c in cells]
        scores = [kit.score(c, f) for c, f in zip(cells, lists, strict=True) if f.exists()]
        rows.append((strategy, cost, scores))
        print(strategy, cost, [round(s["ndcg"], 4) for s in scores], flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"alone_{data}.md").write_text(page(args.split, rows), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds evalkit/")
    parser.add_argument("--work", type=Path, required=True, help="working folder of cells.py")
    parser.add_argument("--split", required=True, help="DATA/SPLIT of the working folder")
    parser.add_argument("--tables", type=Path, required=True, help="holds items.csv.gz")
    parser.add_argument(
        "--strategy", nargs="+", help="default: all slow ones, some closed forms"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def _train_strategy(strategy: str, split: Path, tables: Path, stem: Path) -> dict[str, object]:
    """Train one strategy unless it is finished; return its cost, or why it failed."""
    cost_file = stem.with_name(f"{stem.name}.json")
    if not cost_file.exists():
        stem.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.quality.run_split", str(split.resolve())]
        command += [
            "--data",
            str(tables.resolve()),
            "--model",
            strategy,
            "-k",
            str(LIST_LENGTH),
        ]
        command += ["--out", f"{stem.resolve()}.csv.gz"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        lines = done.stdout.strip().splitlines() or ["{}"]
        cost = json.loads(lines[-1]) if not done.returncode else {}
        reason = (done.stderr.strip().splitlines() or [""])[-1]
        cost_file.write_text(json.dumps(cost or {"failed": reason}) + "\n")
    return dict(json.loads(cost_file.read_text()))


def page(split: str, rows: list[tuple[str, dict[str, object], list[dict[str, float]]]]) -> str:
    """Return the table with its protocol."""
    lines = [
        f"# Strategies alone on {split}",
        "",
        "Each strategy was trained alone, without a blend, with its default settings. NDCG@20",
        "(Recall@20) of a full ranking over the candidates of the split; 95 % intervals by",
        "bootstrap over users. The first group is trained by gradients.",
        "",
        *(f"- {title}: {text}" for title, text in machine().items()),
        "",
        "| strategy | new items | 95 % | all in one list | known items | fit [s] | MiB |",
        "| --- | --- | --- | --- | --- | ---: | ---: |",
    ]
    for strategy, cost, scores in rows:
        if "failed" in cost:
            lines.append(f"| {strategy} | {cost['failed']} | | | | | |")
            continue
        cold, overall, warm = (f"{s['ndcg']:.4f} ({s['recall']:.4f})" for s in scores)
        low, high = scores[0]["ndcg_low"], scores[0]["ndcg_high"]
        lines.append(
            f"| {strategy} | {cold} | {low:.4f}–{high:.4f} | {overall} | {warm} "
            f"| {cost['fit_seconds']:.0f} | {cost['peak_mb']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
