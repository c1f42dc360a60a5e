"""The data of a contest: a folder, or a part of the bundled shop.

Who competes: the line-up, and every other model there is.

Every strategy on one data set: cold, warming up, warm; and at what cost.
"""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EventRules, Tables, read_folder
from daybreak.encoders import CachedEncoder, Encoder, thread_count
from daybreak.errors import ConfigError, DataError
from daybreak.estimates import Estimate, bootstrap_all
from daybreak.models import models
from daybreak.ranking.benchmarks.learners import (
    BenchmarkResults,
    BlendLearner,
    Learner,
    StrategyResult,
    benchmark_strategies,
)
from daybreak.ranking.blending.strategies import Strategy, default_strategies
from daybreak.service.inputs.bundled import gift_shop
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.simulation.slices import BENCHMARK_WARM_SLICES, FEW_SHOT_SLICES
from daybreak.simulation.splits import count_random_splits
from daybreak.types import Progress, ignore_progress

DEMO_USER_STEP = 5
"""The demo keeps one customer in so many,"""
DEMO_MIN_ITEM_EVENTS = 6
"""and the items that these bought so often: enough to tell strategies apart in a minute."""
DEMO_NAME = f"gift_shop (one customer in {DEMO_USER_STEP})"


def read_folder_tables(folder: Path) -> Tables:
    """Return the tables of a folder; see :func:`daybreak.data.read_folder`."""
    return read_folder(folder).tables


def read_demo_tables(share: int = DEMO_USER_STEP, often: int = DEMO_MIN_ITEM_EVENTS) -> Tables:
    """Return one customer in ``share`` of the bundled shop, and what these bought ``often``.

    Example:
        >>> tables = read_demo_tables(100, often=1)
        >>> tables.users.height, set(tables.items["item_id"]) == set(tables.events["item_id"])
        (30, True)
    """
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(share)
    events = tables.events.join(users.select("user_id"), on="user_id")
    kept = events.group_by("item_id").len().filter(pl.col("len") >= often).select("item_id")
    items = tables.items.join(kept, on="item_id", how="semi", maintain_order="left")
    return Tables(items, users, events.join(kept, on="item_id", how="semi"))


def select_learners(
    names: Sequence[str] = (), *, auto: bool = False, progress: Progress = ignore_progress
) -> tuple[Learner, ...]:
    """Return the strategies of these names; no names: all of them.

    Args:
        names: Of strategies of the line-up, or of models that are in none of them.
        auto: Whether the blend of the line-up competes too.
        progress: Called with a description of each step of the blend.

    Raises:
        ConfigError: There is no such strategy.

    Example:
        >>> [entrant.name for entrant in entrants(["ease", "popular"], auto=True)]
        ['ease', 'popular', 'auto']
    """
    known = {strategy.name: strategy for strategy in all_strategies()}
    for name in names:
        if name not in known:
            raise ConfigError(f"no strategy {name!r}; known: {', '.join(known)}")
    chosen: tuple[Learner, ...] = tuple(known[name] for name in names or known)
    return (*chosen, BlendLearner(default_strategies(), progress=progress)) if auto else chosen


def all_strategies() -> tuple[Strategy, ...]:
    """Return the line-up, and a strategy for each registered model that it does not use."""
    defaults = default_strategies()
    used = {strategy.model for strategy in defaults}
    return (*defaults, *(Strategy(name, name) for name in models if name not in used))


SLICE_GROUPS: Mapping[str, tuple[str, ...]] = {
    "cold_user": FEW_SHOT_SLICES[:1],
    "few_shot": FEW_SHOT_SLICES[1:],
    "warm": BENCHMARK_WARM_SLICES,
    "cold_item": ("cold_item", "arriving"),
    "cold_item_all": ("cold_item_mixed", "arriving_mixed"),
}
"""Slices whose mean is one number of the table."""
REPORTED_PACKAGES = ("daybreak", "numpy", "scipy", "onnxruntime", "torch")
N_SPEED_TEXTS = 128
"""Texts by which the speed of the encoder is measured."""
UNDEFINED_ESTIMATE = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """What every strategy reached."""

    name: str
    """Of the data."""
    results: BenchmarkResults
    metadata: Mapping[str, Any]
    """Of data, encoder, machine and versions; plain values."""
    estimates: Mapping[str, Mapping[str, Estimate]]
    """NDCG@10 of each strategy on each slice that it can serve."""

    @classmethod
    def from_results(
        cls, name: str, results: BenchmarkResults, metadata: Mapping[str, Any]
    ) -> "Leaderboard":
        """Return the board of finished standings."""
        found = {row.name: bootstrap_all(row.values) for row in results.results}
        return cls(name, results, metadata, found)

    def warm_up_curve(self, strategy: str) -> dict[int, Estimate]:
        """Return the warm-up curve: NDCG@10 by events known of a new user."""
        found = self.estimates[strategy]
        return {
            int(name.removeprefix("events_")): found[name]
            for name in FEW_SHOT_SLICES
            if name in found
        }

    def group_estimate(self, strategy: str, group: str) -> Estimate:
        """Return the mean over the slices of a group; all NaN where any cannot be served.

        The ends are the means of the ends: the interval is never too narrow, whatever the
        slices have in common.
        """
        names = [name for name in SLICE_GROUPS[group] if name in self.results.n_queries]
        found = self.estimates[strategy]
        if not names or any(name not in found for name in names):
            return UNDEFINED_ESTIMATE
        mean, low, high = np.mean([found[name] for name in names], axis=0)
        return Estimate(float(mean), float(low), float(high))

    def table(self) -> pl.DataFrame:
        """Return a row for each strategy: NDCG@10 by group, and what it cost; best first.

        Example:
            >>> from daybreak.ranking.benchmarks.learners import StrategyResult, BenchmarkResults
            >>> row = StrategyResult("popular", {"events_0": np.array([0.2, 0.4])})
            >>> board = Leaderboard.of("shop", BenchmarkResults((row,), {"events_0": 2}), {})
            >>> board.table().select("strategy", "cold_user", "few_shot").row(0)
            ('popular', 0.30000000000000004, None)
        """
        rows = [
            {
                "strategy": row.name,
                **{
                    name: _nan_to_none(self.group_estimate(row.name, name).mean)
                    for name in SLICE_GROUPS
                },
                **cost_values(row),
                "note": row.error or "",
            }
            for row in self.results.results
        ]
        kinds: dict[str, Any] = {
            "strategy": pl.String,
            **dict.fromkeys(SLICE_GROUPS, pl.Float64),
        }
        frame = pl.DataFrame(rows, schema={**kinds, **COST_COLUMNS, "note": pl.String})
        return frame.sort("few_shot", "cold_item", descending=True, nulls_last=True)

    def slice_table(self) -> pl.DataFrame:
        """Return a row for each strategy and slice: NDCG@10 with its interval."""
        rows = [
            (strategy, name, self.results.n_queries[name], *value)
            for strategy, found in self.estimates.items()
            for name, value in found.items()
        ]
        schema = {"strategy": pl.String, "slice": pl.String, "queries": pl.Int64}
        schema |= dict.fromkeys(("ndcg", "low", "high"), pl.Float64)
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the values of single queries, as JSON can hold it."""
        return {
            "data": self.name,
            "facts": dict(self.metadata),
            "queries": dict(self.results.n_queries),
            "strategies": self.table().to_dicts(),
            "slices": self.slice_table().to_dicts(),
        }


COST_COLUMNS = {
    "train_s": pl.Float64,
    "train_cpu_s": pl.Float64,
    "peak_mb": pl.Int64,
    "answers_per_s": pl.Int64,
}
"""What a strategy costs: its longest training, and how fast it ranks the whole catalogue."""


def cost_values(row: StrategyResult) -> dict[str, float | None]:
    """Return the costs of a row, None where unknown."""
    if row.error is not None:
        return dict.fromkeys(COST_COLUMNS)
    answers = sum(len(values) for values in row.values.values())
    return {
        "train_s": round(row.training.seconds, 2),
        "train_cpu_s": round(row.training.cpu_seconds, 2),
        "peak_mb": None if row.training.peak_mb is None else round(row.training.peak_mb),
        "answers_per_s": round(answers / max(row.scoring.seconds, 1e-9)),
    }


@dataclass(frozen=True)
class BenchmarkOptions:
    """How a contest is played."""

    encoder: str = "auto"
    rules: EventRules | None = None
    """Which events are positive; None: the data choose."""
    seed: int = 0
    repeats: int | None = None
    """How often users and items are hidden at random; None: by the size of the data."""


def run_leaderboard(
    name: str,
    tables: Tables,
    learners: Sequence[Learner],
    options: BenchmarkOptions,
    progress: Progress = ignore_progress,
) -> Leaderboard:
    """Let strategies compete on a data set.

    Args:
        name: Of the data.
        tables: The data.
        learners: See :func:`daybreak.service.benchmarking.leaderboard.entrants`.
        options: Encoder, rules, seed.
        progress: Called with a description of each step.

    Raises:
        DataError: So little is known that nothing can be hidden and asked for.
    """
    progress("encoding the catalogue")
    choice = choose_encoder(options.encoder, tables.items)
    reading = DatasetConfig(choice.encoder, options.rules or EventRules(), None, options.seed)
    read = encode_dataset(tables, reading)
    data = read.data
    facts = {
        "users": data.n_users,
        "items": len(data.items),
        "events": len(data.events),
        "times": data.events.has_time_order,
        "rules": read.rules.describe(),
        "encoder": choice.name or "none",
        "texts_per_s": measure_encoding_speed(choice.encoder, tables.items),
        "encoder_threads": thread_count(),
        "seed": options.seed,
        "repeats": count_random_splits(data, options.repeats),
        **describe_machine(),
    }
    standings = benchmark_strategies(
        data, learners, seed=options.seed, progress=progress, repeats=options.repeats
    )
    if not standings.n_queries:
        raise DataError(
            f"{name} has {len(data.events):,} positive events of {data.n_users:,} users, too "
            "few to hide some and ask for them"
        )
    return Leaderboard.from_results(name, standings, facts)


def describe_machine() -> dict[str, Any]:
    """Return where and when something is measured, and with which versions."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            **{package: _package_version(package) for package in REPORTED_PACKAGES},
        },
    }


def measure_encoding_speed(encoder: Encoder | None, items: pl.DataFrame) -> float | None:
    """Return how many texts of the catalogue are encoded in a second of the clock, uncached."""
    columns = [name for name in items.columns if items[name].dtype == pl.String]
    columns = [name for name in columns if name != "item_id"]
    if encoder is None or not columns or not items.height:
        return None
    plain = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    joined = pl.concat_str(columns, separator=" ", ignore_nulls=True)
    sample = (
        items.gather_every(max(1, items.height // N_SPEED_TEXTS))
        .head(N_SPEED_TEXTS)
        .select(joined)
    )
    texts = sample.to_series().to_list()
    plain.encode(texts[:8])
    start = time.perf_counter()
    plain.encode(texts)
    return round(len(texts) / (time.perf_counter() - start), 1)


def _package_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _nan_to_none(value: float) -> float | None:
    return None if np.isnan(value) else value
