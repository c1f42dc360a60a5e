"""Posted items and users as tables; a bad row costs nothing but itself.

Posted events as tables; a bad row costs nothing but itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.data.casts import LIST_SEPARATOR
from daybreak.data.times import epoch_seconds
from daybreak.service.ingest.values import (
    MAX_ID_CHARS,
    SESSION_PREFIX,
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
from daybreak.service.ingest.values import parse_text as checked
from daybreak.service.privacy import Pseudonyms

TIME_COLUMNS = ("created_at",)
"""Columns that hold times; they are kept as epoch seconds."""


@dataclass(frozen=True)
class ParsedRows:
    """Rows of one kind that can be stored."""

    rows: tuple[dict[str, Any], ...]
    rejected: tuple[RejectedRow, ...]


def parse_rows(rows: Sequence[Any], key: str) -> ParsedRows:
    """Return the rows that can be stored, and a line for each of the others.

    Args:
        rows: Objects with ``key`` and any attributes: text, numbers, true, false, null, or
            lists of them.
        key: ``item_id`` or ``user_id``.

    Example:
        >>> side = parse_rows([{"item_id": "tea", "price": 3}, {"item_id": {}}], "item_id")
        >>> side.rows, side.rejected[0].code
        (({'item_id': 'tea', 'price': 3},), 'not_text')
    """
    found, rejected = [], []
    for place, row in enumerate(rows):
        try:
            found.append(_parse_row(check_row(row), key))
        except InvalidValueError as error:
            rejected.append(error.at_row(place))
    return ParsedRows(tuple(found), tuple(rejected))


def frames_by_columns(rows: Sequence[Mapping[str, Any]], key: str) -> list[pl.DataFrame]:
    """Return frames of rows: one for each set of columns, each id at most once in each.

    Rows keep their order where it matters: of equal ids the later comes in a later frame.
    """
    groups: dict[tuple[int, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    seen: dict[str, int] = {}
    for row in rows:
        turn = seen[row[key]] = seen.get(row[key], -1) + 1
        groups.setdefault((turn, tuple(row)), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [frame_from_rows(group) for _, group in ordered]


def frame_from_rows(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame; a column of several kinds becomes text.

    Example:
        >>> frame_from_rows([{"a": 1, "b": True}, {"a": "x", "b": None}]).rows()
        [('1', True), ('x', None)]
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        [column_from_values(name, [row.get(name) for row in rows]) for name in names]
    )


def column_from_values(name: str, values: list[Any]) -> pl.Series:
    """Return values as a column; several kinds become text, lists text with ``|`` between."""
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
    """Return any attribute as text.

    Example:
        >>> as_text(["a", "b"]), as_text(1.5), as_text(True)
        ('a|b', '1.5', 'true')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return LIST_SEPARATOR.join(str(as_text(one)) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(value: Any) -> str:
    if isinstance(value, list):
        return f"list {_type_name(value[0])}" if value else "list"
    return type(value).__name__


def _parse_row(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {key: parse_id(row, key)}
    for name, value in row.items():
        if name == key:
            continue
        if not checked(name, "", MAX_ID_CHARS).strip():
            raise InvalidValueError(name, name, "expected a name that is not empty", "empty")
        found[name] = (
            _parse_time(value, name) if name in TIME_COLUMNS else parse_attribute(value, name)
        )
    return found


def _parse_time(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        seconds, _ = epoch_seconds(pl.Series([value], dtype=_time_dtype(value), strict=False))
        if seconds.item() is not None:
            return float(seconds.item())
    raise InvalidValueError(name, value, "expected epoch seconds or ISO 8601", "not_a_time")


def _time_dtype(value: Any) -> Any:
    return pl.String if isinstance(value, str) else pl.Float64


MAX_FUTURE_S = 86_400.0
"""An event may be this far in the future: clocks differ [s]."""
_EXTRA_COLUMNS = ("event_id", "recommendation_id", "session_id", "context")


@dataclass(frozen=True)
class ParsedEvents:
    """What can be stored of posted events."""

    tables: Tables
    event_ids: pl.Series
    recommendation_ids: pl.Series
    session_ids: pl.Series
    contexts: pl.Series
    rejected: tuple[RejectedRow, ...]


@dataclass
class _EventColumns:
    """Columns under way; all have one length."""

    rows: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in (*EVENT_COLUMNS, *_EXTRA_COLUMNS)}
    )

    def add(self, row: Mapping[str, Any]) -> None:
        for name, column in self.rows.items():
            column.append(row[name])


def parse_events(
    rows: Sequence[Any], now: float, pseudonyms: Pseudonyms | None = None
) -> ParsedEvents:
    """Return the rows that can be stored, and a line for each of the others.

    Args:
        rows: Objects with ``item_id``, and ``user_id`` or ``session_id``; all else is optional:
            ``event_id, event_type, value, timestamp, domain, recommendation_id, context``.
            Other fields are passed over.
        now: The time of events that have none, epoch [s].
        names: Turns ids of users and sessions into pseudonyms.

    Example:
        >>> rows = [{"user_id": "ann", "item_id": "tea"}, {"item_id": "tea"}]
        >>> posted = parse_events(rows, now=5.0)
        >>> posted.tables.events["timestamp"].to_list(), posted.rejected[0].code
        ([5.0], 'missing')
    """
    columns, rejected = _EventColumns(), []
    times = _TimeParser(rows)
    for place, row in enumerate(rows):
        try:
            columns.add(_parse_event(check_row(row), times.time_of(place, now), pseudonyms))
        except InvalidValueError as error:
            rejected.append(error.at_row(place))
    data = columns.rows
    events = pl.DataFrame({name: data[name] for name in EVENT_COLUMNS}, schema=EVENT_COLUMNS)
    items = pl.DataFrame(
        {"item_id": list(dict.fromkeys(data["item_id"]))}, _id_schema("item_id")
    )
    users = pl.DataFrame(
        {"user_id": list(dict.fromkeys(data["user_id"]))}, _id_schema("user_id")
    )
    tables = Tables(items, users, events)
    ids, *more = (pl.Series(name, data[name], dtype=pl.String) for name in _EXTRA_COLUMNS)
    answers, sessions, contexts = more
    return ParsedEvents(tables, ids, answers, sessions, contexts, tuple(rejected))


def user_key(
    user: str | None, session: str | None, pseudonyms: Pseudonyms | None = None
) -> tuple[str | None, str | None]:
    """Return under which names a user and a session are known inside.

    Example:
        >>> user_key("ann", "s1"), user_key(None, "s1")
        (('ann', 'session:s1'), (None, 'session:s1'))
    """
    of = (lambda text: text) if pseudonyms is None else pseudonyms.of
    return (
        None if user is None else of(user),
        None if session is None else SESSION_PREFIX + of(session),
    )


def _parse_event(row: Mapping[str, Any], at: float, names: Pseudonyms | None) -> dict[str, Any]:
    user, session = parse_optional_id(row, "user_id"), parse_optional_id(row, "session_id")
    if user is None and session is None:
        raise InvalidValueError("user_id", None, "expected user_id or session_id", "missing")
    known, visitor = user_key(user, session, names)
    value, kind, domain = row.get("value"), row.get("event_type"), row.get("domain")
    return {
        "user_id": visitor if known is None else known,
        "item_id": parse_id(row, "item_id"),
        "event_type": None if kind is None else parse_text(kind, "event_type", MAX_ID_CHARS),
        "value": None if value is None else parse_number(value, "value"),
        "timestamp": at,
        "domain": None if domain is None else parse_text(domain, "domain", MAX_ID_CHARS),
        "event_id": parse_optional_id(row, "event_id"),
        "recommendation_id": parse_optional_id(row, "recommendation_id"),
        "session_id": None if visitor is None else visitor.removeprefix(SESSION_PREFIX),
        "context": parse_context(row),
    }


class _TimeParser:
    """Times of rows: numbers are epoch seconds (or ms, told by size), text any usual form."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._given = [
            row.get("timestamp") if isinstance(row, Mapping) else None for row in rows
        ]
        self._texts = {text for text in self._given if isinstance(text, str)}
        self._known = self._read()

    def time_of(self, place: int, now: float) -> float:
        """Return the time of a row."""
        value = self._given[place]
        if value is None:
            return now
        at = self._known.get(value) if isinstance(value, str) else _parse_epoch(value)
        if at is None:
            raise InvalidValueError(
                "timestamp", value, "expected epoch seconds or ISO 8601", "not_a_time"
            )
        if at > now + MAX_FUTURE_S:
            raise InvalidValueError(
                "timestamp", value, "expected a time that is not in the future", "in_the_future"
            )
        return at

    def _read(self) -> dict[str, float | None]:
        known: dict[str, float | None] = {}
        for text in self._texts:  # one by one: what a text means must not depend on others
            known[text] = epoch_seconds(pl.Series([text]))[0].item()
        return known


def _parse_epoch(value: Any) -> float | None:
    try:
        number = parse_number(value, "timestamp")
    except InvalidValueError:
        return None
    found: float | None = epoch_seconds(pl.Series([number]))[0].item()
    return found


def _id_schema(name: str) -> dict[str, Any]:
    return {name: pl.String}
