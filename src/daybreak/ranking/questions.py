"""What a contest asks: the probes of its trials, cut into named slices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.ranking.features import Probe
from daybreak.ranking.simulate import (
    HIDDEN,
    MOST,
    SHOTS,
    Trial,
    arrival_trial,
    later_trial,
    random_trial,
)
from daybreak.rng import stream
from daybreak.types import Mask

Among = Literal["old", "new", "all"]
"""Which candidates are ranked: those with events, those without, or both in one list."""
WARM_UP = tuple(f"events_{shots}" for shots in SHOTS)
"""Slices of new users, by the events that are known of them."""
WARM = ("warm_last", "warm_time")
"""Slices of known users and items."""
NEW_ITEMS = ("cold_item", "cold_item_3", "both_cold", "arriving")
"""Slices of new items among new ones, asked for by known users, by new ones with three events
and with none; and of items hidden by time."""
SLICES = (*WARM_UP, *WARM, *NEW_ITEMS, *(f"{name}_all" for name in NEW_ITEMS))
"""Every slice; ``_all``: new and old items in one list."""


@dataclass(frozen=True, eq=False)
class Question:
    """A slice of one trial; every query has a target."""

    slice: str
    among: Among
    probe: Probe


@dataclass(frozen=True, eq=False)
class Round:
    """What may be learned, and what is asked afterwards."""

    name: str
    data: Dataset
    questions: tuple[Question, ...]


def rounds(data: Dataset, seed: int, repeats: int | None = None) -> Iterator[Round]:
    """Yield the rounds that the data allow; their draws are not those a blend is fitted on.

    Args:
        data: Everything that is known.
        seed: Of what is hidden.
        repeats: How often users and items are hidden at random; None: up to three times, until
            there are enough new users.
    """
    for repeat in range(how_often(data, repeats)):
        name = f"contest random {repeat}"
        yield _round(random_trial(data, stream(seed, name)))
    if data.events.dated:
        yield _round(arrival_trial(data, stream(seed, "contest arrival")))
        yield _round(later_trial(data, stream(seed, "contest later")))


def how_often(data: Dataset, repeats: int | None = None) -> int:
    """Return how often users and items are hidden at random."""
    enough = int(np.clip(np.ceil(MOST / max(HIDDEN * len(data.active), 1)), 1, 3))
    return enough if repeats is None else repeats


def _round(trial: Trial) -> Round:
    old = np.zeros(len(trial.data.items), dtype=bool)
    old[trial.data.anchor_rows] = len(trial.data.events) > 0
    named = zip(_names(trial), trial.probes, strict=True)
    asked = [question for name, probe in named for question in _questions(name, probe, old)]
    return Round(trial.name, trial.data, tuple(q for q in asked if len(q.probe.queries)))


def _names(trial: Trial) -> Iterator[str]:
    """Name the probes of a trial; those of one kind come in the order of what is known."""
    names = {
        "new_user": iter(WARM_UP),
        "new_item": iter(("both_cold", "cold_item_3", "cold_item")),
        "user": iter(("warm_last",)),
        "later": iter(("warm_time",)),
        "arriving": iter(("arriving",)),
    }
    for probe in trial.probes:
        yield next(names[probe.kind])


def _questions(name: str, probe: Probe, old: Mask) -> Iterator[Question]:
    if name not in NEW_ITEMS:
        yield Question(name, "old", _asked(probe, probe.candidates & old))
    elif (probe.candidates & ~old).any():
        yield Question(name, "new", _asked(probe, probe.candidates & ~old))
        yield Question(f"{name}_all", "all", _asked(probe, probe.candidates))


def _asked(probe: Probe, candidates: Mask) -> Probe:
    """Return the queries that have a target among the candidates which they do not have yet."""
    hits = probe.targets.multiply(candidates[None, :])
    wanted = np.asarray((hits - hits.multiply(probe.seen > 0)).sum(axis=1)).ravel()
    return replace(probe, candidates=candidates).take(np.flatnonzero(wanted > 0))


__all__ = [
    "NEW_ITEMS",
    "SLICES",
    "WARM",
    "WARM_UP",
    "Among",
    "Question",
    "Round",
    "how_often",
    "rounds",
]
