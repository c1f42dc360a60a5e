"""Train a model: encode the tables, tune strategies, fit the blend and the models.

Start with :func:`train_model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from daybreak.blas import SingleBlasThread
from daybreak.data import EventRules, Tables
from daybreak.data.clock import latest_time
from daybreak.data.dataset import Dataset, Items
from daybreak.data.exclusion import are_clicks_all
from daybreak.data.recency import BLEND_RECENCY, RecencyCurve
from daybreak.data.repeats import repeats_are_usual
from daybreak.data.rules import ResolvedRules
from daybreak.data.user_samples import sample_users
from daybreak.encoders import Encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.memory import ComputationLimits, use_limits
from daybreak.models.shared_accounts import weigh_accounts
from daybreak.ranking.blending.strategies import (
    NEXT_EVENT_STRATEGIES,
    FittedStrategies,
    Strategy,
)
from daybreak.ranking.blending.time_budget import TimeBudget
from daybreak.ranking.blending.warm_start import WarmStart, refit_models
from daybreak.ranking.blending.weights import Blend, Exclusion, ExclusionReason
from daybreak.ranking.scoring.parts import ScorerParts
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.inputs.histories import Histories
from daybreak.service.inputs.sources import SourceTables, encode_sources, join_sources
from daybreak.service.training.plan import TrainingPlan, plan_training
from daybreak.types import Progress

MAX_TOLD_BURSTS = 3
"""Bursts of accounts with a single event that are told [bursts]."""
SEARCH_SHARE = 0.3
"""Share of the time limit that the search for better hyperparameters may take."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """The immutable result of a training."""

    content: ContentEncoder
    profile: ProfileEncoder
    items: Items
    blend: Blend
    fitted: FittedStrategies
    rules: ResolvedRules
    """Which events are positive; also used for later events."""
    stats: "TrainingStats"
    users: pl.DataFrame | None = None
    """Users with what they chose in the sources, for the state of this training; it is no part
    of a release."""
    scorer_parts: ScorerParts | None = None
    """Parts of the scorer of ``items``, if the release has them."""
    limits: ComputationLimits = field(default_factory=ComputationLimits)
    """Settings of the computations of this training; they are no part of a release."""

    @property
    def warm_start(self) -> WarmStart:
        """Blend and models from which a later training can continue."""
        return WarmStart(self.blend, self.fitted, RecencyCurve(self.stats.recency_power))


@dataclass(frozen=True)
class TrainingStats:
    """Facts of the training data that recommending needs."""

    n_events: int
    """Number of positive events."""
    dated: bool
    """Whether the times of the events give an order."""
    repeats: bool = False
    """Whether people usually take the same items again."""
    recency_power: float | None = None
    """Power of the :class:`~daybreak.data.recency.RecencyCurve`; None: releases of 0.1"""
    source_domains: tuple[str, ...] = ()
    """Values of ``domain`` whose events and items are sources, and not recommended."""
    users_are_items: bool = False
    """Whether the items are the users themselves, as in a network."""
    only_clicks: bool = False
    """Whether clicks are all that is known of what people choose, as in news."""
    trained_until: float | None = None
    """Newest event of the training [epoch s]; None: the blend does not read pauses."""


@dataclass(frozen=True)
class TrainingBudget:
    """Time limit of a training."""

    budget_s: float | None = None
    """Time limit [s]; None: as long as the fast strategies need."""
    search: bool = False
    """Whether a part of the time is spent on a search for better hyperparameters."""
    memory_bytes: int | None = None
    """Largest memory of the process [bytes]; None: no bound."""


@dataclass(frozen=True, eq=False)
class FitConfig:
    """Configuration of a training."""

    strategies: tuple[Strategy, ...]
    encoder: Encoder | None
    rules: EventRules
    fields: Mapping[str, Any] | None
    seed: int
    budget: "TrainingBudget"
    warm_start: WarmStart | None = None
    """Earlier training to continue from."""
    keep_weights: bool = False
    """Whether the weights of the earlier training are kept, without simulated cold starts."""
    popularity: float | None = None
    """Default setting of the blend; None: the balanced one."""
    sources: tuple[SourceTables, ...] = ()
    """Other shops and domains to learn from."""


def train_model(
    tables: Tables, config: FitConfig, progress: Progress
) -> tuple[TrainedModel, Histories]:
    """Train a model on tables; return it and the histories of the users.

    With a bound on memory, the settings of the :class:`TrainingPlan` are used.

    Args:
        tables: Items, users and events.
        config: Strategies, encoder, event rules, seed, and bounds on time and memory.
        progress: Called with the name of each step.

    Raises:
        MemoryLimitError: No training keeps to the bound on memory.
    """
    bound = config.budget.memory_bytes
    if bound is None:
        return _train_within_limits(tables, config, progress)
    plan = plan_fit(tables, config)
    learned = tuple(one for one in config.strategies if one.name in plan.learned)
    with use_limits(plan.limits):
        trained, histories = _train_within_limits(
            tables, replace(config, strategies=learned), progress
        )
    trained.blend.report["plan"] = plan.to_dict()
    return replace(trained, limits=plan.limits), histories


def plan_fit(tables: Tables, config: FitConfig) -> TrainingPlan:
    """Return the plan of a training.

    Args:
        tables: Items, users and events.
        config: Configuration of the training.

    Raises:
        MemoryLimitError: No training keeps to the bound on memory.
    """
    return plan_training(
        tables,
        config.strategies,
        config.rules,
        config.budget.memory_bytes,
        0 if config.encoder is None else config.encoder.dim,
    )


@SingleBlasThread(load_all=True)
def _train_within_limits(
    tables: Tables, config: FitConfig, progress: Progress
) -> tuple[TrainedModel, Histories]:
    from daybreak.ranking.blending.fit import fit_blend  # noqa: PLC0415 - recommending needs no optimiser

    budget = TimeBudget(config.budget.budget_s)
    progress("encoding the catalogue")
    source_ids = None
    if config.sources:
        tables, source_ids = join_sources(tables, config.sources)
    dataset = encode_dataset(
        tables,
        DatasetConfig(
            config.encoder,
            config.rules,
            config.fields,
            config.seed,
            source_ids,
            choose_recency(config.strategies),
        ),
    )
    if config.sources:
        found = encode_sources(dataset, tables, config.sources)
        dataset = replace(dataset, data=replace(dataset.data, sources=found))
    data, accounts = weigh_accounts(dataset.data)
    events = data.events
    if config.keep_weights and config.warm_start is not None:
        data = replace(data, recency=config.warm_start.recency)
        blend, fitted = refit_models(data, config.warm_start, config.seed, progress)
    else:
        strategies, record = _tune_strategies(data, config, progress)
        blend, fitted = fit_blend(
            data, strategies, config.seed, progress, budget, config.warm_start
        )
        blend.report.update(record)
    blend.report.update({"accounts": accounts})
    blend = blend.with_default_popularity(config.popularity)
    trained = TrainedModel(
        dataset.content,
        dataset.profile,
        data.items,
        blend,
        fitted,
        dataset.rules,
        TrainingStats(
            len(events),
            events.has_time_order,
            data.repeated is not None
            and repeats_are_usual(sample_users(data.repeated, config.seed)),
            data.recency.power,
            tuple(one.domain for one in config.sources if one.domain),
            dataset.users_are_items,
            are_clicks_all(dataset.log.kinds),
            latest_time(events.at) if blend.reads_pauses else None,
        ),
        tables.users if config.sources else None,
    )
    return trained, Histories(dataset.users, events, dataset.non_positive, log=dataset.log)


def choose_recency(strategies: Sequence[Strategy]) -> RecencyCurve:
    """Return how earlier events weigh in recent histories.

    A strategy alone has nothing but recent histories, and must not lose its way if the last
    events are random; blends for the next event are fitted to it.

    Args:
        strategies: Strategies of the training.
    """
    is_alone = len(strategies) == 1
    is_for_next = any(one.name in NEXT_EVENT_STRATEGIES for one in strategies)
    return RecencyCurve() if is_alone or is_for_next else BLEND_RECENCY


def _tune_strategies(
    data: Dataset, config: FitConfig, progress: Progress
) -> tuple[tuple[Strategy, ...], dict[str, Any]]:
    """Return the strategies with tuned hyperparameters, and the record for the report."""
    if not config.budget.search:
        return config.strategies, {}
    from daybreak.ranking.tuning.search import tune  # noqa: PLC0415 - only a search needs it

    seconds = SEARCH_SHARE * (config.budget.budget_s or 0.0)
    result = tune(data, config.strategies, config.seed, seconds, progress)
    return result.strategies, {"search": result.record}


def training_messages(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sentences about the prior weights, accounts that count less, and memory.

    Args:
        report: Report of a blend.
    """
    return (*prior_messages(report), *account_messages(report), *plan_messages(report))


def plan_messages(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return sentences about what a bound on memory changed in a training.

    Args:
        report: Report of a blend.

    Example:
        >>> left_out = {"name": "ease", "left_out": "its memory exceeds the bound"}
        >>> plan_messages({"plan": {"notes": [], "strategies": [left_out]}})
        ('strategy ease left out: its memory exceeds the bound',)
    """
    plan = report.get("plan", {})
    dropped = (one for one in plan.get("strategies", ()) if one["left_out"])
    messages = [f"strategy {one['name']} left out: {one['left_out']}" for one in dropped]
    return (*plan.get("notes", ()), *messages)


def prior_messages(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return sentences about what the prior decides: weights, and simulations left out.

    Args:
        report: Report of a blend.

    Example:
        >>> prior_messages({"prior": {"decides": [0, 1]}})[0][:44]
        'weights for 0, 1 known events come mostly fr'
    """
    levels = report.get("prior", {}).get("decides", ())
    if not levels:
        return simulation_messages(report)
    listed = ", ".join(map(str, levels))
    return (
        f"weights for {listed} known events come mostly from other shops; "
        "the simulated cold starts have few queries there",
        *simulation_messages(report),
    )


def account_messages(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence about each kind of account that counts less, if there are any.

    Args:
        report: Report of a blend.

    Example:
        >>> account_messages({"accounts": {"without_pattern": 37, "pattern_weight": 0.2}})
        ('37 accounts whose items show no pattern count 0.2 on average in pairs of items',)
    """
    found = report.get("accounts", {})
    messages = []
    if n := found.get("without_pattern"):
        verb = (
            "accounts whose items show no pattern count"
            if n > 1
            else ("account whose items show no pattern counts")
        )
        average = " on average" if n > 1 else ""
        messages.append(f"{n:,} {verb} {found['pattern_weight']}{average} in pairs of items")
    if n := found.get("capped"):
        verb = "accounts count" if n > 1 else "account counts"
        messages.append(f"{n:,} {verb} only as {found['cap']:,} events; they have many more")
    messages.extend(
        f"{one['accounts']:,} accounts without further events chose {one['item_id']} within a "
        f"minute; they count as {one['counted']:.0f}"
        for one in found.get("bursts", ())[:MAX_TOLD_BURSTS]
    )
    return tuple(messages)


def simulation_messages(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence about each part of the simulated cold starts that was left out.

    The first one tells that they are those of a sample of the users, if they are.

    Args:
        report: Report of a blend.

    Example:
        >>> skipped = {"the newest items": "not held out: no item is late"}
        >>> simulation_messages({"simulations": {"skipped": skipped}})
        ('simulated cold starts, the newest items: not held out: no item is late',)
    """
    plan = report.get("simulations", {})
    messages = []
    if sample := plan.get("sample"):
        messages.append(
            f"weights of strategies are learned from {sample['events']:,} events of "
            f"{sample['users']:,} users, drawn at random; the strategies learn from all events"
        )
    skipped: Mapping[str, str] = plan.get("skipped", {})
    messages += [f"simulated cold starts, {name}: {why}" for name, why in skipped.items()]
    return tuple(messages)


def left_out_messages(excluded: Mapping[str, Exclusion]) -> tuple[str, ...]:
    """Return a sentence for each strategy that was not tested in all simulated cold starts.

    Example:
        >>> excluded = {
        ...     "sequence": Exclusion(ExclusionReason.NO_TIME, "it takes 9 s, 2 s are left"),
        ...     "ease": Exclusion(ExclusionReason.ZERO_WEIGHT, "its weight is zero"),
        ... }
        >>> left_out_messages(excluded)
        ('strategy sequence left out: it takes 9 s, 2 s are left',)
    """
    return tuple(
        f"strategy {name} left out: {exclusion.message}"
        for name, exclusion in excluded.items()
        if exclusion.reason is not ExclusionReason.ZERO_WEIGHT
    )
