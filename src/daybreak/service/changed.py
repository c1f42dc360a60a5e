"""Which items are new, or not what they were."""

import numpy as np
import polars as pl


def changed_rows(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``new`` that are not the same in ``old``.

    Example:
        >>> old = pl.DataFrame({"item_id": ["a", "b"], "price": [1, 2]})
        >>> new = pl.DataFrame({"item_id": ["a", "b", "c"], "price": [1, 3, None]})
        >>> changed_rows(old, new)["item_id"].to_list()
        ['b', 'c']
    """
    if not new.height or not old.height:
        return new
    place = pl.DataFrame({"item_id": old["item_id"], "row": np.arange(old.height)})
    found = new.select("item_id").join(place, on="item_id", how="left", maintain_order="left")
    known = found["row"].is_not_null()
    mine = old[found["row"].fill_null(0)]
    same = known
    for name in dict.fromkeys([*new.columns, *old.columns]):
        if name != "item_id":
            same &= _text(new, name).eq_missing(_text(mine, name))
    return new.filter(~same)


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    column = frame[name]
    if column.dtype == pl.List:
        return column.cast(pl.List(pl.String)).list.join("|")
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).cast(pl.String)
    return column.cast(pl.String, strict=False)
