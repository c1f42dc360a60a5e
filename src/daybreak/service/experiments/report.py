"""What an experiment has found so far."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from daybreak.service.experiments.comparing import Difference
from daybreak.service.experiments.experiment import Experiment

METHOD = (
    "Intervals 'at any time' hold for whoever looks, how often and whenever they like: "
    "asymptotic confidence sequences, Waudby-Smith et al. 2021, Theorem 2.2, with errors "
    "clustered by person. Intervals 'once' are the usual ones, good for a single look at a "
    "time fixed before the start."
)
SPLIT_ALPHA = 0.001
"""Chance that a sound split is ever called broken."""


@dataclass(frozen=True)
class Value:
    """A measure of one variant, with the interval that holds at any time."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Shown:
    """What came of a variant that people saw."""

    name: str
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int
    """Impressions of which people said something: like, dislike, hide, rating, dwell."""
    opinion: float | None
    """Mean of what was said, from -1 to 1; None: nothing was."""
    items: int
    """Different items that were shown."""
    coverage: float | None
    """The same as a share of the catalogue; None: not known how large it is."""
    measures: dict[str, Value]


@dataclass(frozen=True)
class Shadow:
    """What a variant would have shown."""

    name: str
    answers: int
    items: int
    coverage: float | None
    diversity: float | None
    cold_exposure: float
    explored: float
    agreement: float | None
    """Share of its places whose item the person was really shown."""
    clicks_kept: float | None
    """Share of the clicked items that it would have shown too; None: no clicks. What people
    would have clicked among its other items, nobody knows."""


@dataclass(frozen=True)
class Split:
    """Whether people came to the variants as planned."""

    planned: dict[str, float]
    people: dict[str, int]
    p_value: float
    """Of a test that may be looked at all the time; Lindon and Malek 2022."""
    sound: bool


@dataclass(frozen=True)
class ExperimentReport:
    """All that is known of an experiment at one time."""

    experiment: Experiment
    at: float
    """Epoch [s]."""
    shown: tuple[Shown, ...]
    shadows: tuple[Shadow, ...]
    differences: tuple[Difference, ...]
    split: Split
    crossed: int
    """People who saw more than one variant; they count for the one they saw first."""
    verdict: str
    """In plain words."""
    notes: tuple[str, ...] = ()
    method: str = METHOD

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; numbers that are not known are None."""
        rows: dict[str, Any] = _plain(asdict(self))
        return rows | {"experiment": self.experiment.to_dict()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
