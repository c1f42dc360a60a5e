"""Compilation of a filter's parse tree to a polars expression over the columns.

A table lists every supported kind of node; all others are rejected.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
from sqlglot import exp

from daybreak.ranking.filters.columns import FilterColumn, FilterColumns
from daybreak.ranking.filters.functions import (
    TypedExpr,
    boolean_expr,
    call_function,
    contains_any,
    contains_value,
    function_arguments,
    literal_expr,
    parse_interval,
    parse_number,
    parse_timestamp,
    unify_types,
)
from daybreak.ranking.filters.parser import FilterSource, flatten_operands

MAX_LIKE_CHARACTERS = 200
"""Maximum number of characters of a ``LIKE`` pattern."""
MAX_LIKE_PATTERNS = 50
"""Maximum number of ``LIKE`` in one filter; each reads every character of a column."""
SECONDS_PER_DAY = 86_400.0

_COMPARISONS: dict[Any, Callable[[Any, Any], Any]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_ARITHMETIC: dict[Any, Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: operator.truediv,
}
_NULL_BOOLEAN = pl.lit(None, pl.Boolean)


class FilterCompiler:
    """Compiles the parse tree of one filter to one expression.

    Args:
        text: The filter, for error messages.
        columns: Columns of the catalogue.
        now: Current time in epoch seconds.
    """

    def __init__(self, text: str, columns: FilterColumns, now: float) -> None:
        self.source = FilterSource(text)
        self.columns = columns
        self.now = now
        self.used_columns: dict[str, FilterColumn] = {}
        self.precomputed: list[pl.Expr] = []
        """Expressions to compute before the condition, in this order."""
        self.n_like_patterns = 0

    def compile_condition(self, node: exp.Expression) -> pl.Expr:
        """Return an expression that is true, false or null for each item."""
        return self._require_condition(self.compile_expr(node))

    def _require_condition(self, typed: TypedExpr) -> pl.Expr:
        if typed.kind == "null":
            return _NULL_BOOLEAN
        if typed.kind != "boolean":
            self.source.fail(
                f"expected a condition, got {typed.describe()}; compare it with a value",
                typed.node,
            )
        return typed.value

    def compile_expr(self, node: exp.Expression) -> TypedExpr:
        """Return any part of a filter with its type."""
        kind: Any = type(node)
        if kind in _COMPARISONS:
            return self._compare(node)
        if kind in _ARITHMETIC:
            return self._arithmetic(node)
        if kind in _NODE_COMPILERS:
            return _NODE_COMPILERS[kind](self, node)
        if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.Connector):
            arguments = [
                self.compile_expr(part) for part in function_arguments(node, self.source)
            ]
            return call_function(node, arguments, self.source)
        return self.source.fail(f"filters do not support {kind.__name__.upper()}", node)

    def _compare(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "expression")
        left, right = self.compile_expr(node.this), self.compile_expr(node.expression)
        if _is_of_paths(left) and right.kind == "text" and isinstance(node, exp.EQ | exp.NEQ):
            found = contains_value(left, right, self.source)
            return boolean_expr(found if isinstance(node, exp.EQ) else ~found, node)
        return self._compare_typed(node, left, right)

    def _compare_typed(
        self, node: exp.Expression, left: TypedExpr, right: TypedExpr
    ) -> TypedExpr:
        """Return the comparison of two parts, with the operator of the node."""
        left, right = unify_types(left, right, self.source)
        if "null" in (left.kind, right.kind):
            self._reject_null(left, right)
            return boolean_expr(_NULL_BOOLEAN, node)
        if left.kind in {"list", "numbers"}:
            self.source.fail(f"{left.describe()} needs has or IN instead of a comparison", node)
        if left.kind == "boolean" and not isinstance(node, exp.EQ | exp.NEQ):
            self.source.fail("true and false have no order", node)
        return boolean_expr(_COMPARISONS[type(node)](left.value, right.value), node)

    def _reject_null(self, *operands: TypedExpr) -> None:
        for operand in operands:
            if isinstance(operand.node, exp.Null):
                self.source.fail(
                    "comparisons with NULL are unknown; write IS NULL", operand.node
                )

    def _is_not_distinct(self, node: exp.Expression) -> TypedExpr:
        """Return ``IS NOT DISTINCT FROM``: whether both are equal, or both unknown."""
        self._reject_other_args(node, "this", "expression")
        left, right = unify_types(
            self.compile_expr(node.this), self.compile_expr(node.expression), self.source
        )
        if left.kind in {"list", "numbers"} or right.kind in {"list", "numbers"}:
            self.source.fail("lists cannot be compared", node)
        are_equal = left.value.eq_missing(right.value)
        return boolean_expr(
            ~are_equal if isinstance(node, exp.NullSafeNEQ) else are_equal, node
        )

    def _arithmetic(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "expression")
        left, right = self.compile_expr(node.this), self.compile_expr(node.expression)
        operate = _ARITHMETIC[type(node)]
        kinds = (left.kind, right.kind)
        if kinds == ("time", "interval") and isinstance(node, exp.Add | exp.Sub):
            return TypedExpr("time", operate(left.value, right.value), node)
        if not set(kinds) <= {"number", "null"}:
            self.source.fail(
                f"cannot compute with {left.describe()} and {right.describe()}", right.node
            )
        left_value, right_value = (operand.value.cast(pl.Float64) for operand in (left, right))
        if isinstance(node, exp.Div):
            right_value = self._precompute(right_value)
            right_value = pl.when(right_value != 0).then(right_value)
        result = self._precompute(operate(left_value, right_value))
        return TypedExpr("number", result.fill_nan(None), node)

    def _precompute(self, value: pl.Expr) -> pl.Expr:
        """Return a column that will contain the value, so that it is computed only once.

        Nested expressions that use a part twice would otherwise double at each level.
        """
        if value.meta.is_column():
            return value
        self.precomputed.append(value.alias(f"\0{len(self.precomputed)}"))
        return pl.col(f"\0{len(self.precomputed) - 1}")

    def _negate(self, node: exp.Expression) -> TypedExpr:
        inner = self.compile_expr(node.this)
        if inner.kind != "number":
            self.source.fail(f"cannot compute with {inner.describe()}", node)
        value = None if inner.literal is None else -inner.literal
        return TypedExpr("number", -inner.value, node, value)

    def _and(self, node: exp.Expression) -> TypedExpr:
        return boolean_expr(
            pl.all_horizontal(list(map(self.compile_condition, flatten_operands(node)))), node
        )

    def _or(self, node: exp.Expression) -> TypedExpr:
        return boolean_expr(
            pl.any_horizontal(list(map(self.compile_condition, flatten_operands(node)))), node
        )

    def _not(self, node: exp.Expression) -> TypedExpr:
        return boolean_expr(~self.compile_condition(node.this), node)

    def _paren(self, node: exp.Expression) -> TypedExpr:
        return self.compile_expr(node.this)

    def _is(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "expression")
        value, right = self.compile_expr(node.this), node.expression
        if isinstance(right, exp.Null):
            return boolean_expr(value.value.is_null(), node)
        if not isinstance(right, exp.Boolean):
            self.source.fail("IS needs NULL, TRUE or FALSE; otherwise write =", node)
        condition = self._require_condition(value).cast(pl.Boolean)
        return boolean_expr(condition.eq_missing(bool(right.this)), node)

    def _in(self, node: exp.Expression) -> TypedExpr:
        value = self.compile_expr(node.this)
        if isinstance(node.args.get("field"), exp.Column):
            self._reject_other_args(node, "this", "field")
            values = self.compile_expr(node.args["field"])
            return boolean_expr(contains_value(values, value, self.source), node)
        self._reject_other_args(node, "this", "expressions")
        members = [self._member(value, self.compile_expr(part)) for part in node.expressions]
        if not members:
            self.source.fail("the list after IN is empty", node)
        return boolean_expr(contains_any(value, members), node)

    def _member(self, value: TypedExpr, member: TypedExpr) -> Any:
        """Return one literal after ``IN``; for a list column, it has the type of its values."""
        if not member.is_literal:
            self.source.fail("IN needs literal texts, numbers or times", member.node)
        inner = {"list": "text", "numbers": "number"}.get(value.kind)
        if inner is None:
            return unify_types(value, member, self.source)[1].literal
        if member.kind != inner:
            self.source.fail(
                f"{value.describe()} cannot contain {member.describe()}", member.node
            )
        return member.literal

    def _between(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "low", "high")
        value = self.compile_expr(node.this)
        value = replace(value, value=self._precompute(value.value))
        low, high = self.compile_expr(node.args["low"]), self.compile_expr(node.args["high"])
        above = self._compare_typed(exp.GTE(), value, low).value
        return boolean_expr(above & self._compare_typed(exp.LTE(), value, high).value, node)

    def _like(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "expression", "negate")
        text, pattern = self.compile_expr(node.this), self.compile_expr(node.expression)
        if not isinstance(pattern.literal, str) or pattern.kind != "text":
            self.source.fail("LIKE needs a text in quotes", pattern.node)
        self.n_like_patterns += 1
        if self.n_like_patterns > MAX_LIKE_PATTERNS:
            self.source.fail(f"more than {MAX_LIKE_PATTERNS} LIKE in one filter", node)
        if len(pattern.literal) > MAX_LIKE_CHARACTERS:
            self.source.fail(
                f"more than {MAX_LIKE_CHARACTERS} characters after LIKE", pattern.node
            )
        if _is_of_paths(text):
            text = TypedExpr("text", text.value.list.last(), text.node)
        if text.kind not in {"text", "null"}:
            self.source.fail(f"LIKE needs a text column, not {text.describe()}", text.node)
        ignore_case = isinstance(node, exp.ILike)
        matches = text.value.cast(pl.String).str.contains(
            like_pattern(pattern.literal, ignore_case=ignore_case)
        )
        return boolean_expr(~matches if node.args.get("negate") else matches, node)

    def _column(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this")
        if not isinstance(node.this, exp.Identifier):
            self.source.fail("expected a column", node)
        column = self.columns.get(node.name)
        if column is None:
            if node.name in self.columns.names:
                self.source.fail(f"the column {node.name!r} cannot be filtered", node)
            listed = self.columns.list_names()
            self.source.fail(f"there is no column {node.name[:40]!r}; columns: {listed}", node)
        self.used_columns[column.name] = column
        return TypedExpr(column.kind, pl.col(column.name), node, column=column)

    def _literal(self, node: exp.Expression) -> TypedExpr:
        if isinstance(node, exp.Literal) and node.is_string:
            return literal_expr("text", node.name, node)
        return parse_number(node, self.source)

    def _boolean(self, node: exp.Expression) -> TypedExpr:
        return literal_expr("boolean", bool(node.this), node)

    def _null(self, node: exp.Expression) -> TypedExpr:
        return TypedExpr("null", pl.lit(None), node)

    def _time_literal(self, node: exp.Expression) -> TypedExpr:
        """Return ``DATE '2026-05-01'``; no other cast is supported."""
        target_type = node.args.get("to")
        kinds = {exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP}
        is_time_type = target_type is None or (
            isinstance(target_type, exp.DataType) and target_type.this in kinds
        )
        text = node.this
        if not is_time_type or not isinstance(text, exp.Literal) or not text.is_string:
            self.source.fail("write a time as DATE '2026-05-01'", node)
        self._reject_other_args(node, "this", "to")
        return parse_timestamp(text.name, node, self.source)

    def _interval(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node, "this", "unit")
        if not isinstance(node, exp.Interval):
            self.source.fail("write an interval as INTERVAL '30 days'", node)
        return parse_interval(node, self.source)

    def _now(self, node: exp.Expression) -> TypedExpr:
        self._reject_other_args(node)
        midnight = self.now // SECONDS_PER_DAY * SECONDS_PER_DAY
        is_date = isinstance(node, exp.CurrentDate)
        return literal_expr("time", midnight if is_date else float(self.now), node)

    def _anonymous(self, node: exp.Expression) -> TypedExpr:
        """Return ``now()`` or a call of a supported function."""
        if not isinstance(node, exp.Anonymous):
            self.source.fail("unknown function", node)
        if node.name.lower() == "now" and not node.expressions:
            return literal_expr("time", float(self.now), node)
        arguments = [self.compile_expr(part) for part in function_arguments(node, self.source)]
        return call_function(node, arguments, self.source)

    def _reject_other_args(self, node: exp.Expression, *known: str) -> None:
        """Reject a node with unsupported parts: ``ESCAPE``, a table, a query."""
        for name, value in node.args.items():
            if value and name not in known:
                self.source.fail(f"filters do not support {name} here", node)


def _is_of_paths(typed: TypedExpr) -> bool:
    """Return whether a part is a column of paths, each with its names and as a whole."""
    return typed.column is not None and typed.column.has_paths


def like_pattern(pattern: str, *, ignore_case: bool) -> str:
    """Return a ``LIKE`` pattern as a regular expression whose only repetition is ``.*``.

    Args:
        pattern: ``%`` matches any text, ``_`` any character.
        ignore_case: Whether upper and lower case are equal.

    Example:
        >>> like_pattern("50%_", ignore_case=False)
        '(?s)^50.*.$'
    """
    parts = re.split(r"(%+|_)", pattern)
    special = re.compile(r"([\\.+*?()|\[\]{}^$#&~-])")
    regex = (
        ".*" if part.startswith("%") else "." if part == "_" else special.sub(r"\\\1", part)
        for part in parts
    )
    return f"(?s{'i' if ignore_case else ''})^{''.join(regex)}$"


_NODE_COMPILERS: dict[Any, Callable[[FilterCompiler, Any], TypedExpr]] = {
    exp.And: FilterCompiler._and,
    exp.Or: FilterCompiler._or,
    exp.Not: FilterCompiler._not,
    exp.Paren: FilterCompiler._paren,
    exp.Is: FilterCompiler._is,
    exp.In: FilterCompiler._in,
    exp.Between: FilterCompiler._between,
    exp.Like: FilterCompiler._like,
    exp.ILike: FilterCompiler._like,
    exp.NullSafeEQ: FilterCompiler._is_not_distinct,
    exp.NullSafeNEQ: FilterCompiler._is_not_distinct,
    exp.Neg: FilterCompiler._negate,
    exp.Column: FilterCompiler._column,
    exp.Literal: FilterCompiler._literal,
    exp.Boolean: FilterCompiler._boolean,
    exp.Null: FilterCompiler._null,
    exp.Cast: FilterCompiler._time_literal,
    exp.Date: FilterCompiler._time_literal,
    exp.Interval: FilterCompiler._interval,
    exp.CurrentTimestamp: FilterCompiler._now,
    exp.CurrentDate: FilterCompiler._now,
    exp.Anonymous: FilterCompiler._anonymous,
}
"""Supported kinds of nodes, except comparisons, arithmetic and functions."""
