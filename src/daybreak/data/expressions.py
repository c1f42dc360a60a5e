"""The little language of event rules: ``purchase, rating>=4, play>=0.5``."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from daybreak.errors import ConfigError

_OPERATORS: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NAME = r"[^\W\d][\w.\- ]*?"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(rf"\s*({_NAME})\s*(?:(>=|<=|!=|==|>|<|=)\s*({_NUMBER}))?\s*")
_BETWEEN = re.compile(r"\s*,\s*|\s+or\s+", re.IGNORECASE)

ANY = "value"
"""Name that means events of every type."""
RATING = "rating"
"""Name that also means events without a type."""


@dataclass(frozen=True)
class Condition:
    """Events of one type, or those of them whose value compares so with a number."""

    name: str
    comparison: str = ""
    number: float = 0.0

    def mask(self) -> pl.Expr:
        """Return the expression that is true for the events that are meant."""
        kind = type_key(pl.col("event_type"))
        if self.name == ANY:
            mask = pl.lit(True)
        elif self.name == RATING:
            mask = kind.is_null() | (kind == RATING)
        else:
            mask = kind == self.name
        if self.comparison:
            mask &= _OPERATORS[self.comparison](pl.col("value"), self.number)
        return mask.fill_null(value=False)

    def __str__(self) -> str:
        return f"{self.name}{self.comparison}{self.number:g}" if self.comparison else self.name


def type_name(name: str) -> str:
    """Return an event type as rules compare it: lower case, ``_`` for blanks and dashes."""
    return re.sub(r"[\s\-]+", "_", name.strip()).lower()


def type_key(types: pl.Expr) -> pl.Expr:
    """Do what :func:`type_name` does to a column."""
    return types.str.strip_chars().str.replace_all(r"[\s\-]+", "_").str.to_lowercase()


def parse(text: str) -> tuple[Condition, ...]:
    """Read conditions ``NAME [OPERATOR NUMBER]``, separated by commas or ``or``.

    ``NAME`` is an event type; ``value`` means any event; ``rating`` also means events that
    have no type. Operators are ``>= > <= < = == !=``.

    Raises:
        ConfigError: The text does not follow this form.

    Example:
        >>> [str(condition) for condition in parse("purchase or rating >= 4, play>=0.5")]
        ['purchase', 'rating>=4', 'play>=0.5']
    """
    if not text.strip():
        return ()
    return tuple(_condition(part, text) for part in _BETWEEN.split(text.strip()))


def _condition(part: str, text: str) -> Condition:
    found = _CONDITION.fullmatch(part)
    if found is None:
        raise ConfigError(
            f"cannot read {part!r} in the event rule {text!r}; "
            "expected forms like 'purchase', 'rating>=4' or 'play>=0.5, like'"
        )
    name, comparison, number = found.groups()
    return Condition(type_name(name), comparison or "", float(number or 0.0))
