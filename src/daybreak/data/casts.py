"""Casts of columns: ids, numbers, attributes and text."""

from typing import TypeVar

import polars as pl

from daybreak.data.ids import binary_text
from daybreak.data.list_literals import join_list_literals
from daybreak.data.numbers import read_numbers
from daybreak.data.times import empty_to_null

LIST_SEPARATOR = "|"
"""Separator of the values of a list that is stored as text."""
Column = TypeVar("Column", pl.Series, pl.Expr)
_LOSSLESS_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$"
_TRUTH_DIGITS = {"true": "1", "yes": "1", "false": "0", "no": "0"}
_TRUE_WORDS = "true yes y t 1 on x ja j oui si sí sì s sim tak да 是 はい hidden"
_FALSE_WORDS = "false no n f 0 off nein non não nao nee nie нет 否 いいえ visible shown"
_SWITCH_TEXTS = {
    **dict.fromkeys(_TRUE_WORDS.split(), "true"),
    **dict.fromkeys(_FALSE_WORDS.split(), "false"),
}
"""Words for true and false in switches, in lower case."""
_BOOLEAN_TEXTS = {"true": True, "false": False, "1": True, "0": False}


def cast_numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return numbers as Float64, and a mask of the values that are not finite numbers.

    A column of nothing but ``true`` and ``false``, or ``yes`` and ``no``, becomes 1 and 0.

    Example:
        >>> cast_numbers(pl.Series(["yes", "No", ""]))[0].to_list()
        [1.0, 0.0, None]
        >>> parsed, bad = cast_numbers(pl.Series(["4.5", "", "NaN", "five", "inf"]))
        >>> parsed.to_list(), bad.to_list()
        ([4.5, None, None, None, None], [False, False, False, True, True])
    """
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        number = values.cast(pl.Float64).fill_nan(None)
        has_value = number.is_not_null()
    else:
        text = _truth_to_digits(empty_to_null(to_text(values)))
        number, has_value = text.cast(pl.Float64, strict=False), text.is_not_null()
    finite = number.is_finite().fill_null(value=False)
    finite_number = number.to_frame("x").select(pl.when(finite).then(pl.col("x"))).to_series()
    return finite_number.rename(values.name), has_value & ~finite


def _truth_to_digits(text: pl.Series) -> pl.Series:
    """Return text, with 1 and 0 for truth values if there are no other values."""
    lower = text.str.strip_chars().str.to_lowercase()
    if not lower.drop_nulls().is_in(list(_TRUTH_DIGITS)).all():
        return text
    return lower.replace_strict(_TRUTH_DIGITS, default=None, return_dtype=pl.String)


def cast_switch(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a switch as ``true`` or ``false``, and a mask of the values that are neither.

    Example:
        >>> values, bad = cast_switch(pl.Series(["Yes", "0", "", "perhaps"]))
        >>> values.to_list(), bad.to_list()
        (['true', 'false', None, None], [False, False, False, True])
    """
    if values.dtype == pl.Boolean:
        return values, pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)
    text = to_text(values).str.strip_chars().str.to_lowercase()
    text = text.str.replace(r"^([01])\.0*$", "$1")
    given = empty_to_null(text)
    switch = given.replace_strict(_SWITCH_TEXTS, default=None, return_dtype=pl.String)
    return switch.rename(values.name), given.is_not_null() & switch.is_null()


def cast_labels(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return values as text, null if blank, and a mask without any invalid value.

    NUL characters are removed: PostgreSQL stores none.
    """
    text = to_text(values).str.replace_all("\0", "", literal=True).str.strip_chars()
    return text.replace("", None), pl.repeat(
        value=False, n=len(text), dtype=pl.Boolean, eager=True
    )


def cast_attribute(values: pl.Series) -> pl.Series:
    """Return an attribute of items or users as Boolean, Int64, Float64 or String.

    Text becomes numbers if every value is a number and none would lose a leading zero or its
    sign. Lists, also those that were written as text (``['a', 'b']``), become text with ``|``
    between the values; dates become ISO text.

    Example:
        >>> [cast_attribute(pl.Series(v)).dtype for v in (["1", "2", ""], ["01", "2"])]
        [Int64, String]
    """
    if values.dtype == pl.Boolean:
        return values
    if values.dtype.is_integer() and values.dtype != pl.UInt64:
        return values.cast(pl.Int64)
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_nan(None)
    return _cast_text_attribute(join_list_literals(to_text(values), LIST_SEPARATOR))


def join_lists(values: Column) -> Column:
    """Return lists as text, with ``|`` between their values; nulls are left out."""
    return values.cast(pl.List(pl.String)).list.join(LIST_SEPARATOR, ignore_nulls=True)


def to_text(values: pl.Series) -> pl.Series:
    """Return any column as text: lists joined with ``|``, dates in ISO form."""
    if isinstance(values.dtype, pl.List | pl.Array):
        return join_lists(values)
    if isinstance(values.dtype, pl.Struct):
        return values.struct.json_encode()
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S")
    if values.dtype == pl.Binary:
        return binary_text(values)
    if values.dtype in (pl.Object, pl.Duration):
        texts = [None if v is None else str(v) for v in values]
        return pl.Series(values.name, texts, pl.String)
    return values.cast(pl.String, strict=False)


def _cast_text_attribute(text: pl.Series) -> pl.Series:
    text = text.str.strip_chars().replace("", None)
    given = text.drop_nulls()
    if not len(given) or not given.str.contains(_LOSSLESS_NUMBER).all():
        return text
    number = text.cast(pl.Float64, strict=False)
    if not given.str.contains(r"[.eE]").any() and (number.drop_nulls().abs() < 2**53).all():
        return text.cast(pl.Int64)
    return number


def cast_like(frame: pl.DataFrame, template: pl.DataFrame) -> pl.DataFrame:
    """Cast columns to the types of another frame, so that both can be concatenated.

    Values that cannot be converted become null.

    Example:
        >>> old = pl.DataFrame({"price": [1.5], "new": [True], "tags": [["a"]]})
        >>> odd = pl.DataFrame({"price": ["2,5", "?"], "new": ["true", ""], "tags": ["a", "b"]})
        >>> cast_like(odd, old).rows()
        [(2.5, True, None), (None, None, None)]
    """
    schema = frame.schema
    cast = [
        _cast_column_like(frame[name], kind)
        for name, kind in template.schema.items()
        if name in schema and schema[name] != kind
    ]
    return frame.with_columns(cast) if cast else frame


def _cast_column_like(column: pl.Series, kind: pl.DataType) -> pl.Series:
    if kind == pl.Null:
        return column
    try:
        if kind == pl.Boolean and column.dtype == pl.String:
            return column.str.to_lowercase().replace_strict(
                _BOOLEAN_TEXTS, default=None, return_dtype=pl.Boolean
            )
        if kind == pl.String and isinstance(column.dtype, pl.List):
            return join_lists(column)
        if kind.is_numeric() and column.dtype == pl.String:
            return read_numbers(column).values.cast(kind, strict=False)
        if column.dtype.is_nested() == kind.is_nested():
            return column.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        pass  # polars has no conversion between the two types
    return pl.repeat(None, len(column), dtype=kind, eager=True).alias(column.name)
