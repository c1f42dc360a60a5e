"""Imported items as a store keeps them: in the catalogue, or known from events only."""

from dataclasses import replace

import polars as pl

from daybreak.data import ImportResult, Tables
from daybreak.data.fields import CATALOGUE_EXIT_COLUMN
from daybreak.data.tables import mark_listed
from daybreak.errors import DataError


def tables_to_store(imported: ImportResult, *, replace_items: bool = False) -> Tables:
    """Return imported tables whose items are marked as being in the catalogue.

    Args:
        imported: The import.
        replace_items: Whether the items are the whole catalogue.

    Raises:
        DataError: ``replace_items`` is given, but no items were read.

    Example:
        >>> from daybreak.data import read_tables
        >>> cups = read_tables(items=pl.DataFrame({"item_id": ["cup"]}))
        >>> tables_to_store(cups).items.rows()
        [('cup', False, None)]
    """
    n_listed = imported.rows_read.get("items", 0)
    if replace_items and not n_listed:
        raise DataError(
            "no items were read; an empty file does not replace the catalogue; to remove "
            "items, delete them"
        )
    if not n_listed:
        return imported.tables
    items = imported.tables.items
    listed = mark_listed(items[:n_listed])
    if CATALOGUE_EXIT_COLUMN not in listed.columns:  # an item that comes back is listed again
        listed = listed.with_columns(pl.lit(None, pl.Float64).alias(CATALOGUE_EXIT_COLUMN))
    complete = pl.concat([listed, items[n_listed:]], how="diagonal_relaxed")
    return replace(imported.tables, items=complete)
