"""Single values of posted rows, checked: what a store and a model can hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybreak.service.live.accepted import Rejected

LONGEST_ID = 1_000
"""Characters of an id."""
LONGEST_TEXT = 100_000
"""Characters of an attribute."""
MOST_VALUES = 1_000
"""Values in a list."""
MOST_FIELDS = 500
"""Attributes of one row."""
SHOWN = 80
"""Characters of a bad value that a report repeats."""
_LARGEST = 2**63


@dataclass(eq=False)
class BadCellError(Exception):
    """A value that cannot be used; the whole row is left out."""

    field: str
    value: Any
    reason: str
    code: str

    def at(self, row: int) -> Rejected:
        """Return it as a line of the report."""
        return Rejected(row, self.field, short(self.value), self.reason, self.code)


def short(value: Any) -> Any:
    """Return a value as a report repeats it: numbers as they are, the rest as short text.

    Example:
        >>> short(7), short("x" * 200) == "x" * 80 + "…", short(["a"])
        (7, True, "['a']")
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else f"a number of {value.bit_length()} bits"
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else repr(value)[: 2 * SHOWN]
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def row_of(row: Any) -> Mapping[str, Any]:
    """Return a row, which must be an object."""
    if not isinstance(row, Mapping):
        raise BadCellError("", row, "expected an object", "not_an_object")
    if len(row) > MOST_FIELDS:
        raise BadCellError("", len(row), f"expected at most {MOST_FIELDS} fields", "too_long")
    return row


def id_of(row: Mapping[str, Any], name: str) -> str:
    """Return an id that must be there; whole numbers are taken as their digits."""
    value = row.get(name)
    if value is None:
        raise BadCellError(name, None, f"expected {name}", "missing")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return str(value)
    text = text_of(value, name, LONGEST_ID)
    if not text.strip():
        raise BadCellError(name, value, "expected text that is not empty", "empty")
    return text


def id_or_none(row: Mapping[str, Any], name: str) -> str | None:
    """Return an id that may be absent."""
    return None if row.get(name) is None else id_of(row, name)


def text_of(value: Any, name: str, longest: int = LONGEST_TEXT) -> str:
    """Return text that every store can hold."""
    if not isinstance(value, str):
        raise BadCellError(name, value, "expected text", "not_text")
    if len(value) > longest:
        raise BadCellError(name, value, f"expected at most {longest:,} characters", "too_long")
    if "\x00" in value or not _encodes(value):
        raise BadCellError(
            name, value, "expected text without zero bytes and half characters", "bad_text"
        )
    return value


def number_of(value: Any, name: str) -> float:
    """Return a finite number; text is not one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise BadCellError(name, value, "expected a number", "not_a_number")


def attribute_of(value: Any, name: str) -> Any:
    """Return an attribute: text, a number, yes or no, nothing, or a list of these."""
    if isinstance(value, list | tuple):
        if len(value) > MOST_VALUES:
            raise BadCellError(
                name, len(value), f"expected at most {MOST_VALUES} values", "too_long"
            )
        return _alike([_scalar_of(one, name) for one in value if one is not None])
    return _scalar_of(value, name)


def _scalar_of(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text_of(value, name)
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    if isinstance(value, int | float):
        return number_of(value, name)
    raise BadCellError(
        name, value, "expected text, a number, true, false, null or a list of them", "bad_value"
    )


def _alike(values: list[Any]) -> list[Any]:
    """Return values of one kind: a list of several kinds becomes one of texts."""
    kinds = {type(value) for value in values}
    if len(kinds) <= 1:
        return values
    if kinds == {int, float}:
        return [float(value) for value in values]
    return [value if isinstance(value, str) else str(value) for value in values]


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
