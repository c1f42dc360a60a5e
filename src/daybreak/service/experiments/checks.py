"""Checks of the values of an experiment plan."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from daybreak.errors import ConfigError

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of experiments and variants; they fit into paths, labels and names of metrics."""


def check_fields(kind: Any, row: Any, what: str) -> dict[str, Any]:
    """Return a JSON object as a dictionary if all its names are fields of a dataclass.

    Args:
        kind: The dataclass.
        row: The JSON object.
        what: Name of the object in error messages.

    Raises:
        ConfigError: The value is no object, or a name is not a field.
    """
    if not isinstance(row, Mapping):
        raise ConfigError(f"{what} must be an object, got {row!r:.60}")
    names = [field.name for field in fields(kind)]
    for name in row:
        if name not in names:
            raise ConfigError(f"{what} has no {name!r:.60}; it has: {', '.join(names)}")
    return dict(row)


def check_name(what: str, value: Any) -> None:
    """Raise unless a value is a name for an experiment or a variant.

    Raises:
        ConfigError: The value is invalid.
    """
    if not isinstance(value, str) or not NAME_PATTERN.fullmatch(value):
        raise ConfigError(
            f"the name of {what} must be 1 to 64 letters, digits, dots, dashes or underscores "
            f"and begin with a letter or digit, got {value!r:.60}"
        )


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise unless a value is one of the choices.

    Raises:
        ConfigError: The value is invalid.
    """
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, got {value!r:.60}")


def check_text(name: str, value: Any, *, max_chars: int = 2000) -> None:
    """Raise unless a value is a text of at most ``max_chars`` characters.

    Raises:
        ConfigError: The value is invalid.
    """
    if not isinstance(value, str) or len(value) > max_chars:
        raise ConfigError(
            f"{name} must be a text of at most {max_chars} characters, got {value!r:.60}"
        )


def check_flag(name: str, value: Any) -> None:
    """Raise unless a value is true or false.

    Raises:
        ConfigError: The value is invalid.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, got {value!r:.60}")


def check_json(what: str, row: Any) -> None:
    """Raise unless a store can keep a value as JSON.

    Raises:
        ConfigError: It has an unpaired surrogate, a NUL character, or a value that is no JSON.
    """
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        fits = bool(text.encode("utf-8")) and "\\u0000" not in text
    except (TypeError, ValueError, RecursionError):
        fits = False
    if not fits:
        raise ConfigError(
            f"{what} must be JSON with Unicode texts without NUL characters, finite numbers, "
            "and no deep nesting"
        )


def check_positive(name: str, value: Any, *, maximum: float = math.inf) -> float:
    """Return a number above 0 and at most ``maximum`` as a float.

    Raises:
        ConfigError: The value is invalid.

    Example:
        >>> check_positive("share", 1, maximum=1.0)
        1.0
    """
    if is_number(value) and 0 < value <= maximum:
        return float(value)
    upto = f" and at most {maximum:g}" if math.isfinite(maximum) else ""
    raise ConfigError(f"{name} must be a number above 0{upto}, got {value!r:.60}")


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300


def check_event_types(name: str, values: Any) -> tuple[str, ...]:
    """Return a list of event types as a tuple.

    Raises:
        ConfigError: The value is no list of texts, or is empty.
    """
    listed = isinstance(values, list | tuple) and bool(values)
    if not listed or not all(isinstance(value, str) and value for value in values):
        raise ConfigError(f"{name} must be a list of event types, got {values!r:.60}")
    return tuple(values)
