"""One way to answer, and who gets it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from daybreak.errors import ConfigError
from daybreak.ranking.rules import Boost, Quota, Rules
from daybreak.service.experiments import checks

FIELDS = frozenset({"n", "explore", "explain", "rules"})
"""What a variant may change about a request."""
RULES = frozenset({"boosts", "diversity", "quotas", "distinct", "alike"})
"""What it may change about the rules; what a caller forbids stays forbidden."""
LONGEST = 1000
"""Longest list a variant may ask for."""

Request = TypeVar("Request")


@dataclass(frozen=True)
class Variant:
    """One way to answer.

    Example:
        >>> Variant("b", ask={"rules": {"diversity": 0.3}}).rules(Rules(where="price < 9"))
        Rules(where='price < 9', categories=(), items=None, exclude=(), exclude_seen=True, \
boosts=(), diversity=0.3, quotas=(), distinct=None, alike=None, at=None)
    """

    name: str
    weight: float = 1.0
    """Share of the people in the experiment, relative to the other variants."""
    release: str | None = None
    """Id of the release that answers; None: the one in use."""
    ask: Mapping[str, Any] = field(default_factory=dict)
    """What is changed about each request, of ``FIELDS``; ``rules`` maps names of ``RULES``."""
    shadow: bool = False
    """Whether it only answers and is written down, but never shown."""

    def __post_init__(self) -> None:
        checks.check_name("a variant", self.name)
        object.__setattr__(self, "weight", checks.number("weight", self.weight, most=1e6))
        if self.release is not None:
            checks.check_text("release", self.release)
        checks.check_flag("shadow", self.shadow)
        _among(self.name, self.ask, FIELDS)
        _among(self.name, self.ask.get("rules", {}), RULES)
        for name in ("explore", "explain"):
            checks.check_flag(name, self.ask.get(name, False))
        n = self.ask.get("n", 1)
        if type(n) is not int or not 1 <= n <= LONGEST:
            raise ConfigError(f"n must be a whole number from 1 to {LONGEST}, got {n!r:.60}")
        self.rules(Rules())

    def rules(self, rules: Rules) -> Rules:
        """Return the rules of a request as this variant has them."""
        return replace(rules, **_values(self.ask.get("rules", {})))

    def change(self, request: Request) -> Request:
        """Return a request (a dataclass with the ``FIELDS``) as this variant has it."""
        row: Any = request
        changes = {name: value for name, value in self.ask.items() if name != "rules"}
        if self.ask.get("rules"):
            changes["rules"] = self.rules(row.rules or Rules())
        changed: Request = replace(row, **changes)
        return changed

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return what plain values describe.

        Raises:
            ConfigError: A name is unknown or missing, or a value out of range.
        """
        values = checks.known(cls, row, "a variant")
        if "name" not in values:
            raise ConfigError(f"a variant needs a name, got {row!r:.60}")
        return cls(**values)


@dataclass(frozen=True)
class Assignment:
    """Who sees what, for one request."""

    experiment: str
    variant: Variant
    shadows: tuple[Variant, ...] = ()
    """Answered and written down beside it."""
    needs: frozenset[str] = frozenset()
    """Releases of all variants. While one is missing nobody may take part, or else those who
    come meanwhile would all be in the other variants."""


def shadow_id(recommendation: str, variant: str) -> str:
    """Return the id of what a shadow variant answers beside a shown answer.

    Example:
        >>> shadow_id("r1", "new")
        'r1~new'
    """
    return recommendation + shadow_suffix(variant)


def shadow_suffix(variant: str) -> str:
    """Return what ids of a shadow variant end with."""
    return f"~{variant}"


def _among(variant: str, row: Any, allowed: frozenset[str]) -> None:
    if not isinstance(row, Mapping):
        raise ConfigError(f"variant {variant!r}: expected an object, got {row!r:.60}")
    unknown = sorted(map(str, set(row) - allowed))
    if unknown:
        raise ConfigError(
            f"variant {variant!r} cannot change {', '.join(map(repr, unknown))}; "
            f"it can change: {', '.join(sorted(allowed))}"
        )


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``Rules``; boosts and quotas may be plain values."""
    values = dict(row)
    kinds: tuple[tuple[str, Any], ...] = (("boosts", Boost), ("quotas", Quota))
    for name, kind in kinds:
        if isinstance(values.get(name), list | tuple):
            values[name] = tuple(_made(kind, part) for part in values[name])
    return values


def _made(kind: Any, row: Any) -> Any:
    if isinstance(row, kind):
        return row
    return kind(**checks.known(kind, row, f"a {kind.__name__.lower()}"))
