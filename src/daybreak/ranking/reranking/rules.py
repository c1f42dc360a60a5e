"""What a caller wants of a list beside good scores: frozen values, checked when made."""

import math
from dataclasses import dataclass
from typing import Any

from daybreak.errors import ConfigError

MAX_QUOTA_SLOTS = 10_000
"""Longest window of a quota."""
MAX_ENTRIES = 50
"""Boosts, and quotas, of one list; each costs time in every answer."""


@dataclass(frozen=True)
class Boost:
    """More, or less, of what fits a filter.

    The blend is fitted with a softmax, so ``exp(score)`` is how much an item weighs in a
    choice. ``factor`` multiplies this weight: it adds ``ln(factor)`` to the score, whatever
    the sign of the score is. So a boost never changes the order among the items that fit, and
    several boosts of one item add up.

    Example:
        >>> round(Boost("brand = 'Acme'", factor=2.0).value, 3)
        0.693
    """

    where: str
    """Filter of the items that are meant."""
    factor: float = 1.0
    """Above 0; 2 lets an item weigh twice as much in a choice, 0.5 half."""
    add: float = 0.0
    """Added to the score as it is."""

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
        """What it adds to a score."""
        return math.log(self.factor) + self.add


@dataclass(frozen=True)
class Quota:
    """At most, or at least, so many of a kind among the first places of a list.

    ``at_most`` always holds, even if the list gets shorter; ``at_least`` holds as far as there
    are such items.

    Example:
        >>> Quota("price < 5", at_least=2), Quota(each="brand", at_most=1, of=3)
        (Quota(where='price < 5', each='', at_most=None, at_least=2, of=None), \
Quota(where='', each='brand', at_most=1, at_least=None, of=3))
    """

    where: str = ""
    """Filter of the items that are counted."""
    each: str = ""
    """Instead of a filter: a column; each value of it has the quota, ``at_most`` only."""
    at_most: int | None = None
    at_least: int | None = None
    of: int | None = None
    """The first so many places; None: the whole list."""

    def __post_init__(self) -> None:
        _check_text(self.where, "where of a quota")
        _check_text(self.each, "each of a quota")
        if bool(self.where.strip()) == bool(self.each.strip()):
            raise ConfigError("a quota needs either a filter (where) or a column (each)")
        if self.at_most is None and self.at_least is None:
            raise ConfigError("a quota needs at_most or at_least")
        if self.each and self.at_least is not None:
            raise ConfigError("a quota of each value of a column can only be at_most")
        for name in ("at_most", "at_least", "of"):
            _check_count(getattr(self, name), name)
        if (self.at_least or 0) > min(_or_inf(self.at_most), _or_inf(self.of)):
            raise ConfigError(f"a quota cannot be kept: {self}")


@dataclass(frozen=True)
class Rules:
    """What may be in one list, and how it is put in order.

    The filter, the lists of items and the windows of availability hold before the best are
    chosen, so lists are full. What nobody asks for costs nothing.

    Example:
        >>> Rules(where="price < 10", diversity=0.3).where
        'price < 10'
    """

    where: str = ""
    """Filter over the columns of items, as in ``price < 10 and has(categories, 'tea')``."""
    categories: tuple[str, ...] = ()
    """Items must be in one of these; none given: in any, or in none."""
    items: tuple[str, ...] | None = None
    """Candidates; None: all."""
    exclude: tuple[str, ...] = ()
    """Items that must not be in the list."""
    exclude_seen: bool = True
    """Whether to leave out what the user has events with."""
    boosts: tuple[Boost, ...] = ()
    diversity: float = 0.0
    """From 0, the order of the scores, to 1, items as unlike each other as possible."""
    quotas: tuple[Quota, ...] = ()
    distinct: str | None = None
    """Column of which no value may come twice; text counts as the same when it differs only in
    case, marks or blanks; items without a value are never the same."""
    alike: float | None = None
    """Likeness of content, above 0 up to 1, from which two items count as the same."""
    at: float | None = None
    """Time of the list, epoch seconds: what is available, and what ``now()`` is; None: now."""

    def __post_init__(self) -> None:
        _check_text(self.where, "where")
        for name in ("categories", "items", "exclude"):
            object.__setattr__(self, name, _check_text_list(getattr(self, name), name))
        for name, kind in (("boosts", Boost), ("quotas", Quota)):
            object.__setattr__(self, name, _check_instances(getattr(self, name), kind, name))
        if not (_is_number(self.diversity) and 0 <= self.diversity <= 1):
            raise ConfigError(f"diversity must be from 0 to 1, got {self.diversity!r}")
        if self.alike is not None and not (_is_number(self.alike) and 0 < self.alike <= 1):
            raise ConfigError(f"alike must be above 0 and up to 1, got {self.alike!r}")
        if self.distinct is not None:
            _check_text(self.distinct, "distinct")
        if self.at is not None and not _is_number(self.at):
            raise ConfigError(f"at must be epoch seconds, got {self.at!r}")

    @property
    def needs_reranking(self) -> bool:
        """Whether a list needs more than the order of its (boosted) scores."""
        return bool(
            self.diversity > 0 or self.quotas or self.distinct or self.alike is not None
        )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _or_inf(value: int | None) -> float:
    return math.inf if value is None else value


def _check_text(value: Any, name: str) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be text, got {value!r:.60}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{name} has half a character in it: {value!r:.60}") from error


def _check_count(value: Any, name: str) -> None:
    if value is None:
        return
    low = 1 if name == "of" else 0
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not low <= value <= MAX_QUOTA_SLOTS:
        raise ConfigError(
            f"{name} of a quota must be a whole number from {low} to {MAX_QUOTA_SLOTS}, got {value!r}"
        )


def _check_text_list(value: Any, name: str) -> tuple[str, ...] | None:
    if value is None and name == "items":
        return None
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise ConfigError(f"{name} must be a list of texts, got {value!r:.60}")
    found = (
        tuple(sorted(value, key=str)) if isinstance(value, set | frozenset) else tuple(value)
    )
    for one in found:
        _check_text(one, f"each of {name}")
    return found


def _check_instances(value: Any, kind: type, name: str) -> tuple[Any, ...]:
    found = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(found) > MAX_ENTRIES:
        raise ConfigError(f"at most {MAX_ENTRIES} {name} are possible, got {len(found)}")
    for one in found:
        if not isinstance(one, kind):
            raise ConfigError(f"{name} must be {kind.__name__} values, got {one!r:.60}")
    return found
