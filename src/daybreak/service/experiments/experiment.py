"""What an experiment is: who takes part, what is compared, and where in its life it is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self, get_args

from daybreak.errors import ConfigError
from daybreak.service.experiments import checks
from daybreak.service.experiments.attribution import Attribution
from daybreak.service.experiments.variant import Variant

Status = Literal["draft", "running", "stopped"]
Unit = Literal["user", "session"]
Metric = Literal["ctr", "conversion", "satisfaction"]

METRICS: tuple[Metric, ...] = get_args(Metric)
EFFECTS: dict[Metric, float] = {"ctr": 0.01, "conversion": 0.002, "satisfaction": 0.01}
"""Smallest differences that matter, where nobody says another."""
MOST = 20
"""Variants of one experiment."""


@dataclass(frozen=True)
class Experiment:
    """Variants that are compared; the first is the one the others are held against.

    Example:
        >>> plan = Experiment("page", (Variant("now"), Variant("new", ask={"explore": True})))
        >>> plan.shown[0].name, plan.status
        ('now', 'draft')
    """

    id: str
    variants: tuple[Variant, ...]
    share: float = 1.0
    """Of all people who take part; above 0, at most 1."""
    metric: Metric = "ctr"
    """The one that decides; chosen before the start."""
    effect: float | None = None
    """The smallest difference of the metric that matters; None: see ``EFFECTS``."""
    alpha: float = 0.05
    """Chance that equal variants are ever called different."""
    unit: Unit = "user"
    """Who keeps a variant: the user (a session without one stands for one), or the session."""
    scenario: str | None = None
    """Only requests of this scenario take part; None: all."""
    attribution: Attribution = field(default_factory=Attribution)
    note: str = ""
    salt: str = ""
    """Makes the split independent of other experiments; drawn at creation if empty."""
    status: Status = "draft"
    created_at: float = 0.0
    """Epoch [s], as the other times."""
    started_at: float | None = None
    stopped_at: float | None = None

    def __post_init__(self) -> None:
        checks.check_name("an experiment", self.id)
        _check_variants(self)
        checks.check_choice("metric", self.metric, METRICS)
        checks.check_choice("unit", self.unit, get_args(Unit))
        checks.check_choice("status", self.status, get_args(Status))
        for name in ("note", "salt"):
            checks.check_text(name, getattr(self, name))
        if self.scenario is not None:
            checks.check_text("scenario", self.scenario)
        if self.effect is not None:
            checks.number("effect", self.effect, most=2.0)
        checks.number("share", self.share, most=1.0)
        checks.number("alpha", self.alpha, most=0.5)

    @property
    def matters(self) -> float:
        """The smallest difference of the metric that matters; intervals are tightest there."""
        return EFFECTS[self.metric] if self.effect is None else self.effect

    @property
    def shown(self) -> tuple[Variant, ...]:
        """Variants that people see; the first is the yardstick."""
        return tuple(variant for variant in self.variants if not variant.shadow)

    @property
    def shadows(self) -> tuple[Variant, ...]:
        """Variants that nobody sees."""
        return tuple(variant for variant in self.variants if variant.shadow)

    @property
    def releases(self) -> frozenset[str]:
        """Releases that variants name."""
        return frozenset(v.release for v in self.variants if v.release is not None)

    def change(self, **changes: Any) -> Self:
        """Return the experiment with other values, checked as a whole."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; see :meth:`from_dict`."""
        row = asdict(self)
        return row | {"variants": [_plain(variant) for variant in self.variants]}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return the experiment that plain values describe.

        Raises:
            ConfigError: A name is unknown or missing, or a value out of range.

        Example:
            >>> row = {"id": "x", "variants": [{"name": "a"}, {"name": "b"}]}
            >>> plan = Experiment.from_dict(row)
            >>> Experiment.from_dict(plan.to_dict()) == plan
            True
        """
        values = checks.known(cls, row, "an experiment")
        if "id" not in values or not isinstance(values.get("variants"), list | tuple):
            raise ConfigError("an experiment needs an id and a list of variants")
        values["variants"] = tuple(Variant.from_dict(part) for part in values["variants"])
        values["attribution"] = Attribution.from_dict(values.get("attribution", {}))
        return cls(**values)


def _check_variants(plan: Experiment) -> None:
    names = [variant.name for variant in plan.variants]
    if not 2 <= len(names) <= MOST:
        raise ConfigError(f"an experiment needs 2 to {MOST} variants, got {len(names)}")
    if len(set(names)) < len(names):
        raise ConfigError(f"each variant needs a name of its own, got {', '.join(names)}")
    if plan.variants[0].shadow:
        raise ConfigError(
            f"the first variant is what the others are held against; {names[0]!r} cannot be "
            "a shadow"
        )


def _plain(variant: Variant) -> dict[str, Any]:
    """Return plain values of a variant; rules may hold frozen values."""
    row = asdict(replace(variant, ask={}))
    ask = {name: value for name, value in variant.ask.items() if name != "rules"}
    if "rules" in variant.ask:
        ask["rules"] = {
            name: [_fields(part) for part in value]
            if isinstance(value, list | tuple)
            else value
            for name, value in variant.ask["rules"].items()
        }
    return row | {"ask": ask}


def _fields(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else asdict(value)
