"""Amounts and counts as people write them: 1,5k and $1.2M, 2k views, from 12 €.

Start at :func:`read_short_numbers`. Elsewhere, *4k* is a screen, *24k* gold, and *5m* a length.
"""

from dataclasses import replace

import polars as pl

from daybreak.data.numbers import (
    MAX_SHOWN_WORDS,
    MIN_AMOUNT_SHARE,
    MIN_NUMBER_SHARE,
    DecimalMark,
    NumberColumn,
    is_amount_name,
    is_count_name,
    read_numbers,
)
from daybreak.data.times import empty_to_null

_SCALES = {
    **dict.fromkeys(("k", "tsd", "tys", "тыс", "thousand"), 1e3),
    **dict.fromkeys(("m", "mio", "mln", "млн", "million", "millionen", "millions"), 1e6),
    **dict.fromkeys(("b", "bn", "mrd", "млрд", "billion"), 1e9),
}
"""Short words for large numbers, and what they multiply."""
_LEAST = (
    r"from|ab|von|desde|dès|à partir de|a partir de|od|от|vanaf|starting at|nur|only|circa"
    r"|ca\.?|about|approx\.?|~|≈|约|約"
)
"""Words before the lowest price, or before a price that is not exact."""
_COUNTED = (
    r"views?|plays?|likes?|followers?|subscribers?|subs|downloads?|installs?|reviews?|ratings?"
    r"|votes?|visits?|streams?|listeners?|members?|sold|sales|reads?|people|aufrufe|abonnenten"
    r"|vues|visitas|vistas|просмотров|次播放|播放|粉丝|次|人"
)
"""What is counted, after the number."""
_SHORT = (
    rf"(?i)^((?:{_LEAST})\s*)?([^a-zа-яё]*?\d[\d.,'’\s]*?)\s*(?:({'|'.join(_SCALES)})\.?)?"
    rf"\s*([€$£¥]|eur|usd|gbp|chf)?\s*((?:{_COUNTED})|起)?\s*(\+)?$"
)


def read_short_numbers(text: pl.Series, decimal: DecimalMark | None) -> NumberColumn | None:
    """Return a column of amounts or counts as numbers, None if none is written in short.

    Args:
        text: (n,) texts; its name is the name of the column.
        decimal: Decimal mark; None: decide by the column.

    Example:
        >>> prices = pl.Series("price", ["1,5k", "from 200 €"])
        >>> read_short_numbers(prices, None).values.to_list()
        [1500.0, 200.0]
        >>> read_short_numbers(pl.Series("screen", ["4k", "8k"]), None) is None
        True
    """
    is_amount = is_amount_name(text.name)
    if not is_amount and not is_count_name(text.name):
        return None
    given = empty_to_null(text)
    groups = pl.col("x").str.extract_groups(_SHORT)
    parts = given.to_frame("x").select(groups).unnest("x")
    least, body, scale, sign, counted, more = parts.get_columns()
    is_short = least.is_not_null() | scale.is_not_null()
    is_short |= counted.is_not_null() | more.is_not_null()
    if not is_short.any():
        return None
    column = read_numbers(
        (body + sign.fill_null("")).zip_with(body.is_not_null(), given), decimal
    )
    factor = scale.str.to_lowercase().replace_strict(
        _SCALES, default=1.0, return_dtype=pl.Float64
    )
    values = (column.values * factor).round(6).rename(text.name)
    share = values.count() / max(given.count(), 1)
    if share < (MIN_AMOUNT_SHARE if is_amount else MIN_NUMBER_SHARE):
        return None
    shown = zip(given.filter(is_short), values.filter(is_short), strict=True)
    words = tuple((word, number) for word, number in shown if number is not None)
    return replace(
        column, values=values, example=None, words=tuple(dict(words).items())[:MAX_SHOWN_WORDS]
    )
