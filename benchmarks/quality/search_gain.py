"""Gain of a hyperparameter search, on data that the search did not use.

    python -m benchmarks.quality.search_gain --data DIR [--seconds 300] \
        [--slow history_vae] [--blend]

Prints a section for one data set; ``--out FILE.md`` adds it to a file. The search holds out
two validation sets; this program compares the defaults with the best options on a third set,
whether the search accepted the options or not.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.common.tables import machine
from daybreak import EventRules
from daybreak.data import read_folder
from daybreak.data.dataset import Dataset
from daybreak.ranking.benchmarks.learners import BlendLearner, Learner
from daybreak.ranking.blending.strategies import Strategy, default_strategies, get_strategies
from daybreak.ranking.tuning.search import TuningResult, ValidationSplit, tune
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder

HEAD = (
    "| strategy | queries | default | found | gain [%] | 95 % "
    "| kept | tried | options found | [s] |"
)


def load(folder: Path, encoder: str) -> Dataset:
    """Return the data set of a folder, read as a recommender would."""
    tables = read_folder(folder).tables
    choice = choose_encoder(encoder, tables.items)
    return encode_dataset(tables, DatasetConfig(choice.encoder, EventRules(), None, 0)).data


def mean(values_by_slice: Any) -> float:
    """Return the mean over slices of their mean NDCG."""
    return float(np.mean([values.mean() for values in values_by_slice.values()]))


def row(
    validation: ValidationSplit, old: Learner, new: Learner, rest: list[Any]
) -> tuple[str, Any]:
    """Compare two learners on the third set; return a row of the table, and their values."""
    split = replace(validation.split, data=replace(validation.split.data))
    fresh = ValidationSplit(split)  # without cached statistics
    before, after = fresh.evaluate(old, 0), fresh.evaluate(new, 0)
    gain = fresh.relative_gain(after, before)
    interval = f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}"
    n_queries = sum(len(values) for values in before.values())
    cells = [old.name, n_queries, f"{mean(before):.4f}", f"{mean(after):.4f}"]
    line = [*cells, f"{100 * gain.difference:+.1f}", interval, *rest]
    return "| " + " | ".join(map(str, line)) + " |", (before, after)


def found_by(searched: TuningResult, strategy: Strategy) -> Strategy | None:
    """Return a strategy with the best options found, kept or not; None: the defaults."""
    record = searched.record["strategies"][strategy.name]
    if record.get("best", {}) == record.get("default", {}):
        return None
    return replace(strategy, options={**strategy.options, **record["best"]})


def strategy_rows(
    validation: ValidationSplit, strategies: tuple[Strategy, ...], searched: TuningResult
) -> list[str]:
    """Return a line for each strategy that was searched."""
    lines = []
    for strategy in strategies:
        record = searched.record["strategies"][strategy.name]
        better = found_by(searched, strategy)
        seconds = f"{record['seconds']:.0f}"
        if better is not None:
            options = json.dumps(record["best"]).strip("{}").replace('"', "")
            kept = "yes" if record["kept"] else "no"
            lines.append(
                row(validation, strategy, better, [kept, record["tried"], options, seconds])[0]
            )
        elif record["tried"]:
            same = ["", "", "", "", "", "no", record["tried"], record["why"], seconds]
            lines.append("| " + " | ".join(map(str, [strategy.name, *same])) + " |")
        elif record["why"].startswith("no time"):
            lines.append(f"| {strategy.name} | | | | | | no | 0 | {record['why']} | |")
        print(strategy.name, flush=True)
    return lines


def blend_rows(validation: ValidationSplit, searched: TuningResult) -> list[str]:
    """Return a line and the slices of the blend, with the defaults and with kept options."""
    fast = {strategy.name for strategy in default_strategies()}
    chosen = tuple(s for s in searched.strategies if s.name in fast)
    start = perf_counter()
    old = BlendLearner(
        tuple(s for s in default_strategies() if s.name in {c.name for c in chosen}),
        "blend of all",
    )
    line, (before, after) = row(
        validation, old, BlendLearner(chosen, "searched"), ["", "", "", ""]
    )
    print(f"blends: {perf_counter() - start:.0f} s", flush=True)
    table = ["", "The blend, slice by slice:", "", "| slice | queries | default | searched |"]
    table += ["| --- | ---: | ---: | ---: |"]
    table += [
        f"| {name} | {len(values)} | {values.mean():.4f} | {after[name].mean():.4f} |"
        for name, values in before.items()
    ]
    return [line, *table]


def section(args: argparse.Namespace) -> str:
    """Search and compare; return the section of a data set."""
    data = load(args.data, args.encoder)
    strategies = (*get_strategies("auto"), *(get_strategies(args.slow) if args.slow else ()))
    searched = tune(data, strategies, 0, args.seconds, lambda text: print(text, flush=True))
    validation = ValidationSplit.draw(data, 0, "search benchmark")
    took = searched.record["seconds"]
    lines = [
        f"## {args.name or args.data.name}",
        "",
        f"{len(data.active_user_rows):,} users, "
        f"{len(data.train_item_rows):,} items with events, "
        f"{len(data.events):,} events. Allowed {args.seconds:.0f} s, took {took:.0f} s. "
        + "; ".join(f"{title}: {text}" for title, text in machine().items())
        + ("; " + args.note if args.note else "")
        + ".",
        "",
        HEAD,
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- | ---: |",
        *strategy_rows(validation, strategies, searched),
        *(blend_rows(validation, searched) if args.blend else ()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables")
    parser.add_argument("--name", default="", help="name of the data set in the heading")
    parser.add_argument("--seconds", type=float, default=300.0, help="time of the search [s]")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument(
        "--slow", nargs="*", default=[], help="slow strategies that are searched too"
    )
    parser.add_argument("--blend", action="store_true", help="compare the blends as well")
    parser.add_argument("--note", default="", help="note for the section")
    parser.add_argument("--out", type=Path, help="file to which the section is appended")
    args = parser.parse_args()
    text = section(args)
    print(text)
    if args.out:
        with args.out.open("a", encoding="utf-8") as file:
            file.write("\n" + text)


if __name__ == "__main__":
    main()
