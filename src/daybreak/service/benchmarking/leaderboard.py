"""The leaderboard: every strategy alone on one data set, for cold, few-shot and warm queries.

Each strategy is trained alone and ranks the queries of all benchmark slices; the table also
shows what it costs.
"""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EventRules, Tables, read_folder
from daybreak.data.canonical import canonical_tables
from daybreak.encoders import CachedEncoder, Encoder, thread_count
from daybreak.errors import ConfigError, DataError
from daybreak.estimates import UNDEFINED, Estimate, bootstrap_all
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
"""Number of customers of which the demo keeps one."""
DEMO_MIN_ITEM_EVENTS = 6
"""Smallest number of events with these customers of an item of the demo."""
DEMO_NAME = f"gift_shop (one customer in {DEMO_USER_STEP})"
SLICE_GROUPS: Mapping[str, tuple[str, ...]] = {
    "cold_user": FEW_SHOT_SLICES[:1],
    "few_shot": FEW_SHOT_SLICES[1:],
    "warm": BENCHMARK_WARM_SLICES,
    "cold_item": ("cold_item", "arriving"),
    "cold_item_all": ("cold_item_mixed", "arriving_mixed"),
}
"""Columns of the table, and the slices whose mean each one shows."""
COST_COLUMNS = {
    "train_s": pl.Float64,
    "train_cpu_s": pl.Float64,
    "peak_mb": pl.Int64,
    "answers_per_s": pl.Int64,
}
"""Cost of a strategy: its longest training, and how fast it ranks the whole catalogue."""
REPORTED_PACKAGES = ("daybreak", "numpy", "scipy", "onnxruntime", "torch")
N_SPEED_TEXTS = 128
"""Texts on which the speed of the encoder is measured."""


@dataclass(frozen=True)
class BenchmarkOptions:
    """Options of a leaderboard.

    Attributes:
        encoder: Name of the text encoder; ``auto``: chosen by language.
        rules: Which events are positive; None: inferred from the data.
        seed: Seed of the splits and of training.
        repeats: Number of random splits; None: up to three, until there are enough new users.
    """

    encoder: str = "auto"
    rules: EventRules | None = None
    seed: int = 0
    repeats: int | None = None


def run_leaderboard(
    name: str,
    tables: Tables,
    learners: Sequence[Learner],
    options: BenchmarkOptions,
    progress: Progress = ignore_progress,
) -> "Leaderboard":
    """Compare learners on a data set.

    Args:
        name: Name of the data set.
        tables: The data set.
        learners: Learners to compare; see :func:`select_learners`.
        options: Encoder, rules, seed and repeats.
        progress: Called with a description of each step.

    Raises:
        DataError: There is too little data to hold anything out.
    """
    progress("encoding the catalogue")
    tables, _ = canonical_tables(tables)
    choice = choose_encoder(options.encoder, tables.items)
    rules = options.rules or EventRules()
    dataset = encode_dataset(tables, DatasetConfig(choice.encoder, rules, None, options.seed))
    data = dataset.data
    metadata = {
        "users": data.n_users,
        "items": len(data.items),
        "events": len(data.events),
        "times": data.events.has_time_order,
        "rules": dataset.rules.describe(),
        "encoder": choice.name or "none",
        "texts_per_s": measure_encoding_speed(choice.encoder, tables.items),
        "encoder_threads": thread_count(),
        "seed": options.seed,
        "repeats": count_random_splits(data, options.repeats),
        **describe_machine(),
    }
    results = benchmark_strategies(
        data, learners, seed=options.seed, progress=progress, repeats=options.repeats
    )
    if not results.n_queries:
        raise DataError(
            f"{name} has {len(data.events):,} positive events of {data.n_users:,} users, too "
            "few to hold some of them out"
        )
    return Leaderboard.from_results(name, results, metadata)


def select_learners(
    names: Sequence[str] = (), *, auto: bool = False, progress: Progress = ignore_progress
) -> tuple[Learner, ...]:
    """Return the strategies of these names.

    Without names, all strategies are returned but those of wishes and of repeat consumption,
    which have nothing to rank by in the slices of a benchmark.

    Args:
        names: Names of default strategies, or of models that no default strategy uses.
        auto: Whether the blend of the default strategies is added.
        progress: Called with a description of each step of the training of the blend.

    Raises:
        ConfigError: There is no such strategy.

    Example:
        >>> [learner.name for learner in select_learners(["ease", "popular"], auto=True)]
        ['ease', 'popular', 'auto']
    """
    known = {strategy.name: strategy for strategy in all_strategies()}
    for name in names:
        if name not in known:
            raise ConfigError(f"no strategy {name!r}; known: {', '.join(known)}")
    ordinary = [
        name for name in known if models[known[name].model].card.fitted_on == "ordinary"
    ]
    chosen: tuple[Learner, ...] = tuple(known[name] for name in names or ordinary)
    return (*chosen, BlendLearner(default_strategies(), progress=progress)) if auto else chosen


def all_strategies() -> tuple[Strategy, ...]:
    """Return the default strategies, and those of each registered model that they do not use.

    Slow models, and models without strategies of their own, have one of their name.
    """
    defaults = default_strategies()
    used = {strategy.model for strategy in defaults}
    named = {
        name: models[name].card.strategies for name in models if not models[name].card.is_slow
    }
    others = [
        Strategy(strategy, name, options)
        for name in models
        if name not in used
        for strategy, options in (named.get(name) or {name: {}}).items()
    ]
    return (*defaults, *others)


def read_demo_tables(share: int = DEMO_USER_STEP, often: int = DEMO_MIN_ITEM_EVENTS) -> Tables:
    """Return a part of the bundled gift shop, on which strategies are compared in a minute.

    Args:
        share: Number of customers of which one is kept.
        often: Smallest number of events with these customers of an item that is kept.

    Example:
        >>> tables = read_demo_tables(100, often=1)
        >>> tables.users.height, set(tables.items["item_id"]) == set(tables.events["item_id"])
        (30, True)
    """
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(share)
    events = tables.events.join(users.select("user_id"), on="user_id")
    frequent = events.group_by("item_id").len().filter(pl.col("len") >= often).select("item_id")
    items = tables.items.join(frequent, on="item_id", how="semi", maintain_order="left")
    return Tables(items, users, events.join(frequent, on="item_id", how="semi"))


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Results of a leaderboard.

    Attributes:
        name: Name of the data set.
        results: Quality and cost of each strategy.
        metadata: Data, encoder, machine and versions, as plain values.
        estimates: NDCG@10 of each strategy on each slice that it can serve.
    """

    name: str
    results: BenchmarkResults
    metadata: Mapping[str, Any]
    estimates: Mapping[str, Mapping[str, Estimate]]

    @classmethod
    def from_results(
        cls, name: str, results: BenchmarkResults, metadata: Mapping[str, Any]
    ) -> "Leaderboard":
        """Return the leaderboard of finished results, with an interval for every mean."""
        estimates = {result.name: bootstrap_all(result.values) for result in results.results}
        return cls(name, results, metadata, estimates)

    def warm_up_curve(self, strategy: str) -> dict[int, Estimate]:
        """Return NDCG@10 by the number of known events of a new user."""
        estimates = self.estimates[strategy]
        return {
            int(name.removeprefix("events_")): estimates[name]
            for name in FEW_SHOT_SLICES
            if name in estimates
        }

    def group_estimate(self, strategy: str, group: str) -> Estimate:
        """Return the mean over the slices of a group; NaN if any of them cannot be served.

        The ends of the interval are the means of the ends. The interval is then never too
        narrow, whatever the correlation of the slices.
        """
        names = [name for name in SLICE_GROUPS[group] if name in self.results.n_queries]
        estimates = self.estimates[strategy]
        if not names or any(name not in estimates for name in names):
            return UNDEFINED
        mean, low, high = np.mean([estimates[name] for name in names], axis=0)
        return Estimate(float(mean), float(low), float(high))

    def table(self) -> pl.DataFrame:
        """Return a row for each strategy: NDCG@10 by group, and cost; best first.

        Example:
            >>> from daybreak.ranking.benchmarks import learners
            >>> result = learners.StrategyResult("popular", {"events_0": np.array([0.2, 0.4])})
            >>> results = learners.BenchmarkResults((result,), {"events_0": 2})
            >>> board = Leaderboard.from_results("shop", results, {})
            >>> board.table().select("strategy", "cold_user", "few_shot").row(0)
            ('popular', 0.30000000000000004, None)
        """
        rows = [
            {
                "strategy": result.name,
                **{
                    group: _nan_to_none(self.group_estimate(result.name, group).mean)
                    for group in SLICE_GROUPS
                },
                **cost_values(result),
                "note": result.error or "",
            }
            for result in self.results.results
        ]
        schema: dict[str, Any] = {
            "strategy": pl.String,
            **dict.fromkeys(SLICE_GROUPS, pl.Float64),
            **COST_COLUMNS,
            "note": pl.String,
        }
        frame = pl.DataFrame(rows, schema=schema)
        return frame.sort("few_shot", "cold_item", descending=True, nulls_last=True)

    def slice_table(self) -> pl.DataFrame:
        """Return a row for each strategy and slice: NDCG@10 with its interval."""
        rows = [
            (strategy, name, self.results.n_queries[name], *value)
            for strategy, estimates in self.estimates.items()
            for name, value in estimates.items()
        ]
        schema = {"strategy": pl.String, "slice": pl.String, "queries": pl.Int64}
        schema |= dict.fromkeys(("ndcg", "low", "high"), pl.Float64)
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the values of single queries, as plain values for JSON."""
        return {
            "data": self.name,
            "facts": dict(self.metadata),
            "queries": dict(self.results.n_queries),
            "strategies": self.table().to_dicts(),
            "slices": self.slice_table().to_dicts(),
        }


def cost_values(result: StrategyResult) -> dict[str, float | None]:
    """Return the cost columns of a strategy; None where a cost is unknown."""
    if result.error is not None:
        return dict.fromkeys(COST_COLUMNS)
    n_answers = sum(len(values) for values in result.values.values())
    peak_mb = result.training.peak_mb
    return {
        "train_s": round(result.training.seconds, 2),
        "train_cpu_s": round(result.training.cpu_seconds, 2),
        "peak_mb": None if peak_mb is None else round(peak_mb),
        "answers_per_s": round(n_answers / max(result.scoring.seconds, 1e-9)),
    }


def describe_machine() -> dict[str, Any]:
    """Return date, machine and versions of a measurement."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            **{package: _package_version(package) for package in REPORTED_PACKAGES},
        },
    }


def measure_encoding_speed(encoder: Encoder | None, items: pl.DataFrame) -> float | None:
    """Return the number of catalogue texts that are encoded per second without a cache."""
    columns = [name for name in items.columns if items[name].dtype == pl.String]
    columns = [name for name in columns if name != "item_id"]
    if encoder is None or not columns or not items.height:
        return None
    uncached = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    text = pl.concat_str(columns, separator=" ", ignore_nulls=True)
    sample = items.gather_every(max(1, items.height // N_SPEED_TEXTS)).head(N_SPEED_TEXTS)
    texts = sample.select(text).to_series().to_list()
    uncached.encode(texts[:8])
    start = time.perf_counter()
    uncached.encode(texts)
    return round(len(texts) / (time.perf_counter() - start), 1)


def _package_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _nan_to_none(value: float) -> float | None:
    return None if np.isnan(value) else value
