"""Event rules: which events are positive, negative or neutral (only seen)."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from daybreak.deprecation import RenamedAttribute
from daybreak.errors import ConfigError
from daybreak.types import Doubles

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
_NEGATIVE_TYPES = frozenset(
    {"dislike", "hide", "remove", "remove_from_cart", "removefromcart", "unlike", "block"}
    | {"not_interested", "thumbs_down", "downvote", "report", "return", "refund", "unsubscribe"}
)
_IMPRESSION_TYPES = frozenset({"impression", "view_item_list", "impress", "exposure", "shown"})
_VIEW_TYPES = frozenset(
    {"view", "click", "read", "pv", "detail_view", "detailview", "detail_page_view", "search"}
    | {"view_item", "page_view", "pageview", "visit", "open"}
)
_RATING_TYPES = frozenset({RATING_EVENT, "ratings", "review", "score", "stars"})


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

    If rules are given, an event that matches none of them is neutral if ``positive`` is given,
    and positive otherwise. Negative rules are applied before positive ones, and positive rules
    before ``seen``.

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

    def __post_init__(self) -> None:
        for text in (self.positive, self.negative, self.seen):
            parse_conditions(text or "")
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
        if self.is_auto:
            return ResolvedRules(*choose_conditions(events), default=1, type_weights=weights)
        return ResolvedRules(
            parse_conditions(self.positive or ""),
            parse_conditions(self.negative or ""),
            parse_conditions(self.seen or ""),
            default=1 if self.positive is None else 0,
            type_weights=weights,
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

    def with_default_types(self, event_types: Iterable[str | None]) -> "ResolvedRules":
        """Add the default rules of common event types that did not occur in the data.

        Rules that are chosen from purchases alone would treat a later dislike or impression
        like a purchase.

        Args:
            event_types: Types that occur in the data.

        Example:
            >>> bought = pl.DataFrame({"event_type": ["purchase"], "value": [1.0]})
            >>> rules = EventRules().resolve(bought)
            >>> kinds = ["purchase", "view", "hide"]
            >>> later = pl.DataFrame({"event_type": kinds, "value": [1.0, None, None]})
            >>> rules.signs(later).to_list()
            [1, 1, 1]
            >>> rules.with_default_types(["purchase"]).signs(later).to_list()
            [1, 0, -1]
        """
        if not self.default:
            return self
        named = {c.name for c in (*self.positive, *self.negative, *self.seen)}
        against, seen = default_conditions(event_types)
        return replace(
            self,
            negative=(*self.negative, *(c for c in against if c.name not in named)),
            seen=(*self.seen, *(c for c in seen if c.name not in named)),
        )

    def signs(self, events: pl.DataFrame) -> pl.Series:
        """Return (n_events,) Int8 signs: 1 positive, 0 neutral, -1 negative."""
        sign = (
            pl.when(_any_condition(self.negative))
            .then(pl.lit(-1, pl.Int8))
            .when(_any_condition(self.positive))
            .then(pl.lit(1, pl.Int8))
            .when(_any_condition(self.seen))
            .then(pl.lit(0, pl.Int8))
            .otherwise(pl.lit(self.default, pl.Int8))
        )
        columns = events.select(pl.col("event_type").cast(pl.String), pl.col("value"))
        return columns.with_columns(sign=sign)["sign"]

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
        rest = "everything else"
        positive = [*map(str, self.positive), *([rest] if self.default else [])]
        seen = [*map(str, self.seen), *([] if self.default else [rest])]
        parts = [("Positive", positive), ("negative", self.negative), ("only seen", seen)]
        return "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in parts if v) + "."

    heeding = RenamedAttribute("with_default_types")
    signs_of = RenamedAttribute("signs_of_kinds")


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


def choose_conditions(events: pl.DataFrame) -> tuple[Conditions, Conditions, Conditions]:
    """Choose positive, negative and neutral conditions from the types and values of events.

    Types like ``dislike`` are negative. Types like ``view`` are neutral if stronger types
    occur. Values on a rating scale are positive from 70 % of its top (4 of 5, 7 of 10) and
    negative below 50 %. All other events are positive by default.
    """
    kind = normalize_types(pl.col("event_type").cast(pl.String))
    known = events.select(kind=kind, value=pl.col("value").cast(pl.Float64))
    types = sorted(known["kind"].drop_nulls().unique().to_list())
    negative = [Condition(name) for name in types if name in _NEGATIVE_TYPES]
    seen = [Condition(name) for name in _weaker_types(types)]
    positive: list[Condition] = []
    for name in [*types, None]:
        if name in _NEGATIVE_TYPES or name in _IMPRESSION_TYPES or name in _VIEW_TYPES:
            continue
        values = known.filter(pl.col("kind").eq_missing(pl.lit(name)))["value"].drop_nulls()
        if bounds := _rating_bounds(values.to_numpy(), is_rating=name in _RATING_TYPES):
            lowest_positive, negative_bound = bounds
            positive.append(Condition(name or RATING_EVENT, ">=", lowest_positive))
            negative.append(Condition(name or RATING_EVENT, "<", negative_bound))
            seen.append(Condition(name or RATING_EVENT, ">=", negative_bound))
    return _drop_duplicates(positive), _drop_duplicates(negative), _drop_duplicates(seen)


def default_conditions(event_types: Iterable[str | None]) -> tuple[Conditions, Conditions]:
    """Return negative and neutral conditions for common event types.

    Args:
        event_types: Types that occur in the data; views are neutral if stronger types occur.
    """
    weak = _IMPRESSION_TYPES | _VIEW_TYPES | _NEGATIVE_TYPES
    strong = any(kind is None or normalize_type(kind) not in weak for kind in event_types)
    seen = _IMPRESSION_TYPES | (_VIEW_TYPES if strong else frozenset())
    return tuple(map(Condition, sorted(_NEGATIVE_TYPES))), tuple(map(Condition, sorted(seen)))


def _drop_duplicates(conditions: list[Condition]) -> Conditions:
    return tuple(dict.fromkeys(conditions))


def _weaker_types(types: list[str]) -> list[str]:
    """Return the types that are weaker than the strongest type."""
    strengths = {name: _type_strength(name) for name in types if name not in _NEGATIVE_TYPES}
    strongest = max(strengths.values(), default=0)
    return [name for name, strength in strengths.items() if strength < strongest]


def _type_strength(name: str) -> int:
    return 0 if name in _IMPRESSION_TYPES else 1 if name in _VIEW_TYPES else 2


def _rating_bounds(values: Doubles, *, is_rating: bool) -> tuple[float, float] | None:
    """Return the lowest positive value and the upper bound of negative values; None: no scale.

    Values of other types are a rating scale if they have few half steps up to 5 or 10 and a
    median in the upper half. (Counts begin at 1 and have most of their mass there.)
    """
    steps = sorted(set(values[:200_000].tolist()) if is_rating else set(values.tolist()))
    if len(steps) < 2:
        return None
    low, top = min(0.0, float(values.min())), _scale_top(float(values.max()))
    if not is_rating and not _is_rating_scale(values, steps, top):
        return None
    lowest_positive = low + 0.7 * (top - low)
    if all(step % 1 == 0 for step in steps) and top > 1:
        lowest_positive = float(-(-lowest_positive // 1))
    return round(lowest_positive, 6), round(low + 0.5 * (top - low), 6)


def _scale_top(highest: float) -> float:
    """Return the top of the rating scale whose highest observed value is ``highest``."""
    for below, top in ((4, 5.0), (7, 10.0), (50, 100.0)):
        if below <= highest <= top and highest not in {6, 7}:
            return top
    return highest


def _is_rating_scale(values: Doubles, steps: list[float], top: float) -> bool:
    has_half_steps_only = all(step * 2 % 1 == 0 for step in steps)
    median = sorted(values.tolist())[len(values) // 2]
    return (
        3 <= len(steps) <= 21 and has_half_steps_only and top in {5, 10} and median >= top / 2
    )
