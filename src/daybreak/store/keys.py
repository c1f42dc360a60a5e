"""A key for each event, so that writing it again is noticed."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from struct import pack, unpack

import numpy as np
import polars as pl

_CONTENT = ("user_id", "item_id", "event_type", "timestamp", "value")
_BETWEEN = "\x1f"
_NULL = "\x00"
_FEW = 200
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
    spell = _spelt_by_row if events.height < _FEW else _spelt
    text = spell(events)
    if ids is not None:
        text = [
            own if id_ is None else _ID + id_
            for own, id_ in zip(text, ids.cast(pl.String).to_list(), strict=True)
        ]
    return _digests(text)


def id_keys(ids: Sequence[str]) -> list[bytes]:
    """Return the keys of events that were written with these ids."""
    return _digests([_ID + id_ for id_ in ids])


def _spelt(events: pl.DataFrame) -> list[str]:
    """Return the content of each event and its number among equal ones."""
    content = events.select(_CONTENT).with_columns(
        _bits(events["timestamp"]), _bits(events["value"]), pl.col("event_type").cast(pl.String)
    )
    occurrence = pl.int_range(pl.len()).over(_CONTENT).cast(pl.String)
    return content.select(
        pl.concat_str(
            [*(pl.col(name).fill_null(_NULL) for name in _CONTENT), occurrence],
            separator=_BETWEEN,
        ).alias("text")
    )["text"].to_list()


def _spelt_by_row(events: pl.DataFrame) -> list[str]:
    """Do the same as :func:`_spelt`, with less to set up."""
    seen = Counter[str]()
    texts = []
    columns = [events[name].to_list() for name in _CONTENT]
    for row in zip(*columns, strict=True):
        content = _BETWEEN.join(map(_spelt_value, row))
        texts.append(f"{content}{_BETWEEN}{seen[content]}")
        seen[content] += 1
    return texts


def _spelt_value(value: str | float | None) -> str:
    if value is None:
        return _NULL
    if isinstance(value, str):
        return value
    return str(unpack("<q", pack("<d", value + 0.0))[0])


def _digests(texts: Sequence[str]) -> list[bytes]:
    return [blake2b(text.encode(), digest_size=16).digest() for text in texts]


def _bits(values: pl.Series) -> pl.Series:
    """Spell floats by their bits, which no version of any library rounds differently."""
    numbers = values.cast(pl.Float64)
    bits = (numbers.fill_null(0.0).to_numpy() + 0.0).view(np.int64)
    text = pl.Series(values.name, bits).cast(pl.String)
    return text.zip_with(numbers.is_not_null(), pl.Series(values.name, [None], pl.String))
