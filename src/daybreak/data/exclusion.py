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
_CLICK = re.compile(
    r"(?:^|_)(?:click|clic|klick|geklickt|angeklickt|tap(?:s|ped)?(?:_|$))"
    r"|点击|點擊|クリック|클릭"
)
"""Types that say that an item was opened from a list."""


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


def are_clicks_all(kinds: Iterable[SignedType]) -> bool:
    """Return whether the positive events of a shop are clicks and nothing else.

    A click of a reader is all that is ever known of an article that was read, but that of a
    customer comes before a purchase.

    Example:
        >>> news = [("click", 1), ("impression", 0), ("hide", -1)]
        >>> are_clicks_all(news), are_clicks_all([*news, ("purchase", 1)]), are_clicks_all([])
        (True, False, False)
    """
    positive = [event_type for event_type, sign in kinds if sign > 0]
    return bool(positive) and all(_is_click(event_type) for event_type in positive)


def _is_click(event_type: str | None) -> bool:
    return event_type is not None and _CLICK.search(_normalize(event_type)) is not None


@dataclass(frozen=True)
class ExclusionRule:
    """Decides which events keep their item out of the lists of their user.

    By default an event excludes its item unless the item was only shown or looked at; so
    purchases, ratings, likes and negative events exclude, impressions and views never do. Where
    people usually take the same things again, positive events exclude nothing. Clicks exclude
    where nothing more is known of what people choose, as in news.

    Example:
        >>> rule = ExclusionRule()
        >>> [rule.excludes(event) for event in (("purchase", 1), ("view", 0), ("hide", -1))]
        [True, False, True]
        >>> ExclusionRule(repeats=True).excludes(("purchase", 1))
        False
        >>> [ExclusionRule(clicks=news).excludes(("click", 1)) for news in (True, False)]
        [True, False]
        >>> ExclusionRule.of_types(["View"]).excludes(("view", 0))
        True
    """

    types: frozenset[str] | None = None
    """The only types that exclude, normalised; None: by default."""
    repeats: bool = False
    """Whether people usually take the same items again."""
    nothing: bool = False
    """Whether no event excludes an item."""
    clicks: bool = False
    """Whether clicks exclude as well, because nothing more is known of what people choose."""

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
        if sign > 0 and self.repeats:
            return False
        return not is_display(event_type) or (self.clicks and _is_click(event_type))


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
