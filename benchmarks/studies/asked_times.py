"""Whether an evaluation says when users are asked: the same models, with and without the time.

    python -m benchmarks.studies.asked_times DATA/ml100k DATA/gift_shop DATA/ml1m

The slices of `daybreak evaluate` whose users are asked at a time; of new users, one. One
training answers twice: told the time of the first relevant event that no known event follows,
and not told. NDCG@10, with the 95 % interval of the difference over users.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import polars as pl

from daybreak import Recommender, read_folder
from daybreak.data import EventRules, Tables
from daybreak.evaluation import Report, SplitPlan, make_plans, measure

SLICES = ("events_10", "warm_last", "warm_time", "again")
TOLD, UNTOLD = "told", "not told"


class _Untold:
    """A recommender to which nobody says when users are asked."""

    def __init__(self, model: Recommender) -> None:
        self.model = model

    def recommend(self, users: list[str], **options: Any) -> pl.DataFrame:
        """Return the lists of the recommender."""
        return self.model.recommend(users, **options)


def compare(tables: Tables, rules: EventRules) -> tuple[tuple[SplitPlan, ...], Report]:
    """Return the plans, and the report on both ways to ask.

    Args:
        tables: The whole data set.
        rules: Rules that say which events are positive.
    """
    signs = rules.resolve(tables.events).signs(tables.events)
    plans = make_plans(tables, slices=SLICES, positive=signs > 0)
    trained: dict[int, Recommender] = {}

    def train(part: Tables) -> Recommender:
        if id(part) not in trained:
            trained[id(part)] = Recommender(rules=rules).fit(part)
        return trained[id(part)]

    systems: dict[str, Callable[[Tables], Any]] = {
        TOLD: train,
        UNTOLD: lambda part: _Untold(train(part)),
    }
    return plans, measure(systems, plans)


def rows_of(name: str, plans: tuple[SplitPlan, ...], report: Report) -> list[str]:
    """Return the rows of one data set in the table.

    Args:
        name: Name of the data set.
        plans: Its plans.
        report: Its report.
    """
    differences = report.compare(TOLD, UNTOLD)
    rows = []
    for slice_ in (one for plan in plans for one in plan.slices):
        values = [report.cell(slice_.name, s).values["ndcg"].mean for s in (UNTOLD, TOLD)]
        found = differences[slice_.name]
        cells = [name, slice_.name, f"{len(slice_.users):,}", f"{slice_.times.height:,}"]
        cells += [f"{value:.4f}" for value in values]
        cells += [f"{found.difference:+.4f}", f"{found.low:+.4f} to {found.high:+.4f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    print("| data | slice | users | asked at a time | not told | told | difference | 95 % |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for folder in args.folders:
        start, read = process_time(), read_folder(folder)
        rows = rows_of(folder.name, *compare(read.tables, read.rules))
        print("\n".join(rows), flush=True)
        print(f"{folder.name}: {process_time() - start:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
