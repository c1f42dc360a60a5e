"""How a variant differs from the first one, and how sure that is."""

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from daybreak.evaluation.sequential import any_time, one_time, people_needed
from daybreak.service.experiments.measures import Measure

PEOPLE = 100
"""In each variant, below which nothing is judged: errors are not reliable yet."""
WITNESSES = 20
"""People in both together of whom the measure says anything, below which it is not judged."""

Word = Literal["better", "worse", "no difference that matters", "open", "too early"]


@dataclass(frozen=True)
class Difference:
    """A variant less the first one, of one measure."""

    variant: str
    measure: str
    first: float
    """Value of the first variant."""
    value: float
    """Value of this one."""
    difference: float
    low: float
    """End of the interval that holds at any time, whoever looks how often."""
    high: float
    once_low: float
    """End of the usual interval, for one look at a time fixed before the start."""
    once_high: float
    level: float
    """Of both intervals."""
    effect: float
    """Smallest difference that matters."""
    word: Word
    people_needed: float | None
    """In both together, until a difference of ``effect`` would show; None: not known."""


def difference(
    name: str,
    measure: Measure,
    pair: tuple[pl.DataFrame, pl.DataFrame],
    alpha: float,
    effect: float,
) -> Difference:
    """Compare the people of the first variant with those of another.

    Both intervals rest on the same error: that of the two ratios, people being independent of
    each other and what one person does being not.

    Args:
        name: Of the other variant.
        measure: What is compared.
        pair: Sums of the people of the first and of the other variant.
        alpha: Chance to be wrong, after correction for the number of comparisons.
        effect: The smallest difference that matters.
    """
    first, other = (measure.of(sums) for sums in pair)
    gap, error = other.value - first.value, math.hypot(first.error, other.error)
    known = 0 < error < math.inf  # an error of 0 comes from people who are all alike so far
    reach = any_time(error, alpha, effect) if known else math.inf
    once = one_time(error, alpha) if known else math.inf
    people = sum(sums.height for sums in pair)
    witnesses = sum(int((sums[measure.top] != 0).sum()) for sums in pair)
    early = min(map(len, pair)) < PEOPLE or witnesses < WITNESSES
    return Difference(
        variant=name,
        measure=measure.name,
        first=first.value,
        value=other.value,
        difference=gap,
        low=gap - reach,
        high=gap + reach,
        once_low=gap - once,
        once_high=gap + once,
        level=1 - alpha,
        effect=effect,
        word="too early" if early else _word(gap, reach, effect),
        people_needed=people_needed(people, error, alpha, effect) if known else None,
    )


def _word(gap: float, reach: float, effect: float) -> Word:
    if gap - reach > 0:
        return "better"
    if gap + reach < 0:
        return "worse"
    if -effect < gap - reach and gap + reach < effect:
        return "no difference that matters"
    return "open"
