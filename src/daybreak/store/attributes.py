"""Attributes of items and users as JSON, and back."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from daybreak.errors import StoreError


def to_json(frame: pl.DataFrame, key: str) -> list[tuple[str, str]]:
    """Return (id, JSON object) of each row; a row with nothing but its id gives ``{}``.

    Example:
        >>> to_json(pl.DataFrame({"item_id": ["a", "b"], "year": [1999, None]}), "item_id")
        [('a', '{"year":1999}'), ('b', '{}')]
    """
    rest = frame.drop(key)
    if not rest.width:
        return [(id_, "{}") for id_ in frame[key].to_list()]
    empty = pl.all_horizontal(pl.col(rest.columns).is_null())
    spelt = rest.select(
        pl.when(empty)
        .then(pl.lit("{}"))
        .otherwise(pl.struct(rest.columns).struct.json_encode())
    ).to_series()
    return list(zip(frame[key].to_list(), spelt.to_list(), strict=True))


def merged(old: str, new: str) -> str:
    """Return the JSON object with the values of ``new`` put over those of ``old``.

    Example:
        >>> merged('{"year":1999,"title":"Tea"}', '{"year":null,"price":2.5}')
        '{"title":"Tea","price":2.5}'
    """
    record = {**parsed(old), **parsed(new)}
    kept = {name: value for name, value in record.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str) -> dict[str, Any]:
    """Return the object that a text spells.

    Raises:
        StoreError: It is none; somebody else has written to the store.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        raise StoreError(f"the store is damaged: attributes are not JSON ({error})") from error
    if not isinstance(record, dict):
        raise StoreError(f"the store is damaged: attributes are no JSON object: {text[:50]!r}")
    return record


def from_json(rows: Sequence[tuple[str, str]], key: str) -> pl.DataFrame:
    """Return the frame of (id, JSON object) rows, columns in the order they first came.

    A column in which no row has a value is not given back.
    """
    records = [parsed(text) for _, text in rows]
    names = dict.fromkeys(
        name for record in records for name, value in record.items() if value is not None
    )
    columns = [_column(name, [record.get(name) for record in records]) for name in names]
    return pl.DataFrame([pl.Series(key, [id_ for id_, _ in rows], pl.String), *columns])


def _column(name: str, values: list[object]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        values = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
        kinds = {str}
    if kinds <= {int, float} and float in kinds:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, values)
