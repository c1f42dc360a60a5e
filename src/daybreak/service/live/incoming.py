"""Posted events as tables; a bad row costs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.data.times import epoch_seconds
from daybreak.service.live.accepted import Rejected
from daybreak.service.live.ask import SESSION
from daybreak.service.live.cells import (
    LONGEST_ID,
    BadCellError,
    id_of,
    id_or_none,
    number_of,
    row_of,
    text_of,
)
from daybreak.service.live.context import context_of
from daybreak.service.privacy import Pseudonyms

AHEAD_S = 86_400.0
"""An event may be this far in the future: clocks differ [s]."""
_EXTRA = ("event_id", "recommendation_id", "session_id", "context")


@dataclass(frozen=True)
class Posted:
    """What can be stored of posted events."""

    tables: Tables
    event_ids: pl.Series
    recommendations: pl.Series
    sessions: pl.Series
    contexts: pl.Series
    rejected: tuple[Rejected, ...]


@dataclass
class _Columns:
    """Columns under way; all have one length."""

    rows: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in (*EVENT_COLUMNS, *_EXTRA)}
    )

    def add(self, row: Mapping[str, Any]) -> None:
        for name, column in self.rows.items():
            column.append(row[name])


def read_events(rows: Sequence[Any], now: float, names: Pseudonyms | None = None) -> Posted:
    """Return the rows that can be stored, and a line for each of the others.

    Args:
        rows: Objects with ``item_id``, and ``user_id`` or ``session_id``; all else is optional:
            ``event_id, event_type, value, timestamp, domain, recommendation_id, context``.
            Other fields are passed over.
        now: The time of events that have none, epoch [s].
        names: Turns ids of users and sessions into pseudonyms.

    Example:
        >>> rows = [{"user_id": "ann", "item_id": "tea"}, {"item_id": "tea"}]
        >>> posted = read_events(rows, now=5.0)
        >>> posted.tables.events["timestamp"].to_list(), posted.rejected[0].code
        ([5.0], 'missing')
    """
    columns, rejected = _Columns(), []
    times = _Times(rows)
    for place, row in enumerate(rows):
        try:
            columns.add(_event(row_of(row), times.at(place, now), names))
        except BadCellError as error:
            rejected.append(error.at(place))
    data = columns.rows
    events = pl.DataFrame({name: data[name] for name in EVENT_COLUMNS}, schema=EVENT_COLUMNS)
    items = pl.DataFrame({"item_id": list(dict.fromkeys(data["item_id"]))}, _ids("item_id"))
    users = pl.DataFrame({"user_id": list(dict.fromkeys(data["user_id"]))}, _ids("user_id"))
    tables = Tables(items, users, events)
    ids, *more = (pl.Series(name, data[name], dtype=pl.String) for name in _EXTRA)
    answers, sessions, contexts = more
    return Posted(tables, ids, answers, sessions, contexts, tuple(rejected))


def asker_of(
    user: str | None, session: str | None, names: Pseudonyms | None = None
) -> tuple[str | None, str | None]:
    """Return under which names a user and a session are known inside.

    Example:
        >>> asker_of("ann", "s1"), asker_of(None, "s1")
        (('ann', 'session:s1'), (None, 'session:s1'))
    """
    of = (lambda text: text) if names is None else names.of
    return (
        None if user is None else of(user),
        None if session is None else SESSION + of(session),
    )


def _event(row: Mapping[str, Any], at: float, names: Pseudonyms | None) -> dict[str, Any]:
    user, session = id_or_none(row, "user_id"), id_or_none(row, "session_id")
    if user is None and session is None:
        raise BadCellError("user_id", None, "expected user_id or session_id", "missing")
    known, visitor = asker_of(user, session, names)
    value, kind, domain = row.get("value"), row.get("event_type"), row.get("domain")
    return {
        "user_id": visitor if known is None else known,
        "item_id": id_of(row, "item_id"),
        "event_type": None if kind is None else text_of(kind, "event_type", LONGEST_ID),
        "value": None if value is None else number_of(value, "value"),
        "timestamp": at,
        "domain": None if domain is None else text_of(domain, "domain", LONGEST_ID),
        "event_id": id_or_none(row, "event_id"),
        "recommendation_id": id_or_none(row, "recommendation_id"),
        "session_id": None if visitor is None else visitor.removeprefix(SESSION),
        "context": context_of(row),
    }


class _Times:
    """Times of rows: numbers are epoch seconds (or ms, told by size), text any usual form."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._given = [
            row.get("timestamp") if isinstance(row, Mapping) else None for row in rows
        ]
        self._texts = {text for text in self._given if isinstance(text, str)}
        self._known = self._read()

    def at(self, place: int, now: float) -> float:
        """Return the time of a row."""
        value = self._given[place]
        if value is None:
            return now
        at = self._known.get(value) if isinstance(value, str) else _number(value)
        if at is None:
            raise BadCellError(
                "timestamp", value, "expected epoch seconds or ISO 8601", "not_a_time"
            )
        if at > now + AHEAD_S:
            raise BadCellError(
                "timestamp", value, "expected a time that is not in the future", "in_the_future"
            )
        return at

    def _read(self) -> dict[str, float | None]:
        known: dict[str, float | None] = {}
        for text in self._texts:  # one by one: what a text means must not depend on others
            known[text] = epoch_seconds(pl.Series([text]))[0].item()
        return known


def _number(value: Any) -> float | None:
    try:
        number = number_of(value, "timestamp")
    except BadCellError:
        return None
    found: float | None = epoch_seconds(pl.Series([number]))[0].item()
    return found


def _ids(name: str) -> dict[str, Any]:
    return {name: pl.String}
