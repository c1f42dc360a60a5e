"""Simulated cold starts as tasks of an engine: each is fitted and scored by one worker.

The first split of a training is computed before, since the others depend on it. They do not
depend on each other, so the pools are those of one process. Start at :class:`SplitRunner`.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple

from daybreak.blas import SingleBlasThread
from daybreak.closing import ClosesOnExit
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.engines import SharedValue, current_engine
from daybreak.memory import ComputationLimits, current_limits, use_limits
from daybreak.models import models
from daybreak.ranking.blending.candidate_pool import PoolParts
from daybreak.ranking.blending.pools import PoolBuilder, SplitMemory
from daybreak.ranking.blending.time_budget import CandidateStrategies
from daybreak.simulation.queries import LabelledQueries
from daybreak.simulation.splits import HoldoutSplit


class Simulation(NamedTuple):
    """A split that is to be computed."""

    number: int
    """Position of the split; it selects the random numbers."""
    split: HoldoutSplit
    remaining_rounds: float
    """Number of fits still to come after this one."""


class PackedSplit(NamedTuple):
    """A split without what all splits have in common: the catalogue and its content."""

    events: Events
    """Visible events."""
    query_sets: tuple[LabelledQueries, ...]
    """Queries without training items."""
    facts: dict[str, Any]
    """The other attributes of the split."""


class SplitTask(NamedTuple):
    """All that a worker must know."""

    data: SharedValue[Dataset]
    candidates: CandidateStrategies
    seed: int
    memory: SplitMemory
    number: int
    split: PackedSplit
    remaining_rounds: float
    limits: ComputationLimits
    classes: tuple[type, ...]
    """Classes of the models: a worker imports the modules that register them."""


class SplitResult(NamedTuple):
    """What a worker has computed."""

    parts: PoolParts
    candidates: CandidateStrategies
    memory: SplitMemory


class SplitRunner(ClosesOnExit):
    """Adds splits to a builder, by the workers of the engine in use if there are several.

    With a time limit the splits are computed here, one after another, because each depends on
    the time that the one before has left. A bound on memory holds for each worker.

    Args:
        builder: Receives the pools, in the order of the splits.
    """

    def __init__(self, builder: PoolBuilder) -> None:
        self._builder = builder
        engine = current_engine()
        is_limited = builder.candidates.budget.seconds is not None
        self._engine = None if engine is None or engine.n_shards == 1 or is_limited else engine
        self._shared: SharedValue[Dataset] | None = None
        self._stack = ExitStack()

    def run(self, simulations: Iterable[Simulation]) -> None:
        """Add splits, which are taken when they are computed.

        Args:
            simulations: Splits after the first one of the training; none may be about users
                without events unless all others have been added.
        """
        if self._engine is None:
            for number, split, rounds in simulations:
                self._builder.add_split(number, split, rounds)
            return
        tasks = self._iter_tasks(simulations, self._builder.memory)
        before = self._builder.memory
        for result in self._engine.map(compute_split, tasks):
            self._builder.parts.extend(result.parts)
            self._builder.candidates.join(result.candidates)
            self._builder.memory = self._builder.memory.join(before, result.memory)

    def _iter_tasks(
        self, simulations: Iterable[Simulation], memory: SplitMemory
    ) -> Iterator[SplitTask]:
        builder = self._builder
        classes = tuple({models[s.model] for s in builder.strategies})
        for number, split, rounds in simulations:
            yield SplitTask(
                self._share_data(),
                builder.candidates,
                builder.seed,
                memory,
                number,
                pack_split(split),
                rounds,
                current_limits(),
                classes,
            )

    def _share_data(self) -> SharedValue[Dataset]:
        if self._shared is None:
            assert self._engine is not None  # noqa: S101 - only its tasks need the data
            without_cache = replace(self._builder.data)
            self._shared = self._stack.enter_context(self._engine.share(without_cache))
        return self._shared

    def close(self) -> None:
        """Let the workers forget the data."""
        self._stack.close()


@SingleBlasThread(load_all=True)
def compute_split(task: SplitTask) -> SplitResult:
    """Return the pools of a split.

    Args:
        task: The split, and what is known before it.
    """
    data = task.data.get()
    candidates = replace(
        task.candidates,
        fit_seconds=dict(task.candidates.fit_seconds),
        excluded=dict(task.candidates.excluded),
    )
    builder = PoolBuilder(data, candidates, task.seed, task.memory)
    with use_limits(task.limits):
        builder.add_split(task.number, unpack_split(task.split, data), task.remaining_rounds)
    return SplitResult(builder.parts, candidates, builder.memory)


def pack_split(split: HoldoutSplit) -> PackedSplit:
    """Return a split without the catalogue, which the workers have.

    Args:
        split: A split whose visible data are the shared data with fewer events.
    """
    facts = {
        "name": split.name,
        "has_new_item_targets": split.has_new_item_targets,
        "is_without_events": split.is_without_events,
    }
    sets = tuple(_with_items(one, Items(Vocabulary([]))) for one in split.query_sets)
    return PackedSplit(split.data.events, sets, facts)


def unpack_split(packed: PackedSplit, data: Dataset) -> HoldoutSplit:
    """Return the split that :func:`pack_split` packed.

    Args:
        packed: Its result.
        data: The shared data.
    """
    visible = data.with_events(packed.events)
    sets = tuple(_with_items(one, visible.train_items) for one in packed.query_sets)
    return HoldoutSplit(data=visible, query_sets=sets, **packed.facts)


def _with_items(labelled: LabelledQueries, items: Items) -> LabelledQueries:
    """Return queries whose columns belong to the given items."""
    return replace(labelled, queries=replace(labelled.queries, train_items=items))
