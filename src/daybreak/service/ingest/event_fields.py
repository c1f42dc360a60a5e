"""Fields of events in requests, under the names that they have in files.

A client sends what its system has: ``customer_id``, ``action``, ``created_at``, ``clicked``. A
field that says *refund* or 0 and is passed over would count for the item. Start at
:func:`with_usual_fields`.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

from daybreak.data import EVENT_COLUMNS
from daybreak.data.applications import APPLIED, is_decided_by_others, is_of_applications
from daybreak.data.columns import (
    find_value_column,
    is_rating_column,
    match_columns,
    names_of,
)
from daybreak.data.event_flags import (
    NOTHING_HAPPENED,
    STRENGTHS,
    flag_kind,
    flag_name,
    is_amount,
    is_set,
    is_undone_time,
    may_be_flag,
)
from daybreak.data.event_names import event_name_kind
from daybreak.data.event_type_columns import swipe_type
from daybreak.data.rating_texts import read_rating_text
from daybreak.errors import DataError
from daybreak.store.event_columns import REFERENCE_COLUMNS

USUAL_FIELDS = frozenset({*EVENT_COLUMNS, *REFERENCE_COLUMNS})
"""Fields of events that need no recognition."""
MAX_CACHED_SHAPES = 1_000
"""Maximum number of sets of fields whose meaning is cached; those of a client are few."""
MAX_COUNT = 1_000_000
"""Largest number that may say how often something happened; larger ones are times and ids."""
_TEXT_OR_NUMBER = {
    "user_id": (str, int, float),
    "item_id": (str, int, float),
    "timestamp": (str, int, float),
    "event_type": (str,),
    "event_id": (str, int),
}
"""Fields that may have other names, and the types of their values."""


OPINION_FIELDS = frozenset(
    {
        "feedback",
        "sentiment",
        "reaction",
        "opinion",
        "thumbs",
        "thumb",
        "vote",
        "liked",
        "is_liked",
    }
    | {"user_feedback", "response", "反馈", "态度", "情感"}
)
"""Fields that may say in words whether the user liked the item."""
SWITCHED_OPINIONS = frozenset({"liked", "is_liked", "thumbs", "thumb", "label", "vote"})
"""Fields in which 0 says that the user did not like the item, and 1 that he or she did."""


class _EventShape(NamedTuple):
    """What the fields of an event mean."""

    names: tuple[tuple[str, str], ...] = ()
    """Usual name and name in the event."""
    flags: tuple[tuple[str, str], ...] = ()
    """Fields that say whether something happened, and what they say, the strongest first."""
    amount: str | None = None
    """Field that says how often or how much the user took the item."""
    rating: str | None = None
    """Field that holds a rating."""
    opinions: tuple[str, ...] = ()
    """Fields that may say in words whether the user liked the item."""


def with_usual_fields(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event whose fields have their usual names; the others stay as they are.

    A field with its usual name goes first. Without a type and a rating, fields such as
    ``clicked`` or ``returned`` with 0 and 1 say the type, as they do in files.

    Example:
        >>> with_usual_fields({"user_id": "ann", "sku": "tea", "action": "refund"})["item_id"]
        'tea'
        >>> with_usual_fields({"user_id": "ann", "item_id": "ad", "clicked": 0})["event_type"]
        'impression'
    """
    if row.keys() <= USUAL_FIELDS:
        return row
    shape = _shape_of(tuple(name for name, value in row.items() if value is not None))
    if not shape.names and not shape.flags and shape.rating is None and not shape.opinions:
        return row
    found = {
        usual: row[name]
        for usual, name in shape.names
        if isinstance(row[name], _TEXT_OR_NUMBER[usual]) and not isinstance(row[name], bool)
    }
    kind = row.get("event_type") or found.get("event_type")
    if kind is None:
        kind = _stated_opinion(row, shape)
    if shape.rating is not None:
        row = _with_plain_rating(row, shape.rating)
    elif kind is None:
        kind = _observed_type(row, shape)
    column = dict(shape.names).get("event_type", "")
    if isinstance(kind, str):
        kind = swipe_type(kind, column)
    if isinstance(kind, str) and is_decided_by_others(kind):
        kind = APPLIED if is_of_applications(row, column) else kind
    return {**row, **found, **({} if kind is None else {"event_type": kind})}


@lru_cache(maxsize=MAX_CACHED_SHAPES)
def _shape_of(names: tuple[str, ...]) -> _EventShape:
    """Return what fields mean by their names."""
    others = [name for name in names if isinstance(name, str) and name not in USUAL_FIELDS]
    missing = [usual for usual in _TEXT_OR_NUMBER if usual not in names]
    if "session_id" in names:
        missing = [usual for usual in missing if usual != "user_id"]  # it says whose it is
    ids = [key for key in ("user_id", "item_id") if key not in missing]
    try:
        mapping = match_columns([*others, *ids], "events", dict(zip(ids, ids, strict=True)))
        pairs = tuple(
            (usual, name)
            for usual in missing
            if (name := mapping.source_of(usual)) is not None and name in others
        )
    except DataError:
        pairs = ()
    value = find_value_column([name for name in names if isinstance(name, str)])
    taken = {name for _, name in pairs}
    kinds = {n: k for n in others if n not in taken and (k := flag_kind(n)) is not None}
    if kinds.keys() == {value}:  # it says how much
        kinds = {}
    ordered = sorted(kinds, key=lambda name: STRENGTHS.index(kinds[name]))
    flags = tuple((name, kinds[name]) for name in ordered)
    amount = value if value is not None and is_amount(value) else None
    rating = value if value is not None and is_rating_column(value) else None
    opinions = tuple(n for n in others if n not in taken and names_of(n) & OPINION_FIELDS)
    return _EventShape(pairs, flags, amount, rating, opinions)


def _with_plain_rating(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an event whose rating in words or signs is a number, as it is in files."""
    text = row[name]
    if not isinstance(text, str):
        return row
    number = _plain_number(text)
    return row if number is None else {**row, name: number}


def _plain_number(text: str) -> float | None:
    """Return the number of a text; words and signs are stars from 1 to 5."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return read_rating_text(text)
    return number if math.isfinite(number) else None


def _stated_opinion(row: Mapping[str, Any], shape: _EventShape) -> str | None:
    """Return the type that ``liked``, ``feedback`` or the like state; None: none does."""
    for name in shape.opinions if shape.rating is None else (shape.rating,):
        value = row[name]
        is_switch = isinstance(value, bool) or (
            value in (0, 1) and bool(names_of(name) & SWITCHED_OPINIONS)
        )
        if is_switch:
            return "like" if value else "dislike"
        if isinstance(value, str) and event_name_kind(value) == "negative":
            return value
    return None


def _observed_type(row: Mapping[str, Any], shape: _EventShape) -> str | None:
    """Return the type that flags say; None if they say nothing."""
    amount = row[shape.amount] if shape.amount is not None else None
    states = {
        name: _is_set(name, row[name])
        and not (kind == "negative" and _is_below(row[name], amount))
        for name, kind in shape.flags
    }
    happened = next((name for name, is_set in states.items() if is_set), None)
    if happened is not None:
        return flag_name(happened)
    could = any(states[name] is False and kind != "negative" for name, kind in shape.flags)
    return NOTHING_HAPPENED if could else None


def _is_below(value: Any, amount: Any) -> bool:
    """Return whether a count of refusals is below that of what they refuse."""
    numbers = [one for one in (value, amount) if isinstance(one, int | float)]
    return len(numbers) > 1 and 1 < numbers[0] < numbers[1]


def _is_set(name: str, value: Any) -> bool | None:
    """Return whether a flag is set, None if the value is no flag."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        is_count = 0 <= value <= MAX_COUNT and float(value).is_integer()
        is_time = is_undone_time(name) and value > MAX_COUNT
        return value > 0 if is_count or is_time else None
    if not isinstance(value, str):
        return None
    flag = pl.Series(name, [value])
    return bool(is_set(flag)[0]) if may_be_flag(flag) else None
