"""The plan of an experiment: attribution of events, variants, and assignment of requests.

:class:`ExperimentPlan` is stored. :func:`assign` returns the variant of a request; it
hashes the user or session, so assignments need no storage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal, Self, TypeVar, get_args

from daybreak.errors import ConfigError
from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.service.experiments import checks


@dataclass(frozen=True)
class Attribution:
    """Which events count for an impression.

    An event counts only if it names the recommendation and the item of the impression.

    Example:
        >>> Attribution.from_dict({"window_h": 1, "clicks": ["click"]}).clicks
        ('click',)
    """

    window_h: float = 24.0
    """Time after the recommendation during which events count [hours]."""
    clicks: tuple[str, ...] = ("click", "view")
    """Event types that are a click; an impression has at most one click."""
    conversions: tuple[str, ...] = ("purchase",)
    """Event types that are a conversion; an impression has at most one."""
    reported: bool = False
    """Whether only items with an ``impression`` event count as seen; else all shown items."""
    cold_below: int = 5
    """An item with fewer events than this at the time of the impression is cold [events]."""
    ratings: tuple[float, float] = (1.0, 5.0)
    """Lowest and highest rating; the middle of the scale is neutral."""
    dwell_s: float = 30.0
    """Dwell time with the highest sentiment; half of it is neutral [s]."""

    def __post_init__(self) -> None:
        low, high = _check_rating_range(self.ratings)
        cleaned = {
            "window_h": checks.check_positive("window_h", self.window_h, maximum=24 * 365.0),
            "clicks": checks.check_event_types("clicks", self.clicks),
            "conversions": checks.check_event_types("conversions", self.conversions),
            "ratings": (low, high),
            "dwell_s": checks.check_positive("dwell_s", self.dwell_s),
        }
        checks.check_flag("reported", self.reported)
        if type(self.cold_below) is not int or not 1 <= self.cold_below <= 1_000_000:
            raise ConfigError(
                f"cold_below must be an integer from 1 to 1,000,000, got "
                f"{self.cold_below!r:.60}"
            )
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return the attribution that JSON values describe.

        Raises:
            ConfigError: A name is unknown, or a value is out of range.
        """
        return cls(**checks.check_fields(cls, row, "attribution"))


def _check_rating_range(values: Any) -> tuple[float, float]:
    pair = isinstance(values, list | tuple) and len(values) == 2
    if not pair or not all(map(checks.is_number, values)) or not values[0] < values[1]:
        raise ConfigError(
            f"ratings must be [lowest, highest], as in [1, 5], got {values!r:.60}"
        )
    return float(values[0]), float(values[1])


REQUEST_FIELDS = frozenset({"k", "n", "explore", "explain", "rules"})
"""Fields of a request that a variant can change; ``k`` and ``n`` are the same."""
RULE_FIELDS = frozenset(
    {"boosts", "diversity", "novelty", "quotas", "distinct", "alike", "popularity"}
)
"""Fields of the rules that a variant can change; filters of the caller stay in force."""
MAX_LIST_ITEMS = 1000
"""Longest list that a variant can request [items]."""

RequestT = TypeVar("RequestT")


@dataclass(frozen=True)
class VariantPlan:
    """A variant of an experiment: which release answers, and how the request is changed.

    Example:
        >>> plan = VariantPlan("b", ask={"rules": {"diversity": 0.3}})
        >>> rules = plan.apply_rules(Rules(where="price < 9"))
        >>> rules.where, rules.diversity
        ('price < 9', 0.3)
    """

    name: str
    weight: float = 1.0
    """Share of the traffic of the experiment, relative to the other variants."""
    release: str | None = None
    """Id of the release that answers; None: the active release."""
    ask: Mapping[str, Any] = field(default_factory=dict)
    """Changes to each request: names of ``REQUEST_FIELDS``; ``rules`` has ``RULE_FIELDS``."""
    shadow: bool = False
    """Whether its recommendations are logged but never shown."""

    def __post_init__(self) -> None:
        checks.check_name("a variant", self.name)
        object.__setattr__(
            self, "weight", checks.check_positive("weight", self.weight, maximum=1e6)
        )
        if self.release is not None:
            checks.check_text("release", self.release)
        checks.check_flag("shadow", self.shadow)
        _check_allowed_fields(self.name, self.ask, REQUEST_FIELDS)
        _check_allowed_fields(self.name, self.ask.get("rules", {}), RULE_FIELDS)
        for name in ("explore", "explain"):
            checks.check_flag(name, self.ask.get(name, False))
        k = self.ask.get("k", self.ask.get("n", 1))
        if type(k) is not int or not 1 <= k <= MAX_LIST_ITEMS:
            raise ConfigError(f"k must be an integer from 1 to {MAX_LIST_ITEMS}, got {k!r:.60}")
        self.apply_rules(Rules())

    def apply_rules(self, rules: Rules) -> Rules:
        """Return the rules of a request with the changes of this variant."""
        return replace(rules, **_parse_rules(self.ask.get("rules", {})))

    def apply(self, request: RequestT) -> RequestT:
        """Return a request with the changes of this variant.

        Args:
            request: A dataclass with the fields of ``REQUEST_FIELDS``.
        """
        row: Any = request
        changes = {
            "n" if name == "k" else name: value
            for name, value in self.ask.items()
            if name != "rules"
        }
        if self.ask.get("rules"):
            changes["rules"] = self.apply_rules(row.rules or Rules())
        variant_request: RequestT = replace(row, **changes)
        return variant_request

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return the variant that JSON values describe.

        Raises:
            ConfigError: A name is unknown or missing, or a value is out of range.
        """
        values = checks.check_fields(cls, row, "a variant")
        if "name" not in values:
            raise ConfigError(f"a variant needs a name, got {row!r:.60}")
        return cls(**values)


@dataclass(frozen=True)
class Assignment:
    """The experiment and variant of one request."""

    experiment: str
    variant: VariantPlan
    shadows: tuple[VariantPlan, ...] = ()
    """Shadow variants that answer the same request."""
    required_releases: frozenset[str] = frozenset()
    """Releases of all variants. While one of them is missing, no request takes part: else all
    requests of that time would count for the other variants."""


def shadow_id(recommendation: str, variant: str) -> str:
    """Return the id of a shadow recommendation that belongs to a shown one.

    Example:
        >>> shadow_id("r1", "new")
        'r1~new'
    """
    return recommendation + shadow_suffix(variant)


def shadow_suffix(variant: str) -> str:
    """Return the suffix of the ids of a shadow variant."""
    return f"~{variant}"


def _check_allowed_fields(variant: str, row: Any, allowed: frozenset[str]) -> None:
    if not isinstance(row, Mapping):
        raise ConfigError(f"variant {variant!r}: expected an object, got {row!r:.60}")
    unknown = sorted(map(str, set(row) - allowed))
    if unknown:
        raise ConfigError(
            f"variant {variant!r} cannot change {', '.join(map(repr, unknown))}; "
            f"it can change: {', '.join(sorted(allowed))}"
        )


def _parse_rules(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``Rules``; boosts and quotas may be JSON objects."""
    values = dict(row)
    kinds: tuple[tuple[str, Any], ...] = (("boosts", Boost), ("quotas", Quota))
    for name, kind in kinds:
        if isinstance(values.get(name), list | tuple):
            values[name] = tuple(_parse_rule_part(kind, rule) for rule in values[name])
    return values


def _parse_rule_part(kind: Any, row: Any) -> Any:
    if isinstance(row, kind):
        return row
    return kind(**checks.check_fields(kind, row, f"a {kind.__name__.lower()}"))


ExperimentStatus = Literal["draft", "running", "stopped"]
RandomizationUnit = Literal["user", "session"]
PrimaryMetric = Literal["ctr", "conversion", "satisfaction"]

PRIMARY_METRICS: tuple[PrimaryMetric, ...] = get_args(PrimaryMetric)
DEFAULT_MIN_EFFECTS: dict[PrimaryMetric, float] = {
    "ctr": 0.01,
    "conversion": 0.002,
    "satisfaction": 0.01,
}
"""Default of the smallest difference that matters, by metric."""
MAX_VARIANTS = 20
"""Number of variants of one experiment."""


@dataclass(frozen=True)
class ExperimentPlan:
    """An experiment: its variants, metric and status; the first variant is the control.

    Example:
        >>> new = VariantPlan("new", ask={"explore": True})
        >>> plan = ExperimentPlan("page", (VariantPlan("now"), new))
        >>> plan.shown_variants[0].name, plan.status
        ('now', 'draft')
    """

    id: str
    variants: tuple[VariantPlan, ...]
    share: float = 1.0
    """Share of all units that take part; above 0, at most 1."""
    metric: PrimaryMetric = "ctr"
    """Primary metric: the one that decides, chosen before the start."""
    effect: float | None = None
    """Smallest difference of the metric that matters; None: see ``DEFAULT_MIN_EFFECTS``."""
    alpha: float = 0.05
    """Probability that equal variants are ever called different."""
    unit: RandomizationUnit = "user"
    """Randomization unit; a session without a user counts as a user."""
    scenario: str | None = None
    """Scenario whose requests take part; None: all requests."""
    attribution: Attribution = field(default_factory=Attribution)
    note: str = ""
    salt: str = ""
    """Makes the assignment independent of other experiments; drawn at creation if empty."""
    status: ExperimentStatus = "draft"
    created_at: float = 0.0
    """Epoch [s], as the other times."""
    started_at: float | None = None
    stopped_at: float | None = None

    def __post_init__(self) -> None:
        checks.check_name("an experiment", self.id)
        _check_variants(self)
        checks.check_choice("metric", self.metric, PRIMARY_METRICS)
        checks.check_choice("unit", self.unit, get_args(RandomizationUnit))
        checks.check_choice("status", self.status, get_args(ExperimentStatus))
        for name in ("note", "salt"):
            checks.check_text(name, getattr(self, name))
        if self.scenario is not None:
            checks.check_text("scenario", self.scenario)
        if self.effect is not None:
            checks.check_positive("effect", self.effect, maximum=2.0)
        checks.check_positive("share", self.share, maximum=1.0)
        checks.check_positive("alpha", self.alpha, maximum=0.5)

    @property
    def min_effect(self) -> float:
        """Smallest difference of the metric that matters; intervals are tightest there."""
        return DEFAULT_MIN_EFFECTS[self.metric] if self.effect is None else self.effect

    @property
    def shown_variants(self) -> tuple[VariantPlan, ...]:
        """Variants that are shown; the first is the control."""
        return tuple(variant for variant in self.variants if not variant.shadow)

    @property
    def shadow_variants(self) -> tuple[VariantPlan, ...]:
        """Variants that are logged but not shown."""
        return tuple(variant for variant in self.variants if variant.shadow)

    @property
    def releases(self) -> frozenset[str]:
        """Ids of the releases that variants name."""
        return frozenset(v.release for v in self.variants if v.release is not None)

    def with_changes(self, **changes: Any) -> Self:
        """Return the plan with other values; the whole plan is validated."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values; see :meth:`from_dict`."""
        row = asdict(self)
        return row | {"variants": [_variant_to_dict(variant) for variant in self.variants]}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return the plan that JSON values describe.

        Raises:
            ConfigError: A name is unknown or missing, or a value is out of range.

        Example:
            >>> row = {"id": "x", "variants": [{"name": "a"}, {"name": "b"}]}
            >>> plan = ExperimentPlan.from_dict(row)
            >>> ExperimentPlan.from_dict(plan.to_dict()) == plan
            True
        """
        values = checks.check_fields(cls, row, "an experiment")
        if "id" not in values or not isinstance(values.get("variants"), list | tuple):
            raise ConfigError("an experiment needs an id and a list of variants")
        values["variants"] = tuple(
            VariantPlan.from_dict(variant) for variant in values["variants"]
        )
        values["attribution"] = Attribution.from_dict(values.get("attribution", {}))
        return cls(**values)


def _check_variants(plan: ExperimentPlan) -> None:
    names = [variant.name for variant in plan.variants]
    if not 2 <= len(names) <= MAX_VARIANTS:
        raise ConfigError(f"an experiment needs 2 to {MAX_VARIANTS} variants, got {len(names)}")
    if len(set(names)) < len(names):
        raise ConfigError(f"names of variants must be unique, got {', '.join(names)}")
    if plan.variants[0].shadow:
        raise ConfigError(
            f"the first variant is the control, so {names[0]!r} cannot be a shadow variant"
        )


def _variant_to_dict(variant: VariantPlan) -> dict[str, Any]:
    """Return a variant as JSON values; its rules may hold dataclasses."""
    row = asdict(replace(variant, ask={}))
    ask = {name: value for name, value in variant.ask.items() if name != "rules"}
    if "rules" in variant.ask:
        ask["rules"] = {
            name: [_as_dict(rule) for rule in value]
            if isinstance(value, list | tuple)
            else value
            for name, value in variant.ask["rules"].items()
        }
    return row | {"ask": ask}


def _as_dict(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else asdict(value)


HASH_RANGE = 1 << 64
"""Number of different hash values."""


def bucket(salt: str, purpose: str, key: str) -> float:
    """Hash a key to a number in [0, 1), uniformly and the same on every machine.

    Numbers of different salts or purposes are independent.

    Example:
        >>> round(bucket("s", "share", "ann"), 4), round(bucket("s", "variant", "ann"), 4)
        (0.5636, 0.1057)
    """
    parts = "\x1f".join((salt, purpose, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(parts, digest_size=8).digest(), "big") / HASH_RANGE


def is_enrolled(plan: ExperimentPlan, key: str) -> bool:
    """Return whether a unit takes part in the experiment.

    A unit that takes part at one share takes part at every larger share.
    """
    return bucket(plan.salt, "share", key) < plan.share


def choose_variant(plan: ExperimentPlan, key: str) -> VariantPlan:
    """Return the shown variant of a unit; it does not depend on the share."""
    shown = plan.shown_variants
    remaining = bucket(plan.salt, "variant", key) * sum(variant.weight for variant in shown)
    for variant in shown[:-1]:
        remaining -= variant.weight
        if remaining < 0:
            return variant
    return shown[-1]


def unit_key(plan: ExperimentPlan, user: str | None, session: str | None) -> str | None:
    """Return the id that is hashed; None if the request names neither user nor session."""
    if plan.unit == "session":
        return session or user
    return user or session


def assign(
    running: Sequence[ExperimentPlan],
    user: str | None,
    session: str | None = None,
    scenario: str | None = None,
) -> Assignment | None:
    """Assign a request to a variant; return None if it takes part in no experiment.

    A request takes part in at most one experiment: the first of ``running`` with its scenario
    and with its unit within the share.

    Args:
        running: Running experiments.
        user: Id of the user, if known.
        session: Id of the session, if known.
        scenario: Scenario of the request.
    """
    for plan in running:
        key = unit_key(plan, user, session)
        if plan.scenario not in (None, scenario) or key is None:
            continue
        if is_enrolled(plan, key):
            return Assignment(
                plan.id, choose_variant(plan, key), plan.shadow_variants, plan.releases
            )
    return None
