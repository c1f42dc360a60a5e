"""What going on from an earlier training costs and gives, against building anew.

    python -m benchmarks.quality.fine_tuning --data DIR [--strategies history_vae ...]

An earlier training saw the first 80 % of the events by time; then everything is there. Prints a
section for one data set; ``--out FILE.md`` adds it to a file. Users and items are hidden from
both trainings, in the way of ``daybreak bench``, and asked for afterwards.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.common.tables import machine
from benchmarks.quality.search_gain import load, mean
from daybreak.data.dataset import Dataset
from daybreak.models.base import SupportsWarmStart
from daybreak.ranking.blending.strategies import Strategy, get_strategies, slow_strategies
from daybreak.ranking.tuning.search import NdcgBySlice, ValidationSplit

EARLIER = 0.8
"""Share of the events, by time, that the earlier training saw."""
HEAD = (
    "| strategy | queries | anew | further | carried | gain [%] | 95 % "
    "| anew [s] | further [s] |"
)


@dataclass(eq=False)
class Way:
    """A strategy as a contestant that learns in one of the ways to be compared."""

    strategy: Strategy
    learn: Callable[[Strategy, Dataset, int, Any], Any]
    states: dict[int, Any]
    """What an earlier training left, by number of events; shared by the ways."""
    seconds: list[float] = field(default_factory=list)
    """CPU seconds of each learning."""

    @property
    def name(self) -> str:
        """Of its row."""
        return self.strategy.name

    @property
    def old(self) -> bool:
        """Whether it may score items with events."""
        return self.strategy.scores_known

    @property
    def new(self) -> bool:
        """Whether it may score items without events."""
        return self.strategy.scores_new

    def fit(self, data: Dataset, seed: int) -> Any:
        """Learn from what was there before, unless it is remembered; then from everything."""
        key = len(data.events)
        if key not in self.states:
            self.states[key] = self.strategy.fit(before(data), seed).state
        start = process_time()
        model = self.learn(self.strategy, replace(data), seed, self.states[key])
        self.seconds.append(process_time() - start)
        return model


def before(data: Dataset) -> Dataset:
    """Return the data with the first part of the events by time."""
    order = np.argsort(data.events.at, kind="stable")
    mask = np.zeros(len(order), dtype=bool)
    mask[order[: int(EARLIER * len(order))]] = True
    return data.filter_events(mask)


def anew(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Learn from nothing."""
    del state
    return strategy.fit(data, seed)


def further(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Go on from the earlier state."""
    model = strategy.create_model().fit(data, seed=seed, initial_state=state)
    assert model.warm_started, f"{strategy.name} did not go on"
    return model


def carried(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Bring the earlier state to the rows of today, and train no further."""
    model = strategy.create_model()
    rounds = "epochs" if hasattr(model.config, "epochs") else "steps"
    model.config = replace(model.config, **{rounds: 0})
    return model.fit(data, seed=seed, initial_state=state)


def row(exam: ValidationSplit, strategy: Strategy) -> tuple[str, list[NdcgBySlice]]:
    """Return a line of the table, and what each way reached in each slice."""
    states: dict[int, Any] = {}
    ways = [Way(strategy, learn, states) for learn in (anew, further, carried)]
    marks = [exam.evaluate(way, 0) for way in ways]
    gain = exam.relative_gain(marks[1], marks[0])
    cells = [
        strategy.name,
        sum(len(values) for values in marks[0].values()),
        *(f"{mean(one):.4f}" for one in marks),
        f"{100 * gain.mean:+.1f}",
        f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}",
        *(f"{np.mean(way.seconds):.1f}" for way in ways[:2]),
    ]
    return "| " + " | ".join(map(str, cells)) + " |", marks


def section(args: argparse.Namespace, data: Dataset) -> str:
    """Let every strategy learn in every way, and return the section of a data set."""
    exam = ValidationSplit.draw(data, 0, "fine-tuning benchmark")
    lines, details = [], []
    for strategy in get_strategies(args.strategies):
        if not isinstance(strategy.create_model(), SupportsWarmStart):
            continue
        line, marks = row(exam, strategy)
        print(line, flush=True)
        lines.append(line)
        for name in marks[0]:
            values = " | ".join(f"{one[name].mean():.4f}" for one in marks)
            details.append(f"| {strategy.name} | {name} | {values} |")
    facts = "; ".join(f"{title}: {text}" for title, text in machine().items())
    parts = [
        f"## {args.name or args.data.name}",
        "",
        f"{len(data.active_user_rows):,} users, "
        f"{len(data.train_item_rows):,} items with events, "
        f"{len(data.events):,} events. {facts}.",
        "",
        HEAD,
        "| --- |" + " ---: |" * 8,
        *lines,
        "",
        "Slice by slice:",
        "",
        "| strategy | slice | anew | further | carried |",
        "| --- | --- |" + " ---: |" * 3,
        *details,
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables")
    parser.add_argument("--name", default="", help="of the data set in the table")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument(
        "--strategies", nargs="*", default=[one.name for one in slow_strategies()]
    )
    parser.add_argument("--out", type=Path, help="file the section is added to")
    args = parser.parse_args()
    text = section(args, load(args.data, args.encoder))
    print(text)
    if args.out:
        with args.out.open("a", encoding="utf-8") as file:
            file.write("\n" + text)


if __name__ == "__main__":
    main()
