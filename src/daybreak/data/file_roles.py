"""Which table a file holds: by its name, else by its columns.

Start at :func:`detect_role` for one file; :mod:`daybreak.data.folders` chooses among several.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from daybreak.data.column_aliases import TABLE_ROLES, TableRole
from daybreak.data.columns import KEY_COLUMNS, LIKELY_REASON, ColumnMapping
from daybreak.data.event_time_columns import holds_times, is_date_of_item
from daybreak.data.importing import ColumnChoices, InputTables
from daybreak.data.item_cells import ITEM_CELLS
from daybreak.data.matrices import open_matrix
from daybreak.data.readers import OpenedTable, open_table
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.errors import ConfigError, DataError

MIN_JUDGED_ROWS = 20
"""Number of rows from which repeated ids say what a table holds."""
MAX_REPEATED_SHARE = 0.5
"""Largest share of rows of users or items whose id comes again."""


def detect_role(
    path: Path, columns: ColumnChoices | None = None, encoding: str | None = None
) -> tuple[TableRole, OpenedTable]:
    """Return the table that a file holds, and the opened file.

    The table follows from the name of the file. If the name is unknown, it follows from the
    columns: events have users and items, the other tables have one of them.

    Raises:
        DataError: The file has neither a user nor an item column, or cannot be read.
        ConfigError: There is no such encoding.
    """
    if named := role_of_file(path.name):
        return named, open_table(path, named, encoding)
    errors: list[DataError] = []
    likely: OpenedTable | None = None
    for role in TABLE_ROLES:
        # the role names columns without header, and decides about lists of items
        opened = open_table(path, role, encoding)
        try:
            mapping = _preview_one(role, opened, columns or {})
        except DataError as error:
            errors.append(error)
            continue
        if _may_be_other_keys(mapping, opened):
            likely = opened if role == "events" else likely
            continue
        if role == "users" and (matrix := open_matrix(opened)) is not None:
            return "events", matrix
        if role != "events":
            _refuse_events(mapping, opened, errors)
        return role, opened
    found = likely or open_matrix(opened)
    if found is None:
        raise errors[0]
    return "events", found


def _preview_one(role: TableRole, opened: OpenedTable, columns: ColumnChoices) -> ColumnMapping:
    """Match the columns of one table; choices that fit another table only are ignored."""
    inputs = InputTables({role: opened}, columns)
    try:
        return replace(inputs, columns=inputs.choices_among([opened])).preview()[role]
    except ConfigError:
        return replace(inputs, columns={}).preview()[role]


def _may_be_other_keys(mapping: ColumnMapping, opened: OpenedTable) -> bool:
    """Return whether ids are only ids by names that may mean something else.

    Those of events then come again; a number of rows says nothing about what it numbers.
    """
    if mapping.role == "events":
        return not _repeats_likely_keys(mapping, opened)
    keys = KEY_COLUMNS[mapping.role]
    return any(c.reason == LIKELY_REASON for c in mapping.used if c.target in keys)


def _repeats_likely_keys(mapping: ColumnMapping, opened: OpenedTable) -> bool:
    """Return whether the ids of events come again, if one has a name of something else, too.

    A table of people may have a column ``job``, and one of items the address of a seller.
    """
    reasons = {column.target: column.reason for column in mapping.used}
    keys = KEY_COLUMNS["events"]
    if LIKELY_REASON not in {reasons.get(key) for key in keys} or ITEM_CELLS in reasons:
        return True
    others = [key for key in keys if reasons[key] != LIKELY_REASON] or keys
    return any(_count_repeats(mapping, opened, key)[0] for key in others)


def _count_repeats(mapping: ColumnMapping, opened: OpenedTable, key: str) -> tuple[int, int]:
    """Return the number of the first rows whose id comes again, and of those with an id."""
    source = mapping.source_of(key)
    rows = opened.sample([source] if source else [])
    ids = rows[source].drop_nulls() if source in rows.columns else pl.Series([])
    return len(ids) - (0 if ids.dtype.is_nested() else ids.n_unique()), len(ids)


def _has_times_of_events(mapping: ColumnMapping, opened: OpenedTable) -> bool:
    """Return whether rows of one item have different times, as loans of a book have."""
    item = mapping.source_of("item_id")
    rows = opened.sample([column.source for column in mapping.columns]).head(SAMPLE_ROWS)
    return any(
        holds_times(rows[name]) and not is_date_of_item(rows, name, item)
        for name in rows.columns
        if name != item
    )


def _refuse_events(
    mapping: ColumnMapping, opened: OpenedTable, errors: Sequence[DataError]
) -> None:
    """Refuse events that look like users or items because one of their ids is not recognised.

    Of rows with one id the last would be kept, and all others lost.

    Raises:
        DataError: Most of the first rows repeat an id.
    """
    if not errors:
        return
    error, key = errors[0], KEY_COLUMNS[mapping.role][0]
    n_repeats, n_rows = _count_repeats(mapping, opened, key)
    if n_rows < MIN_JUDGED_ROWS or n_repeats <= MAX_REPEATED_SHARE * n_rows:
        return
    is_titled = mapping.role == "items" and mapping.source_of("title") is not None
    if is_titled and not _has_times_of_events(mapping, opened):
        return
    raise DataError(
        f"{error}; these are no {mapping.role}: {n_repeats:,} of {n_rows:,} rows "
        f"repeat {'an' if key == 'item_id' else 'a'} {key} ({mapping.source_of(key)})",
        next_step=error.next_step,
        **error.parameters,
    )


_FILE_SUFFIX = r"\.(csv|tsv|txt|dat|jsonl|ndjson|json|parquet)(\.gz)?$"
_CHINESE_EVENTS = (
    "事件|订单|訂單|购买|購買|评分|評分|评论|評論|交互|互动|行为|行為|点击|點擊|浏览|瀏覽|交易|记录|記錄|流水"
    "|收藏|播放|打分"
)
_CHINESE_ITEMS = (
    "商品|物品|产品|產品|电影|電影|影片|图书|圖書|书籍|書籍|歌曲|音乐|音樂|动画|動畫|动漫|番剧|文章|新闻|新聞"
    "|菜品|目录|目錄"
)
_CHINESE_USERS = "用户|用戶|会员|會員|客户|客戶|顾客|顧客|读者|讀者|观众|觀眾"
"""Words of Chinese file names, looked for in this order: 用户评分.csv has events."""
_FILE_PATTERNS: dict[TableRole, str] = {
    "events": r"(interactions?|events?|ratings?|feedback|inter|transactions?|clicks?)"
    rf"{_FILE_SUFFIX}|.*\.inter(\.gz)?$|.*(?:{_CHINESE_EVENTS}).*{_FILE_SUFFIX}",
    "items": r"(items?|movies?|products?|articles?|news|books?)"
    rf"{_FILE_SUFFIX}|.*\.item(\.gz)?$|.*(?:{_CHINESE_ITEMS}).*{_FILE_SUFFIX}",
    "users": rf"(users?|customers?|profiles?){_FILE_SUFFIX}|.*\.user(\.gz)?$"
    rf"|.*(?:{_CHINESE_USERS}).*{_FILE_SUFFIX}",
}


def role_of_file(name: str) -> TableRole | None:
    """Return the table that a file holds according to its name, None if the name is unknown.

    Example:
        >>> role_of_file("Ratings.csv"), role_of_file("shop.item"), role_of_file("export.csv")
        ('events', 'items', None)
        >>> role_of_file("用户评分.csv"), role_of_file("商品信息.csv"), role_of_file("会员.csv")
        ('events', 'items', 'users')
    """
    lower = name.lower()
    return next(
        (role for role, pattern in _FILE_PATTERNS.items() if re.match(pattern, lower)), None
    )
