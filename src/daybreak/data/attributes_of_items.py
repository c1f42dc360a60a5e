"""Attributes of items in files of events, which repeat them in every row.

Many systems export one file: who bought what and when, with the name and the category of the
product. Start at :func:`constant_columns`.
"""

from collections.abc import Sequence

import polars as pl

MIN_REPEATED_IDS = 5
"""Smallest number of ids in several rows from which columns are judged."""
MAX_OPINION = 10
"""Largest number that may be what somebody thinks of an item."""
TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum)
MIN_CONSTANT_SHARE = 0.9
"""Smallest share of these ids that have one value: some items change."""


def constant_columns(rows: pl.DataFrame, key: str, names: Sequence[str]) -> list[str] | None:
    """Return the columns with one value for each id.

    Args:
        rows: Rows, or the first of them.
        key: Column of the ids.
        names: Columns to judge.

    Returns:
        Those of ``names``; None if too few ids come again to say so.

    Example:
        >>> log = pl.DataFrame({"sku": ["a", "b"] * 5, "name": ["Tea", "Cup"] * 5,
        ...     "day": range(10)}).vstack(pl.DataFrame({"sku": list("cdefg") * 2,
        ...     "name": list("CDEFG") * 2, "day": range(10)}))
        >>> constant_columns(log, "sku", ["name", "day"])
        ['name']
    """
    names = [n for n in names if n in rows.columns and _is_countable(rows[n].dtype)]
    if key not in rows.columns or not _is_countable(rows[key].dtype):
        return None
    known = rows.filter(pl.col(key).is_not_null())
    counts = known.group_by(key).agg(
        pl.len().alias("\0rows"), *(pl.col(name).drop_nulls().n_unique() for name in names)
    )
    repeated = counts.filter(pl.col("\0rows") > 1)
    if repeated.height < MIN_REPEATED_IDS:
        return None
    return [n for n in names if (repeated[n] <= 1).mean() >= MIN_CONSTANT_SHARE]  # type: ignore[operator]


def _is_countable(kind: pl.DataType) -> bool:
    """Return whether the different values of a column can be counted."""
    return not kind.is_nested() and kind != pl.Object


def is_opinion_of_one_item(values: pl.Series) -> bool:
    """Return whether a column holds whole and half numbers from 0 to 10, more than one of them.

    Example:
        >>> [is_opinion_of_one_item(pl.Series(v)) for v in (["1", "", "5"], [0, 1], [30, 40])]
        [True, True, False]
    """
    if not (values.dtype.is_numeric() or values.dtype in TEXT_TYPES):
        return False
    text = values.cast(pl.String, strict=False).str.strip_chars().replace("", None).drop_nulls()
    number = text.cast(pl.Float64, strict=False)
    if not len(number) or number.null_count() or number.n_unique() < 2:
        return False
    return bool((number.is_between(0, MAX_OPINION) & (number * 2 % 1 == 0)).all())
