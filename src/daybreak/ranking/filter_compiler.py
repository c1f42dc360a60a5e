"""The tree of a filter to one expression over columns.

Each kind of node that filters have is in a table; what is not in it is refused.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

import polars as pl
from sqlglot import exp

from daybreak.ranking.facets import Facet, Facets
from daybreak.ranking.filter_functions import arguments_of, call, contains_value, overlaps
from daybreak.ranking.filter_text import FilterText, operands
from daybreak.ranking.filter_types import (
    Typed,
    alike,
    boolean,
    interval,
    literal,
    moment,
    number,
)

LONGEST_PATTERN = 200
"""Characters of a ``LIKE`` pattern."""
MOST_PATTERNS = 50
"""``LIKE`` in one filter: each looks at every character of a column."""
DAY = 86_400.0

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
_NOTHING = pl.lit(None, pl.Boolean)


class Compiler:
    """Turns the tree of one filter into one expression."""

    def __init__(self, text: str, facets: Facets, now: float) -> None:
        self.source = FilterText(text)
        self.facets = facets
        self.now = now
        self.used: dict[str, Facet] = {}
        self.steps: list[pl.Expr] = []
        """What must be computed before the condition, in this order."""
        self.patterns = 0

    def condition(self, node: exp.Expression) -> pl.Expr:
        """Return what is true, false or null for each item."""
        return self._truth_of(self.typed(node))

    def _truth_of(self, typed: Typed) -> pl.Expr:
        if typed.kind == "null":
            return _NOTHING
        if typed.kind != "boolean":
            self.source.refuse(
                f"a condition is needed here, not {typed.words()}; compare it with something",
                typed.node,
            )
        return typed.value

    def typed(self, node: exp.Expression) -> Typed:
        """Return any part with its kind."""
        kind: Any = type(node)
        if kind in _COMPARISONS:
            return self._compared(node)
        if kind in _ARITHMETIC:
            return self._computed(node)
        if kind in _NODES:
            return _NODES[kind](self, node)
        if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.Connector):
            found = [self.typed(part) for part in arguments_of(node, self.source)]
            return call(node, found, self.source)
        return self.source.refuse(f"filters have no {kind.__name__.upper()}", node)

    def _compared(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "expression")
        left, right = self.typed(node.this), self.typed(node.expression)
        return self._comparison(node, left, right)

    def _comparison(self, node: exp.Expression, left: Typed, right: Typed) -> Typed:
        """Return ``left < right``, or what kind of comparison the node is."""
        left, right = alike(left, right, self.source)
        if "null" in (left.kind, right.kind):
            self._refuse_null(left, right)
            return boolean(_NOTHING, node)
        if left.kind in {"list", "numbers"}:
            self.source.refuse(f"{left.words()} is asked with has or IN", node)
        if left.kind == "boolean" and not isinstance(node, exp.EQ | exp.NEQ):
            self.source.refuse("true and false are neither more nor less", node)
        return boolean(_COMPARISONS[type(node)](left.value, right.value), node)

    def _refuse_null(self, *sides: Typed) -> None:
        for side in sides:
            if isinstance(side.node, exp.Null):
                self.source.refuse("nothing compares with NULL; write IS NULL", side.node)

    def _same(self, node: exp.Expression) -> Typed:
        """Return ``IS NOT DISTINCT FROM``: equal, or both unknown."""
        self._only(node, "this", "expression")
        left, right = alike(self.typed(node.this), self.typed(node.expression), self.source)
        if left.kind in {"list", "numbers"} or right.kind in {"list", "numbers"}:
            self.source.refuse("lists cannot be compared as a whole", node)
        same = left.value.eq_missing(right.value)
        return boolean(~same if isinstance(node, exp.NullSafeNEQ) else same, node)

    def _computed(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "expression")
        left, right = self.typed(node.this), self.typed(node.expression)
        work = _ARITHMETIC[type(node)]
        kinds = (left.kind, right.kind)
        if kinds == ("time", "interval") and isinstance(node, exp.Add | exp.Sub):
            return Typed("time", work(left.value, right.value), node)
        if not set(kinds) <= {"number", "null"}:
            self.source.refuse(
                f"cannot compute with {left.words()} and {right.words()}", right.node
            )
        one, other = (side.value.cast(pl.Float64) for side in (left, right))
        if isinstance(node, exp.Div):
            other = self._step(other)
            other = pl.when(other != 0).then(other)
        result = self._step(work(one, other))
        return Typed("number", result.fill_nan(None), node)

    def _step(self, value: pl.Expr) -> pl.Expr:
        """Return a value that will have been computed before; so it costs once, not twice.

        Expressions that name a part twice, one within the other, would double at each level.
        """
        if value.meta.is_column():
            return value
        self.steps.append(value.alias(f"\0{len(self.steps)}"))
        return pl.col(f"\0{len(self.steps) - 1}")

    def _negative(self, node: exp.Expression) -> Typed:
        inner = self.typed(node.this)
        if inner.kind != "number":
            self.source.refuse(f"cannot compute with {inner.words()}", node)
        value = None if inner.literal is None else -inner.literal
        return Typed("number", -inner.value, node, value)

    def _and(self, node: exp.Expression) -> Typed:
        return boolean(pl.all_horizontal(list(map(self.condition, operands(node)))), node)

    def _or(self, node: exp.Expression) -> Typed:
        return boolean(pl.any_horizontal(list(map(self.condition, operands(node)))), node)

    def _not(self, node: exp.Expression) -> Typed:
        return boolean(~self.condition(node.this), node)

    def _paren(self, node: exp.Expression) -> Typed:
        return self.typed(node.this)

    def _is(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "expression")
        value, right = self.typed(node.this), node.expression
        if isinstance(right, exp.Null):
            return boolean(value.value.is_null(), node)
        if not isinstance(right, exp.Boolean):
            self.source.refuse("after IS stand NULL, TRUE or FALSE; else write =", node)
        truth = self._truth_of(value).cast(pl.Boolean)
        return boolean(truth.eq_missing(bool(right.this)), node)

    def _in(self, node: exp.Expression) -> Typed:
        value = self.typed(node.this)
        if isinstance(node.args.get("field"), exp.Column):
            self._only(node, "this", "field")
            values = self.typed(node.args["field"])
            return boolean(contains_value(values, value, self.source), node)
        self._only(node, "this", "expressions")
        members = [self._member(value, self.typed(part)) for part in node.expressions]
        if not members:
            self.source.refuse("the list after IN has no values", node)
        return boolean(overlaps(value, members), node)

    def _member(self, value: Typed, member: Typed) -> Any:
        """Return one value after ``IN``; that of a list column is one of its values."""
        if not member.is_literal:
            self.source.refuse("after IN stand texts, numbers or times", member.node)
        inner = {"list": "text", "numbers": "number"}.get(value.kind)
        if inner is None:
            return alike(value, member, self.source)[1].literal
        if member.kind != inner:
            self.source.refuse(f"{value.words()} does not have {member.words()}", member.node)
        return member.literal

    def _between(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "low", "high")
        value = self.typed(node.this)
        value = Typed(value.kind, self._step(value.value), value.node, value.literal)
        low, high = self.typed(node.args["low"]), self.typed(node.args["high"])
        above = self._comparison(exp.GTE(), value, low).value
        return boolean(above & self._comparison(exp.LTE(), value, high).value, node)

    def _like(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "expression", "negate")
        text, pattern = self.typed(node.this), self.typed(node.expression)
        if not isinstance(pattern.literal, str) or pattern.kind != "text":
            self.source.refuse("after LIKE stands a text in quotes", pattern.node)
        self.patterns += 1
        if self.patterns > MOST_PATTERNS:
            self.source.refuse(f"at most {MOST_PATTERNS} LIKE in one filter", node)
        if len(pattern.literal) > LONGEST_PATTERN:
            self.source.refuse(f"at most {LONGEST_PATTERN} characters after LIKE", pattern.node)
        if text.kind not in {"text", "null"}:
            self.source.refuse(f"{text.words()} is no text", text.node)
        ignore = isinstance(node, exp.ILike)
        found = text.value.cast(pl.String).str.contains(like(pattern.literal, ignore=ignore))
        return boolean(~found if node.args.get("negate") else found, node)

    def _column(self, node: exp.Expression) -> Typed:
        self._only(node, "this")
        if not isinstance(node.this, exp.Identifier):
            self.source.refuse("a column is needed here", node)
        found = self.facets.get(node.name)
        if found is None:
            if node.name in self.facets.names:
                self.source.refuse(f"the column {node.name!r} cannot be filtered", node)
            listed = self.facets.listed()
            self.source.refuse(
                f"there is no column {node.name[:40]!r}; columns: {listed}", node
            )
        self.used[found.name] = found
        return Typed(found.kind, pl.col(found.name), node)

    def _literal(self, node: exp.Expression) -> Typed:
        if isinstance(node, exp.Literal) and node.is_string:
            return literal("text", node.name, node)
        return number(node, self.source)

    def _truth(self, node: exp.Expression) -> Typed:
        return literal("boolean", bool(node.this), node)

    def _null(self, node: exp.Expression) -> Typed:
        return Typed("null", pl.lit(None), node)

    def _written_time(self, node: exp.Expression) -> Typed:
        """Return ``DATE '2026-05-01'``; nothing else is ever cast."""
        to = node.args.get("to")
        kinds = {exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP}
        right = to is None or (isinstance(to, exp.DataType) and to.this in kinds)
        text = node.this
        if not right or not isinstance(text, exp.Literal) or not text.is_string:
            self.source.refuse("write a time as DATE '2026-05-01'", node)
        self._only(node, "this", "to")
        return moment(text.name, node, self.source)

    def _interval(self, node: exp.Expression) -> Typed:
        self._only(node, "this", "unit")
        if not isinstance(node, exp.Interval):
            self.source.refuse("write a length of time as INTERVAL '30 days'", node)
        return interval(node, self.source)

    def _now(self, node: exp.Expression) -> Typed:
        self._only(node)
        whole = isinstance(node, exp.CurrentDate)
        return literal("time", self.now // DAY * DAY if whole else float(self.now), node)

    def _named(self, node: exp.Expression) -> Typed:
        """Return ``now()``, or what the functions of the list return."""
        if not isinstance(node, exp.Anonymous):
            self.source.refuse("filters have no such function", node)
        if node.name.lower() == "now" and not node.expressions:
            return literal("time", float(self.now), node)
        found = [self.typed(part) for part in arguments_of(node, self.source)]
        return call(node, found, self.source)

    def _only(self, node: exp.Expression, *known: str) -> None:
        """Refuse a node with more in it than filters have: ``ESCAPE``, a table, a query."""
        for name, value in node.args.items():
            if value and name not in known:
                self.source.refuse(f"filters have no {name} here", node)


def like(pattern: str, *, ignore: bool) -> str:
    """Return a ``LIKE`` pattern as a regular expression without repetition but ``.*``.

    Example:
        >>> like("50%_", ignore=False)
        '(?s)^50.*.$'
    """
    parts = re.split(r"(%+|_)", pattern)
    special = re.compile(r"([\\.+*?()|\[\]{}^$#&~-])")
    regex = (
        ".*" if part.startswith("%") else "." if part == "_" else special.sub(r"\\\1", part)
        for part in parts
    )
    return f"(?s{'i' if ignore else ''})^{''.join(regex)}$"


_NODES: dict[Any, Callable[[Compiler, Any], Typed]] = {
    exp.And: Compiler._and,
    exp.Or: Compiler._or,
    exp.Not: Compiler._not,
    exp.Paren: Compiler._paren,
    exp.Is: Compiler._is,
    exp.In: Compiler._in,
    exp.Between: Compiler._between,
    exp.Like: Compiler._like,
    exp.ILike: Compiler._like,
    exp.NullSafeEQ: Compiler._same,
    exp.NullSafeNEQ: Compiler._same,
    exp.Neg: Compiler._negative,
    exp.Column: Compiler._column,
    exp.Literal: Compiler._literal,
    exp.Boolean: Compiler._truth,
    exp.Null: Compiler._null,
    exp.Cast: Compiler._written_time,
    exp.Date: Compiler._written_time,
    exp.Interval: Compiler._interval,
    exp.CurrentTimestamp: Compiler._now,
    exp.CurrentDate: Compiler._now,
    exp.Anonymous: Compiler._named,
}
"""Every kind of node that filters have, beside comparisons, arithmetic and functions."""
