"""Names of the columns of items that come after a training.

A shop sends new items as it sent those of the training: ``name``, ``Preis``. Under other names
than those of the catalogue they would be items without any content.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import polars as pl

from daybreak.data.columns import find_name, match_columns, to_snake_case
from daybreak.data.fields import AVAILABILITY_COLUMNS
from daybreak.data.happenings import (
    END_NAMES,
    end_of_days,
    find_happenings,
    takes_place,
    undecided_to_null,
)
from daybreak.data.item_limit_columns import LIMIT_NAMES
from daybreak.errors import DataError

UNTIL_COLUMN = AVAILABILITY_COLUMNS[1]
USUAL_COLUMNS = ("title", "description", "created_at", *AVAILABILITY_COLUMNS)
"""Columns with a meaning of their own, which a catalogue may get after the training."""


def match_catalogue(names: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """Return the column of the catalogue for which each column with another name stands.

    Names are recognised as those of files are. A column that the catalogue has is not renamed,
    and no two columns get the same name.

    Args:
        names: Columns of items, among them ``item_id``.
        known: Columns of the catalogue.

    Example:
        >>> match_catalogue(["item_id", "name", "Preis", "odd"], ["item_id", "title", "preis"])
        {'name': 'title', 'Preis': 'preis'}
    """
    try:
        found = {one.source: one.target for one in match_columns(names, "items").used}
    except DataError:
        return {}
    free = {*known, *USUAL_COLUMNS}.difference(names)
    matched: dict[str, str] = {}
    for name in names:
        wanted = found.get(name, to_snake_case(name))
        if name not in known and wanted in free:
            matched[name] = wanted
            free.remove(wanted)
    limits = [one for one in AVAILABILITY_COLUMNS if one in known and one in free]
    for target in limits:
        others = [name for name in names if name not in known and name not in matched]
        if (source := _find_limit(target, others, tuple(names))) is not None:
            matched[source] = target
    return matched


def _find_limit(target: str, others: Sequence[str], names: tuple[str, ...]) -> str | None:
    """Return the column of a limit that the training has read by its values."""
    found = find_happenings(names)
    happening = (*found.sure, *found.placed, *found.likely)
    wanted = found.offers if target == "available_from" else happening
    ends = () if target == "available_from" else END_NAMES
    named = find_name((*LIMIT_NAMES[target], *ends), others)
    return named or next((name for name in wanted if name in others), None)


def read_last_days(
    table: pl.DataFrame,
    renamed: Mapping[str, str],
    read: Callable[[pl.DataFrame], tuple[pl.DataFrame, list[str]]],
) -> tuple[pl.DataFrame, list[str]]:
    """Read the values of a table, with the last day of what takes place as part of it.

    Args:
        table: Rows with the names of the catalogue.
        renamed: Result of :func:`match_catalogue`.
        read: Reads the values, and returns notes about those that cannot be read.
    """
    columns = (*table.columns, *renamed)
    source = next((name for name, target in renamed.items() if target == UNTIL_COLUMN), None)
    if source is None or not takes_place(source, columns):
        return read(table)
    table, notes = read(table.with_columns(undecided_to_null(table[UNTIL_COLUMN])))
    return table.with_columns(end_of_days(table[UNTIL_COLUMN])), notes
