"""Columns that say in each row whether something happened: ``click``, ``like``, ``returned``.

Logs of advertisements, newsrooms and video sites have a row for everything that was shown, and
columns with 0 and 1. Without these columns an advertisement that nobody clicked counts like one
that was bought. Start at :func:`find_flags`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from daybreak.data.casts import cast_switch, to_text
from daybreak.data.columns import to_snake_case
from daybreak.data.event_names import event_name_kind

NOTHING_HAPPENED = "impression"
"""Event type of rows of which no flag is set, where one of the flags is no refusal."""
STRENGTHS = ("negative", "count", "opinion", "view")
"""Kinds of flags; a row in which several are set has the type of the first kind."""
MAX_CACHED_NAMES = 10_000
"""Maximum number of names of columns whose meaning is cached."""

_AROUND = re.compile(
    r"^(?:is|has|was|did|flag|ist|hat|wurde)_(?=.)|_(?:flag|yn|y_n|0_1|bool|ind|indicator)$"
    r"|^是否(?:已|有)?|^(?:已|有无)(?=.)|与否$"
)
"""What is around the word that says what happened."""
_OTHER_MEANING = re.compile(
    r"(?:^|_)(?:ids?|no|nr|num|number|date|day|days|week|month|year|hour|time|at|ts|timestamp"
    r"|amount|price|value|total|sum|cost|revenue|tax|currency|fee|discount|status|state|reason"
    r"|code|by|from|type|name|url|channel|source|user|customer|line|size|position|rank"
    r"|datum|nummer|betrag|grund|preis)(?:_|$)|号|日期|时间|時間|金额|金額|原因|状态|狀態|价|價"
)
"""What else a column is about that has the word of an event in its name: ``order_id``."""
_WORDS = {
    "opinion": (
        "like likes liked love loved favorite favorites favorited favourite favourites fav "
        "favourited follow follows followed following share shares shared forward forwarded "
        "comment comments commented bookmark bookmarked save saved saves collect collected "
        "subscribe subscribed install installed installs download downloaded conversion "
        "conversions converted convert signup signed_up apply applied application book "
        "booked booking reserved reply replied match matched heart hearted upvote upvoted "
        "upvotes hearts bookmarks follows comments "
        "accept accepted swipe_right swiped_right right_swipe superlike super_like "
        "superliked thumbs_up long_view longview finish finished complete completed "
        "effective_view valid_view valid_play "
        "gefaellt gefällt geteilt gemerkt gefolgt abonniert konvertiert gebucht favorit "
        "aime aimé aimée partagé suivi favori abonné converti réservé me_gusta gustado "
        "compartido seguido favorito guardado convertido reservado curtido curtiu "
        "compartilhado salvo piaciuto condiviso salvato seguito preferito convertito "
        "点赞 點讚 喜欢 喜歡 收藏 关注 關注 分享 转发 轉發 评论 評論 转化 轉化 下载 下載 安装 "
        "安裝 订阅 訂閱 完播 长播 有效播放 いいね 保存 フォロー シェア 좋아요 공유 저장 구독"
    ),
    "count": "sale sales sold buy buys order orders checkout payment paid deposit",
    "view": (
        "click clicks clicked view viewed open opened watched watch read played play "
        "visited engaged engagement clic clics cliqué klick klicks geklickt angeklickt "
        "geöffnet gelesen angesehen clicado clicou cliccato 点击 點擊 点开 打开 观看 播放 "
        "阅读 クリック 클릭"
    ),
}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}


_UNDONE = re.compile(
    r"^(?:(?:order|is)_)?(?:cancell?ed|refunded|unsubscribed|uninstall(?:ed)?|unfollowed"
    r"|unliked|disliked|voided|withdrawn|storniert|annul[eé]e?|cancelado|reembolsado)_(?:at|on|date|time|am|le|el)$"
    r"|^(?:取消|退款|退货|退貨)(?:时间|日期|時間)$"
)
"""Names of columns with the time at which an event was undone, and nothing where it was not."""


class EventFlags(NamedTuple):
    """Flags of a table of events by the name of their column."""

    kinds: Mapping[str, str]
    """Kind of each flag, one of ``STRENGTHS``."""

    def read_types(self, columns: pl.DataFrame, amounts: pl.Series | None = None) -> pl.Series:
        """Return the (n_rows,) event types that the flags of each row say.

        Args:
            columns: The columns of the flags.
            amounts: (n_rows,) how often or how much the user took the item. A count of
                refusals below it, such as one skip of 231 plays, does not count against the
                item.

        Returns:
            The name of the strongest flag that is set. Where none is set:
            ``NOTHING_HAPPENED`` if a flag could have said that somebody wants the item, else
            null.

        Example:
            >>> rows = pl.DataFrame({"is_click": [1, 1, 0], "is_like": [0, 1, 0]})
            >>> find_flags(rows).read_types(rows).to_list()
            ['click', 'like', 'impression']
            >>> orders = pl.DataFrame({"returned": ["yes", "no"]})
            >>> find_flags(orders).read_types(orders).to_list()
            ['returned', None]
            >>> songs = pl.DataFrame({"skips": [1, 5, 0]})
            >>> find_flags(songs).read_types(songs, pl.Series("plays", [231, 2, 3])).to_list()
            [None, 'skips', None]
        """
        ordered = sorted(self.kinds, key=lambda name: STRENGTHS.index(self.kinds[name]))
        is_only_negative = set(self.kinds.values()) == {"negative"}
        otherwise = pl.lit(None if is_only_negative else NOTHING_HAPPENED, pl.String)
        names = [
            pl.when(self._counts(columns, name, amounts)).then(pl.lit(flag_name(name)))
            for name in ordered
        ]
        return columns.select(event_type=pl.coalesce(*names, otherwise))["event_type"]

    def _counts(self, columns: pl.DataFrame, name: str, amounts: pl.Series | None) -> pl.Series:
        """Return the rows in which a flag is set; of refusals, as often as the opposite."""
        numbers = _plain_numbers(columns[name])
        if self.kinds[name] != "negative" or not (numbers > 1).any():
            return is_set(columns[name])
        opposite = [columns[n] for n, k in self.kinds.items() if k in ("count", "opinion")]
        opposite += [] if amounts is None else [amounts]
        most = pl.DataFrame(
            [_plain_numbers(one).alias(str(n)) for n, one in enumerate(opposite)]
        )
        if not most.width:
            return is_set(columns[name])
        outweighed = (most.max_horizontal() > numbers).fill_null(value=False)
        return is_set(columns[name]) & ~outweighed


def find_flags(columns: pl.DataFrame) -> EventFlags:
    """Return the columns that are flags by their names and values.

    A column is a flag if its name says what may have happened, and its values are 0 and 1, or
    other words for no and yes. Numbers above 1 are counts: it has happened.

    Args:
        columns: Columns that have no other meaning, or their first rows.

    Example:
        >>> rows = pl.DataFrame({"clicked": ["no", "yes"], "tab": [0, 1], "shares": [0, 7]})
        >>> dict(find_flags(rows).kinds)
        {'clicked': 'view', 'shares': 'opinion'}
    """
    kinds = {name: flag_kind(name) for name in columns.columns}
    return EventFlags(
        {name: kind for name, kind in kinds.items() if kind and _holds_flags(columns[name])}
    )


@lru_cache(maxsize=MAX_CACHED_NAMES)
def flag_kind(name: str) -> str | None:
    """Return what a column says by its name, one of ``STRENGTHS``; None: it is no flag.

    Example:
        >>> [flag_kind(name) for name in ("click", "是否购买", "returned", "hasLiked", "age")]
        ['view', 'count', 'negative', 'opinion', None]
    """
    word = flag_name(name)
    if _UNDONE.search(word):
        return "negative"
    if word in _KIND_OF_WORD:
        return _KIND_OF_WORD[word]
    kind = "other" if _OTHER_MEANING.search(word) else event_name_kind(word)
    return kind if kind in {"negative", "count"} else None


def is_amount(name: str) -> bool:
    """Return whether a column says by its name how often or how much an item was taken.

    Example:
        >>> is_amount("plays"), is_amount("rating")
        (True, False)
    """
    return event_name_kind(to_snake_case(name)) == "count"


def flag_name(name: str) -> str:
    """Return the word of a column that says what happened.

    Example:
        >>> flag_name("is_click"), flag_name("Liked (0/1)"), flag_name("是否点击")
        ('click', 'liked', '点击')
    """
    word, before = to_snake_case(name), ""
    while word != before:
        word, before = _AROUND.sub("", word), word
    return word or to_snake_case(name)


def is_undone_time(name: str) -> bool:
    """Return whether a column has times at which events were undone, by its name.

    Example:
        >>> is_undone_time("cancelled_at"), is_undone_time("created_at")
        (True, False)
    """
    return _UNDONE.search(flag_name(name)) is not None


def may_be_flag(values: pl.Series) -> bool:
    """Return whether all values say yes or no, or when an event was undone.

    Example:
        >>> [may_be_flag(pl.Series("returned", [text])) for text in ("ja", "2", "on Monday")]
        [True, False, False]
    """
    return is_undone_time(values.name) or not cast_switch(values)[1].any()


def is_set(values: pl.Series) -> pl.Series:
    """Return the (n_rows,) mask of rows in which a flag is set.

    Example:
        >>> is_set(pl.Series(["1", "0", "", "ja", "3"])).to_list()
        [True, False, False, True, True]
    """
    if is_undone_time(values.name):
        text = to_text(values).str.strip_chars()
        return (text != "").fill_null(value=False).rename(values.name)
    switch = to_text(cast_switch(values)[0]) == "true"
    is_above = _plain_numbers(values) > 0
    return (switch.fill_null(value=False) | is_above.fill_null(value=False)).rename(values.name)


def _plain_numbers(values: pl.Series) -> pl.Series:
    return to_text(values).str.strip_chars().cast(pl.Float64, strict=False)


def _holds_flags(values: pl.Series) -> bool:
    """Return whether a column holds yes and no, or counts, and does not always say yes.

    Always yes says no if it is a refusal, as in a list of returns.
    """
    if is_undone_time(values.name):
        return bool(is_set(values).any()) and not bool(is_set(values).all())
    if values.dtype.is_nested() or values.dtype.is_temporal():
        return False
    switch, is_bad = cast_switch(values)
    number = _plain_numbers(values)
    is_count = ((number >= 0) & (number % 1 == 0)).fill_null(value=False)
    is_given = (to_text(switch).is_not_null() | is_count).any()
    is_refusal = flag_kind(values.name) == "negative" and not (is_bad | (number > 1)).any()
    says_both = is_refusal or not is_set(values).all()
    return is_given and says_both and not (is_bad & ~is_count).any()
