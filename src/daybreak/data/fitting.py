"""New rows under old ones, whatever kinds of values came in."""

import polars as pl

_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def fitted(frame: pl.DataFrame, model: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the column types of a frame, so that both can be put together.

    One caller may send a number where another sent a text or a list. What has no place in the
    type that a column has is empty.

    Example:
        >>> old = pl.DataFrame({"price": [1.5], "new": [True], "tags": [["a"]]})
        >>> odd = pl.DataFrame({"price": ["2", "x"], "new": ["true", "y"], "tags": ["a", "b"]})
        >>> fitted(odd, old).rows()
        [(2.0, True, None), (None, None, None)]
    """
    return frame.with_columns(
        _fitted(frame[name], kind)
        for name, kind in model.schema.items()
        if name in frame.columns and frame.schema[name] != kind
    )


def _fitted(column: pl.Series, kind: pl.DataType) -> pl.Series:
    if kind == pl.Null:
        return column
    try:
        if kind == pl.Boolean and column.dtype == pl.String:
            return column.str.to_lowercase().replace_strict(
                _FLAGS, default=None, return_dtype=pl.Boolean
            )
        if kind == pl.String and isinstance(column.dtype, pl.List):
            return column.cast(pl.List(pl.String)).list.join("|")
        if column.dtype.is_nested() == kind.is_nested():
            return column.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        pass  # there is no way from the one type to the other
    return pl.repeat(None, len(column), dtype=kind, eager=True).alias(column.name)
