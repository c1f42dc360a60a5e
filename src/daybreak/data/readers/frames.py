"""Reader of data in memory: frames of polars, pandas and Arrow, mappings and records.

Start reading at :func:`to_polars`, the one conversion of everything that is no path.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl

from daybreak.data.columns import number_duplicates
from daybreak.data.readers.item_lists import expand_frame, list_of_schema, note_expansion
from daybreak.data.readers.source import LoadedFrame
from daybreak.errors import DataError, MissingExtraError

ACCEPTED_INPUTS = (
    "a path, a polars, pandas or Arrow table, a mapping of columns, or a list of records"
)
"""What every call that takes data accepts."""


def open_frame(data: Any, name: str) -> LoadedFrame:
    """Open data in memory as the table ``name``; see :func:`to_polars`.

    Events with a list of items each become one event for each item.
    """
    frame, notes = to_polars(data, name)
    found = list_of_schema(frame.schema) if name == "events" else None
    if found is None:
        return LoadedFrame(name, frame, notes)
    events, rows = expand_frame(frame, found)
    n_events = rows.n_unique()
    notes.append(note_expansion(name, found, n_events, frame.height - n_events))
    return LoadedFrame(name, events, notes, rows=rows)


def to_polars(
    data: Any, name: str, columns: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """Return data as a polars frame with plain columns, and notes about changed names.

    Inner objects become columns ``outer_inner``, and a name that comes again is numbered.

    Args:
        data: A polars frame (eager or lazy), a pandas frame, a table of Arrow or of any library
            with its stream interface, a mapping of columns, or a list of records.
        name: Name of the data in messages.
        columns: Columns of the result if ``data`` has no rows and no columns.

    Raises:
        DataError: The input is something else, or its columns differ in length.
        MissingExtraError: The frame is a pandas frame, but pyarrow is not installed.

    Example:
        >>> to_polars([{"item_id": "a", "price": {"eur": 2}}], "items")[0].columns
        ['item_id', 'price_eur']
    """
    frame, notes = _convert(data, name)
    if not frame.width:
        frame = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return flatten_objects(frame), notes


def _convert(data: Any, name: str) -> tuple[pl.DataFrame, list[str]]:
    if isinstance(data, pl.LazyFrame):
        return data.collect(), []
    if isinstance(data, pl.DataFrame):
        return data, []
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns"):
        return _convert_pandas(data, name)
    if isinstance(data, Mapping):
        return _convert_columns(data, name), []
    if isinstance(data, list | tuple) and all(isinstance(row, Mapping) for row in data):
        return _convert_records(data), []
    if hasattr(data, "__arrow_c_stream__") and hasattr(data, "schema"):
        return _convert_arrow(data, name)
    raise DataError(f"{name}: expected {ACCEPTED_INPUTS}, got {_describe_type(data)}")


def _describe_type(data: Any) -> str:
    if isinstance(data, list | tuple):
        other = next(value for value in data if not isinstance(value, Mapping))
        return f"a list of {_describe_type(other)}" if not isinstance(other, list) else "rows"
    return f"{type(data).__module__}.{type(data).__qualname__}".removeprefix("builtins.")


def _convert_columns(data: Mapping[Any, Any], name: str) -> pl.DataFrame:
    values = {str(key): _as_values(column) for key, column in data.items()}
    lengths = {key: len(column) for key, column in values.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{name}: the columns differ in length: {lengths}")
    n_rows = next(iter(lengths.values()), 1)
    return pl.DataFrame(
        [
            _column(key, [data[key]] * n_rows if column is None else column)
            for key, column in values.items()
        ]
    )


def _as_values(column: Any) -> Any:
    """Return the values of a column; None for a single value, which holds for all rows."""
    if isinstance(column, str | bytes | Mapping) or not hasattr(column, "__iter__"):
        return None
    return column if hasattr(column, "__len__") else list(column)


def _convert_records(records: Sequence[Mapping[Any, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame(
        [_column(str(name), [record.get(name) for record in records]) for name in names]
    )


def _column(name: str, values: Any) -> pl.Series:
    """Return values of Python as a column; values of several types become text."""
    try:
        if isinstance(values, pl.Series):
            return values.alias(name)
        column = pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return _text_column(name, list(values))
    return column if column.dtype != pl.Object else _text_column(name, list(values))


def _text_column(name: str, values: Sequence[Any]) -> pl.Series:
    return pl.Series(name, [None if _is_null(v) else _text(v) for v in values], pl.String)


def _is_null(value: Any) -> bool:
    """Return whether a value is None, NaN, or the NA or NaT of pandas."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _convert_arrow(data: Any, name: str) -> tuple[pl.DataFrame, list[str]]:
    names = [str(field) for field in data.schema.names] if hasattr(data.schema, "names") else []
    free = number_duplicates(names)
    if list(free) != names:
        data = data.rename_columns(list(free))
    try:
        return pl.DataFrame(data), _note_renamed(name, names, free)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{name}: the Arrow table cannot be read: {error}") from error


def _convert_pandas(frame: Any, name: str) -> tuple[pl.DataFrame, list[str]]:
    frame = _with_named_index(frame)
    names = [_column_name(column) for column in frame.columns]
    free = number_duplicates(names)
    frame = frame.set_axis(list(free), axis=1)
    for column in free:
        if frame[column].dtype == object and _first_value(frame[column], UUID):
            frame[column] = frame[column].map(str, na_action="ignore")
    return _from_pandas(frame), _note_renamed(name, names, free)


def _with_named_index(frame: Any) -> Any:
    """Return a frame with the named levels of its index as columns."""
    named = [level for level in frame.index.names if level is not None]
    columns = {_column_name(column) for column in frame.columns}
    taken = [level for level in named if _column_name(level) in columns]
    if not named or taken:
        return frame
    return frame.reset_index(level=named)


def _column_name(column: Any) -> str:
    """Return a name of a column as text; parts of a name with several levels are joined."""
    if isinstance(column, tuple):
        return "_".join(str(part) for part in column if str(part))
    return str(column)


def _first_value(column: Any, kind: type) -> bool:
    """Return whether the first value that is given has a type."""
    at = column.first_valid_index()
    return at is not None and isinstance(column.dropna().iloc[0], kind)


def _from_pandas(frame: Any) -> pl.DataFrame:
    try:
        return pl.from_pandas(frame)
    except ImportError as error:
        raise MissingExtraError("reading pandas frames", "'daybreak[pandas]'") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyarrow", "polars", "builtins"}:
            raise
    return pl.DataFrame([_pandas_column(name, frame[name]) for name in frame.columns])


def _pandas_column(name: str, column: Any) -> pl.Series:
    try:
        return pl.Series(name, pl.from_pandas(column))
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyarrow", "polars", "builtins"}:
            raise
    return _text_column(name, column.tolist())


def _note_renamed(table: str, names: Sequence[str], free: Sequence[str]) -> list[str]:
    changed = [
        f"{old!r} comes again and is called {new!r}"
        for old, new in zip(names, free, strict=True)
        if old != new
    ]
    return [f"{table}: the column {', '.join(changed)}"] if changed else []


def flatten_objects(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose inner objects are columns ``outer_inner``.

    Example:
        >>> flatten_objects(pl.DataFrame({"user": [{"id": "ann"}]})).to_dicts()
        [{'user_id': 'ann'}]
    """
    return _flatten(frame)[0]


def _flatten(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return a frame without inner objects, and the original column of each of its columns."""
    owners = frame.columns
    while any(isinstance(kind, pl.Struct) for kind in frame.schema.values()):
        columns = [
            (owner, inner)
            for owner, column in zip(owners, frame.get_columns(), strict=True)
            for inner in _inner_columns(column)
        ]
        names = number_duplicates(inner.name for _, inner in columns)
        frame = pl.DataFrame(
            [inner.alias(name) for (_, inner), name in zip(columns, names, strict=True)]
        )
        owners = [owner for owner, _ in columns]
    return frame, owners


def _inner_columns(column: pl.Series) -> list[pl.Series]:
    if not isinstance(column.dtype, pl.Struct):
        return [column]
    inner = column.struct.unnest().get_columns()
    if len(inner) == 1 and inner[0].name.startswith("$"):  # a value with its type, of MongoDB
        return [inner[0].alias(column.name)]
    return [values.alias(f"{column.name}_{values.name}") for values in inner]


def flattened_names(schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Return the columns of :func:`flatten_objects`, each with the column that it comes from.

    Example:
        >>> flattened_names(pl.Schema({"a": pl.Int64(), "b": pl.Struct({"c": pl.String()})}))
        {'a': 'a', 'b_c': 'b'}
    """
    frame, owners = _flatten(pl.DataFrame(schema=schema))
    return dict(zip(frame.columns, owners, strict=True))
