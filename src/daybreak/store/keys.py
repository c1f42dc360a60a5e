"""A key for each event, so that writing it again is noticed."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

_CONTENT = ("user_id", "item_id", "event_type", "timestamp", "value")
_BETWEEN = "\x1f"
_ID = "id" + _BETWEEN


def event_keys(events: pl.DataFrame, ids: pl.Series | None = None) -> list[bytes]:
    """Return (n_events,) keys of 16 bytes: of the id where there is one, else of the content.

    The n-th of several equal events gets the key of "content, n", so equal events in one call
    differ from each other and are found again in the next call. Two different events get the
    same key with a chance below n² / 2¹²⁹.

    Example:
        >>> twice = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "x"],
        ...     "event_type": [None, None], "timestamp": [1.0, 1.0], "value": [None, None]})
        >>> first, second = event_keys(twice)
        >>> first != second, event_keys(twice) == [first, second]
        (True, True)
    """
    content = events.select(_CONTENT).with_columns(
        _bits(events["timestamp"]), _bits(events["value"]), pl.col("event_type").cast(pl.String)
    )
    occurrence = pl.int_range(pl.len()).over(_CONTENT).cast(pl.String)
    text = content.select(
        pl.concat_str(
            [*(pl.col(name).fill_null("\x00") for name in _CONTENT), occurrence],
            separator=_BETWEEN,
        ).alias("text")
    )["text"]
    if ids is not None:
        text = (_ID + ids.cast(pl.String)).fill_null(text)
    return _digests(text.to_list())


def id_keys(ids: Sequence[str]) -> list[bytes]:
    """Return the keys of events that were written with these ids."""
    return _digests([_ID + id_ for id_ in ids])


def _digests(texts: Sequence[str]) -> list[bytes]:
    return [blake2b(text.encode(), digest_size=16).digest() for text in texts]


def _bits(values: pl.Series) -> pl.Series:
    """Spell floats by their bits, which no version of any library rounds differently."""
    numbers = values.cast(pl.Float64)
    bits = (numbers.fill_null(0.0).to_numpy() + 0.0).view(np.int64)
    text = pl.Series(values.name, bits).cast(pl.String)
    return text.zip_with(numbers.is_not_null(), pl.Series(values.name, [None], pl.String))
