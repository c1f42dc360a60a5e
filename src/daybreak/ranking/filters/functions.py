"""Typed parts of a filter, their conversions, and the functions that filters support."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import polars as pl
from sqlglot import exp

from daybreak.data.times import read_times
from daybreak.ranking.filters.columns import ColumnKind, FilterColumn
from daybreak.ranking.filters.parser import FilterSource

ExprKind: TypeAlias = ColumnKind | Literal["interval"]

KIND_NAMES: dict[str, str] = {
    "boolean": "a boolean",
    "number": "a number",
    "text": "a text",
    "time": "a time",
    "list": "a list of texts",
    "numbers": "a list of numbers",
    "interval": "an interval",
    "null": "NULL",
}
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Seconds per unit; months and years have no fixed length."""


@dataclass(frozen=True, eq=False)
class TypedExpr:
    """A part of a filter as an expression with a type."""

    kind: ExprKind
    value: pl.Expr
    node: exp.Expression
    literal: Any = None
    """Value of a literal; None for other parts."""
    column: FilterColumn | None = None
    """Column that the part is; None for other parts."""

    @property
    def is_literal(self) -> bool:
        """Whether the part is a literal."""
        return self.literal is not None

    def describe(self) -> str:
        """Return a description for error messages."""
        name = self.node.name if isinstance(self.node, exp.Column) else ""
        return f"{name} ({KIND_NAMES[self.kind]})" if name else KIND_NAMES[self.kind]


def boolean_expr(value: pl.Expr, node: exp.Expression) -> TypedExpr:
    """Return a condition."""
    return TypedExpr("boolean", value, node)


def literal_expr(kind: ExprKind, value: Any, node: exp.Expression) -> TypedExpr:
    """Return a literal."""
    return TypedExpr(kind, pl.lit(value), node, value)


def parse_number(node: exp.Expression, source: FilterSource) -> TypedExpr:
    """Return a number literal; it must be finite."""
    try:
        value = float(node.name)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        source.fail(f"{node.name[:40]} is not a finite 64-bit number", node)
    return literal_expr("number", value, node)


def parse_timestamp(text: str, node: exp.Expression, source: FilterSource) -> TypedExpr:
    """Return a time literal from a text."""
    seconds = read_times(pl.Series([text], dtype=pl.String), singly=True).seconds[0]
    if seconds is None or not math.isfinite(seconds):
        source.fail(
            f"{text[:40]!r} is not a time; write '2026-05-01' or '2026-05-01 12:00'", node
        )
    return literal_expr("time", float(seconds), node)


def parse_interval(node: exp.Interval, source: FilterSource) -> TypedExpr:
    """Return an interval literal, as in ``INTERVAL '30 days'``."""
    amount, unit = node.this, node.args.get("unit")
    name = (unit.name if isinstance(unit, exp.Var) else "").lower().removesuffix("s")
    if not isinstance(amount, exp.Literal) or name not in UNIT_SECONDS:
        source.fail(f"write an interval as INTERVAL '30 days'; units: {_unit_names()}", node)
    value = parse_number(amount, source).literal * UNIT_SECONDS[name]
    return literal_expr("interval", value, node)


def unify_types(
    left: TypedExpr, right: TypedExpr, source: FilterSource
) -> tuple[TypedExpr, TypedExpr]:
    """Return two parts with a common type.

    A text or number literal that is compared with a time becomes a time; nothing else is
    converted.

    Args:
        left: First part.
        right: Second part.
        source: The filter, for error messages.

    Raises:
        FilterError: The types cannot be compared.
    """
    if left.kind == "time" and right.is_literal:
        right = to_time(right, source)
    elif right.kind == "time" and left.is_literal:
        left = to_time(left, source)
    if left.kind == right.kind or "null" in (left.kind, right.kind):
        return left, right
    advice = _comparison_advice(left, right)
    return source.fail(
        f"{left.describe()} cannot be compared with {right.describe()}{advice}", right.node
    )


def _comparison_advice(left: TypedExpr, right: TypedExpr) -> str:
    """Return what to do about two parts of different types, as the end of a message."""
    columns = (part.column for part in (left, right) if part.column is not None)
    reasons = (column.describe_non_numbers() for column in columns)
    if "number" in (left.kind, right.kind) and (why := next(filter(None, reasons), "")):
        return f"; {why}"
    if {left.kind, right.kind} & {"list", "numbers"}:
        return "; for a list, write has(categories, 'tea') or categories IN ('tea', 'rum')"
    if {left.kind, right.kind} == {"text", "number"}:
        return "; write texts with quotes and numbers without"
    return ""


def to_time(value: TypedExpr, source: FilterSource) -> TypedExpr:
    """Return a text literal, or a number of epoch seconds, as a time; other parts unchanged."""
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
    """Return a call of a supported function.

    Args:
        node: The call in the parse tree.
        arguments: Its compiled arguments.
        source: The filter, for error messages.

    Raises:
        FilterError: The function does not accept these arguments.
    """
    name = function_name(node)
    function, min_arguments, max_arguments = FUNCTIONS[name]
    if not min_arguments <= len(arguments) <= max_arguments:
        expected = (
            str(min_arguments)
            if min_arguments == max_arguments
            else f"{min_arguments} to {max_arguments}"
        )
        source.fail(f"{name} needs {expected} arguments, got {len(arguments)}", node)
    return function(node, arguments, source)


def function_name(node: exp.Expression) -> str:
    """Return the canonical name of a function."""
    name = node.sql_name() if isinstance(node, exp.Func) else ""
    name = (node.name if isinstance(node, exp.Anonymous) else name).lower()
    return FUNCTION_ALIASES.get(name, name)


def has(node: exp.Expression, arguments: list[TypedExpr], source: FilterSource) -> TypedExpr:
    """Return whether a list contains a value; a text is a list of one value."""
    return boolean_expr(contains_value(arguments[0], arguments[1], source), node)


def has_any(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return whether a list contains any of the values."""
    values = [require_member(arguments[0], value, source) for value in arguments[1:]]
    return boolean_expr(contains_any(arguments[0], values), node)


def has_all(
    node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
) -> TypedExpr:
    """Return whether a list contains all of the values."""
    conditions = [contains_value(arguments[0], value, source) for value in arguments[1:]]
    return boolean_expr(pl.all_horizontal(conditions), node)


def contains_value(values: TypedExpr, value: TypedExpr, source: FilterSource) -> pl.Expr:
    """Return whether a list contains a literal value."""
    member = require_member(values, value, source)
    if values.kind in {"list", "numbers"}:
        return values.value.list.contains(member)
    return contains_any(values, [member])


def require_member(values: TypedExpr, value: TypedExpr, source: FilterSource) -> Any:
    """Return a literal that has the type of the values of a list."""
    kinds = {"list": "text", "text": "text", "numbers": "number", "number": "number"}
    if values.kind != "null" and values.kind not in kinds:
        source.fail(f"expected a list, got {values.describe()}", values.node)
    if not value.is_literal or value.kind != kinds.get(values.kind, value.kind):
        kind = "a number" if kinds.get(values.kind) == "number" else "a text in quotes"
        source.fail(f"{values.describe()} can only contain {kind}", value.node)
    return value.literal


def contains_any(values: TypedExpr, members: Sequence[Any]) -> pl.Expr:
    """Return whether a list contains any of the values; a text is a list of one value."""
    if values.kind == "null":
        return pl.lit(None, pl.Boolean)
    accepted = pl.Series(members).implode()
    if values.kind in {"list", "numbers"}:
        return values.value.list.eval(pl.element().is_in(accepted)).list.any()
    return values.value.is_in(accepted)


def _unary_function(
    kind: ExprKind, result: ExprKind, apply: Callable[[pl.Expr], pl.Expr]
) -> tuple[FilterFunction, int, int]:
    """Return a filter function of one argument, with its number of arguments."""

    def function(
        node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
    ) -> TypedExpr:
        return TypedExpr(result, apply(_require_kind(arguments[0], kind, source)), node)

    return function, 1, 1


def _search_function(
    apply: Callable[[pl.Expr, str], pl.Expr],
) -> tuple[FilterFunction, int, int]:
    """Return a filter function that searches for a literal text in a text."""

    def function(
        node: exp.Expression, arguments: list[TypedExpr], source: FilterSource
    ) -> TypedExpr:
        text, substring = arguments
        if not isinstance(substring.literal, str) or substring.kind != "text":
            source.fail("the text to search for must be in quotes", substring.node)
        return boolean_expr(apply(_require_kind(text, "text", source), substring.literal), node)

    return function, 2, 2


def _require_kind(argument: TypedExpr, kind: ExprKind, source: FilterSource) -> pl.Expr:
    if argument.kind == "null":
        return pl.lit(None, pl.Float64 if kind == "number" else pl.String)
    if argument.kind != kind:
        source.fail(f"expected a {kind}, got {argument.describe()}", argument.node)
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
    """Return the first argument that is not NULL."""
    first = next((a for a in arguments if a.kind != "null"), arguments[0])
    unified = [unify_types(first, a, source)[1] for a in arguments if a.kind != "null"]
    if not unified:
        return arguments[0]
    return TypedExpr(first.kind, pl.coalesce([a.value for a in unified]), node)


MAX_ARGUMENTS, MAX_REPEATED_ARGUMENTS = 1_000, 50
"""Maximum numbers of arguments, of functions that read a column once and of functions that read
it once per argument."""
FUNCTIONS: dict[str, tuple[FilterFunction, int, int]] = {
    "has": (has, 2, 2),
    "has_any": (has_any, 2, MAX_ARGUMENTS),
    "has_all": (has_all, 2, MAX_REPEATED_ARGUMENTS),
    "contains": _search_function(
        lambda text, substring: text.str.contains(substring, literal=True)
    ),
    "starts_with": _search_function(lambda text, prefix: text.str.starts_with(prefix)),
    "ends_with": _search_function(lambda text, suffix: text.str.ends_with(suffix)),
    "lower": _unary_function("text", "text", lambda text: text.str.to_lowercase()),
    "upper": _unary_function("text", "text", lambda text: text.str.to_uppercase()),
    "length": (_length, 1, 1),
    "abs": _unary_function("number", "number", lambda value: value.abs()),
    "coalesce": (_coalesce, 1, MAX_ARGUMENTS),
}
"""Supported functions by name, with their minimum and maximum number of arguments."""
FUNCTION_ALIASES = {
    "array_contains": "has",
    "array_has": "has",
    "len": "length",
    "ifnull": "coalesce",
}


def function_arguments(node: exp.Expression, source: FilterSource) -> list[exp.Expression]:
    """Return the arguments of a supported function in their order.

    Args:
        node: The call in the parse tree.
        source: The filter, for error messages.

    Raises:
        FilterError: The function is unknown, or the call has other parts than arguments.
    """
    if function_name(node) not in FUNCTIONS:
        listed = ", ".join([*FUNCTIONS, "now"])
        source.fail(f"unknown function {function_name(node)[:40]!r}; known: {listed}", node)
    arguments: list[exp.Expression] = []
    for name, value in node.args.items():
        if isinstance(value, str) and name == "this":
            continue
        for argument in value if isinstance(value, list) else [value]:
            if isinstance(argument, exp.Expression):
                arguments.append(argument)
            elif argument and argument is not True:
                source.fail(f"{function_name(node)} does not accept {name}", node)
    return arguments
