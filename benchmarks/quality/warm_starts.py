"""Cost and quality of warm starts, compared with training from scratch.

    python -m benchmarks.quality.warm_starts --data DIR [--strategies history_vae ...]

An earlier training uses the first 80 % of the events by time, the later one all events. Prints
a section for one data set; ``--out FILE.md`` appends it to a file. Test users and items are
hidden from both trainings, as in ``daybreak bench``.
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

EARLIER_FRACTION = 0.8
"""Share of the events, by time, that the earlier training uses."""
HEAD = (
    "| strategy | queries | from scratch | continued | mapped | gain [%] | 95 % "
    "| from scratch [s] | continued [s] |"
)


@dataclass(eq=False)
class TrainingMethod:
    """A strategy as a learner that is trained by one of the compared methods."""

    strategy: Strategy
    learn: Callable[[Strategy, Dataset, int, Any], Any]
    states: dict[int, Any]
    """States of earlier trainings, by number of events; shared by the methods."""
    seconds: list[float] = field(default_factory=list)
    """CPU seconds of each training."""

    @property
    def name(self) -> str:
        """Name in the table."""
        return self.strategy.name

    @property
    def scores_known(self) -> bool:
        """Whether it may score items with events."""
        return self.strategy.scores_known

    @property
    def scores_new(self) -> bool:
        """Whether it may score items without events."""
        return self.strategy.scores_new

    def fit(self, data: Dataset, seed: int) -> Any:
        """Train on the earlier events once, then continue on all events."""
        key = len(data.events)
        if key not in self.states:
            self.states[key] = self.strategy.fit(earlier_events(data), seed).state
        start = process_time()
        model = self.learn(self.strategy, replace(data), seed, self.states[key])
        self.seconds.append(process_time() - start)
        return model


def earlier_events(data: Dataset) -> Dataset:
    """Return the data with the first part of the events by time."""
    order = np.argsort(data.events.at, kind="stable")
    mask = np.zeros(len(order), dtype=bool)
    mask[order[: int(EARLIER_FRACTION * len(order))]] = True
    return data.filter_events(mask)


def train_from_scratch(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Train from scratch."""
    del state
    return strategy.fit(data, seed)


def continue_training(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Continue from the earlier state."""
    model = strategy.create_model().fit(data, seed=seed, initial_state=state)
    assert model.warm_started, f"{strategy.name} did not continue"
    return model


def map_state(strategy: Strategy, data: Dataset, seed: int, state: Any) -> Any:
    """Map the earlier state to the current items and users, without training."""
    model = strategy.create_model()
    rounds = "epochs" if hasattr(model.config, "epochs") else "steps"
    model.config = replace(model.config, **{rounds: 0})
    return model.fit(data, seed=seed, initial_state=state)


METHODS = (train_from_scratch, continue_training, map_state)


def row(validation: ValidationSplit, strategy: Strategy) -> tuple[str, list[NdcgBySlice]]:
    """Return a row of the table, and NDCG by slice of each method."""
    states: dict[int, Any] = {}
    methods = [TrainingMethod(strategy, learn, states) for learn in METHODS]
    values = [validation.evaluate(method, 0) for method in methods]
    gain = validation.relative_gain(values[1], values[0])
    cells = [
        strategy.name,
        sum(len(values) for values in values[0].values()),
        *(f"{mean(one):.4f}" for one in values),
        f"{100 * gain.difference:+.1f}",
        f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}",
        *(f"{np.mean(method.seconds):.1f}" for method in methods[:2]),
    ]
    return "| " + " | ".join(map(str, cells)) + " |", values


def section(args: argparse.Namespace, data: Dataset) -> str:
    """Train every strategy by every method, and return the section of a data set."""
    validation = ValidationSplit.draw(data, 0, "fine-tuning benchmark")
    lines, details = [], []
    for strategy in get_strategies(args.strategies):
        if not isinstance(strategy.create_model(), SupportsWarmStart):
            continue
        line, values = row(validation, strategy)
        print(line, flush=True)
        lines.append(line)
        for name in values[0]:
            cells = " | ".join(f"{one[name].mean():.4f}" for one in values)
            details.append(f"| {strategy.name} | {name} | {cells} |")
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
        "| strategy | slice | from scratch | continued | mapped |",
        "| --- | --- |" + " ---: |" * 3,
        *details,
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables")
    parser.add_argument("--name", default="", help="name of the data set in the heading")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument(
        "--strategies", nargs="*", default=[one.name for one in slow_strategies()]
    )
    parser.add_argument("--out", type=Path, help="file to which the section is appended")
    args = parser.parse_args()
    text = section(args, load(args.data, args.encoder))
    print(text)
    if args.out:
        with args.out.open("a", encoding="utf-8") as file:
            file.write("\n" + text)


if __name__ == "__main__":
    main()
