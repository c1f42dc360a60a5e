"""Times, numbers and switches of frames that callers pass, read as in files."""

from collections.abc import Callable

import polars as pl

from daybreak.data import TableRole
from daybreak.data.building import CLOSED_LIMITS, TIME_COLUMNS
from daybreak.data.casts import cast_switch, to_text
from daybreak.data.columns import find_value_column
from daybreak.data.fields import HIDDEN_COLUMN
from daybreak.data.rating_texts import read_value_column
from daybreak.data.times import EVENT_YEARS, MAX_EPOCH_S, read_times, unlimited_to_null
from daybreak.errors import DataError


def read_values(frame: pl.DataFrame, role: TableRole) -> tuple[pl.DataFrame, list[str]]:
    """Return a frame with its times, numbers and switches, and notes about unreadable ones.

    Args:
        frame: Rows with canonical names of columns.
        role: Table of the rows.

    Raises:
        DataError: The dates of a column can be read in two ways.

    Example:
        >>> offers = pl.DataFrame({"item_id": ["a"], "available_until": ["31.12.2020"]})
        >>> read_values(offers, "items")[0]["available_until"].to_list()
        [1609372800.0]
    """
    notes: list[str] = []
    for name, read in _readers(frame, role).items():
        values = frame[name]
        column, bad = read(values)
        frame = frame.with_columns(column.alias(name))
        if bad.any():
            example = str(to_text(values.filter(bad).head(1))[0])[:40]
            hides = name in {*CLOSED_LIMITS, HIDDEN_COLUMN}
            result = "these items are not recommended" if hides else "they are not used"
            notes.append(
                f"{name}: {bad.sum():,} of {len(bad):,} values cannot be read, such as "
                f"{example!r}; {result}"
            )
    return frame, notes


_Reader = Callable[[pl.Series], tuple[pl.Series, pl.Series]]


def _readers(frame: pl.DataFrame, role: TableRole) -> dict[str, _Reader]:
    """Return the function for each column that is not read yet."""
    times = ("timestamp",) if role == "events" else TIME_COLUMNS
    readers: dict[str, _Reader] = {
        name: _read_time for name in times if name in frame.columns and _is_raw(frame[name])
    }
    amount = find_value_column(frame.columns) if role == "events" else None
    if amount is not None and frame[amount].dtype == pl.String:
        readers[amount] = _read_number
    if role == "items" and HIDDEN_COLUMN in frame.columns:
        readers[HIDDEN_COLUMN] = _read_switch
    return readers


def _is_raw(values: pl.Series) -> bool:
    """Return whether a column of times is not in epoch seconds."""
    if values.dtype.is_numeric():
        return bool((values.cast(pl.Float64).abs() > MAX_EPOCH_S).any())
    return values.dtype != pl.Null


def _read_time(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    closed = CLOSED_LIMITS.get(values.name)
    times = values if closed is None else unlimited_to_null(values)
    column = read_times(times, years=EVENT_YEARS if times.dtype == pl.String else None)
    if column.is_undecided.any():
        raise DataError(
            f"the date {column.example!r} in {values.name} can be read in two ways; write it "
            "like 2026-06-05"
        )
    seconds = column.seconds
    if values.dtype.is_numeric():  # infinite: just now
        infinite = values.cast(pl.Float64).is_infinite().fill_null(value=False)
        return seconds.zip_with(~infinite, values.cast(pl.Float64)), column.is_bad & ~infinite
    if closed is not None:
        seconds = seconds.set(column.is_bad, closed)
    return seconds, column.is_bad


def _read_number(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    column = read_value_column(values)
    return column.values, column.is_bad


def _read_switch(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    switch, bad = cast_switch(values)
    return (switch.set(bad, "true") if bad.any() else switch), bad
