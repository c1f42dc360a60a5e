"""Frames and ids from callers of the library: checks, conversions, changed rows."""

import warnings
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from daybreak.data import (
    EVENT_COLUMNS,
    EventRules,
    ImportResult,
    Rejects,
    Tables,
    read_tables,
)
from daybreak.data.canonical import canonical_tables
from daybreak.data.casts import join_lists
from daybreak.data.column_aliases import TABLE_ROLES, TableRole
from daybreak.data.columns import ColumnMapping, find_value_column, match_columns
from daybreak.data.event_time_columns import recognise_event_times
from daybreak.data.event_type_columns import read_observed_types, recognise_event_types
from daybreak.data.ids import cast_ids, id_column_problem, id_text, note_damaged_ids
from daybreak.data.importing import ColumnChoices
from daybreak.data.item_cells import expand_item_cells, match_events
from daybreak.data.media.columns import read_frame_media
from daybreak.data.readers.frames import to_polars
from daybreak.data.readers.item_lists import expand_frame, list_of_schema
from daybreak.data.readers.source import RawTable, number_rows
from daybreak.data.rejects import is_replaced
from daybreak.data.tables import has_values
from daybreak.errors import ConfigError, DataError, RejectedRowsWarning
from daybreak.service.inputs.catalogue_names import match_catalogue, read_last_days
from daybreak.service.inputs.values import read_values

TEXT_COLUMN = "text"
"""Column of a profile with the user's own words."""


class CheckedInput(NamedTuple):
    """Checked tables in canonical order, the rules for events, and what was found."""

    tables: Tables
    rules: EventRules
    notes: tuple[str, ...]
    rejects: Rejects


class ReadingChoices(NamedTuple):
    """What the user says of the form of the inputs; by default each column decides."""

    columns: ColumnChoices | None = None
    """Column of the tables to its name in the input."""
    date_format: str | None = None
    """Form of the dates."""


AS_RECOGNISED = ReadingChoices()
"""Every column is read as it is recognised."""


def as_tables(
    data: Any,
    items: Any,
    users: Any,
    rules: EventRules | None,
    form: ReadingChoices = AS_RECOGNISED,
) -> CheckedInput:
    """Return checked tables in canonical order.

    Args:
        data: Tables, an import result, or events as a frame or a path.
        items: Catalogue as a frame or a path; None: that of ``data``.
        users: Profiles as a frame or a path; None: those of ``data``.
        rules: Rules for events; None: those of ``data``.
        form: Choices for data that are read here.

    Raises:
        ConfigError: Items, users or choices are given in addition to tables.
        DataError: Rows are invalid; the message names the first and counts the rest.
    """
    if isinstance(data, Tables | ImportResult):
        if items is not None or users is not None:
            raise ConfigError(
                "items= and users= cannot be combined with tables; put them into the tables"
            )
        if form != AS_RECOGNISED:
            raise ConfigError(
                "columns= and date_format= cannot be combined with tables; give them to "
                "read_tables() or read_folder()"
            )
    if isinstance(data, Tables):
        tables, notes = canonical_tables(_spelled(data))
        return CheckedInput(tables, rules or EventRules(), notes, Rejects())
    result = (
        data
        if isinstance(data, ImportResult)
        else read_tables(data, items, users, columns=form.columns, date_format=form.date_format)
    )
    tables, _ = canonical_tables(result.tables)  # its notes are among those of the import
    notes = (*result.notes, *_rejection_notes(result))
    return CheckedInput(tables, rules or result.rules, notes, result.rejects)


def warn_of_rejects(rejects: Rejects, stacklevel: int) -> None:
    """Warn once of rows and values that are not used, with their number and the first ones.

    Rows that a later row of the same id replaces are no reason for a warning.

    Args:
        rejects: Rejects of the input.
        stacklevel: Number of calls up to the code of the user, this one excluded.
    """
    if n := sum(count for reason, count in rejects.counts.items() if not is_replaced(reason)):
        what = "row or value is" if n == 1 else "rows or values are"
        message = f"{n:,} {what} not used ({rejects.summary()}); see the frame `rejects`"
        warnings.warn(message, RejectedRowsWarning, stacklevel=stacklevel + 1)


def as_frame(data: Any, *keys: str, known: Collection[str] = ()) -> pl.DataFrame:
    """Return data of a call as a frame with ids in the columns ``keys``.

    Args:
        data: Everything that :func:`read_tables` accepts: a path, a frame of polars, pandas or
            Arrow, a mapping of columns, or a list of records.
        *keys: Required columns; names of columns are recognised as in files.
        known: Columns of a catalogue; see :func:`match_catalogue`. A file has its own names.

    Raises:
        DataError: The data have another type, lack a column, or have dates that can be read in
            two ways.
    """
    if isinstance(data, str | Path):
        return _read_path(data, keys)
    table, notes = to_polars(data, f"data with {keys[0]!r}", keys)
    _warn_of(notes)
    table = _with_usual_names(table, keys)
    renamed = match_catalogue(table.columns, known) if known else {}
    table = table.rename(renamed)
    if _role_of(keys) == "items":
        table, rejects = read_frame_media(table)
        warn_of_rejects(rejects, stacklevel=3)
    read = partial(read_values, role=_role_of(keys))
    table, notes = read_last_days(table, renamed, read)
    _warn_of(notes)
    return table.with_columns(_ids_of(table[key]) for key in keys)


def _read_path(path: str | Path, keys: Sequence[str]) -> pl.DataFrame:
    """Return the table of a file; rejected rows are warned of."""
    role = _role_of(keys)
    result = read_tables(*(path if table == role else None for table in TABLE_ROLES))
    warn_of_rejects(result.rejects, stacklevel=3)
    frame: pl.DataFrame = getattr(result.tables, role)
    return frame


def _role_of(keys: Sequence[str]) -> TableRole:
    if len(keys) > 1:
        return "events"
    return "items" if keys[0] == "item_id" else "users"


def _with_usual_names(table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return a frame whose columns have their usual names; they are recognised as in files.

    Columns of items and users other than their id are renamed by the release.

    Raises:
        DataError: There is no column that could be one of the ids.
    """
    role = _role_of(keys)
    if set(keys) <= set(table.columns) and (
        role != "events" or set(table.columns) <= EVENT_COLUMNS.keys()
    ):
        return table
    try:
        if role == "events":
            if (listed := list_of_schema(table.schema)) is not None:
                table, _ = expand_frame(table, listed)
            mapping = match_events(table.columns, {}, table.select)
        else:
            mapping = match_columns(table.columns, role)
    except DataError:
        missing = next(key for key in keys if key not in table.columns)
        raise DataError(
            f"the data have no column {missing!r}; columns: {table.columns}"
        ) from None
    if role == "events":
        return _with_event_columns(table, mapping)
    found = {mapping.source_of(key): key for key in keys}
    return table.rename({old: new for old, new in found.items() if old is not None})


def _with_event_columns(table: pl.DataFrame, mapping: ColumnMapping) -> pl.DataFrame:
    """Return events with the columns of a store, as far as they are known.

    A column that says how much keeps its name, which decides whether it is a rating.
    """
    raw = RawTable("the data", table, number_rows(table))
    raw, mapping, _ = expand_item_cells(raw, mapping)
    table = raw.frame
    mapping = recognise_event_types(mapping, table.select, min_kinds=1)
    mapping = recognise_event_times(mapping, table.select)
    types = read_observed_types(table, mapping)
    kept = set(table.columns)
    has_value = find_value_column(kept) is not None
    names = {
        column.source: column.target
        for column in mapping.used
        if column.target in EVENT_COLUMNS.keys() - kept
        and not (column.target == "value" and has_value)
    }
    table = table.rename(names)
    return table if types is None else table.with_columns(types)


def _spelled(tables: Tables) -> Tables:
    """Return tables of a caller whose ids have the one spelling.

    Of rows that are one item or user in that spelling, the first with a value stays.
    """
    events = tables.events.with_columns(
        _spelled_ids(tables.events[key]) for key in ("user_id", "item_id")
    )
    items, users = (
        _spelled_rows(frame, key)
        for frame, key in ((tables.items, "item_id"), (tables.users, "user_id"))
    )
    return Tables.of(events, items, users)


def _spelled_rows(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    ids = _spelled_ids(frame[key])
    spelled = frame.with_columns(ids)
    if ids.n_unique() == len(ids):
        return spelled
    valued = spelled.filter(has_values(spelled, key)).unique(key, keep="first")
    bare = spelled.join(valued, on=key, how="anti").unique(key, keep="first")
    order = ids.unique(maintain_order=True).to_frame()
    return order.join(pl.concat([valued, bare]), on=key, how="left", maintain_order="left")


def _spelled_ids(ids: pl.Series) -> pl.Series:
    """Return ids in the one spelling; words for missing values, stored earlier, stay."""
    return cast_ids(ids)[0].fill_null(ids)


def _ids_of(values: pl.Series) -> pl.Series:
    """Return ids as text in the one spelling.

    Raises:
        DataError: The column has a type that ids cannot have.
    """
    problem = id_column_problem(values.dtype)
    if problem and values.null_count() < len(values):
        raise DataError(f"column {values.name!r} has {problem}, which are no ids")
    _warn_of(note_damaged_ids("the data", values.name, values))
    return cast_ids(values)[0]


def _warn_of(notes: Sequence[str]) -> None:
    for note in notes:
        warnings.warn(note, stacklevel=4)


def user_ids_of(*frames: pl.DataFrame | None) -> list[str]:
    """Return the user ids of frames, each once, in order of appearance."""
    ids: dict[str, None] = {}
    for frame in frames:
        if frame is not None:
            ids.update(dict.fromkeys(frame["user_id"].drop_nulls().to_list()))
    return list(ids)


def check_k(k: int) -> int:
    """Return the length of a list as a number of Python.

    Raises:
        ConfigError: ``k`` is not a whole number from 1 to 10,000.
    """
    if not isinstance(k, Integral) or isinstance(k, bool) or not 1 <= k <= 10_000:
        raise ConfigError(f"k must be a whole number from 1 to 10000, got {k!r}")
    return int(k)


def check_ids(ids: Sequence[Any] | None, what: str) -> list[str] | None:
    """Return ids as a list of texts in the one spelling; see :func:`.normalize_id`.

    Args:
        ids: The ids; None is returned as it is.
        what: Name of the argument, for the message.

    Raises:
        ConfigError: ``ids`` is no list, or contains a value that is no id.

    Example:
        >>> check_ids([7, " x", 13085.0], "users")
        ['7', 'x', '13085']
    """
    _check_list(ids, what, "ids")
    return None if ids is None else [check_id(id_, what) for id_ in ids]


def check_id(value: Any, what: str) -> str:
    """Return one id in the one spelling.

    Raises:
        ConfigError: The value is no id.
    """
    try:
        text = id_text(value)
    except DataError as error:
        raise ConfigError(f"{what}: {error}") from error
    if text is None:
        raise ConfigError(f"{what}: expected an id, but contains {value!r}")
    return text


def check_texts(texts: Sequence[str] | None, what: str) -> list[str] | None:
    """Return texts as a list.

    Args:
        texts: The texts; None is returned as it is.
        what: Name of the argument, for the message.

    Raises:
        ConfigError: ``texts`` is no list, or contains None.
    """
    _check_list(texts, what, "texts")
    if texts is None:
        return None
    listed = list(texts)
    if any(text is None for text in listed):
        raise ConfigError(f"{what} must be a list of texts, but contains None")
    return [str(text) for text in listed]


def _check_list(values: Any, what: str, of: str) -> None:
    if isinstance(values, str):
        raise ConfigError(
            f"{what} must be a list of {of}, got the text {values!r}; write [{values!r}]"
        )
    if hasattr(values, "columns"):
        raise ConfigError(f"{what} must be a list of {of}, got a table; give one column of it")
    if values is not None and not isinstance(values, Iterable):
        raise ConfigError(f"{what} must be a list of {of}, got {values!r:.60}")


def _rejection_notes(result: ImportResult) -> list[str]:
    if not len(result.rejects):
        return []
    counts = ", ".join(f"{count} {reason}" for reason, count in result.rejects.counts.items())
    return [f"{len(result.rejects)} rows were rejected: {counts}"]


def add_titles(frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of items with a column ``title`` after ``item_id``, if there are titles.

    Example:
        >>> items = pl.DataFrame({"item_id": ["1"], "title": ["Green tea"]})
        >>> add_titles(pl.DataFrame({"item_id": ["1"], "rank": [1]}), items).row(0)
        ('1', 'Green tea', 1)
    """
    if "title" not in items.columns:
        return frame
    titles = items.select("item_id", "title")
    at = frame.columns.index("item_id") + 1
    joined = frame.join(titles, on="item_id", how="left", maintain_order="left")
    return joined.select(*frame.columns[:at], "title", *frame.columns[at:])


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
