"""Parts of a filter with their kinds: what can be compared with what.

The functions that filters have; there are no others.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import polars as pl
from sqlglot import exp

from daybreak.data.times import epoch_seconds
from daybreak.ranking.filters.columns import ColumnKind
from daybreak.ranking.filters.parser import FilterSource

ExprKind: TypeAlias = ColumnKind | Literal["interval"]

KIND_NAMES: dict[str, str] = {
    "boolean": "true or false",
    "number": "a number",
    "text": "a text",
    "time": "a time",
    "list": "a list of texts",
    "numbers": "a list of numbers",
    "interval": "a length of time",
    "null": "NULL",
}
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Seconds of a unit; months and years have no fixed length."""


@dataclass(frozen=True, eq=False)
class TypedExpr:
    """A part of a filter that can be evaluated."""

    kind: ExprKind
    value: pl.Expr
    node: exp.Expression
    literal: Any = None
    """The value, if it was written in the filter."""

    @property
    def is_literal(self) -> bool:
        """Whether it was written in the filter."""
        return self.literal is not None

    def describe(self) -> str:
        """Return what it is, for a message."""
        name = self.node.name if isinstance(self.node, exp.Column) else ""
        return f"{name} ({KIND_NAMES[self.kind]})" if name else KIND_NAMES[self.kind]


def boolean_expr(value: pl.Expr, node: exp.Expression) -> TypedExpr:
    """Return a condition."""
    return TypedExpr("boolean", value, node)


def literal_expr(kind: ExprKind, value: Any, node: exp.Expression) -> TypedExpr:
    """Return a value that was written in the filter."""
    return TypedExpr(kind, pl.lit(value), node, value)


def parse_number(node: exp.Expression, source: FilterSource) -> TypedExpr:
    """Return a number that was written; infinity is none."""
    try:
        value = float(node.name)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        source.fail(f"{node.name[:40]} is not a number that can be kept", node)
    return literal_expr("number", value, node)


def parse_timestamp(text: str, node: exp.Expression, source: FilterSource) -> TypedExpr:
    """Return a time that was written as text."""
    seconds = epoch_seconds(pl.Series([text], dtype=pl.String))[0][0]
    if seconds is None or not math.isfinite(seconds):
        source.fail(f"{text[:40]!r} is not a time; write '2026-05-01' or with a clock", node)
    return literal_expr("time", float(seconds), node)


def parse_interval(node: exp.Interval, source: FilterSource) -> TypedExpr:
    """Return a length of time: ``INTERVAL '30 days'``."""
    amount, unit = node.this, node.args.get("unit")
    name = (unit.name if isinstance(unit, exp.Var) else "").lower().removesuffix("s")
    if not isinstance(amount, exp.Literal) or name not in UNIT_SECONDS:
        source.fail(
            f"write a length of time as INTERVAL '30 days'; units: {_unit_names()}", node
        )
    value = parse_number(amount, source).literal * UNIT_SECONDS[name]
    return literal_expr("interval", value, node)


def unify_types(
    left: TypedExpr, right: TypedExpr, source: FilterSource
) -> tuple[TypedExpr, TypedExpr]:
    """Return two parts as one kind, so that they can be compared.

    A text or a number beside a time is one; nothing else is changed silently.

    Raises:
        FilterError: They cannot be compared; the message says what they are.
    """
    if left.kind == "time" and right.is_literal:
        right = to_time(right, source)
    elif right.kind == "time" and left.is_literal:
        left = to_time(left, source)
    if left.kind == right.kind or "null" in (left.kind, right.kind):
        return left, right
    advice = ""
    if {left.kind, right.kind} & {"list", "numbers"}:
        advice = "; ask a list with has(categories, 'tea') or categories IN ('tea', 'rum')"
    elif {left.kind, right.kind} == {"text", "number"}:
        advice = "; texts are written with quotes, numbers without"
    return source.fail(
        f"{left.describe()} cannot be compared with {right.describe()}{advice}", right.node
    )


def to_time(value: TypedExpr, source: FilterSource) -> TypedExpr:
    """Return a text, or a number of epoch seconds, as a time; anything else as it is."""
    if value.kind == "text" and isinstance(value.literal, str):
        return parse_timestamp(value.literal, value.node, source)
    if value.kind == "number" and value.is_literal:
        return literal_expr("time", value.literal, value.node)
    return value


def _unit_names() -> str:
    return ", ".join(f"{name}s" for name in UNIT_SECONDS)


FilterFunction: TypeAlias = Callable[[exp.Expression, list[TypedExpr], FilterSource], TypedExpr]


def call_function(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return the result of a function of the list.

    Raises:
        FilterError: There is no such function, or it takes other arguments.
    """
    name = function_name(node)
    function, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        source.fail(f"{name} takes {wanted} arguments, not {len(arguments)}", node)
    return function(node, arguments, source)


def function_name(node: exp.Expression) -> str:
    """Return the name of a function as filters spell it."""
    name = node.sql_name() if isinstance(node, exp.Func) else ""
    name = (node.name if isinstance(node, exp.Anonymous) else name).lower()
    return FUNCTION_ALIASES.get(name, name)


def has(node: exp.Expression, arguments: list[TypedExpr], source: FilterSource) -> TypedExpr:
    """Return whether a list has a value; a text is a list of one."""
    return boolean_expr(contains_value(arguments[0], arguments[1], source), node)


def has_any(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return whether a list has one of some values."""
    values = [require_member(arguments[0], value, source) for value in arguments[1:]]
    return boolean_expr(contains_any(arguments[0], values), node)


def has_all(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return whether a list has all of some values."""
    found = [contains_value(arguments[0], value, source) for value in arguments[1:]]
    return boolean_expr(pl.all_horizontal(found), node)


def contains_value(values: TypedExpr, value: TypedExpr, source: FilterSource) -> pl.Expr:
    """Return whether a list has a value that was written in the filter."""
    wanted = require_member(values, value, source)
    if values.kind in {"list", "numbers"}:
        return values.value.list.contains(wanted)
    return contains_any(values, [wanted])


def require_member(values: TypedExpr, value: TypedExpr, source: FilterSource) -> Any:
    """Return a value that was written in the filter, of the kind of those of a list."""
    kinds = {"list": "text", "text": "text", "numbers": "number", "number": "number"}
    if values.kind != "null" and values.kind not in kinds:
        source.fail(f"{values.describe()} is no list", values.node)
    if not value.is_literal or value.kind != kinds.get(values.kind, value.kind):
        kind = "a number" if kinds.get(values.kind) == "number" else "a text in quotes"
        source.fail(f"{values.describe()} can be asked for {kind}", value.node)
    return value.literal


def contains_any(values: TypedExpr, wanted: Sequence[Any]) -> pl.Expr:
    """Return whether a list has one of some values; a text is a list of one."""
    if values.kind == "null":
        return pl.lit(None, pl.Boolean)
    choice = pl.Series(wanted).implode()
    if values.kind in {"list", "numbers"}:
        return values.value.list.eval(pl.element().is_in(choice)).list.any()
    return values.value.is_in(choice)


def _unary_function(
    kind: ExprKind, result: ExprKind, work: Callable[[pl.Expr], pl.Expr]
) -> tuple[FilterFunction, int, int]:
    """Return a function of one argument of a kind."""

    def function(
        node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
    ) -> TypedExpr:
        return TypedExpr(result, work(_require_kind(arguments[0], kind, source)), node)

    return function, 1, 1


def _search_function(
    work: Callable[[pl.Expr, str], pl.Expr],
) -> tuple[FilterFunction, int, int]:
    """Return a function that looks for a written text in a text."""

    def function(
        node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
    ) -> TypedExpr:
        text, part = arguments
        if not isinstance(part.literal, str) or part.kind != "text":
            source.fail("what is looked for must be a text in quotes", part.node)
        return boolean_expr(work(_require_kind(text, "text", source), part.literal), node)

    return function, 2, 2


def _require_kind(argument: TypedExpr, kind: ExprKind, source: FilterSource) -> pl.Expr:
    if argument.kind == "null":
        return pl.lit(None, pl.Float64 if kind == "number" else pl.String)
    if argument.kind != kind:
        source.fail(f"a {kind} is needed here, not {argument.describe()}", argument.node)
    return argument.value


def _length(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    if arguments[0].kind in {"list", "numbers"}:
        return TypedExpr("number", arguments[0].value.list.len().cast(pl.Float64), node)
    text = _require_kind(arguments[0], "text", source)
    return TypedExpr("number", text.str.len_chars().cast(pl.Float64), node)


def _coalesce(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return the first argument that is known."""
    first = next((a for a in arguments if a.kind != "null"), arguments[0])
    known = [unify_types(first, a, source)[1] for a in arguments if a.kind != "null"]
    if not known:
        return arguments[0]
    return TypedExpr(first.kind, pl.coalesce([a.value for a in known]), node)


MAX_ARGUMENTS, MAX_REPEATED_ARGUMENTS = 1_000, 50
"""Arguments of functions that look once at a value, and once for each argument."""
FUNCTIONS: dict[str, tuple[FilterFunction, int, int]] = {
    "has": (has, 2, 2),
    "has_any": (has_any, 2, MAX_ARGUMENTS),
    "has_all": (has_all, 2, MAX_REPEATED_ARGUMENTS),
    "contains": _search_function(lambda text, part: text.str.contains(part, literal=True)),
    "starts_with": _search_function(lambda text, part: text.str.starts_with(part)),
    "ends_with": _search_function(lambda text, part: text.str.ends_with(part)),
    "lower": _unary_function("text", "text", lambda text: text.str.to_lowercase()),
    "upper": _unary_function("text", "text", lambda text: text.str.to_uppercase()),
    "length": (_length, 1, 1),
    "abs": _unary_function("number", "number", lambda value: value.abs()),
    "coalesce": (_coalesce, 1, MAX_ARGUMENTS),
}
"""Name -> function, fewest and most arguments."""
FUNCTION_ALIASES = {
    "array_contains": "has",
    "array_has": "has",
    "len": "length",
    "ifnull": "coalesce",
}


def function_arguments(node: exp.Expression, source: FilterSource) -> list[exp.Expression]:
    """Return the arguments of a function of the list, in their order.

    Raises:
        FilterError: There is no such function, or it was given more than arguments.
    """
    if function_name(node) not in FUNCTIONS:
        known = ", ".join([*FUNCTIONS, "now"])
        source.fail(f"there is no function {function_name(node)[:40]!r}; known: {known}", node)
    found: list[exp.Expression] = []
    for name, value in node.args.items():
        if isinstance(value, str) and name == "this":
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, exp.Expression):
                found.append(one)
            elif one and one is not True:
                source.fail(f"{function_name(node)} does not take {name}", node)
    return found
