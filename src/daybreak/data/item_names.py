"""Items of events that are named by their titles: order lines without an article number.

Shops that keep no numbers export the title of a product, with the chosen size after it. Start
at :func:`name_items` for rows of events and :func:`match_titles` for events beside a catalogue.
"""

from dataclasses import replace

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.columns import ColumnMapping, find_name
from daybreak.data.ids import cast_ids, id_column_problem
from daybreak.data.key_names import ITEM_TITLE_NAMES
from daybreak.data.readers.source import RawTable

_CHOICE = r"\s+[-–—/|]\s+[^-–—/|]{1,40}$|\s*[(\[][^()\[\]]{1,40}[)\]]$"
"""Size or colour behind the title of a product."""


def title_column(mapping: ColumnMapping) -> str | None:
    """Return the column with titles beside one with ids of items; None if there is none.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> title_column(match_columns(["Email", "Lineitem sku", "Lineitem name"], "events"))
        'Lineitem name'
    """
    if mapping.role != "events" or mapping.source_of("item_id") is None:
        return None
    return find_name(ITEM_TITLE_NAMES, mapping.unused)


def name_items(
    raw: RawTable, mapping: ColumnMapping, titles: str | None
) -> tuple[RawTable, tuple[str, ...]]:
    """Return events in which rows without an id of an item have its title as their id.

    Args:
        raw: Columns as they came.
        mapping: What they are read as.
        titles: Column with titles; None: there is none.
    """
    source = mapping.source_of("item_id")
    if titles is None or source is None or id_column_problem(raw.frame[source].dtype):
        return raw, ()
    ids, is_missing = cast_ids(raw.frame[source])
    named = to_text(raw.frame[titles]).str.strip_chars().replace("", None)
    taken = is_missing & named.is_not_null()
    if not taken.any():
        return raw, ()
    frame = raw.frame.with_columns(ids.zip_with(~taken, named).alias(source))
    note = (
        f"{raw.file}: {taken.sum():,} of {len(taken):,} rows have no {source}; their item is "
        f"named by {titles}"
    )
    return replace(raw, frame=frame), (note,)


def plain_titles(titles: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return titles in lower case, and without a size or a colour behind them.

    Args:
        titles: Texts.
    """
    whole = titles.str.to_lowercase().str.strip_chars()
    return whole, whole.str.replace(_CHOICE, "")


def match_titles(events: pl.DataFrame, items: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return events on items of the catalogue that were named by title, and their number.

    Titles are compared without regard to case; a size or a colour may follow. Titles of
    several items stand for the first one; ids without letters are no titles.

    Args:
        events: Frame with ``item_id``.
        items: The catalogue.

    Example:
        >>> log = pl.DataFrame({"item_id": ["Tea cup - Blue", "tea cup"]})
        >>> match_titles(log, pl.DataFrame({"item_id": ["7"], "title": ["Tea Cup"]}))[1]
        2
    """
    if "title" not in items.columns or not events.height:
        return events, 0
    named = events.select("item_id").unique(maintain_order=True)
    unknown = named.join(items.select("item_id"), on="item_id", how="anti")
    unknown = unknown.filter(pl.col("item_id").str.contains(r"\p{L}"))
    key, _ = plain_titles(pl.col("title"))
    titles = items.select("item_id", key.alias("key")).drop_nulls().unique("key", keep="first")
    known = dict(titles.select("key", "item_id").rows())
    found = unknown.with_columns(
        pl.coalesce(
            one.replace_strict(known, default=None, return_dtype=pl.String)
            for one in plain_titles(pl.col("item_id"))
        ).alias("own")
    ).drop_nulls("own")
    if not found.height:
        return events, 0
    own = pl.col("item_id").replace(dict(found.rows()))
    n = events.join(found, on="item_id", how="semi").height
    return events.with_columns(own), n
