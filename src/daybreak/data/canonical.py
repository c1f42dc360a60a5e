"""One order of the rows of tables, so that results do not depend on that of the files."""

from hashlib import blake2b

import numpy as np
import polars as pl

from daybreak.data.clock import note_wrong_clocks, repair_times
from daybreak.data.numbers import is_amount_name, read_number_attribute
from daybreak.data.tables import Tables

HASH_BYTES = 8
"""Size of the hash that orders items."""


def canonical_tables(tables: Tables) -> tuple[Tables, tuple[str, ...]]:
    """Return the same tables in canonical order, with believable times and amounts, and notes.

    Users are sorted by id. Items are sorted by a hash of their id: equal scores are ordered by
    row, and ids often tell how old an item is. The rows of events stay where they are, because
    :meth:`~daybreak.data.dataset.Events.of` sorts them; their times are repaired.

    Example:
        >>> events = pl.DataFrame({"user_id": ["b", "a"], "item_id": ["y", "x"]})
        >>> shop, notes = canonical_tables(Tables.of(events))
        >>> shop.users["user_id"].to_list(), notes
        (['a', 'b'], ())
    """
    users = tables.users.sort("user_id")
    ids = tables.items["item_id"].to_list()
    order = sorted(range(len(ids)), key=lambda row: _hash_key(ids[row]))
    events, note = _repair_events(tables.events)
    items, amount_notes = _read_amounts(tables.items[order])
    return Tables(items, users, events), (*((note,) if note else ()), *amount_notes)


def _read_amounts(items: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return items with amounts as numbers; rows of requests may have stored them as text."""
    notes = []
    for name, kind in items.schema.items():
        if kind != pl.String or not is_amount_name(name):
            continue
        column = read_number_attribute(items[name])
        if column is None:
            continue
        if column.is_bad.any():
            example = items[name].filter(column.is_bad)[0]
            notes.append(
                f"{name}: {column.is_bad.sum():,} of {items.height:,} values are no numbers, "
                f"such as {str(example)[:40]!r}; they are not used"
            )
        items = items.with_columns(column.values.alias(name))
    return items, tuple(notes)


def _hash_key(id_: str) -> tuple[bytes, str]:
    return blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest(), id_


def _repair_events(events: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    note = note_wrong_clocks(events["timestamp"])
    if not note:
        return events, ""
    user, item = (
        events[key].rank("dense").cast(pl.Int64).to_numpy() for key in ("user_id", "item_id")
    )
    at = events["timestamp"].fill_null(float("nan")).to_numpy()
    repaired = pl.Series("timestamp", np.asarray(repair_times(user, item, at))).fill_nan(None)
    return events.with_columns(repaired), note
