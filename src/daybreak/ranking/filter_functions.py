"""The functions that filters have; there are no others."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import polars as pl
from sqlglot import exp

from daybreak.ranking.filter_text import FilterText
from daybreak.ranking.filter_types import AnyKind, Typed, alike, boolean

Function: TypeAlias = Callable[[exp.Expression, list[Typed], FilterText], Typed]


def call(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    """Return the result of a function of the list.

    Raises:
        FilterError: There is no such function, or it takes other arguments.
    """
    name = name_of(node)
    function, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        source.refuse(f"{name} takes {wanted} arguments, not {len(arguments)}", node)
    return function(node, arguments, source)


def name_of(node: exp.Expression) -> str:
    """Return the name of a function as filters spell it."""
    name = node.sql_name() if isinstance(node, exp.Func) else ""
    name = (node.name if isinstance(node, exp.Anonymous) else name).lower()
    return ALIASES.get(name, name)


def has(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    """Return whether a list has a value; a text is a list of one."""
    return boolean(contains_value(arguments[0], arguments[1], source), node)


def has_any(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    """Return whether a list has one of some values."""
    values = [wanted_of(arguments[0], value, source) for value in arguments[1:]]
    return boolean(overlaps(arguments[0], values), node)


def has_all(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    """Return whether a list has all of some values."""
    found = [contains_value(arguments[0], value, source) for value in arguments[1:]]
    return boolean(pl.all_horizontal(found), node)


def contains_value(values: Typed, value: Typed, source: FilterText) -> pl.Expr:
    """Return whether a list has a value that was written in the filter."""
    wanted = wanted_of(values, value, source)
    if values.kind in {"list", "numbers"}:
        return values.value.list.contains(wanted)
    return overlaps(values, [wanted])


def wanted_of(values: Typed, value: Typed, source: FilterText) -> Any:
    """Return a value that was written in the filter, of the kind of those of a list."""
    kinds = {"list": "text", "text": "text", "numbers": "number", "number": "number"}
    if values.kind != "null" and values.kind not in kinds:
        source.refuse(f"{values.words()} is no list", values.node)
    if not value.is_literal or value.kind != kinds.get(values.kind, value.kind):
        kind = "a number" if kinds.get(values.kind) == "number" else "a text in quotes"
        source.refuse(f"{values.words()} can be asked for {kind}", value.node)
    return value.literal


def overlaps(values: Typed, wanted: Sequence[Any]) -> pl.Expr:
    """Return whether a list has one of some values; a text is a list of one."""
    if values.kind == "null":
        return pl.lit(None, pl.Boolean)
    choice = pl.Series(wanted).implode()
    if values.kind in {"list", "numbers"}:
        return values.value.list.eval(pl.element().is_in(choice)).list.any()
    return values.value.is_in(choice)


def _of(
    kind: AnyKind, result: AnyKind, work: Callable[[pl.Expr], pl.Expr]
) -> tuple[Function, int, int]:
    """Return a function of one argument of a kind."""

    def function(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
        return Typed(result, work(_checked(arguments[0], kind, source)), node)

    return function, 1, 1


def _within(work: Callable[[pl.Expr, str], pl.Expr]) -> tuple[Function, int, int]:
    """Return a function that looks for a written text in a text."""

    def function(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
        text, part = arguments
        if not isinstance(part.literal, str) or part.kind != "text":
            source.refuse("what is looked for must be a text in quotes", part.node)
        return boolean(work(_checked(text, "text", source), part.literal), node)

    return function, 2, 2


def _checked(argument: Typed, kind: AnyKind, source: FilterText) -> pl.Expr:
    if argument.kind == "null":
        return pl.lit(None, pl.Float64 if kind == "number" else pl.String)
    if argument.kind != kind:
        source.refuse(f"a {kind} is needed here, not {argument.words()}", argument.node)
    return argument.value


def _length(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    if arguments[0].kind in {"list", "numbers"}:
        return Typed("number", arguments[0].value.list.len().cast(pl.Float64), node)
    text = _checked(arguments[0], "text", source)
    return Typed("number", text.str.len_chars().cast(pl.Float64), node)


def _coalesce(node: exp.Expression, arguments: list[Typed], source: FilterText) -> Typed:
    """Return the first argument that is known."""
    first = next((a for a in arguments if a.kind != "null"), arguments[0])
    known = [alike(first, a, source)[1] for a in arguments if a.kind != "null"]
    if not known:
        return arguments[0]
    return Typed(first.kind, pl.coalesce([a.value for a in known]), node)


MANY, FEW = 1_000, 50
"""Arguments of functions that look once at a value, and once for each argument."""
FUNCTIONS: dict[str, tuple[Function, int, int]] = {
    "has": (has, 2, 2),
    "has_any": (has_any, 2, MANY),
    "has_all": (has_all, 2, FEW),
    "contains": _within(lambda text, part: text.str.contains(part, literal=True)),
    "starts_with": _within(lambda text, part: text.str.starts_with(part)),
    "ends_with": _within(lambda text, part: text.str.ends_with(part)),
    "lower": _of("text", "text", lambda text: text.str.to_lowercase()),
    "upper": _of("text", "text", lambda text: text.str.to_uppercase()),
    "length": (_length, 1, 1),
    "abs": _of("number", "number", lambda value: value.abs()),
    "coalesce": (_coalesce, 1, MANY),
}
"""Name -> function, fewest and most arguments."""
ALIASES = {"array_contains": "has", "array_has": "has", "len": "length", "ifnull": "coalesce"}


def arguments_of(node: exp.Expression, source: FilterText) -> list[exp.Expression]:
    """Return the arguments of a function of the list, in their order.

    Raises:
        FilterError: There is no such function, or it was given more than arguments.
    """
    if name_of(node) not in FUNCTIONS:
        known = ", ".join([*FUNCTIONS, "now"])
        source.refuse(f"there is no function {name_of(node)[:40]!r}; known: {known}", node)
    found: list[exp.Expression] = []
    for name, value in node.args.items():
        if isinstance(value, str) and name == "this":
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, exp.Expression):
                found.append(one)
            elif one and one is not True:
                source.refuse(f"{name_of(node)} does not take {name}", node)
    return found
