"""Column names as they stand in a file, turned into snake_case names."""

import re
from collections.abc import Iterable

_TYPE = re.compile(r":(token|token_seq|float|float_seq)$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^\w]+", re.UNICODE)


def snake_case(name: str) -> str:
    """Return a column name in lower case with underscores, without a RecBole type.

    Example:
        >>> [snake_case(n) for n in ("userID", "ITEM_ID", "item_id:token", "Unit Price")]
        ['user_id', 'item_id', 'item_id', 'unit_price']
    """
    bare = _TYPE.sub("", name.strip().lstrip("\ufeff"))
    return _OTHER.sub("_", _HUMP.sub("_", bare)).strip("_").lower() or "column"


def atomic_type(name: str) -> str:
    """Return the RecBole type behind a header (``token_seq``…), or an empty string."""
    found = _TYPE.search(name.strip())
    return found.group(1) if found else ""


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, the second of a kind with ``_2`` behind it, and so on.

    Example:
        >>> unique_names(["a", "b", "a"])
        ('a', 'b', 'a_2')
    """
    seen: set[str] = set()
    result: list[str] = []
    for name in names:
        free, n = name, 1
        while free in seen:
            n += 1
            free = f"{name}_{n}"
        seen.add(free)
        result.append(free)
    return tuple(result)
