"""Experiment plans from command-line options and JSON files."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daybreak.errors import ConfigError, DataError, NotFoundError


def parse_plan(
    variants: Sequence[str], shadows: Sequence[str], changes: Sequence[str]
) -> dict[str, Any]:
    """Return the variants of a plan, as plain values.

    Args:
        variants: ``NAME`` or ``NAME=RELEASE``; the first variant is the control.
        shadows: Variants that are computed but not shown, in the same form.
        changes: Request fields that a variant sets, as ``VARIANT.NAME=JSON``; a dot in the name
            addresses a field of an object.

    Raises:
        ConfigError: A text does not have its form, or names an unknown variant.

    Example:
        >>> parse_plan(["now", "new"], [], ["new.rules.diversity=0.3"])["variants"][1]
        {'name': 'new', 'release': None, 'ask': {'rules': {'diversity': 0.3}}, 'shadow': False}
    """
    rows = [_parse_variant(text, shadow=False) for text in variants]
    rows += [_parse_variant(text, shadow=True) for text in shadows]
    by_name = {row["name"]: row for row in rows}
    for text in changes:
        place, _, value = text.partition("=")
        name, _, path = place.partition(".")
        if name not in by_name or not path or not value:
            raise ConfigError(
                f"--set must look like VARIANT.NAME=JSON, as in {next(iter(by_name), 'new')}"
                f".explore=true, got {text!r:.80}; variants: {', '.join(by_name) or 'none'}"
            )
        _set_nested(by_name[name]["ask"], path.split("."), _parse_json(value, text))
    return {"variants": rows}


def read_plan(file: str) -> dict[str, Any]:
    """Return a plan from a file of JSON; ``-`` is stdin.

    Raises:
        NotFoundError: There is no such file.
        DataError: The file does not contain a JSON object.
    """
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        plan = json.loads(text)
    except OSError as error:
        raise NotFoundError(f"the plan {file!r} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"the plan {file!r} is not valid JSON: {error}") from error
    if not isinstance(plan, dict):
        raise DataError(f"the plan {file!r} must be a JSON object, got {plan!r:.60}")
    return plan


def _parse_variant(text: str, *, shadow: bool) -> dict[str, Any]:
    name, _, release = text.partition("=")
    return {"name": name, "release": release or None, "ask": {}, "shadow": shadow}


def _set_nested(row: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        row = row.setdefault(name, {})
        if not isinstance(row, dict):
            raise ConfigError(f"--set: {name!r} is {row!r:.60} already, so it has no {last!r}")
    row[last] = value


def _parse_json(value: str, text: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise ConfigError(
            f'{text!r:.80} must end in JSON, such as true, 3 or "a text": {error}'
        ) from error
