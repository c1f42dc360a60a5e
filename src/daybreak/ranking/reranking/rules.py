"""Rules of one list: immutable values that are validated on creation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daybreak.errors import ConfigError
from daybreak.types import UNKNOWN_ITEMS, UnknownItems

MAX_QUOTA_SLOTS = 10_000
"""Maximum number of first slots, and of items, of a quota."""
MAX_ENTRIES = 50
"""Maximum number of boosts, and of quotas, of one list; each costs time in every request."""


@dataclass(frozen=True)
class Boost:
    """Higher or lower scores for the items that match a filter.

    The blend is fitted with a softmax, so ``exp(score)`` is the weight of an item in a choice.
    ``factor`` multiplies this weight: it adds ``ln(factor)`` to the score, whatever the sign of
    the score. A boost therefore never changes the order among the matching items, and several
    boosts of one item add up.

    Example:
        >>> round(Boost("brand = 'Acme'", factor=2.0).value, 3)
        0.693
    """

    where: str
    """Filter of the items to boost."""
    factor: float = 1.0
    """Factor of the weight, above 0; 2 doubles the weight of an item in a choice."""
    add: float = 0.0
    """Value added to the score."""

    def __post_init__(self) -> None:
        _check_text(self.where, "where of a boost")
        if not self.where.strip():
            raise ConfigError("a boost needs a filter, as in Boost(\"brand = 'Acme'\", 2.0)")
        if not (_is_number(self.factor) and self.factor > 0):
            raise ConfigError(f"factor of a boost must be above 0, got {self.factor!r}")
        if not _is_number(self.add):
            raise ConfigError(f"add of a boost must be a number, got {self.add!r}")

    @property
    def value(self) -> float:
        """Total value added to a score."""
        return math.log(self.factor) + self.add


@dataclass(frozen=True, eq=False)
class ItemOffsets:
    """Values that are added to the scores of items, with the reason for them.

    Example:
        >>> ItemOffsets("genre=war", "you like war", {"heat": 0.5}).values["heat"]
        0.5
    """

    name: str
    """Name of the reason, such as ``genre=war``."""
    text: str
    """What the reason says to a person."""
    values: Mapping[str, float] = field(repr=False)
    """Value by item id; other items keep their score."""


@dataclass(frozen=True)
class Quota:
    """Minimum or maximum number of matching items among the first positions of a list.

    ``at_most`` always holds, even if the list becomes shorter; ``at_least`` holds as far as
    there are matching items.

    Example:
        >>> Quota("price < 5", at_least=2), Quota(each="brand", at_most=1, of=3)
        (Quota(where='price < 5', each='', at_most=None, at_least=2, of=None), \
Quota(where='', each='brand', at_most=1, at_least=None, of=3))
    """

    where: str = ""
    """Filter of the items to count."""
    each: str = ""
    """Instead of a filter, a column: ``at_most`` applies to each of its values."""
    at_most: int | None = None
    at_least: int | None = None
    of: int | None = None
    """Number of first positions; None: the whole list."""

    def __post_init__(self) -> None:
        _check_text(self.where, "where of a quota")
        _check_text(self.each, "each of a quota")
        if bool(self.where.strip()) == bool(self.each.strip()):
            raise ConfigError("a quota needs either a filter (where) or a column (each)")
        if self.at_most is None and self.at_least is None:
            raise ConfigError("a quota needs at_most or at_least")
        if self.each and self.at_least is not None:
            raise ConfigError("a quota with each accepts at_most only")
        for name in ("at_most", "at_least", "of"):
            _check_count(getattr(self, name), name)
        if (self.at_least or 0) > min(_or_inf(self.at_most), _or_inf(self.of)):
            raise ConfigError(f"at_least of a quota must not exceed at_most or of: {self}")


@dataclass(frozen=True)
class Rules:
    """Which items one list may contain, and how they are ordered.

    The filter, the item lists and the availability windows apply before the best items are
    selected, so that lists are full. Rules that are not used cost no time.

    Example:
        >>> Rules(where="price < 10", diversity=0.3).where
        'price < 10'
    """

    where: str = ""
    """Filter over the item columns, as in ``price < 10 and has(categories, 'tea')``."""
    categories: tuple[str, ...] = ()
    """Allowed categories; empty: all items."""
    items: tuple[str, ...] | None = None
    """Candidate items; None: all."""
    exclude: tuple[str, ...] = ()
    """Items to leave out."""
    exclude_seen: bool | None = None
    """Whether to leave out items that the user has, as by a purchase; being shown is not
    having. None: yes, unless people usually take the same items again."""
    boosts: tuple[Boost, ...] = ()
    offsets: tuple[ItemOffsets, ...] = ()
    """Values of single items that are added to their scores, as an interview makes them."""
    diversity: float = 0.0
    """From 0 (order by score) to 1 (dissimilar items)."""
    novelty: float = 0.0
    """From 0 (order by score) to 1 (the score relative to the share of users who have chosen an
    item), among the best items."""
    quotas: tuple[Quota, ...] = ()
    distinct: str | None = None
    """Column whose values may occur only once. Texts that differ only in case, punctuation or
    spaces are equal; items without a value are never duplicates."""
    alike: float | None = None
    """Minimum content similarity of duplicates, above 0 and up to 1."""
    at: float | None = None
    """Time of the list in epoch seconds, for availability and ``now()``; None: now."""
    exclude_events: tuple[str, ...] | None = None
    """The only types of events that leave out their items; None: the rule of the shop."""
    popularity: float | None = None
    """From 0 (the taste that a history shows) to 1 (what is chosen most often); None: the
    default of the release."""
    unknown_items: UnknownItems | None = None
    """Whether items that only events know, and not the catalogue, may be in the list:
    ``exclude`` or ``recommend``; None: the setting of the recommender."""

    def __post_init__(self) -> None:
        _check_text(self.where, "where")
        for name in ("categories", "items", "exclude", "exclude_events"):
            object.__setattr__(self, name, _check_text_list(getattr(self, name), name))
        if self.exclude_seen not in (None, True, False):
            raise ConfigError(f"exclude_seen must be true or false, got {self.exclude_seen!r}")
        for name, kind in (("boosts", Boost), ("offsets", ItemOffsets), ("quotas", Quota)):
            object.__setattr__(self, name, _check_instances(getattr(self, name), kind, name))
        _check_share(self.diversity, "diversity")
        _check_share(self.novelty, "novelty")
        self._check_optional_values()

    def _check_optional_values(self) -> None:
        if self.popularity is not None:
            _check_share(self.popularity, "popularity")
        if self.unknown_items is not None:
            check_unknown_items(self.unknown_items)
        if self.alike is not None and not (_is_number(self.alike) and 0 < self.alike <= 1):
            raise ConfigError(f"alike must be above 0 and up to 1, got {self.alike!r}")
        if self.distinct is not None:
            _check_text(self.distinct, "distinct")
        if self.at is not None and not _is_number(self.at):
            raise ConfigError(f"at must be epoch seconds, got {self.at!r}")

    @property
    def needs_reranking(self) -> bool:
        """Whether the order of the list depends on more than its boosted scores."""
        return bool(
            self.diversity > 0
            or self.novelty > 0
            or self.quotas
            or self.distinct
            or self.alike is not None
        )


def check_unknown_items(value: Any) -> UnknownItems:
    """Return the setting ``unknown_items``.

    Raises:
        ConfigError: It is neither ``exclude`` nor ``recommend``.
    """
    if value not in UNKNOWN_ITEMS:
        raise ConfigError(f"unknown_items must be exclude or recommend, got {value!r:.60}")
    return "exclude" if value == "exclude" else "recommend"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _or_inf(value: int | None) -> float:
    return math.inf if value is None else value


def _check_share(value: Any, name: str) -> None:
    if not (_is_number(value) and 0 <= value <= 1):
        raise ConfigError(f"{name} must be from 0 to 1, got {value!r}")


def _check_text(value: Any, name: str) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be text, got {value!r:.60}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{name} contains an unpaired surrogate: {value!r:.60}") from error


def _check_count(value: Any, name: str) -> None:
    if value is None:
        return
    minimum = 1 if name == "of" else 0
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not minimum <= value <= MAX_QUOTA_SLOTS:
        raise ConfigError(
            f"{name} of a quota must be a whole number from {minimum} to {MAX_QUOTA_SLOTS}, "
            f"got {value!r}"
        )


def _check_text_list(value: Any, name: str) -> tuple[str, ...] | None:
    if value is None and name in {"items", "exclude_events"}:
        return None
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise ConfigError(f"{name} must be a list of texts, got {value!r:.60}")
    texts = (
        tuple(sorted(value, key=str)) if isinstance(value, set | frozenset) else tuple(value)
    )
    for text in texts:
        _check_text(text, f"each of {name}")
    return texts


def _check_instances(value: Any, kind: type, name: str) -> tuple[Any, ...]:
    instances = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(instances) > MAX_ENTRIES:
        raise ConfigError(f"a list can have at most {MAX_ENTRIES} {name}, got {len(instances)}")
    for instance in instances:
        if not isinstance(instance, kind):
            raise ConfigError(f"{name} must be {kind.__name__} values, got {instance!r:.60}")
    return instances
