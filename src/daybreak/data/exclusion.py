"""Which events keep an item out of the lists of their user: having does, being shown does not.

Start reading at :class:`ExclusionRule`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from daybreak.data.event_names import event_name_kind
from daybreak.errors import ConfigError

SignedType = tuple[str | None, int]
"""Type of an event, and its sign: 1 positive, 0 neutral, -1 negative."""

_CONSUMING_WORDS = frozenset({"read", "reads", "watch", "watched", "play", "played", "listen"})
"""Words of types that are views of an article or a film: after them the user has had it."""


def is_display(event_type: str | None) -> bool:
    """Return whether a type of event says that an item was shown or looked at, and no more.

    Example:
        >>> [is_display(name) for name in ("impression", "productView", "view_item", "曝光")]
        [True, True, True, True]
        >>> [is_display(name) for name in (None, "purchase", "watched", "read", "rating")]
        [False, False, False, False, False]
    """
    if event_type is None or event_name_kind(event_type) not in {"impression", "view"}:
        return False
    return not _CONSUMING_WORDS & set(_normalize(event_type).split("_"))


@dataclass(frozen=True)
class ExclusionRule:
    """Decides which events keep their item out of the lists of their user.

    By default an event excludes its item unless the item was only shown or looked at; so
    purchases, ratings, likes and negative events exclude, impressions and views never do. Where
    people usually take the same things again, positive events exclude nothing.

    Example:
        >>> rule = ExclusionRule()
        >>> [rule.excludes(event) for event in (("purchase", 1), ("view", 0), ("hide", -1))]
        [True, False, True]
        >>> ExclusionRule(repeats=True).excludes(("purchase", 1))
        False
        >>> ExclusionRule.of_types(["View"]).excludes(("view", 0))
        True
    """

    types: frozenset[str] | None = None
    """The only types that exclude, normalised; None: by default."""
    repeats: bool = False
    """Whether people usually take the same items again."""
    nothing: bool = False
    """Whether no event excludes an item."""

    @classmethod
    def of_types(cls, names: Iterable[str]) -> "ExclusionRule":
        """Return the rule that only events of some types exclude; of none if there are none."""
        return cls(frozenset(map(_normalize, names)))

    def excludes(self, event: SignedType) -> bool:
        """Return whether an event of this type and sign excludes its item."""
        event_type, sign = event
        if self.nothing:
            return False
        if sign < 0:
            return True
        if self.types is not None:
            return _normalize(event_type or "rating") in self.types
        return not is_display(event_type) and not (sign > 0 and self.repeats)


def parse_event_types(text: str | None) -> tuple[str, ...] | None:
    """Return the event types of a text like ``"purchase, rating"``; None: not given.

    ``none`` stands for no type at all, and ``rating`` also for events without a type.

    Raises:
        ConfigError: The text has conditions on values.

    Example:
        >>> parse_event_types("Purchase, add to cart"), parse_event_types("none")
        (('purchase', 'add_to_cart'), ())
    """
    if text is None:
        return None
    names = [_normalize(part) for part in text.split(",") if part.strip()]
    for name in names:
        if re.search(r"[<>=!]", name):
            raise ConfigError(
                f"cannot read {name!r} as a type of event; "
                "expected forms like 'purchase, rating'"
            )
    return () if names == ["none"] else tuple(names)


def _normalize(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip()).lower()
