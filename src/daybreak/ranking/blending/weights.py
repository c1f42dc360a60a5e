"""The fitted blend: weights of the strategies by number of user events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from daybreak.types import Doubles, Floats, Rows

EVENT_LEVELS = (0, 1, 3, 5, 10, 20, 50, 150)
"""Numbers of user events for which weights are fitted; a query uses the nearest level."""


class ExclusionReason(StrEnum):
    """Why a candidate strategy is not part of a blend."""

    ZERO_WEIGHT = "zero_weight"
    """All fitted weights are zero."""
    NOT_HELPFUL = "not_helpful"
    """A slow strategy that did not improve the blend on the first simulated cold start."""
    NO_TIME = "no_time"
    """The time budget was too small to fit or to test it."""
    MISSING_EXTRA = "missing_extra"
    """An optional dependency is not installed."""


@dataclass(frozen=True)
class Exclusion:
    """A reason with a message for the report."""

    reason: ExclusionReason
    message: str


@dataclass(frozen=True)
class ArrivalShift:
    """Linear correction of the scores of new items that resemble past arrivals.

    Items that arrive late are less popular than items that were hidden at random. ``slope`` and
    ``intercept`` correct the scores of arrivals; they are applied in proportion to
    ``probability``, the probability that the new items of the catalogue are arrivals.
    """

    probability: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def applied_slope(self) -> float:
        """Factor of the weights and the bias of new items."""
        return 1 + self.probability * (self.slope - 1)

    @property
    def applied_intercept(self) -> float:
        """Value added to the scores of new items."""
        return self.probability * self.intercept

    def apply(self, weights: Doubles, bias: Doubles) -> tuple[Doubles, Doubles]:
        """Return the corrected weights and bias of new items."""
        slope = self.applied_slope
        return weights * slope, bias * slope + self.applied_intercept

    def undo(self, weights: Doubles, bias: Doubles) -> tuple[Doubles, Doubles]:
        """Return weights and bias as they were before :meth:`apply`."""
        slope = self.applied_slope
        return weights / slope, (bias - self.applied_intercept) / slope

    def to_report(self) -> dict[str, float]:
        """Return the shift under the keys of the report."""
        return {
            "likeness": self.probability,
            "stretch": self.slope,
            "offset": self.intercept,
        }


@dataclass(frozen=True, eq=False)
class Blend:
    """Weights of the strategies for each level of user events.

    The score of an item with events is ``Σ weights * z``, that of an item without events is
    ``Σ new_weights * z + new_bias``. ``z`` is the score of a strategy, centred on the items
    with events and divided by its ``scale``.
    """

    strategies: tuple[str, ...]
    scale: Floats
    """(n_strategies,)"""
    weights: Doubles
    """(n_levels, n_strategies)"""
    new_weights: Doubles
    """(n_levels, n_strategies), with ``arrival`` applied"""
    new_bias: Doubles
    """(n_levels,), with ``arrival`` applied"""
    arrival: ArrivalShift = field(default_factory=ArrivalShift)
    excluded: Mapping[str, Exclusion] = field(default_factory=dict)
    """Candidate strategies that are not part of the blend, by name."""
    report: dict[str, Any] = field(default_factory=dict)
    """Measurements of the simulated cold starts as JSON values, for display only."""

    def to_json(self) -> dict[str, Any]:
        """Return the blend as JSON values, under the keys of a release on disk."""
        return {
            "strategies": list(self.strategies),
            "likeness": self.arrival.probability,
            "arrival": {"slope": self.arrival.slope, "intercept": self.arrival.intercept},
            "excluded": {
                name: {"reason": one.reason.value, "message": one.message}
                for name, one in self.excluded.items()
            },
            "report": self.report,
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "new_weights": self.new_weights.tolist(),
            "new_bias": self.new_bias.tolist(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Blend":
        """Return the blend that :meth:`to_json` described.

        Releases of earlier versions have no keys ``arrival`` and ``excluded``; for them both
        are derived from the report.
        """
        if "arrival" in record:
            shift = record["arrival"]
            arrival = ArrivalShift(record["likeness"], shift["slope"], shift["intercept"])
            excluded = {
                name: Exclusion(ExclusionReason(one["reason"]), one["message"])
                for name, one in record["excluded"].items()
            }
        else:
            arrival = _arrival_from_report(record)
            excluded = _exclusions_from_report(record["report"])
        return cls(
            tuple(record["strategies"]),
            np.array(record["scale"], dtype=np.float32),
            np.array(record["weights"]),
            np.array(record["new_weights"]),
            np.array(record["new_bias"]),
            arrival,
            excluded,
            record["report"],
        )


def nearest_level(n_events: Floats) -> Rows:
    """Return the position in ``EVENT_LEVELS`` nearest to each number of events, by ratio.

    Example:
        >>> nearest_level(np.array([0, 0.5, 2, 7, 8, 60, 9000], dtype=np.float32)).tolist()
        [0, 1, 2, 3, 4, 6, 7]
    """
    levels = np.log1p(np.array(EVENT_LEVELS, dtype=np.float64))
    borders = (levels[1:] + levels[:-1]) / 2
    borders[0] = 0.0
    return np.searchsorted(borders, np.log1p(n_events), side="left")


def _arrival_from_report(record: Mapping[str, Any]) -> ArrivalShift:
    """Read the arrival shift of a release written before the blend had its own key for it."""
    shift = record["report"].get("arrival", {"stretch": 1.0, "offset": 0.0})
    return ArrivalShift(record["likeness"], shift["stretch"], shift["offset"])


def _exclusions_from_report(report: Mapping[str, Any]) -> dict[str, Exclusion]:
    """Read the exclusions of a release that stored them as sentences of the report."""
    messages = {
        name: one["left_out"]
        for name, one in report.get("candidates", {}).items()
        if one["left_out"] is not None
    }
    return {name: Exclusion(_reason_of(text), text) for name, text in messages.items()}


def _reason_of(message: str) -> ExclusionReason:
    if message == "counts nowhere":
        return ExclusionReason.ZERO_WEIGHT
    if message == "did not help in the first simulated cold start":
        return ExclusionReason.NOT_HELPFUL
    if message.startswith("no time") or message.endswith("s are left"):
        return ExclusionReason.NO_TIME
    return ExclusionReason.MISSING_EXTRA
