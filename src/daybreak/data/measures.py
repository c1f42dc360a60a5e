"""What can be counted about the values of a column, from which its role is guessed."""

from dataclasses import dataclass

import polars as pl

from daybreak.data.casts import as_text

DATE = r"^(\d{4}-\d\d-\d\d([T ].*)?|\d{1,2} [A-Z][a-z]{2,8}\.? \d{4})$"

CJK = r"[\x{3040}-\x{30ff}\x{3400}-\x{9fff}]"


@dataclass(frozen=True)
class Measures:
    """Counts, means and shares over values that are given."""

    n: int
    distinct: int
    words: float
    """Mean number of words; two Chinese or Japanese characters count as one."""
    chars: float
    """Mean number of characters."""
    links: float
    """Share of web addresses."""
    numbers: float
    """Share of finite numbers."""
    dates: float
    """Share of dates."""
    whole: bool
    """Whether nearly all are numbers, and whole ones."""
    codes: bool
    """Whether nearly all are one ASCII word."""


def cells(column: pl.Series) -> pl.Series:
    """Return values as text without surrounding blanks; null when blank, ``2.0`` as ``2``.

    Lists become text with ``|`` between the values, durations whole seconds.

    Example:
        >>> cells(pl.Series([2.0, None, 0.5])).to_list()
        ['2', None, '0.5']
    """
    if isinstance(column.dtype, pl.Duration):
        column = column.dt.total_seconds()
    text = as_text(column).str.strip_chars()
    if column.dtype.is_float():
        text = text.str.replace(r"^(-?\d+)\.0$", "$1").replace(["NaN", "inf", "-inf"], None)
    return text.replace("", None)


def measure(values: pl.Series) -> Measures:
    """Return the measures of text values; nulls and blanks do not count.

    Example:
        >>> seen = measure(pl.Series(["1995-11-22", "two words", "7"]))
        >>> seen.n, round(seen.words, 2), round(seen.dates, 2), seen.whole
        (3, 1.33, 0.33, False)
    """
    x = pl.col("x")
    given = values.alias("x").to_frame().filter(x.is_not_null() & (x != ""))
    number = x.cast(pl.Float64, strict=False)
    finite = number.is_finite().fill_null(value=False)
    words = (x.str.count_matches(r"\S+") + x.str.count_matches(CJK) / 2).clip(1)
    row = given.select(
        n=pl.len(),
        distinct=x.n_unique(),
        words=words.mean().fill_null(0.0),
        chars=x.str.len_chars().mean().fill_null(0.0),
        links=x.str.contains(r"^(?i)https?://").mean().fill_null(0.0),
        numbers=finite.mean().fill_null(0.0),
        dates=x.str.contains(DATE).mean().fill_null(0.0),
        whole=(finite.mean() > 0.95).fill_null(value=False)
        & (number.filter(finite) % 1 == 0).all(),
        codes=(x.str.contains(r"^[!-~]+$").mean() >= 0.95).fill_null(value=False),
    )
    return Measures(**row.row(0, named=True))
