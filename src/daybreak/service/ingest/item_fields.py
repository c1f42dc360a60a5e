"""Fields of items and users in requests, under the names that they have in files.

A client sends what its system has: ``expires_at``, ``status``, ``name``. An offer whose end is
passed over would be recommended for ever. Start at :func:`find_item_limits` and
:func:`with_usual_texts`.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from daybreak.data.column_aliases import COLUMN_ALIASES, TableRole
from daybreak.data.column_types import (
    GONE_COLUMNS,
    OFF_COLUMNS,
    SWITCH_COLUMNS,
    says_hidden,
)
from daybreak.data.columns import find_name, names_of
from daybreak.data.fields import AVAILABILITY_COLUMNS, HIDDEN_COLUMN
from daybreak.data.happenings import END_NAMES, find_happenings
from daybreak.data.item_limit_columns import LIMIT_NAMES

MAX_CACHED_SHAPES = 1_000
"""Maximum number of sets of fields whose meaning is cached; those of a client are few."""
_TEXTS: Mapping[TableRole, tuple[str, ...]] = {
    "items": ("title", "description"),
    "users": ("text",),
    "events": (),
}
"""Texts that may have other names. A ``category`` is an attribute under its own name, by which
filters and later changes find it."""


class LimitFields(NamedTuple):
    """Which fields of an item say when it may be recommended."""

    times: tuple[tuple[str, str, bool], ...] = ()
    """Usual name, name in the row, and whether the field can mean nothing else."""
    switches: tuple[str, ...] = ()
    """Fields that may say whether the item is on sale."""


@lru_cache(maxsize=MAX_CACHED_SHAPES)
def find_item_limits(names: tuple[str, ...]) -> LimitFields:
    """Return the fields of an item that limit when it may be recommended, by their names.

    Args:
        names: Fields of a row; those with usual names go first.

    Example:
        >>> find_item_limits(("item_id", "expires_at", "status"))
        LimitFields(times=(('available_until', 'expires_at', True),), switches=('status',))
    """
    free = [name for name in names if name not in (*AVAILABILITY_COLUMNS, "created_at")]
    found = []
    for target in (*AVAILABILITY_COLUMNS, "created_at"):
        if target in names:
            continue
        sure = find_name(COLUMN_ALIASES["items"][target], free)
        source = sure or find_name(LIMIT_NAMES.get(target, ()), free)
        source = source or _find_happening(target, names, free)
        if source is not None:
            is_sure = sure is not None and target in AVAILABILITY_COLUMNS
            found.append((target, source, is_sure))
    switches = [
        name
        for name in free
        if names_of(name) & (SWITCH_COLUMNS | OFF_COLUMNS | GONE_COLUMNS | {"hidden"})
        and name != HIDDEN_COLUMN
    ]
    return LimitFields(tuple(found), () if HIDDEN_COLUMN in names else tuple(switches))


def _find_happening(target: str, names: tuple[str, ...], free: list[str]) -> str | None:
    """Return the field that says when an item takes place, or when an offer begins."""
    found = find_happenings(names)
    if target == "available_from":
        return next(iter(found.offers), None)
    if target != "available_until":
        return None
    if not found.has_venues:
        return None  # a job in a city or an article from a place has a date, too
    ends = find_name(END_NAMES, free)
    return ends or next(iter((*found.sure, *found.placed)), None)


def is_off(row: Mapping[str, Any], switches: Collection[str]) -> bool | None:
    """Return whether one of the switches of an item says that it is not on sale; None: unknown.

    Example:
        >>> is_off({"status": "archived"}, ["status"]), is_off({"status": "new"}, ["status"])
        (True, None)
    """
    said = [says_hidden(name, row[name]) for name in switches]
    told = [one for one in said if one is not None]
    return any(told) if told else None


def with_usual_texts(
    row: Mapping[str, Any], role: TableRole, known: Collection[str]
) -> Mapping[str, Any]:
    """Return a row whose title and description have these names.

    Args:
        row: Fields of an item or a user.
        role: ``items`` or ``users``.
        known: Columns that the store has; a field with such a name stays.

    Example:
        >>> with_usual_texts({"item_id": "a", "name": "Tea"}, "items", ["item_id"])
        {'item_id': 'a', 'title': 'Tea'}
    """
    new = tuple(name for name, value in row.items() if isinstance(value, str | list))
    missing = tuple(target for target in _TEXTS[role] if target not in row)
    renamed = _find_texts(new, role, missing) if missing else {}
    renamed = {source: target for source, target in renamed.items() if source not in known}
    if not renamed:
        return row
    return {renamed.get(name, name): value for name, value in row.items()}


@lru_cache(maxsize=MAX_CACHED_SHAPES)
def _find_texts(
    names: tuple[str, ...], role: TableRole, missing: tuple[str, ...]
) -> Mapping[str, str]:
    """Return the usual name of each field that has another one."""
    free = [name for name in names if name not in COLUMN_ALIASES[role]]
    found: dict[str, str] = {}
    for target in missing:
        source = find_name(
            COLUMN_ALIASES[role][target], [name for name in free if name not in found]
        )
        if source is not None:
            found[source] = target
    return found
