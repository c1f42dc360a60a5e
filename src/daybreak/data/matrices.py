"""Tables with a row for each user and a column for each item, and their cells as events.

Lecturers, surveys and pivot tables write ratings and purchases so. Start at
:func:`open_matrix`.
"""

from pathlib import Path

import polars as pl

from daybreak.data.attributes_of_items import TEXT_TYPES
from daybreak.data.casts import to_text
from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import KEY_COLUMNS, has_all_known_names, is_rating_column, names_of
from daybreak.data.readers.source import SAMPLE_ROWS, LoadedFrame, OpenedTable
from daybreak.data.rejects import Rejects

MIN_ITEMS = 8
"""Smallest number of columns that are one for each item."""
MIN_EMPTY_SHARE = 0.3
"""Smallest share of cells without a value; answers to questions and attributes have few."""
MAX_VALUE = 100.0
"""Largest number that a cell has; prices and years are no events."""
ROWS_PER_STEP = 1_000
"""Number of users of which the cells are read at once."""


def open_matrix(opened: OpenedTable, *, is_events: bool = False) -> LoadedFrame | None:
    """Return the cells of a matrix of users and items as events; None: it is no matrix.

    Cells that are empty or 0 are no events. Where the first column has items, the others are
    users; they are read so only of a table that is known to have events.

    Args:
        opened: A table.
        is_events: Whether the table is known to have events.

    Example:
        >>> cells = {f"i{n}": [n % 2, 0] for n in range(8)}
        >>> matrix = LoadedFrame("log.csv", pl.DataFrame({"user_id": ["ann", "bob"]} | cells))
        >>> open_matrix(matrix).frame["item_id"].to_list()
        ['i1', 'i3', 'i5', 'i7']
    """
    names = opened.sample_columns
    if len(names) <= MIN_ITEMS or has_all_known_names(names, "events"):
        return None
    first, *items = names
    has_items = bool(names_of(first).intersection(COLUMN_ALIASES["events"]["item_id"]))
    sample = opened.sample(names).head(SAMPLE_ROWS)
    if (has_items and not is_events) or not _is_matrix(sample, first, items):
        return None
    rejects = Rejects()
    raw = opened.read(list(opened.columns), rejects)
    value = "rating" if is_rating_column(Path(opened.file).stem) else "value"
    keys = KEY_COLUMNS["events"]
    row_key, column_key = reversed(keys) if has_items else keys
    parts = []
    for part in raw.frame.with_columns(raw.rows.alias("\0row")).iter_slices(ROWS_PER_STEP):
        cells = part.unpivot(
            on=items, index=["\0row", first], variable_name="\0item", value_name="\0cell"
        )
        parts.append(cells.with_columns(_number("\0cell")).filter(pl.col("\0cell") != 0))
    events = pl.concat(parts).sort("\0row", maintain_order=True)
    frame = events.select(
        to_text(events[first]).alias(row_key),
        pl.col("\0item").alias(column_key),
        pl.col("\0cell").alias(value),
    )
    note = (
        f"{opened.file}: read as a matrix of {raw.frame.height:,} rows and {len(items):,} "
        f"columns, one for each {column_key.removesuffix('_id')}; its {frame.height:,} cells "
        "with a value are events"
    )
    return LoadedFrame(opened.file, frame, [*opened.notes, note], rejects, events["\0row"])


def _number(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars().str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False).alias(name)


def _is_matrix(rows: pl.DataFrame, first: str, items: list[str]) -> bool:
    """Return whether a table has ids first, and else numbers, many of which are missing."""
    ids = rows[first]
    if not rows.height or ids.null_count() or ids.dtype.is_nested() or ids.dtype.is_float():
        return False
    if ids.n_unique() != len(ids) or not all(map(_may_be_cells, rows.select(items))):
        return False
    text = pl.concat([to_text(rows[name]).alias("cell") for name in items])
    given = text.str.strip_chars().replace("", None).drop_nulls()
    number = given.to_frame().select(_number("cell"))["cell"]
    is_cell = number.is_between(-MAX_VALUE, MAX_VALUE) & number.is_not_null()
    n_set = int((number != 0).sum())
    return bool(is_cell.all()) and 0 < n_set <= (1 - MIN_EMPTY_SHARE) * len(text)


def _may_be_cells(values: pl.Series) -> bool:
    return values.dtype.is_numeric() or values.dtype in (*TEXT_TYPES, pl.Null)
