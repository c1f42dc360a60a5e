"""Resolved rules for events, read back from plain values."""

from collections.abc import Mapping
from typing import Any

from daybreak.data.expressions import Condition
from daybreak.data.rules import ResolvedRules


def rules_from(plain: Mapping[str, Any]) -> ResolvedRules:
    """Return the rules of which ``dataclasses.asdict`` made plain values.

    Example:
        >>> from dataclasses import asdict
        >>> from daybreak.data import EventRules
        >>> from daybreak.data.tables import Tables
        >>> rules = EventRules(positive="rating>=4").resolve(Tables.of().events)
        >>> rules_from(asdict(rules)) == rules
        True
    """
    return ResolvedRules(
        _conditions(plain["positive"]),
        _conditions(plain["negative"]),
        _conditions(plain["seen"]),
        default=int(plain["default"]),
        type_weights=dict(plain["type_weights"]),
    )


def _conditions(plain: list[dict[str, Any]]) -> tuple[Condition, ...]:
    return tuple(Condition(**condition) for condition in plain)
