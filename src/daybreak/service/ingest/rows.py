"""Parse rows of items, users and events into tables.

Invalid rows are rejected one by one; the others can be stored. Start with :func:`parse_rows`
for items and users, and :func:`parse_events` for events.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.data.casts import LIST_SEPARATOR, cast_switch
from daybreak.data.columns import find_value_column
from daybreak.data.fields import AVAILABILITY_COLUMNS, HIDDEN_COLUMN
from daybreak.data.happenings import end_of_day, may_date_works, takes_place
from daybreak.data.ids import SESSION_PREFIX
from daybreak.data.list_literals import parse_plain_list
from daybreak.data.media.columns import MEDIA_COLUMNS, keep_media_text
from daybreak.data.media.refusals import RefusedMediaError
from daybreak.data.rating_scales import MAX_UNNAMED_RATING
from daybreak.data.times import EPOCH_SPANS
from daybreak.data.value_types import QUANTITY_TYPE, is_mark_of_learner, value_type
from daybreak.errors import MissingExtraError
from daybreak.service.ingest.event_fields import with_usual_fields
from daybreak.service.ingest.item_fields import LimitFields, find_item_limits, is_off
from daybreak.service.ingest.times import RequestTimes
from daybreak.service.ingest.values import (
    MAX_ID_CHARS,
    MAX_LIST_VALUES,
    InvalidValueError,
    RejectedRow,
    check_row,
    parse_attribute,
    parse_context,
    parse_id,
    parse_number,
    parse_optional_id,
    parse_text,
)
from daybreak.service.privacy import Pseudonyms
from daybreak.store.event_columns import REFERENCE_COLUMNS, EventColumns

TIME_COLUMNS = frozenset({"created_at", *AVAILABILITY_COLUMNS})
"""Attributes that are times; they are stored as epoch seconds."""
MAX_FUTURE_S = 86_400.0
"""How far in the future an event can be: clocks differ [s]."""
MIN_TIME_S = EPOCH_SPANS[0][0]
"""Earliest time of a field that may be something else, such as a year [epoch s]."""
TEXT_FIELDS = frozenset({"title", "description", "text"})
"""Attributes that are texts, whatever they look like."""
FIELDS_WITHOUT_VALUE = frozenset(
    {*EVENT_COLUMNS, *REFERENCE_COLUMNS} - {"value"},
)
"""Fields of events that do not say how much."""


StoredFn = Callable[[str], Mapping[str, Any] | None]
"""Returns the stored attributes of an id; None: it has none, or they are replaced."""


@dataclass(frozen=True)
class ParsedRows:
    """Valid rows of items or users, and the rejected ones."""

    rows: tuple[dict[str, Any], ...]
    rejected: tuple[RejectedRow, ...]


def parse_rows(rows: Sequence[Any], key: str, stored: StoredFn = lambda _: None) -> ParsedRows:
    """Parse rows of items or users.

    Args:
        rows: Objects with ``key`` and any attributes: text, numbers, true, false, null, or
            lists of them.
        key: ``item_id`` or ``user_id``.
        stored: Returns what is stored of an id and kept beside the fields of a row: a
            ``starts_at`` is the end of what has a venue.

    Example:
        >>> parsed = parse_rows([{"item_id": "tea", "price": 3}, {"item_id": {}}], "item_id")
        >>> parsed.rows, parsed.rejected[0].code
        (({'item_id': 'tea', 'price': 3},), 'not_text')
    """
    valid, rejected = [], []
    times = RequestTimes(
        row[name]
        for row in rows
        if isinstance(row, Mapping)
        for name in (*(TIME_COLUMNS & set(row)), *_named_times(row, key, stored))
    )
    for number, row in enumerate(rows):
        try:
            valid.append(_parse_row(check_row(row), key, times, stored))
        except InvalidValueError as error:
            rejected.append(error.at_row(number))
    return ParsedRows(tuple(valid), tuple(rejected))


def frames_by_columns(rows: Sequence[Mapping[str, Any]], key: str) -> list[pl.DataFrame]:
    """Return rows as frames: one for each set of columns, with each id at most once in each.

    Of rows with equal ids the later row is in a later frame.

    Args:
        rows: Parsed rows.
        key: Column of the id.
    """
    groups: dict[tuple[int, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    frame_number_of_id: dict[str, int] = {}
    for row in rows:
        frame_number = frame_number_of_id[row[key]] = frame_number_of_id.get(row[key], -1) + 1
        groups.setdefault((frame_number, tuple(row)), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [frame_from_rows(group) for _, group in ordered]


def frame_from_rows(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame; a column with values of several types becomes text.

    Example:
        >>> frame_from_rows([{"a": 1, "b": True}, {"a": "x", "b": None}]).rows()
        [('1', True), ('x', None)]
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        [column_from_values(name, [row.get(name) for row in rows]) for name in names]
    )


def column_from_values(name: str, values: list[Any]) -> pl.Series:
    """Return values as a column; values of several types become text, see :func:`as_text`."""
    kinds = {_type_name(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, values, dtype=pl.String)
    if kinds <= {"int", "float"}:
        kind = pl.Float64 if "float" in kinds else pl.Int64
        return pl.Series(name, values, dtype=kind, strict=False)
    if len(kinds) == 1:
        return pl.Series(name, values)
    return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)


def as_text(value: Any) -> str | None:
    """Return an attribute as text; lists are joined with ``|``.

    Example:
        >>> as_text(["a", "b"]), as_text(1.5), as_text(True)
        ('a|b', '1.5', 'true')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return LIST_SEPARATOR.join(str(as_text(element)) for element in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(value: Any) -> str:
    if isinstance(value, list):
        return f"list {_type_name(value[0])}" if value else "list"
    return type(value).__name__


def _parse_row(
    row: Mapping[str, Any], key: str, times: RequestTimes, stored: StoredFn
) -> dict[str, Any]:
    parsed: dict[str, Any] = {key: parse_id(row, key)}
    for name, value in row.items():
        if name == key:
            continue
        if not parse_text(name, "", MAX_ID_CHARS).strip():
            raise InvalidValueError(name, name, "expected a non-empty name", "empty")
        if name in TIME_COLUMNS:
            parsed[name] = _parse_time(value, name, times)
        elif name == HIDDEN_COLUMN and key == "item_id":
            parsed[name] = _parse_hidden(value)
        elif name in MEDIA_COLUMNS and key == "item_id":
            parsed[name] = _parse_media(value, name)
        else:
            parsed[name] = parse_attribute(_as_list(value, name), name)
    return _add_limits(parsed, row, times, stored) if key == "item_id" else parsed


def _as_list(value: Any, name: str) -> Any:
    """Return the list that a text holds, as ``["Tea", "Sale"]`` does; else the value."""
    if not isinstance(value, str) or name in TEXT_FIELDS or value[:1] != "[":
        return value
    found = parse_plain_list(value)
    return value if found is None or len(found) > MAX_LIST_VALUES else found


def _named_times(row: Mapping[str, Any], key: str, stored: StoredFn) -> list[str]:
    """Return the fields of an item that may be times under other names."""
    if key != "item_id":
        return []
    return [source for _, source, _ in _limits_of(row, stored)[0].times]


def _limits_of(row: Mapping[str, Any], stored: StoredFn) -> tuple[LimitFields, tuple[str, ...]]:
    """Return the fields of an item that limit it, and the names of all that it has."""
    names = tuple(name for name in row if isinstance(name, str))
    found = find_item_limits(names)
    kept = stored(row["item_id"]) if isinstance(row.get("item_id"), str) else None
    if kept is None:
        return found, names
    others = (name for name, value in kept.items() if value is not None and name not in row)
    every = (*names, *(name for name in others if name not in (*TIME_COLUMNS, HIDDEN_COLUMN)))
    end = "available_until"
    if end in (*names, *(target for target, *_ in found.times)):
        return found, every
    ends = find_item_limits(every).times
    added = [one for one in ends if one[0] == end and one[1] in row]
    return found._replace(times=(*found.times, *added)), every


def _add_limits(
    parsed: dict[str, Any], row: Mapping[str, Any], times: RequestTimes, stored: StoredFn
) -> dict[str, Any]:
    """Return an item with the limits that fields with other names say; these fields stay."""
    found, names = _limits_of(row, stored)
    for target, source, is_sure in found.times:
        try:
            limit = times.parse_limit(row[source], source)
        except InvalidValueError:
            if is_sure:
                raise
            continue
        if is_sure or limit is None or limit > MIN_TIME_S:
            is_last_day = target == "available_until" and takes_place(source, names)
            limit = end_of_day(limit) if limit and is_last_day else limit
            if is_last_day and limit and may_date_works(source) and limit < time.time():
                continue  # a recording of a concert has a venue and a date as well
            parsed[target] = limit
    scalars = [
        name for name in found.switches if isinstance(row[name], str | int | float | None)
    ]
    if (is_hidden := is_off(row, scalars)) is not None:
        parsed[HIDDEN_COLUMN] = is_hidden
    return parsed


def _parse_media(value: Any, name: str) -> Any:
    """Return a picture or a sound as it is kept; other texts as they are."""
    if not (isinstance(value, str) and value.startswith("data:")):
        return parse_attribute(value, name)
    try:
        return keep_media_text(value, MEDIA_COLUMNS[name])
    except MissingExtraError:  # without its package a picture is kept as any other text
        return parse_attribute(value, name)
    except RefusedMediaError as error:
        raise InvalidValueError(name, value, str(error), error.media_code) from error


def _parse_time(value: Any, name: str, times: RequestTimes) -> float | None:
    if name in AVAILABILITY_COLUMNS:
        return times.parse_limit(value, name)
    return None if value is None else times.parse(value, name)


def _parse_hidden(value: Any) -> Any:
    """Return whether an item is hidden; what cannot be read must not make it visible."""
    parsed = parse_attribute(value, HIDDEN_COLUMN)
    if parsed is None or isinstance(parsed, bool) or parsed in (0, 1):
        return parsed
    switch, is_bad = cast_switch(pl.Series([as_text(parsed)], dtype=pl.String))
    if is_bad.item():
        raise InvalidValueError(HIDDEN_COLUMN, value, "expected true or false", "bad_value")
    return switch.item()


@dataclass(frozen=True)
class ParsedEvents:
    """Valid events with their ids, and the rejected rows."""

    columns: EventColumns
    rejected: tuple[RejectedRow, ...]

    @cached_property
    def tables(self) -> Tables:
        """Valid events as a frame, and their items and users."""
        return self.columns.tables()


def parse_events(
    rows: Sequence[Any], now: float, pseudonyms: Pseudonyms | None = None
) -> ParsedEvents:
    """Parse rows of events.

    Args:
        rows: Objects with ``item_id``, and ``user_id`` or ``session_id``; optional are
            ``event_id, event_type, value, timestamp, domain, recommendation_id, context``.
            They may have other names, as in files: ``customer_id``, ``action``, ``created_at``,
            ``rating``, and ``clicked`` or ``returned`` with 0 and 1. Other fields are ignored.
        now: Time of events without a time, epoch [s].
        pseudonyms: Replaces ids of users and sessions; default: the ids are kept.

    Example:
        >>> rows = [{"user_id": "ann", "item_id": "tea"}, {"item_id": "tea"}]
        >>> parsed = parse_events(rows, now=5.0)
        >>> parsed.tables.events["timestamp"].to_list(), parsed.rejected[0].code
        ([5.0], 'missing')
    """
    valid, rejected = [], []
    rows = [with_usual_fields(row) if isinstance(row, Mapping) else row for row in rows]
    times = RequestTimes(row.get("timestamp") for row in rows if isinstance(row, Mapping))
    for number, row in enumerate(rows):
        try:
            at = _parse_event_time(check_row(row).get("timestamp"), now, times)
            valid.append(_parse_event(row, at, pseudonyms))
        except InvalidValueError as error:
            rejected.append(error.at_row(number))
    columns = (
        EventColumns(*map(list, zip(*valid, strict=True))) if valid else EventColumns((), ())
    )
    return ParsedEvents(columns, tuple(rejected))


def _parse_event_time(value: Any, now: float, times: RequestTimes) -> float:
    """Return the time of an event, ``now`` if it has none, epoch [s]."""
    if value is None:
        return now
    at = times.parse(value, "timestamp")
    if at > now + MAX_FUTURE_S:
        raise InvalidValueError(
            "timestamp", value, "expected a time that is not in the future", "in_the_future"
        )
    return at


def user_key(
    user: str | None, session: str | None, pseudonyms: Pseudonyms | None = None
) -> tuple[str | None, str | None]:
    """Return the ids under which a user and a session are stored; None for one not given.

    Args:
        user: Id of the user.
        session: Id of the session.
        pseudonyms: Replaces ids; default: the ids are kept.

    Example:
        >>> user_key("ann", "s1"), user_key(None, "s1")
        (('ann', 'session:s1'), (None, 'session:s1'))
    """
    if pseudonyms is not None:
        user = None if user is None else pseudonyms.of(user)
        session = None if session is None else pseudonyms.of(session)
    return user, None if session is None else SESSION_PREFIX + session


def _parse_event(
    row: Mapping[str, Any], at: float, pseudonyms: Pseudonyms | None
) -> tuple[Any, ...]:
    """Return the values of a row, in the order of the fields of ``EventColumns``."""
    user, session = parse_optional_id(row, "user_id"), parse_optional_id(row, "session_id")
    if user is None and session is None:
        raise InvalidValueError("user_id", None, "expected user_id or session_id", "missing")
    user_id, session_user = user_key(user, session, pseudonyms)
    kind, domain = row.get("event_type"), row.get("domain")
    name, value = _find_value(row)
    if kind is None and value is not None:
        kind = _type_of_value(name, value, tuple(row))
    return (
        session_user if user_id is None else user_id,
        parse_id(row, "item_id"),
        None if kind is None else parse_text(kind, "event_type", MAX_ID_CHARS),
        value,
        at,
        None if domain is None else parse_text(domain, "domain", MAX_ID_CHARS),
        parse_optional_id(row, "event_id"),
        parse_optional_id(row, "recommendation_id"),
        session_user and session_user.removeprefix(SESSION_PREFIX),
        parse_context(row),
    )


@lru_cache(maxsize=1_000)
def _kind_of_value(name: str, others: tuple[str, ...]) -> str | None:
    return value_type(name, others)


def _type_of_value(name: str, value: float, others: tuple[str, ...]) -> str | None:
    """Return the type of an event without a type that its number says."""
    kind = _kind_of_value(name, others)
    is_small = 0 < value <= MAX_UNNAMED_RATING
    return None if kind == QUANTITY_TYPE and not is_small else kind


def _find_value(row: Mapping[str, Any]) -> tuple[str, float | None]:
    """Return the field that says how much, and its number; None if there is none.

    ``value`` must be a number; a field of another name that is no number is ignored.
    """
    if row.get("value") is not None:
        return "value", parse_number(row["value"], "value")
    if row.keys() <= FIELDS_WITHOUT_VALUE:
        return "", None
    name = _value_field(tuple(name for name, value in row.items() if value is not None))
    try:
        return name or "", None if name is None else parse_number(row[name], name)
    except InvalidValueError:
        return "", None


@lru_cache(maxsize=1_000)
def _value_field(names: tuple[str, ...]) -> str | None:
    """Return the field that says how much; most rows of a client have the same fields."""
    name = find_value_column(names)
    return None if name is None or is_mark_of_learner(name, names) else name
