"""From tables to everything that answers: encoders, models, blend, histories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.rules import ResolvedRules
from daybreak.encoders import Encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.ranking.blend import Blend
from daybreak.ranking.candidates import Budget
from daybreak.ranking.start import NOWHERE, Start, refresh
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.service.dataset import Reading, dataset_of
from daybreak.service.histories import Histories

SEARCHING = 0.3
"""Share of a budget that a search for better options may take."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Learned:
    """What one training gave; never changed afterwards."""

    content: ContentEncoder
    profile: ProfileEncoder
    items: Items
    blend: Blend
    fitted: Fitted
    rules: ResolvedRules
    """Which events are positive; the same for those that come later."""
    facts: "Facts"

    @property
    def start(self) -> Start:
        """What a later training can go on from."""
        return Start(self.blend, self.fitted)


@dataclass(frozen=True)
class Facts:
    """What answers need to know of the data that were learned from."""

    n_events: int
    """Positive events."""
    dated: bool
    """Whether the times of events tell an order."""


@dataclass(frozen=True)
class Effort:
    """How much a training may take."""

    budget_s: float | None = None
    """Seconds; None: as many as the light strategies take."""
    search: bool = False
    """Whether a part of them goes into a search for better options."""


@dataclass(frozen=True, eq=False)
class Options:
    """What a training is asked to do."""

    strategies: tuple[Strategy, ...]
    encoder: Encoder | None
    rules: EventRules
    fields: Mapping[str, Any] | None
    seed: int
    effort: "Effort"
    start: Start | None = None
    """An earlier training to go on from."""
    keep_weights: bool = False
    """Whether the weights of the start are taken as they are, without simulated cold starts."""


def learn(tables: Tables, options: Options, say: Progress) -> tuple[Learned, Histories]:
    """Encode, simulate, weigh and fit; return what was learned and the histories beside it."""
    from daybreak.ranking.learn import learn_blend  # noqa: PLC0415 - answering needs no optimiser

    budget = Budget(options.effort.budget_s)
    say("encoding the catalogue")
    reading = Reading(options.encoder, options.rules, options.fields, options.seed)
    read = dataset_of(tables, reading)
    data, events = read.data, read.data.events
    if options.keep_weights and options.start is not None:
        blend, fitted = refresh(data, options.start, options.seed, say)
    else:
        strategies, record = _searched(data, options, say)
        blend, fitted = learn_blend(data, strategies, options.seed, say, budget, options.start)
        blend.report.update(record)
    learned = Learned(
        read.content,
        read.profile,
        data.items,
        blend,
        fitted,
        read.rules,
        Facts(len(events), events.dated),
    )
    return learned, Histories(read.users, events, read.others)


def _searched(
    data: Dataset, options: Options, say: Progress
) -> tuple[tuple[Strategy, ...], dict[str, Any]]:
    """Return the strategies with the best options found, and what the report says of them."""
    if not options.effort.search:
        return options.strategies, {}
    from daybreak.ranking.search import search  # noqa: PLC0415 - only who searches needs it

    seconds = SEARCHING * (options.effort.budget_s or 0.0)
    found = search(data, options.strategies, options.seed, seconds, say)
    return found.strategies, {"search": found.record}


def absences(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each strategy that could not compete to the end.

    Example:
        >>> absences({"candidates": {"sequence": {"left_out": "it takes 9 s, 2 s are left"},
        ...                          "ease": {"left_out": NOWHERE}}})
        ('sequence left: it takes 9 s, 2 s are left',)
    """
    candidates = report.get("candidates", {}).items()
    return tuple(
        f"{name} left: {found['left_out']}"
        for name, found in candidates
        if found["left_out"] not in {None, NOWHERE}
    )
