"""Event rules: which events are positive, negative or neutral (only seen)."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import polars as pl

from daybreak.data.event_names import event_name_kind, has_strong_type, kinds_beside
from daybreak.data.exclusion import parse_event_types
from daybreak.data.rating_scales import find_rating_scale
from daybreak.data.value_types import QUANTITY_TYPE
from daybreak.deprecation import RenamedAttribute
from daybreak.errors import ConfigError

ANY_EVENT = "value"
"""Name in a rule that matches events of every type."""
RATING_EVENT = "rating"
"""Name in a rule that also matches events without a type."""
MAX_CACHED_EVENT_KINDS = 10_000
"""Maximum number of event kinds whose sign is cached."""
EventKind = tuple[str | None, float | None]
"""Type and value of an event."""
_EVENT_KIND_SCHEMA = {"event_type": pl.String, "value": pl.Float64}
_OPERATORS: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NAME_PATTERN = r"[^\W\d][\w.\- ]*?"
_NUMBER_PATTERN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION_PATTERN = re.compile(
    rf"\s*({_NAME_PATTERN})\s*(?:(>=|<=|!=|==|>|<|=)\s*({_NUMBER_PATTERN}))?\s*"
)
_CONDITION_SEPARATOR = re.compile(r"\s*,\s*|\s+or\s+", re.IGNORECASE)
_IMPRESSION_TYPES = frozenset({"impression", "view_item_list", "impress", "exposure", "shown"})
_VIEW_TYPES = frozenset(
    {"view", "click", "read", "pv", "detail_view", "detailview", "detail_page_view", "search"}
    | {"view_item", "page_view", "pageview", "visit", "open"}
)
_RATING_TYPES = frozenset(
    {RATING_EVENT, "rate", "rated", "ratings", "review", "score", "stars"}
)
STAR_TYPES = frozenset({RATING_EVENT, "rate", "rated", "ratings", "review", "stars"})
"""Types whose values are stars from 1 to 5 where nothing is known about their scale."""
MIN_MIDDLE_STARS = 2.5
"""Stars below which a rating of an unknown scale is negative."""
MIN_LIKED_STARS = 3.5
"""Stars from which on a rating of an unknown scale is positive."""
_OPINION_PATTERN = re.compile(
    r"lik|love|favo|thumb|vote|prefer|feedback|reaction|label|feel|喜|评|评分|評|点赞|いいね|평가"
)
"""Types whose value 0 says no, such as ``like`` with 0 and 1; of others 0 says "not done"."""

AssumedKind: TypeAlias = Literal["negative", "impression", "view", "rating"]
"""Kind of event types whose sign follows from their names, though no rule names them."""


@dataclass(frozen=True)
class Condition:
    """A condition on the type of an event and, optionally, on its value."""

    name: str
    comparison: str = ""
    number: float = 0.0

    def to_expression(self) -> pl.Expr:
        """Return the expression that is true for the events that meet the condition."""
        kind = normalize_types(pl.col("event_type"))
        if self.name == ANY_EVENT:
            mask = pl.lit(True)
        elif self.name == RATING_EVENT:
            mask = kind.is_null() | (kind == RATING_EVENT)
        else:
            mask = kind == self.name
        if self.comparison:
            mask &= _OPERATORS[self.comparison](pl.col("value"), self.number)
        return mask.fill_null(value=False)

    def __str__(self) -> str:
        return f"{self.name}{self.comparison}{self.number:g}" if self.comparison else self.name


Conditions = tuple[Condition, ...]


@dataclass(frozen=True)
class EventRules:
    """Event rules as text; if all are None, they are chosen from the data.

    If rules are given, an event that matches none of them is neutral if ``positive`` is given.
    Otherwise it is positive, unless its value is negative or its type says no, such as
    ``dislike`` or ``returned``. Negative rules are applied before positive ones, and positive
    rules before ``seen``.

    Example:
        >>> events = pl.DataFrame({
        ...     "event_type": ["rating", "rating", "like"], "value": [5.0, 2.0, None]})
        >>> rules = EventRules(positive="rating>=4, like", negative="rating<3").resolve(events)
        >>> rules.signs(events).to_list()
        [1, -1, 1]
    """

    positive: str | None = None
    negative: str | None = None
    seen: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of an event by its type; default: 1.0."""
    excludes: str | None = None
    """Types of events that keep their item out of the lists of their user, or ``none``;
    default: see :class:`~daybreak.data.exclusion.ExclusionRule`."""

    def __post_init__(self) -> None:
        for text in (self.positive, self.negative, self.seen):
            parse_conditions(text or "")
        parse_event_types(self.excludes)
        for name, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ConfigError(f"weight of {name!r} must be above 0, got {weight!r}")

    @property
    def is_auto(self) -> bool:
        """Whether the rules are chosen from the data."""
        return self.positive is None and self.negative is None and self.seen is None

    def resolve(self, events: pl.DataFrame) -> "ResolvedRules":
        """Return rules that do not depend on data; automatic ones are chosen from events."""
        weights = {normalize_type(name): float(w) for name, w in self.weights.items()}
        excludes = parse_event_types(self.excludes)
        if self.is_auto:
            return replace(choose_rules(events), type_weights=weights, excludes=excludes)
        return ResolvedRules(
            parse_conditions(self.positive or ""),
            parse_conditions(self.negative or ""),
            parse_conditions(self.seen or ""),
            default=1 if self.positive is None else 0,
            type_weights=weights,
            assumed=("negative",) if self.positive is None else (),
            excludes=excludes,
        )


@dataclass(frozen=True)
class ResolvedRules:
    """Event rules that do not depend on the data."""

    positive: tuple[Condition, ...] = ()
    negative: tuple[Condition, ...] = ()
    seen: tuple[Condition, ...] = ()
    default: int = 1
    """Sign of an event that matches no rule: 1 positive, 0 neutral."""
    type_weights: Mapping[str, float] = field(default_factory=dict)
    assumed: tuple[AssumedKind, ...] = ()
    """Kinds of event types whose sign follows from their names where no rule names them;
    ``negative`` includes events with a negative value, and ``rating`` means that ratings are
    read as stars from 1 to 5, as nothing is known about their scale."""
    outliers: tuple[Condition, ...] = ()
    """Conditions of values outside of their scale; such events are neutral."""
    excludes: tuple[str, ...] | None = None
    """Types of events that exclude their item; None: by default."""

    def with_default_types(self, event_types: Iterable[str | None]) -> "ResolvedRules":
        """Add the signs of event types that say by their names what they are.

        Explicit rules without ``positive``, and rules of earlier versions, would treat a later
        dislike or impression like a purchase.

        Args:
            event_types: Types that occur in the data.

        Example:
            >>> types = {"event_type": pl.String, "value": pl.Float64}
            >>> rules = EventRules(negative="return").resolve(pl.DataFrame(schema=types))
            >>> kinds = ["purchase", "view", "hide"]
            >>> later = pl.DataFrame({"event_type": kinds, "value": [1.0, None, None]})
            >>> rules.signs(later).to_list()
            [1, 1, -1]
            >>> rules.with_default_types(["purchase"]).signs(later).to_list()
            [1, 0, -1]
        """
        if not self.default:
            return self
        return replace(self, assumed=_assumed_kinds(event_types))

    def signs(self, events: pl.DataFrame) -> pl.Series:
        """Return (n_events,) Int8 signs: 1 positive, 0 neutral, -1 negative."""
        says_no, is_weak = self._assumed_types(events["event_type"])
        if "negative" in self.assumed:
            says_no |= (pl.col("value") < 0).fill_null(value=False)
        if "rating" in self.assumed and not self._named_types & STAR_TYPES:
            is_star = normalize_types(pl.col("event_type")).is_in(list(STAR_TYPES))
            says_no |= (is_star & (pl.col("value") < MIN_MIDDLE_STARS)).fill_null(value=False)
            is_weak |= (is_star & (pl.col("value") < MIN_LIKED_STARS)).fill_null(value=False)
        sign = (
            pl.when(_any_condition(self.outliers))
            .then(pl.lit(0, pl.Int8))
            .when(_any_condition(self.negative) | says_no)
            .then(pl.lit(-1, pl.Int8))
            .when(_any_condition(self.positive))
            .then(pl.lit(1, pl.Int8))
            .when(_any_condition(self.seen) | is_weak)
            .then(pl.lit(0, pl.Int8))
            .otherwise(pl.lit(self.default, pl.Int8))
        )
        columns = events.select(pl.col("event_type").cast(pl.String), pl.col("value"))
        return columns.with_columns(sign=sign)["sign"]

    def _assumed_types(self, event_types: pl.Series) -> tuple[pl.Expr, pl.Expr]:
        """Return which events are negative, and which are neutral, by their names alone."""
        if not self.assumed:
            return pl.lit(False), pl.lit(False)
        types = event_types.cast(pl.String).drop_nulls().unique().to_list()
        by_kind: dict[str, list[str]] = {kind: [] for kind in self.assumed if kind != "rating"}
        for name in types:
            kind = event_name_kind(name)
            if kind in by_kind and normalize_type(name) not in self._named_types:
                by_kind[kind].append(name)
        negative = by_kind.pop("negative", [])
        weak = [name for names in by_kind.values() for name in names]
        return _is_one_of(negative), _is_one_of(weak)

    @cached_property
    def _named_types(self) -> frozenset[str]:
        """Types that a rule names."""
        return frozenset(c.name for c in (*self.positive, *self.negative, *self.seen))

    def signs_of_kinds(self, kinds: Sequence[EventKind]) -> list[int]:
        """Return the signs of event kinds; the sign of each kind is computed once.

        Example:
            >>> rules = ResolvedRules(parse_conditions("rating>=4"), default=0)
            >>> rules.signs_of_kinds([("rating", 5.0), ("view", None), ("rating", 5.0)])
            [1, 0, 1]
        """
        cache = self._sign_cache
        new = [kind for kind in dict.fromkeys(kinds) if kind not in cache]
        if not new:
            return [cache[kind] for kind in kinds]
        signs = self.signs(pl.DataFrame(new, schema=_EVENT_KIND_SCHEMA, orient="row")).to_list()
        new_signs = dict(zip(new, signs, strict=True))
        result = [new_signs[kind] if kind in new_signs else cache[kind] for kind in kinds]
        if len(cache) < MAX_CACHED_EVENT_KINDS:
            cache.update(new_signs)
        return result

    @cached_property
    def _sign_cache(self) -> dict[EventKind, int]:
        return {}

    def weights(self, events: pl.DataFrame) -> pl.Series:
        """Return (n_events,) Float64: the weight of each event's type, 1.0 by default."""
        if not self.type_weights:
            return pl.repeat(1.0, events.height, dtype=pl.Float64, eager=True).alias("weight")
        kind = normalize_types(pl.col("event_type").cast(pl.String))
        weight = kind.replace_strict(
            dict(self.type_weights), default=1.0, return_dtype=pl.Float64
        ).fill_null(1.0)
        return events.select(weight=weight)["weight"]

    def describe(self) -> str:
        """Return the rules as one sentence.

        Example:
            >>> positive, negative = parse_conditions("rating>=4"), parse_conditions("rating<3")
            >>> ResolvedRules(positive, negative, default=0).describe()
            'Positive: rating>=4; negative: rating<3; only seen: everything else.'
        """
        if self.default and not (self.positive or self.negative or self.seen):
            return "All events are positive."
        rest = "everything else"
        positive = [*map(str, self.positive), *([rest] if self.default else [])]
        seen = [*map(str, self.seen), *([] if self.default else [rest])]
        parts = [("Positive", positive), ("negative", self.negative), ("only seen", seen)]
        return "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in parts if v) + "."

    heeding = RenamedAttribute("with_default_types")
    signs_of = RenamedAttribute("signs_of_kinds")


def _is_one_of(names: Sequence[str]) -> pl.Expr:
    """Return the expression that is true for events of the given types."""
    if not names:
        return pl.lit(False)
    return pl.col("event_type").is_in(names).fill_null(value=False)


def _any_condition(conditions: tuple[Condition, ...]) -> pl.Expr:
    """Return the expression that is true where one of the conditions is.

    Conditions without a comparison, of which there may be many, become one lookup.
    """
    names = [
        c.name
        for c in conditions
        if not c.comparison and c.name not in {ANY_EVENT, RATING_EVENT}
    ]
    masks = [
        c.to_expression()
        for c in conditions
        if c.comparison or c.name in {ANY_EVENT, RATING_EVENT}
    ]
    if names:
        masks.append(normalize_types(pl.col("event_type")).is_in(names).fill_null(value=False))
    return pl.any_horizontal(masks) if masks else pl.lit(False)


def normalize_type(name: str) -> str:
    """Return an event type in lower case, with ``_`` instead of blanks and dashes."""
    return re.sub(r"[\s\-]+", "_", name.strip()).lower()


def normalize_types(types: pl.Expr) -> pl.Expr:
    """Apply :func:`normalize_type` to a column."""
    return types.str.strip_chars().str.replace_all(r"[\s\-]+", "_").str.to_lowercase()


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Parse conditions ``NAME [OPERATOR NUMBER]``, separated by commas or ``or``.

    ``NAME`` is an event type; ``value`` means any event; ``rating`` also means events that have
    no type. Operators are ``>= > <= < = == !=``.

    Raises:
        ConfigError: The text does not follow this form.

    Example:
        >>> [str(c) for c in parse_conditions("purchase or rating >= 4, play>=0.5")]
        ['purchase', 'rating>=4', 'play>=0.5']
    """
    if not text.strip():
        return ()
    return tuple(
        _parse_condition(part, text) for part in _CONDITION_SEPARATOR.split(text.strip())
    )


def _parse_condition(part: str, text: str) -> Condition:
    found = _CONDITION_PATTERN.fullmatch(part)
    if found is None:
        raise ConfigError(
            f"cannot read {part!r} in the event rule {text!r}; "
            "expected forms like 'purchase', 'rating>=4' or 'play>=0.5, like'"
        )
    name, comparison, number = found.groups()
    return Condition(normalize_type(name), comparison or "", float(number or 0.0))


def choose_rules(events: pl.DataFrame) -> ResolvedRules:
    """Choose rules from the types and values of events.

    Types that say no, like ``disliked`` or ``returned``, and negative values are negative.
    Types like ``view`` are neutral if stronger types occur. Values on a rating scale are
    positive from 70 % of its top (4 of 5, 7 of 10) and negative below 50 %; values outside of
    the scale are neutral, as is 0 between -1 and 1. All other events are positive.
    """
    types = events["event_type"].cast(pl.String).drop_nulls().unique().to_list()
    rules = _ConditionLists()
    beside = kinds_beside(types)
    kinds = {
        normalize_type(name): beside.get(name, event_name_kind(name)) for name in sorted(types)
    }
    rules.negative += [Condition(name) for name, kind in kinds.items() if kind == "negative"]
    rules.seen += [Condition(name) for name in _weaker_types(kinds)]
    weak = {"negative", "impression", "view"}
    for name, steps in _value_counts(events).items():
        if name is None or kinds[name] not in weak:
            rules.add_values(name, steps, is_count=name is not None and kinds[name] == "count")
    if events["value"].min() is not None and _as_float(events["value"].min()) < 0:
        rules.negative.append(Condition(ANY_EVENT, "<", 0.0))
    return ResolvedRules(
        _drop_duplicates(rules.positive),
        _drop_duplicates(rules.negative),
        _drop_duplicates(rules.seen),
        default=1,
        assumed=_assumed_kinds(types if events["event_type"].null_count() == 0 else [None]),
        outliers=_drop_duplicates(rules.outliers),
    )


def choose_conditions(events: pl.DataFrame) -> tuple[Conditions, Conditions, Conditions]:
    """Return the positive, negative and neutral conditions of :func:`choose_rules`."""
    rules = choose_rules(events)
    return rules.positive, rules.negative, rules.seen


@dataclass(eq=False)
class _ConditionLists:
    """Conditions that are chosen type by type."""

    positive: list[Condition] = field(default_factory=list)
    negative: list[Condition] = field(default_factory=list)
    seen: list[Condition] = field(default_factory=list)
    outliers: list[Condition] = field(default_factory=list)

    def add_values(self, name: str | None, values: pl.DataFrame, *, is_count: bool) -> None:
        """Add the conditions of the values of one type.

        Args:
            name: Type, None for events without one.
            values: Frame of ``value`` and ``count``, sorted by value.
            is_count: Whether the type is an action, so that its values are quantities.
        """
        steps, counts = values["value"].to_numpy(), values["count"].to_numpy().astype("int64")
        is_rating, type_name = name in _RATING_TYPES, name or RATING_EVENT
        if not is_rating and steps.tolist() == [0, 1]:
            says_no = name is None or _OPINION_PATTERN.search(name)
            (self.negative if says_no else self.seen).append(Condition(type_name, "<", 0.5))
            return
        if steps.tolist() == [-1, 0, 1]:
            self.seen.append(Condition(type_name, "=", 0.0))
            return
        if name == QUANTITY_TYPE and 0 in steps and steps.max() > 0:
            self.seen.append(Condition(type_name, "=", 0.0))
        scale = None if is_count else find_rating_scale(steps, counts, is_rating=is_rating)
        if scale is None:
            return
        if scale.has_high_outliers:
            self.outliers.append(Condition(type_name, ">", scale.top))
        if scale.has_low_outliers:
            self.outliers.append(Condition(type_name, "<", -scale.top))
        self.positive.append(Condition(type_name, ">=", scale.lowest_positive))
        self.negative.append(Condition(type_name, "<", scale.negative_bound))
        self.seen.append(Condition(type_name, ">=", scale.negative_bound))


def _as_float(value: object) -> float:
    return float(value)  # type: ignore[arg-type]  # minimum of a numeric column


def _value_counts(events: pl.DataFrame) -> dict[str | None, pl.DataFrame]:
    """Return the values of each normalised type, ascending, with the number of events."""
    counted = (
        events.select(
            kind=normalize_types(pl.col("event_type").cast(pl.String)),
            value=pl.col("value").cast(pl.Float64),
        )
        .drop_nulls("value")
        .group_by("kind", "value")
        .agg(count=pl.len())
        .sort("kind", "value", nulls_last=True)
    )
    return {
        str(kind) if kind is not None else None: frame
        for (kind,), frame in counted.partition_by(
            "kind", as_dict=True, maintain_order=True
        ).items()
    }


def _assumed_kinds(event_types: Iterable[str | None]) -> tuple[AssumedKind, ...]:
    """Return the kinds of later event types whose sign follows from their names.

    Args:
        event_types: Types that occur in the data; views are neutral if stronger types occur.
    """
    types = list(event_types)
    rating: tuple[AssumedKind, ...] = ("rating",)
    if not types or any(name is None or normalize_type(name) in STAR_TYPES for name in types):
        rating = ()  # these data say what ratings are
    if has_strong_type(types):
        return ("negative", "impression", "view", *rating)
    only_shown = all(name is None or event_name_kind(name) != "view" for name in types)
    if types and only_shown:
        return ("negative", *rating)
    return ("negative", "impression", *rating)


def _drop_duplicates(conditions: list[Condition]) -> Conditions:
    return tuple(dict.fromkeys(conditions))


def _weaker_types(kinds: Mapping[str, str]) -> list[str]:
    """Return the types that are weaker than the strongest type."""
    order = {"impression": 0, "view": 1}
    strengths = {name: order.get(kind, 2) for name, kind in kinds.items() if kind != "negative"}
    strongest = max(strengths.values(), default=0)
    return [name for name, strength in strengths.items() if strength < strongest]
