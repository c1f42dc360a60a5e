"""Cells of text tables that list items: baskets, histories, lists that were shown.

``tea|cup|pot``, ``["tea", "cup"]``, ``N55-1 N12-0`` (clicked and not), and columns ``item1``,
``item2``: each item is an event of its own. Read as one id, a basket would be an item that
hardly anybody buys twice. Start at :func:`recognise_item_cells`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.columns import (
    VALUES_REASON,
    ColumnMapping,
    SourceColumn,
    match_columns,
    names_of,
    to_snake_case,
)
from daybreak.data.event_flags import NOTHING_HAPPENED, flag_kind, flag_name
from daybreak.data.event_names import event_name_kind
from daybreak.data.key_names import LIKELY_KEY_NAMES
from daybreak.data.list_literals import LIST_PATTERN, parse_list
from daybreak.data.readers.item_lists import (
    ITEM_LIST_NAMES,
    ItemList,
    note_expansion,
    number_event_ids,
)
from daybreak.data.readers.source import SAMPLE_ROWS, RawTable
from daybreak.errors import DataError

ITEM_CELLS = "item_list"
"""Target of columns whose cells list items."""
CLICKED = "click"
"""Event type of listed items with the mark 1, and of histories beside them."""
MIN_JUDGED_CELLS = 20
"""Smallest number of rows in which a column of single ids is found to have lists."""
MIN_LIST_SHARE = 0.2
"""Smallest share of cells with several items in a column that is not named for lists."""
MIN_LENGTHS = 3
"""Smallest number of different lengths of lists; parts of one id are equally many."""
MIN_FITTING_SHARE = 0.95
"""Smallest share of the items in a column that have its form."""

CellForm: TypeAlias = Literal["literal", "one", "|", ";", ",", " "]
_SEPARATORS: tuple[CellForm, ...] = ("|", ";", ",", " ")
_MARKED = r"^(.+)[-:_=]([01])$"
_HISTORIES = frozenset(
    {"history", "hist", "click_history", "clicked_history", "user_history", "watch_history"}
    | {"view_history", "browsing_history", "reading_history", "past_items", "previous_items"}
    | {"历史", "浏览历史", "点击历史", "历史点击", "履歴", "閲覧履歴"}
)
"""Names of lists of what somebody has chosen before the event."""
_PLURALS = re.compile(
    r"(?:^|_)(?:item|product|article|sku|asin|movie|film|book|track|song|video|news|post)_?"
    r"(?:ids|list|codes|s_list)$|(?:^|_)(?:items|products|articles|skus|movies|films|books"
    r"|tracks|songs|videos|baskets?|itemset|productos|produits|produkte|articulos|prodotti)$"
    r"|(?:商品|物品|产品|文章|新闻)(?:id)?列表$"
)
_NUMBERED = re.compile(r"^(.*?[^\W\d_])_?(\d{1,3})$")
_NUMBERED_STEMS = frozenset(
    {
        "item",
        "item_id",
        "product",
        "product_id",
        "sku",
        "article",
        "artikel",
        "produkt",
        "movie",
    }
    | {"produit", "producto", "articulo", "prodotto", "prodotti", "商品", "物品", "产品"}
) | frozenset(LIKELY_KEY_NAMES["item_id"])


class _CellColumn(NamedTuple):
    """A column whose cells list items."""

    source: str
    form: CellForm
    is_marked: bool = False
    """Whether each item has a mark 1 or 0, of whether it was chosen."""

    @property
    def is_history(self) -> bool:
        return not names_of(self.source).isdisjoint(_HISTORIES)


def match_events(
    names: Sequence[str],
    choices: Mapping[str, str | None],
    sample: Callable[[Sequence[str]], pl.DataFrame],
) -> ColumnMapping:
    """Map the columns of events, some of which may list items; see :func:`match_columns`.

    Args:
        names: Columns of the input.
        choices: Column of the table to column of the input.
        sample: Returns the first rows of the named columns of the input.

    Raises:
        DataError: No column was found for an id.

    Example:
        >>> baskets = pl.DataFrame({"user": ["ann", "bob"], "items": ["tea|cup", "tea"]})
        >>> print(match_events(baskets.columns, {}, baskets.select))
        events (columns as in LibRecommender)
          user_id <- user
          item_list <- items
    """
    numbered = _numbered_columns(names)
    if numbered and _hold_ids(sample(numbered).head(SAMPLE_ROWS)):
        return _with_cells(
            match_columns(names, "events", {**choices, "item_id": numbered[0]}), numbered
        )
    try:
        mapping = match_columns(names, "events", choices)
    except DataError:
        if "item_id" in choices:
            raise
        found = _named_columns(sample(names).head(SAMPLE_ROWS))
        if not found:
            raise
        named = match_columns(names, "events", {**choices, "item_id": found[0]})
        return _with_cells(named, found)
    item = mapping.source_of("item_id")
    rows = sample([item] if item else []).head(SAMPLE_ROWS)
    if item in rows.columns and _holds_lists(rows[item]):
        return _with_cells(mapping, [item])
    return mapping


def expand_item_cells(
    raw: RawTable, mapping: ColumnMapping
) -> tuple[RawTable, ColumnMapping, tuple[str, ...]]:
    """Return one event for each item that a cell lists, its mapping, and notes.

    Args:
        raw: Columns as they came.
        mapping: What they are read as.
    """
    sources = [column.source for column in mapping.columns if column.target == ITEM_CELLS]
    if not sources:
        return raw, mapping, ()
    is_numbered = len(_numbered_columns(sources)) == len(sources)
    columns = [
        _CellColumn(source, "one") if is_numbered else _cell_column(raw.frame[source])
        for source in sources
    ]
    item, kind = "\0item", "\0type"
    frame = raw.frame.with_columns(raw.rows.alias("\0row"))
    parts = [_expand_one(frame, c, columns, mapping) for c in columns]
    events = pl.concat(parts, how="diagonal").sort("\0row", maintain_order=True)
    if (own := mapping.source_of("event_id")) is not None:
        events = number_event_ids(events, own, "\0row")
    n_named, file = events["\0row"].n_unique(), raw.file
    note = note_expansion(
        file, ItemList(", ".join(sources), (), ()), n_named, raw.frame.height - n_named
    )
    rest = [c for c in mapping.columns if c.target != ITEM_CELLS]
    rest.append(SourceColumn(item, "item_id", VALUES_REASON))
    old = mapping.source_of("event_type")
    if events[kind].count():
        if old is not None:
            events = events.with_columns(
                pl.coalesce(kind, pl.col(old).cast(pl.String)).alias(kind)
            )
        rest = [replace(c, target=None) if c.target == "event_type" else c for c in rest]
        rest.append(SourceColumn(kind, "event_type", VALUES_REASON))
    expanded = RawTable(file, events.drop("\0row"), events["\0row"].alias("row"))
    return expanded, replace(mapping, columns=tuple(rest)), (note,)


def _expand_one(
    frame: pl.DataFrame,
    column: _CellColumn,
    columns: Sequence[_CellColumn],
    mapping: ColumnMapping,
) -> pl.DataFrame:
    """Return one event for each item in the cells of one column, with its type."""
    cells = split_cells(frame[column.source], column.form).alias("\0item")
    events = frame.drop(c.source for c in columns).with_columns(cells).explode("\0item")
    events = events.filter(pl.col("\0item").str.strip_chars().fill_null("") != "")
    if column.is_marked:
        parts = pl.col("\0item").str.extract_groups(_MARKED)
        chosen = pl.when(parts.struct.field("2") == "1").then(pl.lit(CLICKED))
        return events.with_columns(
            parts.struct.field("1").fill_null(pl.col("\0item")).alias("\0item"),
            chosen.otherwise(pl.lit(NOTHING_HAPPENED)).alias("\0type"),
        )
    any_marked = any(other.is_marked for other in columns)
    kind = pl.lit(_type_of(column, any_marked=any_marked, n_columns=len(columns)), pl.String)
    events = events.with_columns(kind.alias("\0type"))
    if not column.is_history:
        return events
    user, at = mapping.source_of("user_id"), mapping.source_of("timestamp")
    if at is not None:  # it was before the event, nobody knows when
        events = events.with_columns(pl.lit(None, events.schema[at]).alias(at))
    keys = [*([user] if user else []), "\0item"]
    return events.unique(keys, keep="first", maintain_order=True)


def _type_of(column: _CellColumn, *, any_marked: bool, n_columns: int) -> str | None:
    if column.is_history:
        return CLICKED if any_marked else None
    name = to_snake_case(column.source)
    word = re.sub(r"_(?:items?|products?|ids?|list|articles?|news)$", "", flag_name(name))
    if event_name_kind(word) == "impression" or event_name_kind(name) == "impression":
        return NOTHING_HAPPENED if n_columns > 1 else None
    return word if flag_kind(word) is not None else None


def split_cells(values: pl.Series, form: CellForm) -> pl.Series:
    """Return the items that the cells of a column list.

    Example:
        >>> split_cells(pl.Series(["tea| cup", None]), "|").to_list()
        [['tea', 'cup'], None]
    """
    text = to_text(values)
    if form == "literal":
        found = [None if one is None else parse_list(one) or [one] for one in text]
        return pl.Series(values.name, found, dtype=pl.List(pl.String))
    if form == "one":
        return text.to_frame("x").select(pl.concat_list("x")).to_series().alias(values.name)
    parts = text.str.strip_chars().str.split(form)
    return parts.list.eval(pl.element().str.strip_chars()).alias(values.name)


def _with_cells(mapping: ColumnMapping, sources: Iterable[str]) -> ColumnMapping:
    listed = mapping.read_by_values(dict.fromkeys(sources, ITEM_CELLS))
    columns = tuple(
        replace(c, target=None, reason="not used") if c.target == "item_id" else c
        for c in listed.columns
    )
    return replace(listed, columns=columns)


def _numbered_columns(names: Sequence[str]) -> list[str]:
    """Return columns ``item1``, ``item2`` and so on, which hold one item each."""
    stems: dict[str, dict[str, str]] = {}
    for name in names:
        for one in names_of(name):
            if found := _NUMBERED.match(one):
                stems.setdefault(found.group(1), {})[name] = found.group(2).lstrip("0")
    for stem, numbers in stems.items():
        if stem in _NUMBERED_STEMS and len(numbers) > 1 and "1" in numbers.values():
            return list(numbers)
    return []


def _hold_ids(rows: pl.DataFrame) -> bool:
    """Return whether numbered columns hold ids, and not what users think of one item each."""
    values = pl.concat([to_text(rows[name]).alias("x") for name in rows.columns])
    given = values.str.strip_chars().replace("", None).drop_nulls()
    is_number = given.cast(pl.Float64, strict=False).is_not_null()
    return not is_number.all() or given.n_unique() > rows.width


def _named_columns(rows: pl.DataFrame) -> list[str]:
    """Return the columns that list items by their names and values."""
    found: list[str] = []
    for name in rows.columns:
        if rows[name].dtype.is_nested() or not rows[name].count():
            continue
        names = names_of(name)
        is_named = names & ITEM_LIST_NAMES or any(_PLURALS.search(one) for one in names)
        if is_named or (_may_be_of_kind(name) and _lists_codes(rows[name])):
            found.append(name)
    others = [name for name in rows.columns if name not in found and _may_be_of_kind(name)]
    known = [split_cells(rows[n], _cell_column(rows[n]).form).explode() for n in found]
    items = pl.concat(known).drop_nulls() if known else pl.Series([], dtype=pl.String)
    return [*found, *(name for name in others if _holds_some_of(rows[name], items))]


def _holds_some_of(values: pl.Series, items: pl.Series) -> bool:
    """Return whether a column holds single items that are listed elsewhere."""
    if values.dtype.is_nested() or not values.count():
        return False
    given = to_text(values).str.strip_chars().replace("", None).drop_nulls()
    return float(given.is_in(items.implode()).mean() or 0) >= MIN_FITTING_SHARE  # type: ignore[arg-type]


def _may_be_of_kind(name: str) -> bool:
    snake = to_snake_case(name)
    if snake in _HISTORIES or flag_kind(snake) is not None:
        return True
    return event_name_kind(snake) in {"impression", "view", "negative"}


def _lists_codes(values: pl.Series) -> bool:
    """Return whether the cells of a column list codes, and are no sentences or numbers."""
    column = _cell_column(values)
    pieces = split_cells(values, column.form).explode().drop_nulls()
    pieces = pieces.filter(pieces != "")
    if not len(pieces) or column.form == "one":
        return False
    is_code = pieces.str.contains(r"^\S*[\d]\S*$") & pieces.str.contains(r"^[^.]{1,40}$")
    return float(is_code.mean() or 0) >= MIN_FITTING_SHARE  # type: ignore[arg-type]


def _cell_column(values: pl.Series) -> _CellColumn:
    """Return how the cells of a column that lists items are written."""
    text = to_text(values.head(SAMPLE_ROWS)).str.strip_chars().replace("", None).drop_nulls()
    form = _form_of(text)
    pieces = split_cells(text, form).explode().drop_nulls()
    marks = pieces.str.extract(_MARKED, 2)
    is_marked = len(marks) > 0 and marks.count() >= MIN_FITTING_SHARE * len(marks)
    return _CellColumn(values.name, form, is_marked and marks.drop_nulls().n_unique() > 1)


def _form_of(text: pl.Series) -> CellForm:
    if not len(text):
        return "one"
    may_be_list = text.str.contains(LIST_PATTERN)
    if float(may_be_list.mean() or 0) >= MIN_FITTING_SHARE and all(  # type: ignore[arg-type]
        parse_list(one) is not None for one in text.head(100)
    ):
        return "literal"
    for separator in _SEPARATORS:
        if not text.str.contains(separator, literal=True).any():
            continue
        pieces = text.str.split(separator).explode()
        if separator != " " or bool(pieces.str.contains(r"\d|^$").all()):
            return separator
    return "one"


def _holds_lists(values: pl.Series) -> bool:
    """Return whether a column of ids has lists of them in its cells."""
    if values.dtype != pl.String:
        return False
    text = values.str.strip_chars().replace("", None).drop_nulls()
    form = _form_of(text)
    if form == "literal":
        return True
    if form == "one" or len(text) < MIN_JUDGED_CELLS:
        return False
    cells = split_cells(text, form)
    lengths = cells.list.len()
    several = text.filter(lengths > 1)
    pieces = cells.explode()
    return (
        len(several) >= MIN_LIST_SHARE * len(text)
        and lengths.n_unique() >= MIN_LENGTHS
        and several.n_unique() >= 0.5 * len(several)
        and pieces.n_unique() <= 0.5 * len(pieces)
        and bool((pieces != "").all())
    )
