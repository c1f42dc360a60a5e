"""From tables to everything that answers: encoders, models, blend, histories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset, Items
from daybreak.data.rules import ResolvedRules
from daybreak.encoders import Encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.time_budget import TimeBudget
from daybreak.ranking.blending.warm_start import WarmStart, refit_models
from daybreak.ranking.blending.weights import Blend, Exclusion, ExclusionReason
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.inputs.histories import Histories

SEARCH_SHARE = 0.3
"""Share of a budget that a search for better options may take."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What one training gave; never changed afterwards."""

    content: ContentEncoder
    profile: ProfileEncoder
    items: Items
    blend: Blend
    fitted: FittedStrategies
    rules: ResolvedRules
    """Which events are positive; the same for those that come later."""
    stats: "TrainingStats"

    @property
    def warm_start(self) -> WarmStart:
        """What a later training can go on from."""
        return WarmStart(self.blend, self.fitted)


@dataclass(frozen=True)
class TrainingStats:
    """What answers need to know of the data that were learned from."""

    n_events: int
    """Positive events."""
    dated: bool
    """Whether the times of events tell an order."""


@dataclass(frozen=True)
class TrainingBudget:
    """How much a training may take."""

    budget_s: float | None = None
    """Seconds; None: as many as the light strategies take."""
    search: bool = False
    """Whether a part of them goes into a search for better options."""


@dataclass(frozen=True, eq=False)
class FitConfig:
    """What a training is asked to do."""

    strategies: tuple[Strategy, ...]
    encoder: Encoder | None
    rules: EventRules
    fields: Mapping[str, Any] | None
    seed: int
    budget: "TrainingBudget"
    warm_start: WarmStart | None = None
    """An earlier training to go on from."""
    keep_weights: bool = False
    """Whether the weights of the start are taken as they are, without simulated cold starts."""


def train_model(
    tables: Tables, config: FitConfig, progress: Progress
) -> tuple[TrainedModel, Histories]:
    """Encode, simulate, weigh and fit; return what was learned and the histories beside it."""
    from daybreak.ranking.blending.fit import fit_blend  # noqa: PLC0415 - answering needs no optimiser

    budget = TimeBudget(config.budget.budget_s)
    progress("encoding the catalogue")
    reading = DatasetConfig(config.encoder, config.rules, config.fields, config.seed)
    read = encode_dataset(tables, reading)
    data, events = read.data, read.data.events
    if config.keep_weights and config.warm_start is not None:
        blend, fitted = refit_models(data, config.warm_start, config.seed, progress)
    else:
        strategies, record = _tune_strategies(data, config, progress)
        blend, fitted = fit_blend(
            data, strategies, config.seed, progress, budget, config.warm_start
        )
        blend.report.update(record)
    learned = TrainedModel(
        read.content,
        read.profile,
        data.items,
        blend,
        fitted,
        read.rules,
        TrainingStats(len(events), events.has_time_order),
    )
    return learned, Histories(read.users, events, read.non_positive)


def _tune_strategies(
    data: Dataset, config: FitConfig, progress: Progress
) -> tuple[tuple[Strategy, ...], dict[str, Any]]:
    """Return the strategies with the best options found, and what the report says of them."""
    if not config.budget.search:
        return config.strategies, {}
    from daybreak.ranking.tuning.search import tune  # noqa: PLC0415 - only who searches needs it

    seconds = SEARCH_SHARE * (config.budget.budget_s or 0.0)
    found = tune(data, config.strategies, config.seed, seconds, progress)
    return found.strategies, {"search": found.record}


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
