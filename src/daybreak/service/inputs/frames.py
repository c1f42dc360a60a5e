"""Whatever a caller has, as checked tables.

Which items are new, or not what they were.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EventRules, ImportResult, Tables, read_tables
from daybreak.data.casts import join_lists
from daybreak.data.readers.source import open_frame
from daybreak.errors import ConfigError, DataError

TEXT_COLUMN = "text"
"""Column of a profile that holds what a user says in their own words."""


def as_tables(
    data: Any, items: Any, users: Any, rules: EventRules | None
) -> tuple[Tables, EventRules, tuple[str, ...]]:
    """Return checked tables, the rules for events, and what the caller should know.

    Raises:
        DataError: Rows that cannot be used; the message names the first and counts the rest.
    """
    if isinstance(data, Tables | ImportResult) and (items is not None or users is not None):
        raise ConfigError("give items and users inside the tables, not beside them")
    if isinstance(data, Tables):
        return data, rules or EventRules(), ()
    result = data if isinstance(data, ImportResult) else read_tables(data, items, users)
    return result.tables, rules or result.rules, (*result.notes, *_rejection_notes(result))


def as_frame(frame: Any, *keys: str) -> pl.DataFrame:
    """Return a polars frame with text columns ``keys``.

    Args:
        frame: A polars or pandas frame, a mapping of columns, or a list of records.
        *keys: Columns that must be there.

    Raises:
        DataError: It is no frame, or lacks a column.
    """
    table = _to_polars(frame, keys)
    for key in keys:
        if key not in table.columns:
            raise DataError(f"the frame has no column {key!r}; columns: {table.columns}")
    return table.with_columns(pl.col(key).cast(pl.String) for key in keys)


def user_ids_of(*frames: pl.DataFrame | None) -> list[str]:
    """Return the users of frames, each once, in order of appearance."""
    found: dict[str, None] = {}
    for frame in frames:
        if frame is not None:
            found.update(dict.fromkeys(frame["user_id"].drop_nulls().to_list()))
    return list(found)


def check_k(k: int) -> None:
    """Check the length of a list.

    Raises:
        ConfigError: It is not a whole number from 1 to 10,000.
    """
    if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= 10_000:
        raise ConfigError(f"k must be a whole number from 1 to 10000, got {k!r}")


def check_ids(ids: Sequence[str] | None, what: str) -> list[str] | None:
    """Return a list of ids.

    Raises:
        ConfigError: One string was given instead of a list, or None among the ids.
    """
    if isinstance(ids, str):
        raise ConfigError(
            f"{what} must be a list of ids, got the text {ids!r}; write [{ids!r}]"
        )
    if ids is None:
        return None
    found = list(ids)
    if any(id_ is None for id_ in found):
        raise ConfigError(f"{what} must be ids, got None among them")
    return [str(id_) for id_ in found]


def _to_polars(frame: Any, keys: Sequence[str]) -> pl.DataFrame:
    if isinstance(frame, list | dict):
        try:
            return pl.DataFrame(frame, schema=None if len(frame) else list(keys))
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise DataError(f"expected a frame with a column {keys[0]!r}: {error}") from error
    if not hasattr(frame, "columns"):
        raise DataError(f"expected a frame with a column {keys[0]!r}, got {frame!r:.60}")
    return open_frame(frame, f"frames with {keys[0]!r}").frame


def _rejection_notes(result: ImportResult) -> list[str]:
    if not len(result.rejects):
        return []
    counts = ", ".join(f"{count} {reason}" for reason, count in result.rejects.counts.items())
    return [f"{len(result.rejects)} rows were rejected: {counts}"]


def changed_rows(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``new`` that are not the same in ``old``.

    Example:
        >>> old = pl.DataFrame({"item_id": ["a", "b"], "price": [1, 2]})
        >>> new = pl.DataFrame({"item_id": ["a", "b", "c"], "price": [1, 3, None]})
        >>> changed_rows(old, new)["item_id"].to_list()
        ['b', 'c']
    """
    if not new.height or not old.height:
        return new
    place = pl.DataFrame({"item_id": old["item_id"], "row": np.arange(old.height)})
    found = new.select("item_id").join(place, on="item_id", how="left", maintain_order="left")
    known = found["row"].is_not_null()
    mine = old[found["row"].fill_null(0)]
    same = known
    for name in dict.fromkeys([*new.columns, *old.columns]):
        if name != "item_id":
            same &= _column_as_text(new, name).eq_missing(_column_as_text(mine, name))
    return new.filter(~same)


def _column_as_text(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    column = frame[name]
    if column.dtype == pl.List:
        return join_lists(column)
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).cast(pl.String)
    return column.cast(pl.String, strict=False)
