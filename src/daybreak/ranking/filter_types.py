"""Parts of a filter with their kinds: what can be compared with what."""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import polars as pl
from sqlglot import exp

from daybreak.data.times import epoch_seconds
from daybreak.ranking.facets import Kind
from daybreak.ranking.filter_text import FilterText

AnyKind: TypeAlias = Kind | Literal["interval"]

WORDS: dict[str, str] = {
    "boolean": "true or false",
    "number": "a number",
    "text": "a text",
    "time": "a time",
    "list": "a list of texts",
    "numbers": "a list of numbers",
    "interval": "a length of time",
    "null": "NULL",
}
UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Seconds of a unit; months and years have no fixed length."""


@dataclass(frozen=True, eq=False)
class Typed:
    """A part of a filter that can be evaluated."""

    kind: AnyKind
    value: pl.Expr
    node: exp.Expression
    literal: Any = None
    """The value, if it was written in the filter."""

    @property
    def is_literal(self) -> bool:
        """Whether it was written in the filter."""
        return self.literal is not None

    def words(self) -> str:
        """Return what it is, for a message."""
        name = self.node.name if isinstance(self.node, exp.Column) else ""
        return f"{name} ({WORDS[self.kind]})" if name else WORDS[self.kind]


def boolean(value: pl.Expr, node: exp.Expression) -> Typed:
    """Return a condition."""
    return Typed("boolean", value, node)


def literal(kind: AnyKind, value: Any, node: exp.Expression) -> Typed:
    """Return a value that was written in the filter."""
    return Typed(kind, pl.lit(value), node, value)


def number(node: exp.Expression, source: FilterText) -> Typed:
    """Return a number that was written; infinity is none."""
    try:
        value = float(node.name)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        source.refuse(f"{node.name[:40]} is not a number that can be kept", node)
    return literal("number", value, node)


def moment(text: str, node: exp.Expression, source: FilterText) -> Typed:
    """Return a time that was written as text."""
    seconds = epoch_seconds(pl.Series([text], dtype=pl.String))[0][0]
    if seconds is None or not math.isfinite(seconds):
        source.refuse(f"{text[:40]!r} is not a time; write '2026-05-01' or with a clock", node)
    return literal("time", float(seconds), node)


def interval(node: exp.Interval, source: FilterText) -> Typed:
    """Return a length of time: ``INTERVAL '30 days'``."""
    amount, unit = node.this, node.args.get("unit")
    name = (unit.name if isinstance(unit, exp.Var) else "").lower().removesuffix("s")
    if not isinstance(amount, exp.Literal) or name not in UNITS:
        source.refuse(f"write a length of time as INTERVAL '30 days'; units: {_units()}", node)
    value = number(amount, source).literal * UNITS[name]
    return literal("interval", value, node)


def alike(left: Typed, right: Typed, source: FilterText) -> tuple[Typed, Typed]:
    """Return two parts as one kind, so that they can be compared.

    A text or a number beside a time is one; nothing else is changed silently.

    Raises:
        FilterError: They cannot be compared; the message says what they are.
    """
    if left.kind == "time" and right.is_literal:
        right = as_time(right, source)
    elif right.kind == "time" and left.is_literal:
        left = as_time(left, source)
    if left.kind == right.kind or "null" in (left.kind, right.kind):
        return left, right
    advice = ""
    if {left.kind, right.kind} & {"list", "numbers"}:
        advice = "; ask a list with has(categories, 'tea') or categories IN ('tea', 'rum')"
    elif {left.kind, right.kind} == {"text", "number"}:
        advice = "; texts are written with quotes, numbers without"
    return source.refuse(
        f"{left.words()} cannot be compared with {right.words()}{advice}", right.node
    )


def as_time(value: Typed, source: FilterText) -> Typed:
    """Return a text, or a number of epoch seconds, as a time; anything else as it is."""
    if value.kind == "text" and isinstance(value.literal, str):
        return moment(value.literal, value.node, source)
    if value.kind == "number" and value.is_literal:
        return literal("time", value.literal, value.node)
    return value


def _units() -> str:
    return ", ".join(f"{name}s" for name in UNITS)
