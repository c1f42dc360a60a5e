"""Which events speak for an item, which against it, and which only say that it was seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from daybreak.data.auto_rules import auto_conditions, unheard
from daybreak.data.expressions import ANY, RATING, Condition, parse, type_key, type_name
from daybreak.errors import ConfigError

REMEMBERED = 10_000
"""Kinds of events whose sign is remembered."""
Kind = tuple[str | None, float | None]
"""Type and value of an event."""
_KIND = {"event_type": pl.String, "value": pl.Float64}


@dataclass(frozen=True)
class EventRules:
    """Rules as a person writes them; all None means: choose by the data.

    When rules are given, an event that fits none of them is only seen if ``positive`` is among
    them, and positive otherwise. Negative goes before positive, positive before seen.

    Example:
        >>> events = pl.DataFrame({
        ...     "event_type": ["rating", "rating", "like"], "value": [5.0, 2.0, None]})
        >>> rules = EventRules(positive="rating>=4, like", negative="rating<3").resolve(events)
        >>> rules.signs(events).to_list()
        [1, -1, 1]
    """

    positive: str | None = None
    negative: str | None = None
    seen: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    """Event type -> how much an event of it counts; 1.0 for the others."""

    def __post_init__(self) -> None:
        for text in (self.positive, self.negative, self.seen):
            parse(text or "")
        for name, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ConfigError(f"weight of {name!r} must be above 0, got {weight!r}")

    @property
    def is_auto(self) -> bool:
        """Whether the data choose."""
        return self.positive is None and self.negative is None and self.seen is None

    def resolve(self, events: pl.DataFrame) -> "ResolvedRules":
        """Return rules that hold for any events, chosen by looking at these when automatic."""
        weights = {type_name(name): float(w) for name, w in self.weights.items()}
        if self.is_auto:
            return ResolvedRules(*auto_conditions(events), default=1, type_weights=weights)
        return ResolvedRules(
            parse(self.positive or ""),
            parse(self.negative or ""),
            parse(self.seen or ""),
            default=1 if self.positive is None else 0,
            type_weights=weights,
        )


@dataclass(frozen=True)
class ResolvedRules:
    """Rules that need no more looking at the data."""

    positive: tuple[Condition, ...] = ()
    negative: tuple[Condition, ...] = ()
    seen: tuple[Condition, ...] = ()
    default: int = 1
    """Sign of an event that fits none: 1 positive, 0 only seen."""
    type_weights: Mapping[str, float] = field(default_factory=dict)

    def heeding(self, kinds: Iterable[str | None]) -> "ResolvedRules":
        """Return rules that also know usual types of events which the data did not have.

        Rules that were chosen by looking at purchases alone would take a dislike or an
        impression that comes later for a purchase.

        Args:
            kinds: Types of events that occur.

        Example:
            >>> bought = pl.DataFrame({"event_type": ["purchase"], "value": [1.0]})
            >>> rules = EventRules().resolve(bought)
            >>> kinds = ["purchase", "view", "hide"]
            >>> later = pl.DataFrame({"event_type": kinds, "value": [1.0, None, None]})
            >>> rules.signs(later).to_list(), rules.heeding(["purchase"]).signs(later).to_list()
            ([1, 1, 1], [1, 0, -1])
        """
        if not self.default:
            return self
        named = {c.name for c in (*self.positive, *self.negative, *self.seen)}
        against, seen = unheard(kinds)
        return replace(
            self,
            negative=(*self.negative, *(c for c in against if c.name not in named)),
            seen=(*self.seen, *(c for c in seen if c.name not in named)),
        )

    def signs(self, events: pl.DataFrame) -> pl.Series:
        """Return (n_events,) Int8: 1 positive, 0 only seen, -1 negative."""
        sign = (
            pl.when(_any(self.negative))
            .then(pl.lit(-1, pl.Int8))
            .when(_any(self.positive))
            .then(pl.lit(1, pl.Int8))
            .when(_any(self.seen))
            .then(pl.lit(0, pl.Int8))
            .otherwise(pl.lit(self.default, pl.Int8))
        )
        columns = events.select(pl.col("event_type").cast(pl.String), pl.col("value"))
        return columns.with_columns(sign=sign)["sign"]

    def signs_of(self, kinds: Sequence[Kind]) -> list[int]:
        """Return the signs of some types and values; each is judged once.

        Example:
            >>> rules = ResolvedRules(parse("rating>=4"), default=0)
            >>> rules.signs_of([("rating", 5.0), ("view", None), ("rating", 5.0)])
            [1, 0, 1]
        """
        judged = self._judged
        new = [kind for kind in dict.fromkeys(kinds) if kind not in judged]
        if not new:
            return [judged[kind] for kind in kinds]
        signs = self.signs(pl.DataFrame(new, schema=_KIND, orient="row")).to_list()
        found = dict(zip(new, signs, strict=True))
        answer = [found[kind] if kind in found else judged[kind] for kind in kinds]
        if len(judged) < REMEMBERED:
            judged.update(found)
        return answer

    @cached_property
    def _judged(self) -> dict[Kind, int]:
        return {}

    def weights(self, events: pl.DataFrame) -> pl.Series:
        """Return (n_events,) Float64: the weight of each event's type, 1.0 by default."""
        if not self.type_weights:
            return pl.repeat(1.0, events.height, dtype=pl.Float64, eager=True).alias("weight")
        kind = type_key(pl.col("event_type").cast(pl.String))
        weight = kind.replace_strict(
            dict(self.type_weights), default=1.0, return_dtype=pl.Float64
        ).fill_null(1.0)
        return events.select(weight=weight)["weight"]

    def describe(self) -> str:
        """Return the rules as one sentence.

        Example:
            >>> ResolvedRules(parse("rating>=4"), parse("rating<3"), default=0).describe()
            'Positive: rating>=4; negative: rating<3; only seen: everything else.'
        """
        rest = "everything else"
        positive = [*map(str, self.positive), *([rest] if self.default else [])]
        seen = [*map(str, self.seen), *([] if self.default else [rest])]
        parts = [("Positive", positive), ("negative", self.negative), ("only seen", seen)]
        return "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in parts if v) + "."


def _any(conditions: tuple[Condition, ...]) -> pl.Expr:
    """Return the expression that is true where one of the conditions is.

    Names alone, of which there may be many, are looked up together.
    """
    names = [c.name for c in conditions if not c.comparison and c.name not in {ANY, RATING}]
    masks = [c.mask() for c in conditions if c.comparison or c.name in {ANY, RATING}]
    if names:
        masks.append(type_key(pl.col("event_type")).is_in(names).fill_null(value=False))
    return pl.any_horizontal(masks) if masks else pl.lit(False)
