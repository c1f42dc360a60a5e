"""Every strategy on one data set: cold, warming up, warm; and at what cost."""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EventRules, Tables
from daybreak.encoders import CachedEncoder, Encoder, thread_count
from daybreak.errors import DataError
from daybreak.evaluation.intervals import Interval, bootstrap_all
from daybreak.ranking.contest import Contestant, Progress, Standing, Standings, contest
from daybreak.ranking.questions import WARM, WARM_UP, how_often
from daybreak.service.dataset import Reading, dataset_of
from daybreak.service.encoder_choice import choose_encoder

GROUPS: Mapping[str, tuple[str, ...]] = {
    "cold_user": WARM_UP[:1],
    "few_shot": WARM_UP[1:],
    "warm": WARM,
    "cold_item": ("cold_item", "arriving"),
    "cold_item_all": ("cold_item_all", "arriving_all"),
}
"""Slices whose mean is one number of the table."""
PACKAGES = ("daybreak", "numpy", "scipy", "onnxruntime", "torch")
TEXTS = 128
"""Texts by which the speed of the encoder is measured."""
NOWHERE = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """What every strategy reached."""

    name: str
    """Of the data."""
    standings: Standings
    facts: Mapping[str, Any]
    """Of data, encoder, machine and versions; plain values."""
    intervals: Mapping[str, Mapping[str, Interval]]
    """NDCG@10 of each strategy on each slice that it can serve."""

    @classmethod
    def of(cls, name: str, standings: Standings, facts: Mapping[str, Any]) -> "Leaderboard":
        """Return the board of finished standings."""
        found = {row.name: bootstrap_all(row.values) for row in standings.rows}
        return cls(name, standings, facts, found)

    def curve(self, strategy: str) -> dict[int, Interval]:
        """Return the warm-up curve: NDCG@10 by events known of a new user."""
        found = self.intervals[strategy]
        return {
            int(name.removeprefix("events_")): found[name] for name in WARM_UP if name in found
        }

    def group(self, strategy: str, group: str) -> Interval:
        """Return the mean over the slices of a group; all NaN where any cannot be served.

        The ends are the means of the ends: the interval is never too narrow, whatever the
        slices have in common.
        """
        names = [name for name in GROUPS[group] if name in self.standings.queries]
        found = self.intervals[strategy]
        if not names or any(name not in found for name in names):
            return NOWHERE
        mean, low, high = np.mean([found[name] for name in names], axis=0)
        return Interval(float(mean), float(low), float(high))

    def table(self) -> pl.DataFrame:
        """Return a row for each strategy: NDCG@10 by group, and what it cost; best first.

        Example:
            >>> from daybreak.ranking.contest import Standing, Standings
            >>> row = Standing("popular", {"events_0": np.array([0.2, 0.4])})
            >>> board = Leaderboard.of("shop", Standings((row,), {"events_0": 2}), {})
            >>> board.table().select("strategy", "cold_user", "few_shot").row(0)
            ('popular', 0.30000000000000004, None)
        """
        rows = [
            {
                "strategy": row.name,
                **{name: _or_none(self.group(row.name, name).mean) for name in GROUPS},
                **costs(row),
                "note": row.fault or "",
            }
            for row in self.standings.rows
        ]
        kinds: dict[str, Any] = {"strategy": pl.String, **dict.fromkeys(GROUPS, pl.Float64)}
        frame = pl.DataFrame(rows, schema={**kinds, **COSTS, "note": pl.String})
        return frame.sort("few_shot", "cold_item", descending=True, nulls_last=True)

    def slices(self) -> pl.DataFrame:
        """Return a row for each strategy and slice: NDCG@10 with its interval."""
        rows = [
            (strategy, name, self.standings.queries[name], *value)
            for strategy, found in self.intervals.items()
            for name, value in found.items()
        ]
        schema = {"strategy": pl.String, "slice": pl.String, "queries": pl.Int64}
        schema |= dict.fromkeys(("ndcg", "low", "high"), pl.Float64)
        return pl.DataFrame(rows, schema=schema, orient="row")

    def plain(self) -> dict[str, Any]:
        """Return everything but the values of single queries, as JSON can hold it."""
        return {
            "data": self.name,
            "facts": dict(self.facts),
            "queries": dict(self.standings.queries),
            "strategies": self.table().to_dicts(),
            "slices": self.slices().to_dicts(),
        }


COSTS = {
    "train_s": pl.Float64,
    "train_cpu_s": pl.Float64,
    "peak_mb": pl.Int64,
    "answers_per_s": pl.Int64,
}
"""What a strategy costs: its longest training, and how fast it ranks the whole catalogue."""


def costs(row: Standing) -> dict[str, float | None]:
    """Return the costs of a row, None where unknown."""
    if row.fault is not None:
        return dict.fromkeys(COSTS)
    answers = sum(len(values) for values in row.values.values())
    return {
        "train_s": round(row.train.seconds, 2),
        "train_cpu_s": round(row.train.cpu_seconds, 2),
        "peak_mb": None if row.train.peak_mb is None else round(row.train.peak_mb),
        "answers_per_s": round(answers / max(row.score.seconds, 1e-9)),
    }


@dataclass(frozen=True)
class Terms:
    """How a contest is played."""

    encoder: str = "auto"
    rules: EventRules | None = None
    """Which events are positive; None: the data choose."""
    seed: int = 0
    repeats: int | None = None
    """How often users and items are hidden at random; None: by the size of the data."""


def compete(
    name: str,
    tables: Tables,
    contestants: Sequence[Contestant],
    terms: Terms,
    say: Progress = lambda _: None,
) -> Leaderboard:
    """Let strategies compete on a data set.

    Args:
        name: Of the data.
        tables: The data.
        contestants: See :func:`daybreak.service.entrants.entrants`.
        terms: Encoder, rules, seed.
        say: Told of each step.

    Raises:
        DataError: So little is known that nothing can be hidden and asked for.
    """
    say("encoding the catalogue")
    choice = choose_encoder(terms.encoder, tables.items)
    reading = Reading(choice.encoder, terms.rules or EventRules(), None, terms.seed)
    read = dataset_of(tables, reading)
    data = read.data
    facts = {
        "users": data.n_users,
        "items": len(data.items),
        "events": len(data.events),
        "times": data.events.dated,
        "rules": read.rules.describe(),
        "encoder": choice.name or "none",
        "texts_per_s": texts_per_s(choice.encoder, tables.items),
        "encoder_threads": thread_count(),
        "seed": terms.seed,
        "repeats": how_often(data, terms.repeats),
        **machine(),
    }
    standings = contest(data, contestants, seed=terms.seed, say=say, repeats=terms.repeats)
    if not standings.queries:
        raise DataError(
            f"{name} has {len(data.events):,} positive events of {data.n_users:,} users, too "
            "few to hide some and ask for them"
        )
    return Leaderboard.of(name, standings, facts)


def machine() -> dict[str, Any]:
    """Return where and when something is measured, and with which versions."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            **{package: _version(package) for package in PACKAGES},
        },
    }


def texts_per_s(encoder: Encoder | None, items: pl.DataFrame) -> float | None:
    """Return how many texts of the catalogue are encoded in a second of the clock, uncached."""
    columns = [name for name in items.columns if items[name].dtype == pl.String]
    columns = [name for name in columns if name != "item_id"]
    if encoder is None or not columns or not items.height:
        return None
    plain = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    joined = pl.concat_str(columns, separator=" ", ignore_nulls=True)
    sample = items.gather_every(max(1, items.height // TEXTS)).head(TEXTS).select(joined)
    texts = sample.to_series().to_list()
    plain.encode(texts[:8])
    start = time.perf_counter()
    plain.encode(texts)
    return round(len(texts) / (time.perf_counter() - start), 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
