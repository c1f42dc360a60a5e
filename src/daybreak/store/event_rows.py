"""Rows of the table events: keys, inserts and pages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from struct import pack, unpack
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection, Index, Select, select
from sqlalchemy.schema import CreateIndex, DropIndex

from daybreak.data import EVENT_COLUMNS
from daybreak.store.base import EventPage
from daybreak.store.bulk import (
    MAX_ROWS_PER_BATCH,
    MIN_BULK_ROWS,
    count_rows,
    insert_rows,
    select_candidates,
)
from daybreak.store.event_columns import EventColumns
from daybreak.store.schema import events as table

EVENT_PAGE_SCHEMA = {
    **EVENT_COLUMNS,
    "recommendation_id": pl.String,
    "session_id": pl.String,
    "context": pl.String,
}
"""Columns of an :class:`EventPage`."""
_STORED_NAMES = {"recommendation_id": "recommendation", "session_id": "session"}
_KEY_COLUMNS = ("user_id", "item_id", "event_type", "timestamp", "value")
_SEPARATOR = "\x1f"
_NULL = "\x00"
_MAX_ROWS_ONE_BY_ONE = 200
_ID_PREFIX = "id" + _SEPARATOR


def event_keys(events: pl.DataFrame, ids: pl.Series | None = None) -> list[bytes]:
    """Return (n_events,) keys of 16 bytes: hashes of the ids or, without an id, of the content.

    The key of the n-th of several equal events depends on n, so equal events of one call have
    different keys, and the same keys in the next call. The probability that two different of n
    events have the same key is below n² / 2¹²⁹.

    Args:
        events: Frame with the columns of an event.
        ids: (n_events,) id of each event, or null; default: no ids.

    Example:
        >>> twice = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "x"],
        ...     "event_type": [None, None], "timestamp": [1.0, 1.0], "value": [None, None]})
        >>> first, second = event_keys(twice)
        >>> first != second, event_keys(twice) == [first, second]
        (True, True)
    """
    is_small = events.height < _MAX_ROWS_ONE_BY_ONE
    texts = (
        _content_texts_by_row([events[name].to_list() for name in _KEY_COLUMNS])
        if is_small
        else _content_texts(events)
    )
    if ids is not None:
        texts = [
            own if id_ is None else _ID_PREFIX + id_
            for own, id_ in zip(texts, ids.cast(pl.String).to_list(), strict=True)
        ]
    return _digests(texts)


def column_keys(events: EventColumns) -> list[bytes]:
    """Return the keys of events in columns; see :func:`event_keys`."""
    given = [id_ for id_ in events.event_id if id_ is not None]
    if len(given) == len(events):
        return id_keys(given)
    contents = _content_texts_by_row([vars(events)[name] for name in _KEY_COLUMNS])
    pairs = zip(contents, events.event_id, strict=True)
    return _digests([own if id_ is None else _ID_PREFIX + id_ for own, id_ in pairs])


def id_keys(ids: Sequence[str]) -> list[bytes]:
    """Return the keys of events with these ids."""
    return _digests([_ID_PREFIX + id_ for id_ in ids])


def content_keys(content: Sequence[str | float | None], n: int) -> list[bytes]:
    """Return the keys of the first n of equal events without ids.

    Args:
        content: User, item, type, time and value of the events.
        n: Number of keys.
    """
    text = _SEPARATOR.join(map(_value_text, content))
    return _digests([f"{text}{_SEPARATOR}{number}" for number in range(n)])


def _content_texts(events: pl.DataFrame) -> list[str]:
    """Return the content of each event, with its number among equal events."""
    content = events.select(_KEY_COLUMNS).with_columns(
        _float_bits(events["timestamp"]),
        _float_bits(events["value"]),
        pl.col("event_type").cast(pl.String),
    )
    texts = content.select(
        pl.concat_str(
            [pl.col(name).fill_null(_NULL) for name in _KEY_COLUMNS], separator=_SEPARATOR
        ).alias("text")
    )
    occurrence = pl.int_range(pl.len()).over("text").cast(pl.String)
    return texts.select(pl.concat_str("text", occurrence, separator=_SEPARATOR))[
        "text"
    ].to_list()


def _content_texts_by_row(columns: Sequence[Sequence[str | float | None]]) -> list[str]:
    """Return the result of :func:`_content_texts`; faster for few events.

    Args:
        columns: Values of ``_KEY_COLUMNS``.
    """
    occurrences = Counter[str]()
    texts = []
    for row in zip(*columns, strict=True):
        content = _SEPARATOR.join(map(_value_text, row))
        texts.append(f"{content}{_SEPARATOR}{occurrences[content]}")
        occurrences[content] += 1
    return texts


def _value_text(value: str | float | None) -> str:
    if value is None:
        return _NULL
    if isinstance(value, str):
        return value
    return str(unpack("<q", pack("<d", value + 0.0))[0])


def _digests(texts: Sequence[str]) -> list[bytes]:
    return [blake2b(text.encode(), digest_size=16).digest() for text in texts]


def _float_bits(values: pl.Series) -> pl.Series:
    """Return the bits of floats as text, which does not depend on any rounding."""
    numbers = values.cast(pl.Float64)
    bits = (numbers.fill_null(0.0).to_numpy() + 0.0).view(np.int64)
    text = pl.Series(values.name, bits).cast(pl.String)
    return text.zip_with(numbers.is_not_null(), pl.Series(values.name, [None], pl.String))


@dataclass(frozen=True)
class EventBatch:
    """Events to insert."""

    keys: Sequence[bytes]
    """(n_events,) key of each event."""
    events: pl.DataFrame
    """``EVENT_COLUMNS`` and further columns of the table."""


def build_event_batch(
    keys: Sequence[bytes], events: pl.DataFrame, extra_columns: Mapping[str, pl.Series | None]
) -> EventBatch:
    """Return a batch of events with further text columns; None stands for a column of nulls."""
    return EventBatch(
        keys,
        events.select(list(EVENT_COLUMNS)).with_columns(
            (pl.lit(None) if column is None else column).cast(pl.String).alias(name)
            for name, column in extra_columns.items()
        ),
    )


def insert_events(connection: Connection, batch: EventBatch, change: int) -> tuple[bool, ...]:
    """Insert the events whose keys are new, in order; return which were new."""
    fresh = _find_new(connection, batch.keys)
    keys, events = batch.keys, batch.events
    if not all(fresh):
        keys = [key for key, is_new in zip(keys, fresh, strict=True) if is_new]
        events = events.filter(pl.Series(fresh, dtype=pl.Boolean))
    with deferred_indexes(connection, enabled=_pays_to_rebuild_indexes(connection, len(keys))):
        for start in range(0, len(keys), MAX_ROWS_PER_BATCH):
            batch_events = events[start : start + MAX_ROWS_PER_BATCH]
            columns = [
                c for c in batch_events.get_columns() if c.null_count() < batch_events.height
            ]
            values = (column.to_list() for column in columns)
            rows = list(zip(keys[start : start + MAX_ROWS_PER_BATCH], *values, repeat(change)))
            names = ("key", *(column.name for column in columns), "change")
            insert_rows(connection, table, names, rows)
    return fresh


def _find_new(connection: Connection, keys: Sequence[bytes]) -> tuple[bool, ...]:
    """Return whether each key is neither stored nor a repetition."""
    known = {bytes(row[0]) for row in select_candidates(connection, (table.c.key,), keys)}
    if not known and len(set(keys)) == len(keys):
        return (True,) * len(keys)
    fresh = []
    for key in keys:
        fresh.append(key not in known)
        known.add(key)
    return tuple(fresh)


def _pays_to_rebuild_indexes(connection: Connection, n_new: int) -> bool:
    """Return whether rebuilding the indexes is faster; in PostgreSQL it would block readers."""
    if connection.dialect.name != "sqlite" or n_new < MIN_BULK_ROWS:
        return False
    return 4 * n_new >= count_rows(connection, table)


@contextmanager
def deferred_indexes(connection: Connection, *, enabled: bool) -> Iterator[None]:
    """Drop the indexes of events during the block and create them after it, if enabled."""
    dropped: list[Index] = []
    if enabled:
        dropped = sorted(table.indexes, key=lambda index: str(index.name))
    for index in dropped:
        connection.execute(DropIndex(index))
    yield
    for index in dropped:
        connection.execute(CreateIndex(index))


def events_frame(rows: Sequence[Any]) -> pl.DataFrame:
    """Return rows of ``EVENT_COLUMNS`` as a frame."""
    if not rows:
        return pl.DataFrame(schema=EVENT_COLUMNS)
    columns = zip(EVENT_COLUMNS.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, v, dtype=kind) for (name, kind), v in columns])


def select_event_page(
    connection: Connection, user: str | None, item: str | None, after: int, n: int | None
) -> EventPage:
    """Return at most ``n`` events after a cursor, in the order of their arrival."""
    query = _page_query(user, item, after)
    rows = connection.execute(query if n is None else query.limit(n + 1)).all()
    page = rows if n is None else rows[:n]
    has_more = len(page) < len(rows)
    frame = pl.DataFrame(
        [tuple(row[1:]) for row in page], schema=EVENT_PAGE_SCHEMA, orient="row"
    )
    return EventPage(frame, int(page[-1][0]) if has_more else None)


def _page_query(user: str | None, item: str | None, after: int) -> Select[Any]:
    columns = [table.c[_STORED_NAMES.get(name, name)] for name in EVENT_PAGE_SCHEMA]
    query = select(table.c.row, *columns).where(table.c.row > after).order_by(table.c.row)
    if user is not None:
        query = query.where(table.c.user_id == user)
    if item is not None:
        query = query.where(table.c.item_id == item)
    return query
