"""Columns that say how long something was watched, read or played, or how much of it.

Three seconds of a film of two hours say that it was shown, and not that it was liked. Start at
:func:`find_engagement`.
"""

import re
from typing import NamedTuple

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.columns import to_snake_case
from daybreak.data.event_flags import NOTHING_HAPPENED
from daybreak.data.numbers import read_numbers

VIEWED, READ, WATCHED = "view", "read", "watched"
"""Event types of events that are long enough: of pages, of what is read, and of what is watched
or heard. After the latter two the user has had the item."""
MIN_SHARE = 0.1
"""Smallest share of something, or of the usual time, that is more than having been shown."""
MIN_TIMES = 100
"""Smallest number of events from which the usual time is known."""
USUAL_QUANTILE = 0.75
"""Quantile that is taken for the usual time: more than half may have left at once."""
MAX_TOP_OF_ONE = 1.5
"""Largest usual value of shares whose whole is 1; of larger ones it is 100. Where something is
played again, a share is above the whole."""

_DONE = "watched|played|read|viewed|listened|seen|completed?|streamed|finished"
_DOING = (
    "watch|watching|watched|play|playing|played|playback|view|viewing|viewed|read|reading|listen"
    "|listening|listened|dwell|stay|engagement|engaged|stream|streaming|streamed"
)
_UNITS = "ms|millis|milliseconds|s|secs?|seconds?|mins?|minutes?|hours?|h"
_SHARES = "percent|percentage|pct|perc|share|ratio|fraction"
_SHARE_NAMES = re.compile(
    rf"(?:{_SHARES})_(?:{_DONE})|(?:{_DOING})_(?:{_SHARES}|progress|completion)"
    rf"|(?:completion|progress)(?:_(?:rate|{_SHARES}))?|scroll_depth(?:_(?:{_SHARES}))?"
    r"|(?:完播|完读|播放|阅读)(?:率|比例|进度|占比)|fortschritt|视聴率"
)
_TIME_NAMES = re.compile(
    rf"(?:{_DOING})_?(?:time|duration|{_UNITS})(?:_(?:{_UNITS}|spent))?"
    rf"|time_(?:spent|on_page|on_item|{_DONE})(?:_(?:{_UNITS}))?|(?:{_UNITS})_(?:{_DONE})"
    r"|(?:播放|观看|停留|阅读|收听|浏览)(?:时长|时间|秒数)|視聴時間|再生時間|滞在時間|시청시간|체류시간"
    r"|(?:verweil|seh|abspiel|lese|wiedergabe|hör)dauer"
    r"|temps_(?:de_lecture|passe|passé)|tiempo_(?:de_)?(?:lectura|visualizacion|visualización)"
)


_OF_PAGES = re.compile(
    r"dwell|stay|engage|on_page|on_item|spent|scroll|view|停留|浏览|滞在|체류|verweil|visuali[sz]aci"
)
_OF_TEXTS = re.compile(r"read|lese|lectura|lecture|阅读|完读")


class Engagement(NamedTuple):
    """A column of times or shares, and the bound below which an event is only seen."""

    name: str
    """Name of the column."""
    bound: float
    """Smallest value, in units of the column, that is more than having been shown."""

    def read_types(self, values: pl.Series) -> pl.Series:
        """Return the (n_rows,) event types: taken, only shown, or null if nothing is known.

        The name of the column says whether taken is ``watched``, ``read`` or ``view``.

        Args:
            values: The values of the column.

        Example:
            >>> watched = pl.Series("percent_watched", [97, 2, None])
            >>> find_engagement(watched).read_types(watched).to_list()
            ['watched', 'impression', None]
        """
        number = _numbers(values)
        known = pl.when(number < self.bound).then(pl.lit(NOTHING_HAPPENED))
        types = known.when(number.is_not_null()).then(pl.lit(_engaged_type(self.name)))
        return pl.select(event_type=types)["event_type"]


def find_engagement(values: pl.Series) -> Engagement | None:
    """Return how a column says how much of an item somebody took; None: it does not.

    Args:
        values: A column, or its first rows.

    Example:
        >>> times = pl.Series("watch_time", [3, 1800, 2400, 2000] * 25)
        >>> find_engagement(times).bound
        200.0
        >>> find_engagement(pl.Series("age", [3, 40])) is None
        True
    """
    name = to_snake_case(values.name)
    is_share = _SHARE_NAMES.fullmatch(name) is not None
    if not is_share and _TIME_NAMES.fullmatch(name) is None:
        return None
    if values.dtype.is_temporal() or values.dtype.is_nested() or values.dtype == pl.Boolean:
        return None
    given = _numbers(values).drop_nulls()
    if not len(given) or len(given) < to_text(values).drop_nulls().len() or (given < 0).any():
        return None
    if not is_share and len(given) < MIN_TIMES:
        return None
    usual = float(given.quantile(USUAL_QUANTILE) or 0.0)
    whole = (1.0 if usual <= MAX_TOP_OF_ONE else 100.0) if is_share else usual
    return Engagement(values.name, MIN_SHARE * whole) if whole > 0 else None


def _engaged_type(name: str) -> str:
    """Return the type of events that are long enough, by the name of the column.

    Example:
        >>> [_engaged_type(name) for name in ("dwell_time", "read_ratio", "completion")]
        ['view', 'read', 'watched']
    """
    snake = to_snake_case(name)
    if _OF_TEXTS.search(snake):
        return READ
    return VIEWED if _OF_PAGES.search(snake) else WATCHED


def _numbers(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_nan(None)
    return read_numbers(to_text(values)).values
