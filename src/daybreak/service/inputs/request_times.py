"""Times at which users are asked, as callers give them."""

import warnings
from typing import Any

import polars as pl

from daybreak.errors import DataError, RejectedRowsWarning
from daybreak.service.inputs.frames import as_frame
from daybreak.service.inputs.values import read_values


def times_by_user(times: Any) -> dict[str, float]:
    """Return the time at which each user is asked [epoch s]; without one, it is unknown.

    Args:
        times: Frame, mapping or records of ``user_id, timestamp``, one row a user; None: no
            time is known.

    Raises:
        DataError: A column is missing.

    Example:
        >>> times_by_user([{"user_id": "ann", "timestamp": "2020-12-31"}])
        {'ann': 1609372800.0}
    """
    if times is None:
        return {}
    frame = as_frame(times, "user_id")
    if "timestamp" not in frame.columns:
        raise DataError(f"the times have no column 'timestamp'; columns: {frame.columns}")
    asked, notes = read_values(frame.select("user_id", "timestamp"), "events")
    for note in notes:
        warnings.warn(note, RejectedRowsWarning, stacklevel=4)
    asked = asked.with_columns(pl.col("timestamp").cast(pl.Float64, strict=False))
    known = asked.drop_nulls().filter(pl.col("timestamp").is_finite())
    return dict(known.iter_rows())
