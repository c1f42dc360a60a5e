"""Validate single values of rows: ids, texts, numbers, attributes, contexts.

A value that a store or a model cannot hold raises :class:`InvalidValueError`, which becomes a
:class:`RejectedRow` of the :class:`IngestResult`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from uuid import UUID

from daybreak.data.ids import BLANKS, MAX_EXACT_FLOAT, MISSING_IDS, NUL, normalize_id
from daybreak.data.readers.text import has_valid_bytes

MAX_ID_CHARS = 1_000
"""Length of an id [characters]."""
MAX_TEXT_CHARS = 100_000
"""Length of an attribute [characters]."""
MAX_CONTEXT_CHARS = 4_000
"""Length of a context as JSON [characters]."""
MAX_LIST_VALUES = 1_000
"""Values of a list."""
MAX_ROW_FIELDS = 500
"""Fields of a row."""
MAX_REPORTED_CHARS = 80
"""Length of an invalid value in a report [characters]."""
_MAX_INTEGER = 2**63
_PLAIN_ID = re.compile(rf"[A-Za-z0-9_:/@+=#-]{{1,{MAX_ID_CHARS}}}")
"""Ids that :func:`daybreak.data.ids.normalize_id` does not change, unless they are words for a
missing value."""


@dataclass(frozen=True)
class RejectedRow:
    """One rejected row."""

    row: int
    """Position in the request, from 0."""
    field: str
    """Name of the field; empty for the whole row."""
    value: Any
    """The invalid value; long texts are truncated."""
    reason: str
    """What was expected."""
    code: str
    """Stable code: ``missing``, ``empty``, ``not_text``, ``bad_text``, ``too_long``,
    ``not_a_number``, ``not_a_time``, ``in_the_future``, ``not_an_object`` or ``bad_value``."""


@dataclass(frozen=True)
class IngestResult:
    """Counts of one request, and its rejected rows."""

    accepted: int
    """Rows that were new and are stored."""
    duplicates: int = 0
    """Events that were stored before."""
    rejected: tuple[RejectedRow, ...] = ()
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    """What was noticed about rows that are stored."""
    item_ids: Sequence[str] = field(default=(), kw_only=True, repr=False)
    """Items of the stored events."""


@dataclass(frozen=True)
class CatalogueReplacement(IngestResult):
    """Counts of a request that replaces the catalogue, and its rejected rows."""

    left: int = 0
    """Items that have left the catalogue."""


@dataclass(eq=False)
class InvalidValueError(Exception):
    """A value that cannot be stored, so that its row is rejected."""

    field: str
    value: Any
    reason: str
    code: str

    def at_row(self, row: int) -> RejectedRow:
        """Return the rejected row.

        Args:
            row: Position in the request, from 0.
        """
        return RejectedRow(row, self.field, shorten(self.value), self.reason, self.code)


def shorten(value: Any) -> Any:
    """Return a value for a report: numbers unchanged, all else as a short text.

    Example:
        >>> shorten(7), shorten("x" * 200) == "x" * 80 + "…", shorten(["a"])
        (7, True, "['a']")
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _MAX_INTEGER else f"a number of {value.bit_length()} bits"
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else repr(value)[: 2 * MAX_REPORTED_CHARS]
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")
    return text if len(text) <= MAX_REPORTED_CHARS else text[:MAX_REPORTED_CHARS] + "…"


def check_row(row: Any) -> Mapping[str, Any]:
    """Return a row if it is an object with few enough fields, else raise."""
    if not isinstance(row, Mapping):
        raise InvalidValueError("", row, "expected an object", "not_an_object")
    if len(row) > MAX_ROW_FIELDS:
        raise InvalidValueError(
            "", len(row), f"expected at most {MAX_ROW_FIELDS} fields", "too_long"
        )
    return row


def parse_id(row: Mapping[str, Any], name: str) -> str:
    """Return a required id in the one spelling; whole numbers are converted to text.

    Example:
        >>> parse_id({"item_id": " tea "}, "item_id"), parse_id({"item_id": 7.0}, "item_id")
        ('tea', '7')
    """
    value = row.get(name)
    if is_plain_id(value):
        return value
    if value is None:
        raise InvalidValueError(name, None, f"expected {name}", "missing")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number_id(value, name)
    text = parse_text(value if isinstance(value, str) else _plain_id(value), name, MAX_ID_CHARS)
    id_ = normalize_id(text)
    if not id_:
        given = "a word for a missing value" if text.strip(BLANKS) else "blanks"
        raise InvalidValueError(name, value, f"expected an id, not {given}", "empty")
    return id_


def is_plain_id(value: Any) -> TypeGuard[str]:
    """Return whether a value is an id in the one spelling, as most are; False: it may be one.

    Example:
        >>> is_plain_id("user-7"), is_plain_id(" user-7"), is_plain_id("nan"), is_plain_id(7)
        (True, False, False, False)
    """
    return (
        type(value) is str
        and _PLAIN_ID.fullmatch(value) is not None
        and value not in MISSING_IDS
    )


def _plain_id(value: Any) -> Any:
    """Return a UUID as text; any other value unchanged."""
    return str(value) if isinstance(value, UUID) else value


def _parse_number_id(value: float, name: str) -> str:
    if isinstance(value, int) and abs(value) < _MAX_INTEGER:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT_FLOAT:
        return str(int(value))
    reason = "expected text or an integer: this number is no exact id"
    raise InvalidValueError(name, value, reason, "bad_value")


def parse_optional_id(row: Mapping[str, Any], name: str) -> str | None:
    """Return an optional id; None if it is missing or only a word for a missing value."""
    value = row.get(name)
    if value is None:
        return None
    if is_plain_id(value):
        return value
    if isinstance(value, str) and value and NUL not in value and not normalize_id(value):
        return None
    return parse_id(row, name)


def parse_text(value: Any, name: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return a text that every store can hold, else raise."""
    if not isinstance(value, str):
        raise InvalidValueError(name, value, "expected text", "not_text")
    if len(value) > max_chars:
        raise InvalidValueError(
            name, value, f"expected at most {max_chars:,} characters", "too_long"
        )
    if "\x00" in value or not has_valid_bytes(value):
        raise InvalidValueError(
            name,
            value,
            "expected Unicode text without NUL characters or unpaired surrogates",
            "bad_text",
        )
    return value


def parse_number(value: Any, name: str) -> float:
    """Return a finite number, else raise; texts are not converted."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise InvalidValueError(name, value, "expected a number", "not_a_number")


def parse_attribute(value: Any, name: str) -> Any:
    """Return an attribute: text, number, true, false, null, or a list of them; else raise."""
    if isinstance(value, list | tuple):
        if len(value) > MAX_LIST_VALUES:
            raise InvalidValueError(
                name, len(value), f"expected at most {MAX_LIST_VALUES} values", "too_long"
            )
        return _unify_types(
            [_parse_scalar(element, name) for element in value if element is not None]
        )
    return _parse_scalar(value, name)


def _parse_scalar(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return parse_text(value, name)
    if isinstance(value, int) and abs(value) < _MAX_INTEGER:
        return value
    if isinstance(value, int | float):
        return parse_number(value, name)
    raise InvalidValueError(
        name, value, "expected text, a number, true, false, null or a list of them", "bad_value"
    )


def _unify_types(values: list[Any]) -> list[Any]:
    """Return values of one type; values of several types become texts."""
    kinds = {type(value) for value in values}
    if len(kinds) <= 1:
        return values
    if kinds == {int, float}:
        return [float(value) for value in values]
    return [value if isinstance(value, str) else str(value) for value in values]


def parse_context(row: Mapping[str, Any]) -> str | None:
    """Return the ``context`` of a row as the text of a JSON object; None without a context.

    Example:
        >>> parse_context({"context": {"page": "home", "place": 3}})
        '{"page":"home","place":3}'
    """
    value = row.get("context")
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise InvalidValueError("context", value, "expected an object", "not_an_object")
    try:
        text = json.dumps(
            dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValueError(
            "context", str(error), "expected JSON values", "bad_value"
        ) from error
    return parse_text(text, "context", MAX_CONTEXT_CHARS)
