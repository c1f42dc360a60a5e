"""Lists that were written as text: JSON, Python, numpy and SQL arrays."""

import ast
import csv
import json
import re
from collections.abc import Iterable
from html import unescape
from typing import Any

import polars as pl

LIST_PATTERN = (
    r"(?s)^\s*(\[.*\]|\{.*\}|\(.*,.*\)|\"[\[{].*[\]}]\"|a:\d+:\{.*\}|<(?:ul|ol|li)\b.*>"
    r"|<\w+>[^<]*</\w+>\s*<.*>|#\S+(?:\s+#\S+)+)\s*$"
)
"""Texts that may be a list: in brackets, braces, or in parentheses with a comma; JSON within
JSON, arrays of PHP, elements of one name, words with ``#``."""
MIN_LIST_SHARE = 0.9
"""Share of the values of a column that must be lists, for all of them to be read as lists."""
NAME_KEYS = ("name", "title", "label", "value", "id")
"""Keys whose value stands for an object in a list, the first one that exists."""

_LISTS = (list, tuple, set, frozenset)
_ADJACENT_STRINGS = re.compile(r"""(['"])\s+\1""")
_KEY = re.compile(r"\{[^,]*:")
_PHP_ARRAY = re.compile(r'a:\d+:\{(?:(?:i:\d+|s:\d+:"[^"]*");s:\d+:"[^"]*";)*\}')
_PHP_VALUE = re.compile(r'(?:i:\d+|s:\d+:"[^"]*");s:\d+:"([^"]*)";')
_LIST_ELEMENT = re.compile(r"(?i)</?(?:ul|ol)\b[^<>]*>")
_ELEMENT = re.compile(r"(?is)<(\w+)(?:\s[^<>]*)?>([^<>]*)</\1>")
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
        >>> parse_list('[["Home", "Tea"], ["Sale"]]'), parse_list("<li>Tea</li><li>Sale</li>")
        (['Home', 'Tea', 'Sale'], ['Tea', 'Sale'])
    """
    text = text.strip()
    for read in (*_WRITTEN, _read_numpy, _read_sql):
        found = read(text)
        if found is not None:
            names = (_name(value) for value in found)
            return [name for name in names if name]
    return None


def parse_plain_list(text: str) -> list[str] | None:
    """Return the values of a text that can only be a list of JSON or Python; else None.

    Example:
        >>> parse_plain_list('["Sale", "New"]'), parse_plain_list("[Sale]")
        (['Sale', 'New'], None)
    """
    is_list = text.startswith("[") and text.endswith("]")
    return parse_list(text) if is_list and (_read_json(text) or _read_python(text)) else None


def _read_json(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _read_json(text.replace('\\"', '"')) if '\\"' in text else None
    if isinstance(found, str) and found[:1] in ("[", "{", '"'):
        return _read_json(found)
    if isinstance(found, dict):
        return _values_of(found)
    return _flat(found) if isinstance(found, list) else None


def _values_of(found: dict[str, Any]) -> list[Any] | None:
    """Return the values of an object that stands for a list.

    ``{"categories": ["Tea"]}`` holds one, and ``{"Tea": true, "Sale": false}`` names them.
    """
    values = list(found.values())
    if len(values) == 1 and isinstance(values[0], list):
        return _flat(values[0])
    if values and all(isinstance(value, bool) for value in values):
        return [name for name, is_set in found.items() if is_set]
    return None


def _read_php(text: str) -> list[Any] | None:
    """Return the values of an array as PHP writes it."""
    return _PHP_VALUE.findall(text) if _PHP_ARRAY.fullmatch(text) else None


def _read_elements(text: str) -> list[Any] | None:
    """Return the texts of elements that all have one name, as ``<li>`` in a list."""
    inner = _LIST_ELEMENT.sub("", text).strip()
    found = _ELEMENT.findall(inner)
    names = {name.lower() for name, _ in found}
    if not found or _ELEMENT.sub("", inner).strip() or len(names) > 1:
        return None
    return [unescape(value).strip() for _, value in found]


def _read_hashes(text: str) -> list[Any] | None:
    words = text.split()
    is_list = len(words) > 1 and all(len(word) > 1 and word[0] == "#" for word in words)
    return [word[1:] for word in words] if is_list else None


def _read_python(text: str) -> list[Any] | None:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if isinstance(found, dict):
        return _values_of(found)
    if not isinstance(found, _LISTS):
        return None
    if _ADJACENT_STRINGS.search(text):
        return None  # as numpy prints arrays; Python reads them as one string
    return sorted(found, key=str) if isinstance(found, set) else _flat(found)


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


def _flat(values: Iterable[Any]) -> list[Any] | None:
    """Return the values of lists within lists; None for tables of numbers."""
    flat: list[Any] = []
    for value in values:
        inner = _flat(value) if isinstance(value, _LISTS) else [value]
        if inner is None or (isinstance(value, _LISTS) and not _all_named(inner)):
            return None
        flat += inner
    return flat


def _all_named(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str | dict) for value in values)


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        value = next((value[key] for key in NAME_KEYS if key in value), None)
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip()


_WRITTEN = (_read_json, _read_python, _read_php, _read_elements, _read_hashes)
"""Readers of lists that cannot be anything else."""
