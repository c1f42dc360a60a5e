"""The plan of a training: what will be learned, and how much time and memory it takes.

:func:`plan_training` reads the tables only; no text is encoded and no model is fitted. With a
bound on memory, it chooses the settings of the computations that keep to it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from daybreak.data import EventRules, Tables
from daybreak.errors import MemoryLimitError, NextStep
from daybreak.memory import ComputationLimits, format_memory_size, use_limits
from daybreak.models import models
from daybreak.models.sizes import MatrixForm, TrainingSizes, count_numbers
from daybreak.ranking.blending.strategies import Strategy, default_strategies
from daybreak.service.training.cost_estimate import (
    CostEstimate,
    Interval,
    LearnedShare,
    PartEstimate,
    TrainingData,
    estimate_cost,
    measure_speed,
)

BYTES_PER_NUMBER = 4
"""Bytes of a number of a model [bytes]."""
ROUNDING_FACTOR = 1.06
"""Factor of a size, so that it is enough when it is rounded."""
SMALL_BLOCK_CELLS = 2_000_000
"""Numbers of a block in trainings that need little memory: 8 MB."""
SMALL_LANDMARKS = 1_000
"""Items that a regression on content is computed over, in such trainings [items]."""


class Level(NamedTuple):
    """Settings of the computations that need a certain memory."""

    change: str
    """What they change, in words; empty: nothing."""
    limits: ComputationLimits


LEVELS = (
    Level("", ComputationLimits()),
    Level(
        "matrices are computed in blocks of 8 MB",
        ComputationLimits(block_cells=SMALL_BLOCK_CELLS, score_cells=SMALL_BLOCK_CELLS),
    ),
    Level(
        "the nearest items of each item are kept instead of all pairs of items, and content is "
        f"learned over the {SMALL_LANDMARKS:,} most frequent items",
        ComputationLimits(
            block_cells=SMALL_BLOCK_CELLS,
            score_cells=SMALL_BLOCK_CELLS,
            dense_items=0,
            dual_users=0,
            kernel_items=0,
            landmarks=SMALL_LANDMARKS,
        ),
    ),
)
"""From the most to the least memory."""


@dataclass(frozen=True)
class PlannedStrategy:
    """A strategy of a training, and whether it will be learned."""

    name: str
    model: str
    held_bytes: int | None
    """Memory of the model after its fit [bytes]; None: it depends on the content."""
    left_out: str = ""
    """Why it is not learned; empty: it is."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a training will learn, and how much time and memory it takes."""

    n_users: int
    """Users with positive events."""
    n_items: int
    """Items of the catalogue."""
    n_sold: int
    """Items with positive events."""
    n_events: int
    """Pairs of user and item with a positive event."""
    form: MatrixForm
    """Form of item-item matrices: ``dense``, ``users`` (all pairs of users) or ``nearest``."""
    strategies: tuple[PlannedStrategy, ...]
    peak_bytes: Interval
    """Largest memory of the process [bytes]: expected, low, high."""
    seconds: Interval
    """Time on one core of this machine [s]: expected, low, high."""
    parts: tuple[PartEstimate, ...]
    memory_bytes: int | None = None
    """The bound; None: none."""
    notes: tuple[str, ...] = ()
    """What the bound changes, as sentences."""
    limits: ComputationLimits = field(default=ComputationLimits(), repr=False)
    """Settings of the computations."""

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the strategies that will be learned."""
        return tuple(one.name for one in self.strategies if not one.left_out)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values; intervals are expected, low and high value."""
        found = asdict(self)
        del found["limits"]
        return found | {
            "peak_bytes": [round(one) for one in self.peak_bytes],
            "seconds": [round(one, 1) for one in self.seconds],
            "parts": [
                {
                    "name": one.name,
                    "seconds": round(one.seconds, 1),
                    "peak_bytes": round(one.peak_bytes),
                }
                for one in self.parts
            ],
            "notes": list(self.notes),
            "strategies": [asdict(one) for one in self.strategies],
        }


def plan_training(
    tables: Tables,
    strategies: Sequence[Strategy],
    rules: EventRules | None = None,
    memory_bytes: int | None = None,
    text_dim: int = 0,
) -> TrainingPlan:
    """Return the plan of a training.

    With a bound, the settings with the most memory that keep to it are chosen. If the smallest
    settings do not, the strategies that hold the most are left out, one after the other.

    Args:
        tables: Items, users and events.
        strategies: Strategies of the training.
        rules: Event rules; default: derived from the data.
        memory_bytes: Largest memory of the process [bytes]; None: no bound.
        text_dim: Dimensions of the text vectors; 0: none.

    Raises:
        MemoryLimitError: No training keeps to the bound.
    """
    data = measure_tables(tables, rules or EventRules(), text_dim)
    planner = _Planner(data, tuple(strategies), measure_speed())
    if memory_bytes is None:
        return planner.build(LEVELS[0], frozenset(), None)
    for level in LEVELS:
        if planner.peak_bytes(level, frozenset()) <= memory_bytes:
            return planner.build(level, frozenset(), memory_bytes)
    left_out: set[str] = set()
    for name in planner.order_by_memory():
        left_out.add(name)
        if planner.peak_bytes(LEVELS[-1], left_out) <= memory_bytes:
            return planner.build(LEVELS[-1], left_out, memory_bytes)
    high = planner.peak_bytes(LEVELS[-1], left_out)
    needed = format_memory_size(ROUNDING_FACTOR * high)
    raise MemoryLimitError(
        f"a training on {data.sizes.n_items:,} items may need {needed}, even in the smallest "
        f"blocks and with one strategy; memory is {format_memory_size(memory_bytes)}",
        next_step=NextStep.ALLOW_MEMORY,
        needed=needed.replace(" ", ""),
    )


def measure_tables(tables: Tables, rules: EventRules, text_dim: int = 0) -> TrainingData:
    """Return what the cost of a training depends on.

    Args:
        tables: Items, users and events.
        rules: Event rules.
        text_dim: Dimensions of the text vectors; 0: none.
    """
    events = tables.events
    positive = events.filter(rules.resolve(events).signs(events) > 0)
    pairs = positive.select("user_id", "item_id").unique()
    times = positive["timestamp"].drop_nulls()
    n_users, n_sold = pairs["user_id"].n_unique(), pairs["item_id"].n_unique()
    frames: list[pl.DataFrame] = [tables.items, tables.users, events]
    return TrainingData(
        TrainingSizes(n_users, tables.items.height, n_sold, len(pairs)),
        int(np.sum([frame.estimated_size() for frame in frames])),
        times.n_unique() > 1,
        text_dim,
    )


@dataclass(frozen=True)
class _Planner:
    """Estimates of the trainings on some data, at each level and without some strategies."""

    data: TrainingData
    strategies: tuple[Strategy, ...]
    speed: float

    def estimate(self, left_out: Collection[str]) -> CostEstimate:
        """Return the cost of a training under the limits in use."""
        numbers = self.count_numbers(self.strategies)
        total = sum(count or 0 for count in self.count_numbers(default_strategies()).values())
        kept = sum(count or 0 for name, count in numbers.items() if name not in left_out)
        learned = LearnedShare(len(numbers) - len(left_out), kept / max(total, 1))
        return estimate_cost(self.data, learned, self.speed)

    def peak_bytes(self, level: Level, left_out: Collection[str]) -> float:
        """Return the high end of the memory of a training."""
        with use_limits(level.limits):
            return self.estimate(left_out).peak_bytes.high

    def count_numbers(self, strategies: Iterable[Strategy]) -> dict[str, int | None]:
        """Return how many numbers each strategy holds under the limits in use."""
        return {
            one.name: count_numbers(models[one.model].card, self.data.sizes)
            for one in strategies
        }

    def order_by_memory(self) -> list[str]:
        """Return all strategies but the one that holds the least, the largest first."""
        with use_limits(LEVELS[-1].limits):
            numbers = self.count_numbers(self.strategies)
        return sorted(numbers, key=lambda name: -(numbers[name] or 0))[:-1]

    def build(
        self, level: Level, left_out: Collection[str], memory_bytes: int | None
    ) -> TrainingPlan:
        """Return the plan at a level."""
        with use_limits(level.limits):
            cost, numbers = self.estimate(left_out), self.count_numbers(self.strategies)
            form = self.data.sizes.form
        planned = tuple(
            PlannedStrategy(
                one.name,
                one.model,
                None if (count := numbers[one.name]) is None else BYTES_PER_NUMBER * count,
                "its memory exceeds the bound of the training" if one.name in left_out else "",
            )
            for one in self.strategies
        )
        bound = "" if memory_bytes is None else format_memory_size(memory_bytes)
        notes = (f"to keep to {bound} of memory, {level.change}",) if level.change else ()
        sizes = self.data.sizes
        return TrainingPlan(
            *(sizes.n_users, sizes.n_items, sizes.n_sold, sizes.n_events),
            form,
            planned,
            cost.peak_bytes,
            cost.seconds,
            cost.parts,
            memory_bytes,
            notes,
            level.limits,
        )
