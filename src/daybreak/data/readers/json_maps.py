"""JSON files that are one object: a history for each user, or values for each column.

``{"ann": ["tea", "cup"]}``, ``{"ann": {"tea": 5}}``, ``{"ann": [{"item": "tea"}]}`` and, as
pandas writes tables, ``{"user_id": {"0": "ann"}}``. Start at :func:`open_json_map`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from daybreak.data.column_aliases import TABLE_ROLES
from daybreak.data.columns import has_known_names, is_rating_column
from daybreak.data.readers.byte_encodings import TextEncoding
from daybreak.data.readers.source import LoadedFrame
from daybreak.data.readers.text import iter_text_blocks

MIN_USERS = 2
"""Smallest number of users of a file that is an object with a history for each."""
HEAD_CHARS = 65_536
"""Beginning of a file in which two histories must be complete [characters]."""
_TABLE_NAMES = frozenset(
    {"events", "items", "users", "data", "products", "orders", "results", "records", "rows"}
    | {"interactions", "ratings", "transactions", "movies", "books", "articles", "customers"}
)
"""Keys of tables, whose values are no histories."""


def open_json_map(path: Path, encoding: TextEncoding, start: str) -> LoadedFrame | None:
    """Open a JSON file that is one object of histories or of columns; None: it is another one.

    Args:
        path: The file.
        encoding: Its encoding.
        start: The beginning of its text.
    """
    head = dict(_complete_pairs(start[:HEAD_CHARS]))
    if len(head) < MIN_USERS or not (_are_columns(head) or _are_histories(head)):
        return None
    try:
        whole = json.loads("".join(iter_text_blocks(path, encoding)))
    except ValueError:
        return None
    if not isinstance(whole, dict):
        return None
    if _are_columns(whole):
        return LoadedFrame(path.name, _frame_of_columns(whole), path=path)
    if not _are_histories(whole):
        return None
    value = "rating" if is_rating_column(path.stem) else "value"
    rows = [row for user, history in whole.items() for row in _rows_of(user, history, value)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [pl.Series(n, [_text(row.get(n)) for row in rows], pl.String) for n in names]
    note = f"{path.name}: read as the histories of {len(whole):,} users"
    return LoadedFrame(path.name, pl.DataFrame(columns), [note], path=path)


def _complete_pairs(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the keys of an object with their values, as far as they are complete."""
    decoder = json.JSONDecoder()
    at = text.find("{") + 1
    while at:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        try:
            key, at = decoder.raw_decode(text, at)
            at = text.index(":", at) + 1
            at += len(text[at:]) - len(text[at:].lstrip())
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield str(key), value


def _are_columns(pairs: Mapping[str, Any]) -> bool:
    """Return whether an object has a list, or values by row, for each column of a table."""
    if not any(has_known_names(list(pairs), role) for role in TABLE_ROLES):
        return False
    values = list(pairs.values())
    are_lists = all(isinstance(one, list) for one in values)
    are_indexed = all(isinstance(one, dict) for one in values)
    is_even = (are_lists or are_indexed) and len(set(map(len, values))) == 1
    return is_even and len(values[0]) > 0 and all(map(_is_plain, _first_values(values)))


def _first_values(columns: list[Any]) -> Iterator[Any]:
    for column in columns:
        yield next(iter(column.values() if isinstance(column, dict) else column))


def _frame_of_columns(columns: Mapping[str, Any]) -> pl.DataFrame:
    lists = {
        name: list(values.values()) if isinstance(values, dict) else values
        for name, values in columns.items()
    }
    return pl.DataFrame([pl.Series(n, map(_text, v), pl.String) for n, v in lists.items()])


def _are_histories(pairs: Mapping[str, Any]) -> bool:
    """Return whether an object has lists of items, or values by item, for each user."""
    if _TABLE_NAMES.intersection(key.lower() for key in pairs):
        return False
    if any(has_known_names([key], role) for key in pairs for role in TABLE_ROLES):
        return False
    values = [value for value in pairs.values() if value]
    if len(values) < MIN_USERS:
        return False
    if all(isinstance(value, dict) for value in values):
        return all(_is_number(one) for value in values for one in value.values())
    if not all(isinstance(value, list) for value in values):
        return False
    items = [one for value in values for one in value]
    return all(map(_is_plain, items)) or all(
        isinstance(one, dict) and has_known_names(list(one), "items") for one in items
    )


def _rows_of(user: str, history: Any, value: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a user."""
    if isinstance(history, dict):
        for item, number in history.items():
            yield {"user_id": user, "item_id": item, value: number}
        return
    for item in history or ():
        yield {"user_id": user, **(item if isinstance(item, dict) else {"item_id": item})}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
