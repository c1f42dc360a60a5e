"""What each type of event was taken for, in words: for the item, against it, or only seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from daybreak.data.rules import ResolvedRules

MAX_LISTED_TYPES = 50
"""Maximum number of event types that are described; the others are counted."""
MAX_NEGATIVE_SHARE = 0.5
"""Share of negative events above which the signs of a type are worth a second look."""
_OUTLIER = 2
"""Code beside the signs 1, 0 and -1: a value outside of its scale."""


@dataclass(frozen=True)
class ValueRange:
    """Events of one type with one sign."""

    n_events: int
    lowest: float | None
    highest: float | None

    @property
    def values(self) -> str:
        """The values, as ``3`` or ``1 to 2``; empty if the events have none."""
        if self.lowest is None or self.highest is None:
            return ""
        if self.lowest == self.highest:
            return f"{self.lowest:g}"
        return f"{self.lowest:g} to {self.highest:g}"


@dataclass(frozen=True)
class EventTypeSigns:
    """The signs of the events of one type.

    Example:
        >>> from daybreak.data.rules import Condition
        >>> log = pl.DataFrame({"event_type": ["returned", "buy"], "value": [None, 2.0]})
        >>> rules = ResolvedRules(negative=(Condition("returned"),))
        >>> [str(signs) for signs in describe_signs(log, rules)]
        ['buy: 1 event counts for the item', 'returned: 1 event counts against the item']
    """

    name: str
    """Type; ``events without a type`` for null."""
    by_sign: dict[int, ValueRange]
    """Events by sign: 1, 0, -1, and 2 for values outside of the scale."""

    @property
    def n_events(self) -> int:
        """Number of events of the type."""
        return sum(part.n_events for part in self.by_sign.values())

    @property
    def n_negative(self) -> int:
        """Number of events that count against their item."""
        return self.by_sign[-1].n_events if -1 in self.by_sign else 0

    @property
    def n_outliers(self) -> int:
        """Number of events whose value is outside of the scale of their type."""
        return self.by_sign[_OUTLIER].n_events if _OUTLIER in self.by_sign else 0

    @property
    def may_be_no_rating(self) -> bool:
        """Whether one negative number among ratings might stand for "not rated"."""
        negative, positive = self.by_sign.get(-1), self.by_sign.get(1)
        if negative is None or positive is None or positive.highest is None:
            return False
        return negative.lowest == -1 and positive.highest >= 3

    @property
    def is_surprising(self) -> bool:
        """Whether the owner of the data should look at these signs."""
        mostly_negative = self.n_negative > MAX_NEGATIVE_SHARE * self.n_events
        has_both = len(self.by_sign) > 1
        return bool(self.n_outliers or self.may_be_no_rating or (mostly_negative and has_both))

    def __str__(self) -> str:
        texts = list(self._texts())
        return f"{self.name}: {'; '.join(texts)}"

    def _texts(self) -> Iterator[str]:
        phrases = {
            1: ("counts for the item", "count for the item"),
            -1: ("counts against the item", "count against the item"),
            0: ("is only seen", "are only seen"),
            _OUTLIER: (
                "is outside of the scale and not used",
                "are outside of the scale and not used",
            ),
        }
        several = len(self.by_sign) > 1
        for sign, (one, many) in phrases.items():
            part = self.by_sign.get(sign)
            if part is None:
                continue
            noun = "event" if part.n_events == 1 else "events"
            values = f" with {part.values}" if several and part.values else ""
            verb = one if part.n_events == 1 else many
            yield f"{part.n_events:,} {noun}{values} {verb}"
        if self.may_be_no_rating:
            yield 'if -1 means "not rated", say so with the rule seen: rating=-1'


def describe_signs(events: pl.DataFrame, rules: ResolvedRules) -> list[EventTypeSigns]:
    """Return the signs of each event type, the most frequent type first.

    Args:
        events: Frame with ``event_type`` and ``value``.
        rules: Rules that give the signs.
    """
    if not events.height:
        return []
    code = pl.Series(rules.signs(events)).alias("sign")
    table = events.select("event_type", pl.col("value").cast(pl.Float64)).with_columns(code)
    is_outlier = pl.any_horizontal(
        [pl.lit(value=False), *(condition.to_expression() for condition in rules.outliers)]
    )
    counted = (
        table.with_columns(
            sign=pl.when(is_outlier).then(pl.lit(_OUTLIER, pl.Int8)).otherwise(pl.col("sign"))
        )
        .group_by("event_type", "sign")
        .agg(count=pl.len(), low=pl.col("value").min(), high=pl.col("value").max())
        .sort("event_type", "sign", nulls_last=True)
    )
    by_type: dict[str | None, dict[int, ValueRange]] = {}
    for name, sign, count, low, high in counted.rows():
        by_type.setdefault(name, {})[sign] = ValueRange(count, low, high)
    described = [
        EventTypeSigns("events without a type" if name is None else name, parts)
        for name, parts in by_type.items()
    ]
    return sorted(described, key=lambda signs: -signs.n_events)


def sign_notes(events: pl.DataFrame, rules: ResolvedRules) -> tuple[str, ...]:
    """Return a sentence for each event type with negative events or with outliers."""
    return tuple(
        f"events: {signs}"
        for signs in describe_signs(events, rules)[:MAX_LISTED_TYPES]
        if signs.n_negative or signs.n_outliers
    )
