"""Fine-tuned text encoders against the original ones, on items whose events are hidden.

    python -m benchmarks.quality.fine_tuning --data DIR --method whitening [--blend]
        [--items 4000] [--objective contrastive] [--steps 200] [--beside whitening]
        [--out FILE.md]

Prints rows for one data set; ``--out`` appends them to a file. ``--items`` draws so many items
with at least three events, for large catalogues. ``--beside`` fits another method as well, and
adds rows in which its encoder is in the place of the original one. A training that is stopped
continues with the same command and the same ``--work``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import polars as pl

from benchmarks.common.tables import machine
from daybreak import EventRules
from daybreak.data import Tables, read_folder
from daybreak.encoders import Encoder
from daybreak.service.finetuning.cold_items import BLEND, ColdItemTrial, SliceGain
from daybreak.service.finetuning.finetune import load_base_encoder
from daybreak.service.finetuning.methods import FinetuningOptions, FinetuningTask, methods

MIN_EVENTS = 3
"""Events of a drawn item, at least [events]."""
HEAD = (
    "| data set | method | slice | strategy | queries | without text | original | tuned "
    "| gain [%] | 95 % | [s] |\n| --- | --- | --- | --- |" + " ---: |" * 7
)


def draw_items(tables: Tables, n: int | None, seed: int) -> Tables:
    """Return the tables with some items that have enough events, and their users."""
    if n is None:
        return tables
    counts = tables.events.group_by("item_id").len()
    ids = counts.filter(pl.col("len") >= MIN_EVENTS)["item_id"].sort()
    chosen = ids.sample(min(n, len(ids)), seed=seed).implode()
    events = tables.events.filter(pl.col("item_id").is_in(chosen))
    items = tables.items.filter(pl.col("item_id").is_in(chosen))
    users = tables.users.filter(pl.col("user_id").is_in(events["user_id"].unique().implode()))
    return Tables.of(events, items, users)


def row(name: str, method: str, one: SliceGain, text: str, seconds: float) -> str:
    """Return one row of the table."""
    mean, low, high = (100 * part for part in one.relative)
    cells = [
        name, method, one.slice, one.strategy, one.n_queries, text, f"{one.base:.4f}",
        f"{one.tuned:.4f}", f"{mean:+.1f}", f"{low:+.1f} to {high:+.1f}", f"{seconds:.0f}",
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def measure(args: argparse.Namespace) -> list[str]:
    """Fine-tune once and return the rows of all slices."""
    tables = draw_items(read_folder(args.data).tables, args.items, args.seed)
    base, name = load_base_encoder(args.encoder, tables)
    trial = ColdItemTrial.draw(tables, EventRules(), args.seed)
    tuned, seconds = tune(args, trial, (base, name), args.method)
    label = args.data.name if args.items is None else f"{args.data.name}, {args.items:,} items"
    closed = {"whitening", "factors"}
    method = args.method if args.method in closed else f"{args.method}, {args.objective}"
    without = trial.measure(None, "verdict")
    scores = trial.measure_uses(tuned)
    slices = scores.compare(trial.measure_uses(base))
    lines = [
        row(label, method, one, f"{without.ndcg:.4f}" if number == 0 else "", seconds)
        for number, one in enumerate(slices)
    ]
    if args.beside:
        other = tune(args, trial, (base, name), args.beside)[0]
        slices = scores.compare(trial.measure_uses(other))
        beside = f"{method}, against {args.beside}"
        lines += [row(label, beside, one, "", seconds) for one in slices]
    print(*lines, sep="\n", flush=True)
    if args.blend:
        lines.append(row(label, method, blend_gain(trial, tuned, base), "", seconds))
    return lines


def tune(
    args: argparse.Namespace, trial: ColdItemTrial, base: tuple[Encoder, str], method: str
) -> tuple[Encoder, float]:
    """Return the encoder of a method, and the seconds that it took."""
    options = FinetuningOptions(method, args.seed, args.objective, args.steps, args.goal)
    folder = args.work / f"{args.data.name}-{method}-{args.objective}-{args.seed}"
    started = perf_counter()

    def report(done: int, total: int, task: str) -> None:
        print(f"{task}: {done} of {total}, {perf_counter() - started:.0f} s", flush=True)

    tuned = methods[method]().fit(FinetuningTask(trial, *base, options, folder, report))
    seconds = perf_counter() - started
    print(dict(tuned.facts), flush=True)
    return tuned.encoder, seconds


def blend_gain(trial: ColdItemTrial, tuned: Encoder, base: Encoder) -> SliceGain:
    """Return the gain of the blend of all default strategies."""
    scores = [trial.measure(one, "verdict", (BLEND,)) for one in (tuned, base)]
    return scores[0].compare(scores[1])[-1]


def make_parser(description: str) -> argparse.ArgumentParser:
    """Return the parser of the options that all measurements of tuned encoders have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with tables")
    parser.add_argument("--method", default="whitening", choices=list(methods))
    parser.add_argument("--objective", default="contrastive")
    parser.add_argument("--goal", default="cold_items", help="or: similar")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--items", type=int, help="number of items to draw; default: all")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("fine-tuning-work"))
    parser.add_argument("--out", type=Path, help="file to which the rows are appended")
    return parser


def print_rows(lines: Sequence[str], head: str, out: Path | None) -> None:
    """Print the rows of a table, and append them to a file."""
    facts = "; ".join(f"{title}: {text}" for title, text in machine().items())
    print(f"{facts}\n\n{head}", *lines, sep="\n")
    if out:
        with out.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def main() -> None:
    """Measure one data set and one method."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument("--blend", action="store_true", help="measure the blend too (slow)")
    parser.add_argument("--beside", choices=list(methods), help="method to compare with")
    args = parser.parse_args()
    print_rows(measure(args), HEAD, args.out)


if __name__ == "__main__":
    main()
