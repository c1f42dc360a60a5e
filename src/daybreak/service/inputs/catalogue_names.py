"""Names of the columns of items that come after a training.

A shop sends new items as it sent those of the training: ``name``, ``Preis``. Under other names
than those of the catalogue they would be items without any content.
"""

from collections.abc import Collection, Sequence

from daybreak.data.columns import match_columns, to_snake_case
from daybreak.data.fields import AVAILABILITY_COLUMNS
from daybreak.errors import DataError

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
    return matched
