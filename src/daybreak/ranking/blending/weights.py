"""The fitted blend: weights of the strategies by number of user events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np

from daybreak.data.memory import group_pauses
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError
from daybreak.types import Doubles, Floats, Rows

EVENT_LEVELS = (0, 1, 3, 5, 10, 20, 50, 150)
"""Numbers of user events for which weights are fitted; a query uses the nearest level."""
FIRST_KNOWN_USER_LEVEL = EVENT_LEVELS.index(20)
"""Position of the first level of known users."""


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
    ``intercept`` correct the scores of arrivals; they are applied in proportion to the
    probability that an item is an arrival.
    """

    probability: float = 0.0
    """Mean probability that the new items of the catalogue are arrivals; that of every item
    that is not in ``items``."""
    slope: float = 1.0
    intercept: float = 0.0
    items: Mapping[str, float] = field(default_factory=dict)
    """Probabilities of items that differ from the mean, by item id."""
    unsold: Mapping[str, float] = field(default_factory=dict)
    """From 0 to 1, how certain it is that an item was on sale and nobody chose it, by item id;
    0 for other items."""

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

    def item_shifts(self, ids: Vocabulary) -> tuple[Doubles, Doubles]:
        """Return for items how their own shift differs from the mean one that is applied.

        Args:
            ids: The items.

        Returns:
            (n_items,) factors of the weights and the bias of new items with the mean shift
            applied, and (n_items,) values that are added to the bias afterwards.
        """
        probability = _values_of(ids, self.items, self.probability)
        factor = (1 + probability * (self.slope - 1)) / self.applied_slope
        return factor, probability * self.intercept - factor * self.applied_intercept

    def unsold_shares(self, ids: Vocabulary) -> Doubles:
        """Return (n_items,) how certain it is that an item was on sale and nobody chose it."""
        return _values_of(ids, self.unsold, 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return slope, intercept and the values of items as JSON values."""
        values: dict[str, Any] = {"slope": self.slope, "intercept": self.intercept}
        values |= {"items": dict(self.items)} if self.items else {}
        return values | ({"unsold": dict(self.unsold)} if self.unsold else {})

    def to_report(self) -> dict[str, float]:
        """Return the shift under the keys of the report."""
        return {
            "likeness": self.probability,
            "stretch": self.slope,
            "offset": self.intercept,
        }


def _values_of(ids: Vocabulary, values: Mapping[str, float], default: float) -> Doubles:
    """Return (n_items,) values of items, looked up by the fewer ids of the two."""
    if len(ids) <= len(values):
        return np.array([values.get(id_, default) for id_ in ids], dtype=np.float64)
    found = np.full(len(ids), default)
    rows = ids.rows(values)
    own = np.fromiter(values.values(), dtype=np.float64, count=len(values))
    found[rows[rows >= 0]] = own[rows >= 0]
    return found


@dataclass(frozen=True, eq=False)
class WeightSet:
    """Weights of a blend for one value of the setting ``popularity``."""

    popularity: float
    """From 0 (the taste that a history shows) to 1 (the items that are chosen most often)."""
    weights: Doubles
    """(n_levels, n_strategies) weights of items with events."""
    new_weights: Doubles
    """(n_levels, n_strategies) weights of items without events."""
    new_bias: Doubles
    """(n_levels,)"""

    def mix(self, other: "WeightSet", popularity: float) -> "WeightSet":
        """Return the weights at a popularity between those of two sets, by interpolation."""
        span = other.popularity - self.popularity
        share = (popularity - self.popularity) / span if span else 0.0
        return WeightSet(
            popularity,
            self.weights + share * (other.weights - self.weights),
            self.new_weights + share * (other.new_weights - self.new_weights),
            self.new_bias + share * (other.new_bias - self.new_bias),
        )

    def take(self, strategies: Rows) -> "WeightSet":
        """Return the set of some strategies, by position."""
        return replace(
            self,
            weights=self.weights[:, strategies],
            new_weights=self.new_weights[:, strategies],
        )

    def shift_arrivals(self, old: ArrivalShift, new: ArrivalShift) -> "WeightSet":
        """Return the set with another arrival shift applied to the weights of new items."""
        unshifted = old.undo(self.new_weights, self.new_bias)
        weights, bias = new.apply(*unshifted)
        return replace(self, new_weights=weights, new_bias=bias)

    def to_json(self) -> dict[str, Any]:
        """Return the set as JSON values."""
        return {
            "popularity": self.popularity,
            "weights": self.weights.tolist(),
            "new_weights": self.new_weights.tolist(),
            "new_bias": self.new_bias.tolist(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "WeightSet":
        """Return the set that :meth:`to_json` described."""
        arrays = (np.array(record[key]) for key in ("weights", "new_weights", "new_bias"))
        return cls(record["popularity"], *arrays)


@dataclass(frozen=True, eq=False)
class Blend:
    """Weights of the strategies for each level of user events.

    The score of an item with events is ``Σ weights * z``, that of an item without events is
    ``Σ new_weights * z + new_bias``. ``z`` is the score of a strategy, centred on the items
    with events and divided by its ``scale``.

    The weights are those of the setting ``popularity``; :meth:`at_popularity` returns the blend
    for another value.
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
    popularity: float = 1.0
    """Setting that the weights belong to, from 0 to 1."""
    default_popularity: float = 1.0
    """Setting that is used unless a request or a service names another one."""
    weight_sets: tuple[WeightSet, ...] = ()
    """Fitted weights in the order of their popularity, the first of 0 and the last of 1; empty
    if only one set was fitted, which then holds for every setting."""
    pause_steps: tuple[float, ...] = ()
    """(n_pauses,) factors of the recent histories of known users by the time since their last
    event; empty: 1"""

    @classmethod
    def from_sets(
        cls,
        strategies: tuple[str, ...],
        scale: Floats,
        sets: tuple[WeightSet, ...],
        default_popularity: float,
        **fields: Any,
    ) -> "Blend":
        """Return a blend with the weights of the default setting.

        Args:
            strategies: Names.
            scale: (n_strategies,) scales.
            sets: Fitted weights in the order of their popularity, the last of 1.
            default_popularity: Setting that is used unless another one is named.
            **fields: Further fields of the blend.
        """
        plain = sets[-1]
        blend = cls(
            strategies,
            scale,
            plain.weights,
            plain.new_weights,
            plain.new_bias,
            default_popularity=default_popularity,
            weight_sets=sets,
            **fields,
        )
        return blend.at_popularity(None)

    @property
    def reads_pauses(self) -> bool:
        """Whether the time since the last event of a user changes scores."""
        return any(step != 1 for step in self.pause_steps)

    def at_popularity(self, popularity: float | None) -> "Blend":
        """Return the blend for a setting: 1 is the highest NDCG, 0 shows taste most clearly.

        Between the settings of two sets, weights are interpolated.

        Args:
            popularity: From 0 to 1; None: the default.

        Raises:
            ConfigError: The setting is not from 0 to 1.
        """
        wanted = self.default_popularity if popularity is None else check_popularity(popularity)
        if wanted == self.popularity:
            return self
        if not self.weight_sets:
            return replace(self, popularity=wanted)
        settings = [one.popularity for one in self.weight_sets]
        above = min(max(int(np.searchsorted(settings, wanted)), 1), len(settings) - 1)
        mixed = self.weight_sets[above - 1].mix(self.weight_sets[above], wanted)
        return replace(
            self,
            weights=mixed.weights,
            new_weights=mixed.new_weights,
            new_bias=mixed.new_bias,
            popularity=wanted,
        )

    def with_default_popularity(self, popularity: float | None) -> "Blend":
        """Return the blend with another default setting; None: the present one.

        Raises:
            ConfigError: The setting is not from 0 to 1.
        """
        if popularity is None:
            return self
        wanted = check_popularity(popularity)
        return replace(self, default_popularity=wanted).at_popularity(wanted)

    def only(self, strategy: str) -> "Blend":
        """Return a blend in which one strategy alone decides, for all users and items.

        Args:
            strategy: Name of a strategy of this blend.

        Raises:
            ConfigError: The blend does not have the strategy.

        Example:
            >>> ones = np.ones((1, 2))
            >>> blend = Blend(("popular", "ease"), np.ones(2), ones, ones, np.zeros(1))
            >>> blend.only("ease").weights.tolist()
            [[0.0, 1.0]]
        """
        if strategy not in self.strategies:
            known = ", ".join(self.strategies)
            raise ConfigError(f"no strategy {strategy!r:.80} in this release; it has {known}")
        weights = np.zeros_like(self.weights)
        weights[:, self.strategies.index(strategy)] = 1.0
        return replace(
            self,
            weights=weights,
            new_weights=weights,
            new_bias=np.zeros_like(self.new_bias),
            arrival=ArrivalShift(),
            weight_sets=(),
        )

    def with_arrival(self, arrival: ArrivalShift) -> "Blend":
        """Return the blend with another arrival shift applied, at all settings."""
        own = WeightSet(self.popularity, self.weights, self.new_weights, self.new_bias)
        shifted = own.shift_arrivals(self.arrival, arrival)
        return replace(
            self,
            new_weights=shifted.new_weights,
            new_bias=shifted.new_bias,
            arrival=arrival,
            weight_sets=tuple(
                one.shift_arrivals(self.arrival, arrival) for one in self.weight_sets
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the blend as JSON values, under the keys of a release on disk.

        Weights are written for popularity 1, which is all that earlier versions know.
        """
        plain = self.at_popularity(1.0)
        return {
            "strategies": list(self.strategies),
            "likeness": self.arrival.probability,
            "arrival": self.arrival.to_json(),
            "excluded": {
                name: {"reason": one.reason.value, "message": one.message}
                for name, one in self.excluded.items()
            },
            "report": self.report,
            "scale": self.scale.tolist(),
            "weights": plain.weights.tolist(),
            "new_weights": plain.new_weights.tolist(),
            "new_bias": plain.new_bias.tolist(),
            "pause_steps": list(self.pause_steps),
            "popularity": {
                "default": self.default_popularity,
                "sets": [one.to_json() for one in self.weight_sets],
            },
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Blend":
        """Return the blend that :meth:`to_json` described.

        Releases of earlier versions have no keys ``arrival`` and ``excluded``; for them both
        are derived from the report. Without the key ``popularity``, all settings are one.
        """
        popularity = record.get("popularity", {"default": 1.0, "sets": []})
        if "arrival" in record:
            shift = record["arrival"]
            arrival = ArrivalShift(
                record["likeness"],
                shift["slope"],
                shift["intercept"],
                shift.get("items", {}),
                shift.get("unsold", {}),
            )
            excluded = {
                name: Exclusion(ExclusionReason(one["reason"]), one["message"])
                for name, one in record["excluded"].items()
            }
        else:
            arrival = _arrival_from_report(record)
            excluded = _exclusions_from_report(record["report"])
        plain = cls(
            tuple(record["strategies"]),
            np.array(record["scale"], dtype=np.float32),
            np.array(record["weights"]),
            np.array(record["new_weights"]),
            np.array(record["new_bias"]),
            arrival,
            excluded,
            record["report"],
            default_popularity=popularity["default"],
            weight_sets=tuple(WeightSet.from_json(one) for one in popularity["sets"]),
            pause_steps=tuple(record.get("pause_steps", ())),
        )
        return plain.at_popularity(None)


def check_popularity(popularity: float) -> float:
    """Return a setting of ``popularity`` that is from 0 to 1.

    Raises:
        ConfigError: It is not.
    """
    if not isinstance(popularity, int | float) or not 0 <= popularity <= 1:
        raise ConfigError(
            f"popularity must be from 0 (taste) to 1 (best sellers), got {popularity!r}"
        )
    return float(popularity)


def pause_factors(levels: Rows, pause_s: Doubles, steps: Sequence[float] | Doubles) -> Floats:
    """Return the (n_queries,) factors of recent histories; 1 for newcomers.

    Args:
        levels: (n_queries,) levels of the queries.
        pause_s: (n_queries,) times since the last event [s]; NaN: unknown, with the mean of the
            steps of the shortest and the longest pause, which weigh the same in the fit.
        steps: (n_pauses,) steps.

    Example:
        >>> levels, pauses = np.array([7, 7, 7, 1]), np.array([5.0, 9e9, np.nan, 9e9])
        >>> pause_factors(levels, pauses, (2.0, 1.0, 1.0, 0.5, 0.25)).tolist()
        [2.0, 0.25, 1.125, 1.0]
    """
    found = np.asarray(steps, dtype=np.float32)[group_pauses(pause_s)]
    found[np.isnan(pause_s)] = (steps[0] + steps[-1]) / 2
    found[levels < FIRST_KNOWN_USER_LEVEL] = 1
    return found


def nearest_level(n_events: Floats) -> Rows:
    """Return the position in ``EVENT_LEVELS`` nearest to each number of events, by ratio.

    Example:
        >>> nearest_level(np.array([0, 0.5, 2, 7, 8, 60, 9000], dtype=np.float32)).tolist()
        [0, 1, 2, 3, 4, 6, 7]
    """
    return np.searchsorted(_level_borders(), np.log1p(n_events), side="left")


@cache
def _level_borders() -> Doubles:
    """Return the logarithms of numbers of events between which a level is the nearest."""
    levels = np.log1p(np.array(EVENT_LEVELS, dtype=np.float64))
    borders = (levels[1:] + levels[:-1]) / 2
    borders[0] = 0.0
    return borders


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
