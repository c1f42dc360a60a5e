"""One signed number for what people say of an item: from -1, blame, to 1, praise."""

import polars as pl

from daybreak.service.experiments.attribution import Attribution

SAID = {"like": 1.0, "dislike": -1.0, "hide": -1.0}
"""What a type of event says by itself."""
DWELL = 0.5
"""How much the longest dwell counts; staying is a weaker word than a like."""


def opinion(rules: Attribution) -> pl.Expr:
    """Return what each event says, in [-1, 1]; null where it says nothing.

    ``like`` 1, ``dislike`` and ``hide`` -1; a ``rating`` is its distance from the middle of the
    scale over half the scale; a ``dwell`` of ``t`` seconds is ``t / dwell_s - 1/2``, from -1/2
    to 1/2. Values beyond a scale count as its end.

    Example:
        >>> events = pl.DataFrame({
        ...     "event_type": ["like", "rating", "rating", "dwell", "click"],
        ...     "value": [None, 4.0, 9.0, 15.0, 1.0]})
        >>> events.select(opinion=opinion(Attribution()))["opinion"].to_list()
        [1.0, 0.5, 1.0, 0.0, None]
    """
    kind, value = pl.col("event_type"), pl.col("value").fill_nan(None)
    low, high = rules.ratings
    return (
        pl.when(kind.is_in(list(SAID)))
        .then(kind.replace_strict(SAID, default=None, return_dtype=pl.Float64))
        .when(kind == "rating")
        .then(((2 * value - low - high) / (high - low)).clip(-1, 1))
        .when(kind == "dwell")
        .then((2 * DWELL * value / rules.dwell_s - DWELL).clip(-DWELL, DWELL))
    )
