"""Event rules chosen by looking at the types and values that occur."""

from collections.abc import Iterable

import polars as pl

from daybreak.data.expressions import RATING, Condition, type_key, type_name
from daybreak.types import Doubles

_NEGATIVE = frozenset(
    {"dislike", "hide", "remove", "remove_from_cart", "removefromcart", "unlike", "block"}
    | {"not_interested", "thumbs_down", "downvote", "report", "return", "refund", "unsubscribe"}
)
_IMPRESSIONS = frozenset({"impression", "view_item_list", "impress", "exposure", "shown"})
_VIEWS = frozenset(
    {"view", "click", "read", "pv", "detail_view", "detailview", "detail_page_view", "search"}
    | {"view_item", "page_view", "pageview", "visit", "open"}
)
_OPINIONS = frozenset({RATING, "ratings", "review", "score", "stars"})

Conditions = tuple[Condition, ...]


def auto_conditions(events: pl.DataFrame) -> tuple[Conditions, Conditions, Conditions]:
    """Return the positive, negative and seen conditions that suit these events.

    Types like ``dislike`` are negative. Types like ``view`` are only seen when stronger ones
    occur. Values on a scale of opinion are positive from 70 % of its top (4 of 5, 7 of 10) and
    negative below 50 %. Everything else is positive by default.
    """
    kind = type_key(pl.col("event_type").cast(pl.String))
    known = events.select(kind=kind, value=pl.col("value").cast(pl.Float64))
    types = sorted(known["kind"].drop_nulls().unique().to_list())
    negative = [Condition(name) for name in types if name in _NEGATIVE]
    seen = [Condition(name) for name in _weaker(types)]
    positive: list[Condition] = []
    for name in [*types, None]:
        if name in _NEGATIVE or name in _IMPRESSIONS or name in _VIEWS:
            continue
        values = known.filter(pl.col("kind").eq_missing(pl.lit(name)))["value"].drop_nulls()
        if bounds := _scale(values.to_numpy(), certain=name in _OPINIONS):
            like, dislike = bounds
            positive.append(Condition(name or RATING, ">=", like))
            negative.append(Condition(name or RATING, "<", dislike))
            seen.append(Condition(name or RATING, ">=", dislike))
    return _unique(positive), _unique(negative), _unique(seen)


def unheard(kinds: Iterable[str | None]) -> tuple[Conditions, Conditions]:
    """Return negative and seen conditions for usual types, whether they occur or not.

    Args:
        kinds: Types that occur; views are only seen where there are stronger ones.
    """
    weak = _IMPRESSIONS | _VIEWS | _NEGATIVE
    strong = any(kind is None or type_name(kind) not in weak for kind in kinds)
    seen = _IMPRESSIONS | (_VIEWS if strong else frozenset())
    return tuple(map(Condition, sorted(_NEGATIVE))), tuple(map(Condition, sorted(seen)))


def _unique(conditions: list[Condition]) -> Conditions:
    return tuple(dict.fromkeys(conditions))


def _weaker(types: list[str]) -> list[str]:
    """Return the types that are weaker than the strongest that occur."""
    level = {name: _level(name) for name in types if name not in _NEGATIVE}
    top = max(level.values(), default=0)
    return [name for name, height in level.items() if height < top]


def _level(name: str) -> int:
    return 0 if name in _IMPRESSIONS else 1 if name in _VIEWS else 2


def _scale(values: Doubles, *, certain: bool) -> tuple[float, float] | None:
    """Return the lowest positive value and the bound of negative ones; None: no scale.

    Uncertain values count as a scale when they look like one: few half steps up to 5 or 10
    with a middle at least half way up. (Counts begin at 1 and have most of their mass there.)
    """
    steps = sorted(set(values[:200_000].tolist()) if certain else set(values.tolist()))
    if len(steps) < 2:
        return None
    low, top = min(0.0, float(values.min())), _top(float(values.max()))
    if not certain and not _looks_like_scale(values, steps, top):
        return None
    like = low + 0.7 * (top - low)
    if all(step % 1 == 0 for step in steps) and top > 1:
        like = float(-(-like // 1))
    return round(like, 6), round(low + 0.5 * (top - low), 6)


def _top(highest: float) -> float:
    """Return the top of a scale whose highest value in use is this one."""
    for below, top in ((4, 5.0), (7, 10.0), (50, 100.0)):
        if below <= highest <= top and highest not in {6, 7}:
            return top
    return highest


def _looks_like_scale(values: Doubles, steps: list[float], top: float) -> bool:
    halves = all(step * 2 % 1 == 0 for step in steps)
    middle = sorted(values.tolist())[len(values) // 2]
    return 3 <= len(steps) <= 21 and halves and top in {5, 10} and middle >= top / 2
