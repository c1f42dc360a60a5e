"""Frames and ids from callers of the library: checks, conversions, changed rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EventRules, ImportResult, Tables, read_tables
from daybreak.data.canonical import canonical_tables
from daybreak.data.casts import join_lists
from daybreak.data.readers.source import open_frame
from daybreak.errors import ConfigError, DataError

TEXT_COLUMN = "text"
"""Column of a profile with the user's own words."""


def as_tables(
    data: Any, items: Any, users: Any, rules: EventRules | None
) -> tuple[Tables, EventRules, tuple[str, ...]]:
    """Return checked tables in canonical order, the rules for events, and notes for the caller.

    Args:
        data: Tables, an import result, or events as a frame or a path.
        items: Catalogue as a frame or a path; None: that of ``data``.
        users: Profiles as a frame or a path; None: those of ``data``.
        rules: Rules for events; None: those of ``data``.

    Raises:
        ConfigError: Items or users are given in addition to tables.
        DataError: Rows are invalid; the message names the first and counts the rest.
    """
    if isinstance(data, Tables | ImportResult) and (items is not None or users is not None):
        raise ConfigError(
            "items= and users= cannot be combined with tables; put them into the tables"
        )
    if isinstance(data, Tables):
        tables, notes = canonical_tables(data)
        return tables, rules or EventRules(), notes
    result = data if isinstance(data, ImportResult) else read_tables(data, items, users)
    tables, _ = canonical_tables(result.tables)  # its notes are among those of the import
    return tables, rules or result.rules, (*result.notes, *_rejection_notes(result))


def as_frame(frame: Any, *keys: str) -> pl.DataFrame:
    """Return a polars frame with text columns ``keys``.

    Args:
        frame: A polars or pandas frame, a mapping of columns, or a list of records.
        *keys: Required columns.

    Raises:
        DataError: ``frame`` is not a frame, or lacks a column.
    """
    table = _to_polars(frame, keys)
    for key in keys:
        if key not in table.columns:
            raise DataError(f"the frame has no column {key!r}; columns: {table.columns}")
    return table.with_columns(pl.col(key).cast(pl.String) for key in keys)


def user_ids_of(*frames: pl.DataFrame | None) -> list[str]:
    """Return the user ids of frames, each once, in order of appearance."""
    ids: dict[str, None] = {}
    for frame in frames:
        if frame is not None:
            ids.update(dict.fromkeys(frame["user_id"].drop_nulls().to_list()))
    return list(ids)


def check_k(k: int) -> None:
    """Check the length of a list.

    Raises:
        ConfigError: ``k`` is not a whole number from 1 to 10,000.
    """
    if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= 10_000:
        raise ConfigError(f"k must be a whole number from 1 to 10000, got {k!r}")


def check_ids(ids: Sequence[str] | None, what: str) -> list[str] | None:
    """Return ids as a list of strings.

    Args:
        ids: The ids; None is returned as it is.
        what: Name of the argument, for the message.

    Raises:
        ConfigError: ``ids`` is a single string, or contains None.
    """
    if isinstance(ids, str):
        raise ConfigError(
            f"{what} must be a list of ids, got the text {ids!r}; write [{ids!r}]"
        )
    if ids is None:
        return None
    listed = list(ids)
    if any(id_ is None for id_ in listed):
        raise ConfigError(f"{what} must be a list of ids, but contains None")
    return [str(id_) for id_ in listed]


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
    """Return the rows of ``new`` that are missing in ``old``, or differ from it.

    Example:
        >>> old = pl.DataFrame({"item_id": ["a", "b"], "price": [1, 2]})
        >>> new = pl.DataFrame({"item_id": ["a", "b", "c"], "price": [1, 3, None]})
        >>> changed_rows(old, new)["item_id"].to_list()
        ['b', 'c']
    """
    if not new.height or not old.height:
        return new
    old_rows = pl.DataFrame({"item_id": old["item_id"], "row": np.arange(old.height)})
    matches = new.select("item_id").join(
        old_rows, on="item_id", how="left", maintain_order="left"
    )
    known = matches["row"].is_not_null()
    old_values = old[matches["row"].fill_null(0)]
    same = known
    for name in dict.fromkeys([*new.columns, *old.columns]):
        if name != "item_id":
            same &= _column_as_text(new, name).eq_missing(_column_as_text(old_values, name))
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
