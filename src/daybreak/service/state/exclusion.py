"""Which items the lists of a batch must not contain, by the events of their users."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from daybreak.data.event_log import EventLog
from daybreak.data.exclusion import ExclusionRule
from daybreak.data.vocabulary import Vocabulary
from daybreak.ranking.reranking.rules import Rules
from daybreak.types import Rows

NOTHING = ExclusionRule(nothing=True)
"""No event excludes an item."""


@dataclass(frozen=True)
class ShopExclusion:
    """The rule of a shop, and the choices of requests that replace it.

    Example:
        >>> shop = ShopExclusion(ExclusionRule(repeats=True))
        >>> bought = ("purchase", 1)
        >>> [shop.choose(Rules(), choice).excludes(bought) for choice in (None, True, False)]
        [False, True, False]
        >>> shop.choose(Rules(exclude_events=("purchase",)), None).excludes(bought)
        True
    """

    rule: ExclusionRule = field(default_factory=ExclusionRule)
    users_are_items: bool = False
    """Whether the items are the users themselves; then nobody is recommended to himself."""

    def choose(self, rules: Rules, exclude_seen: bool | None = None) -> ExclusionRule:
        """Return the rule of one list.

        Args:
            rules: Rules of the list, which come first.
            exclude_seen: Choice of the whole call: False: nothing is excluded, True: positive
                events exclude even where people take the same again, None: rule of the shop.
        """
        if exclude_seen is False or rules.exclude_seen is False:
            return NOTHING
        if rules.exclude_events is not None:
            return ExclusionRule.of_types(rules.exclude_events)
        if exclude_seen or rules.exclude_seen:
            return replace(self.rule, repeats=False)
        return self.rule

    def own_items(self, users: Sequence[str], items: Vocabulary) -> tuple[Rows, Rows]:
        """Return the positions of users who are items of a network, and the rows of these.

        Args:
            users: Name of the user of each query.
            items: Ids of the catalogue.

        Example:
            >>> network = ShopExclusion(users_are_items=True)
            >>> users, rows = network.own_items(["eve", "new"], Vocabulary(["ada", "eve"]))
            >>> users.tolist(), rows.tolist()
            ([0], [1])
        """
        if not self.users_are_items:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        rows = items.rows(users)
        return np.flatnonzero(rows >= 0), rows[rows >= 0]


def excluded_pairs(log: EventLog, rules: Sequence[ExclusionRule]) -> tuple[Rows, Rows]:
    """Return the positions of queries and the rows of items that their rules exclude.

    Args:
        log: Events; ``user`` is the position of the query.
        rules: Rule of each query.
    """
    distinct = list(dict.fromkeys(rules))
    if len(distinct) == 1:
        mask = log.select_kinds(distinct[0].excludes)
    else:
        numbers = {rule: number for number, rule in enumerate(distinct)}
        number = np.array([numbers[rule] for rule in rules], dtype=np.int64)[log.user]
        mask = np.zeros(len(log), dtype=bool)
        for position, rule in enumerate(distinct):
            mask |= (number == position) & log.select_kinds(rule.excludes)
    return log.user[mask].astype(np.int64), log.item[mask].astype(np.int64)
