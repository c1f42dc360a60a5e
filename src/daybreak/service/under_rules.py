"""A batch under rules: which rule for whom, and what a boost says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from daybreak.errors import ConfigError
from daybreak.ranking.rules import Boost, Rules
from daybreak.service.rulebook import Rulebook, Ruling
from daybreak.service.ruled import BOOST
from daybreak.types import Mask


class Rulings:
    """The ruling of each user of a request; equal rules are worked out once.

    Args:
        book: Of the catalogue.
        users: Who is asked about, as the caller named them.
        rules: For everybody, or one for each of ``users``.
        items: Candidates beside those of the rules; None: all.

    Raises:
        ConfigError: There is not one for each user.
        FilterError: A filter cannot be read, or a column is not there.
    """

    def __init__(
        self, book: Rulebook, users: Sequence[str], rules: Any, items: Sequence[str] | None
    ) -> None:
        each = [rules] * len(users) if isinstance(rules, Rules) else _each(rules, len(users))
        found: dict[Rules, Ruling] = {}
        self._of: dict[str, Ruling] = {}
        for user, rule in zip(users, each, strict=True):
            if rule not in found:
                found[rule] = book.ruling(_within(rule, items))
            self._of.setdefault(user, found[rule])

    def of(self, users: Sequence[str]) -> list[Ruling]:
        """Return the ruling of each user."""
        return [self._of[user] for user in users]

    def hide_seen(self, users: Sequence[str]) -> Mask:
        """Return (n_users,) from whom to hide what they have seen."""
        return np.array([self._of[user].rules.exclude_seen for user in users], dtype=bool)


def boost_reasons(boosts: Sequence[Boost]) -> list[dict[str, Any]]:
    """Return what boosts have added to a score, as reasons.

    Example:
        >>> boost_reasons([Boost("price < 5", add=0.5)])
        [{'kind': 'boost', 'name': 'price < 5', 'title': 'price < 5', 'value': 0.5}]
    """
    return [
        {"kind": BOOST, "name": b.where, "title": b.where, "value": b.value} for b in boosts
    ]


def _each(rules: Any, n_users: int) -> list[Rules]:
    if isinstance(rules, str | Mapping) or not isinstance(rules, Sequence):
        raise ConfigError(f"rules must be Rules, or a list of them, got {rules!r:.60}")
    for rule in rules:
        if not isinstance(rule, Rules):
            raise ConfigError(f"rules must be Rules values, got {rule!r:.60}")
    if len(rules) != n_users:
        raise ConfigError(
            f"rules must be one for all users or one for each: {len(rules)} rules for "
            f"{n_users} users"
        )
    return list(rules)


def _within(rules: Rules, items: Sequence[str] | None) -> Rules:
    """Return rules for some candidates only."""
    if items is None:
        return rules
    mine = items if rules.items is None else set(rules.items).intersection(items)
    return replace(rules, items=tuple(mine))
