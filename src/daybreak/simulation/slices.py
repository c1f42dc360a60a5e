"""What a contest asks: the probes of its trials, cut into named slices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.rng import create_generator
from daybreak.simulation.splits import (
    HOLDOUT_FRACTION,
    MAX_QUERIES_PER_KIND,
    SHOT_COUNTS,
    HoldoutSplit,
    LabelledQueries,
    newest_items_holdout,
    random_holdout,
    temporal_holdout,
)
from daybreak.types import Mask

__all__ = [
    "NEW_ITEM_SLICES",
    "SLICES",
    "WARM_SLICES",
    "WARM_UP_SLICES",
    "CandidateSet",
    "EvaluationSplit",
    "SliceQueries",
    "count_random_splits",
    "iter_evaluation_splits",
]


CandidateSet = Literal["old", "new", "all"]
"""Which candidates are ranked: those with events, those without, or both in one list."""
WARM_UP_SLICES = tuple(f"events_{shots}" for shots in SHOT_COUNTS)
"""Slices of new users, by the events that are known of them."""
WARM_SLICES = ("warm_last", "warm_time")
"""Slices of known users and items."""
NEW_ITEM_SLICES = ("cold_item", "cold_item_3", "both_cold", "arriving")
"""Slices of new items among new ones, asked for by known users, by new ones with three events
and with none; and of items hidden by time."""
SLICES = (
    *WARM_UP_SLICES,
    *WARM_SLICES,
    *NEW_ITEM_SLICES,
    *(f"{name}_all" for name in NEW_ITEM_SLICES),
)
"""Every slice; ``_all``: new and old items in one list."""


@dataclass(frozen=True, eq=False)
class SliceQueries:
    """A slice of one trial; every query has a target."""

    slice: str
    candidate_set: CandidateSet
    labelled: LabelledQueries


@dataclass(frozen=True, eq=False)
class EvaluationSplit:
    """What may be learned, and what is asked afterwards."""

    name: str
    data: Dataset
    slices: tuple[SliceQueries, ...]


def iter_evaluation_splits(
    data: Dataset, seed: int, repeats: int | None = None
) -> Iterator[EvaluationSplit]:
    """Yield the rounds that the data allow; their draws are not those a blend is fitted on.

    Args:
        data: Everything that is known.
        seed: Of what is hidden.
        repeats: How often users and items are hidden at random; None: up to three times, until
            there are enough new users.
    """
    for repeat in range(count_random_splits(data, repeats)):
        name = f"contest random {repeat}"
        yield _to_evaluation_split(random_holdout(data, create_generator(seed, name)))
    if data.events.has_time_order:
        yield _to_evaluation_split(
            newest_items_holdout(data, create_generator(seed, "contest arrival"))
        )
        yield _to_evaluation_split(
            temporal_holdout(data, create_generator(seed, "contest later"))
        )


def count_random_splits(data: Dataset, repeats: int | None = None) -> int:
    """Return how often users and items are hidden at random."""
    enough = int(
        np.clip(
            np.ceil(
                MAX_QUERIES_PER_KIND / max(HOLDOUT_FRACTION * len(data.active_user_rows), 1)
            ),
            1,
            3,
        )
    )
    return enough if repeats is None else repeats


def _to_evaluation_split(trial: HoldoutSplit) -> EvaluationSplit:
    old = np.zeros(len(trial.data.items), dtype=bool)
    old[trial.data.train_item_rows] = len(trial.data.events) > 0
    named = zip(_iter_slice_names(trial), trial.query_sets, strict=True)
    asked = [
        question for name, probe in named for question in _iter_slice_queries(name, probe, old)
    ]
    return EvaluationSplit(
        trial.name, trial.data, tuple(q for q in asked if len(q.labelled.queries))
    )


def _iter_slice_names(trial: HoldoutSplit) -> Iterator[str]:
    """Name the probes of a trial; those of one kind come in the order of what is known."""
    names = {
        "new_user": iter(WARM_UP_SLICES),
        "new_item": iter(("both_cold", "cold_item_3", "cold_item")),
        "user": iter(("warm_last",)),
        "later": iter(("warm_time",)),
        "arriving": iter(("arriving",)),
    }
    for probe in trial.query_sets:
        yield next(names[probe.kind])


def _iter_slice_queries(name: str, probe: LabelledQueries, old: Mask) -> Iterator[SliceQueries]:
    if name not in NEW_ITEM_SLICES:
        yield SliceQueries(name, "old", _keep_answerable(probe, probe.candidates & old))
    elif (probe.candidates & ~old).any():
        yield SliceQueries(name, "new", _keep_answerable(probe, probe.candidates & ~old))
        yield SliceQueries(f"{name}_all", "all", _keep_answerable(probe, probe.candidates))


def _keep_answerable(probe: LabelledQueries, candidates: Mask) -> LabelledQueries:
    """Return the queries that have a target among the candidates which they do not have yet."""
    hits = probe.targets.multiply(candidates[None, :])
    wanted = np.asarray((hits - hits.multiply(probe.seen > 0)).sum(axis=1)).ravel()
    return replace(probe, candidates=candidates).take(np.flatnonzero(wanted > 0))
