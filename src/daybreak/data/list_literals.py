"""Lists that were written as text: JSON, Python, numpy and SQL arrays."""

import ast
import csv
import json
import re
from typing import Any

import polars as pl

LIST_PATTERN = r"(?s)^\s*(\[.*\]|\{.*\}|\(.*,.*\))\s*$"
"""Texts that may be a list: in brackets, braces, or in parentheses with a comma."""
MIN_LIST_SHARE = 0.9
"""Share of the values of a column that must be lists, for all of them to be read as lists."""
NAME_KEYS = ("name", "title", "label", "value", "id")
"""Keys whose value stands for an object in a list, the first one that exists."""

_ADJACENT_STRINGS = re.compile(r"""(['"])\s+\1""")
_KEY = re.compile(r"\{[^,]*:")
_NUMPY_ITEM = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s'"\[\]]+)""")


def join_list_literals(text: pl.Series, separator: str) -> pl.Series:
    """Return the values of a column of lists, joined; other columns are returned unchanged.

    Args:
        text: Column of text.
        separator: Separator to put between the values of a list.

    Example:
        >>> tags = pl.Series(["['a', 'b']", '["c"]', "[]", None])
        >>> join_list_literals(tags, "|").to_list()
        ['a|b', 'c', None, None]
    """
    given = text.drop_nulls()
    may_be_list = given.str.contains(LIST_PATTERN)
    if not len(given) or (may_be_list.mean() or 0) < MIN_LIST_SHARE:  # type: ignore[operator]
        return text
    lists = {value: parse_list(value) for value in given.unique().to_list()}
    n_lists = sum(lists[value] is not None for value in given)
    if n_lists < MIN_LIST_SHARE * len(given):
        return text
    joined = {
        value: value if parts is None else separator.join(parts) or None
        for value, parts in lists.items()
    }
    found = [None if value is None else joined[value] for value in text]
    return pl.Series(text.name, found, dtype=pl.String)


def parse_list(text: str) -> list[str] | None:
    """Return the values of a list that was written as text, None if it is no list.

    An object in a list, such as ``{"id": 16, "name": "Drama"}``, is represented by its name.

    Example:
        >>> parse_list('["Sale", "New"]'), parse_list("{red,dark blue}")
        (['Sale', 'New'], ['red', 'dark blue'])
        >>> parse_list("['a' 'b']"), parse_list("[new] lamp")
        (['a', 'b'], None)
    """
    text = text.strip()
    for read in (_read_json, _read_python, _read_numpy, _read_sql):
        found = read(text)
        if found is not None:
            names = (_name(value) for value in found)
            return [name for name in names if name]
    return None


def _read_json(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and _is_flat(found) else None


def _read_python(text: str) -> list[Any] | None:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if not isinstance(found, list | tuple | set | frozenset) or not _is_flat(found):
        return None
    if _ADJACENT_STRINGS.search(text):
        return None  # as numpy prints arrays; Python reads them as one string
    return sorted(found, key=str) if isinstance(found, set) else list(found)


def _read_numpy(text: str) -> list[Any] | None:
    """Return the values between brackets that are separated by blanks or are bare words."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    inner = text[1:-1]
    if "[" in inner:
        return None
    if "," in inner and "'" not in inner and '"' not in inner:
        return [value.strip() for value in inner.split(",")]
    if "'" not in inner and '"' not in inner:
        return [inner] if inner.strip() else []
    return [next(filter(None, found), "") for found in _NUMPY_ITEM.findall(inner)]


def _read_sql(text: str) -> list[Any] | None:
    """Return the values of an array as PostgreSQL writes it."""
    if (
        not (text.startswith("{") and text.endswith("}"))
        or ":" in text.split(",", maxsplit=1)[0]
    ):
        return None
    rows = list(csv.reader([text[1:-1]], skipinitialspace=True, escapechar="\\"))
    return [value for value in rows[0] if value != "NULL"] if rows else []


def _is_flat(values: Any) -> bool:
    return all(not isinstance(value, list | tuple | set) for value in values)


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        value = next((value[key] for key in NAME_KEYS if key in value), None)
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip()
