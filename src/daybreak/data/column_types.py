"""Columns of unusual types, before their values are checked.

Parquet files and frames have types that text files do not have. Each column is read as what it
is, or left out with a note; only ids, and times that decide what may be recommended, are
refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from operator import or_

import polars as pl

from daybreak.data.casts import cast_switch, to_text
from daybreak.data.columns import KEY_COLUMNS, ColumnMapping, SourceColumn, names_of
from daybreak.data.event_time_columns import holds_times
from daybreak.data.fields import HIDDEN_COLUMN
from daybreak.data.ids import (
    UUID_BYTES,
    binary_text,
    id_column_problem,
    note_damaged_ids,
    utf8_text,
)
from daybreak.data.readers.source import RawTable
from daybreak.data.times import (
    EMPTY_VALUES,
    UNLIMITED_TEXTS,
    empty_to_null,
    read_times,
    unlimited_to_null,
)
from daybreak.errors import DataError, NextStep

TIME_TARGETS = ("timestamp", "created_at", "available_from", "available_until")
"""Columns of the tables that are times."""
_DECIDING_TIMES = frozenset({"available_from", "available_until"})
SWITCH_COLUMNS = frozenset(
    {"published", "is_published", "publish", "visible", "is_visible", "visibility", "active"}
    | {"is_active", "enabled", "is_enabled", "online", "is_online", "product_online"}
    | {"status", "product_status", "visibility_in_catalog", "displayed", "actif"}
    | {"activo", "attivo", "aktiv", "ativo", "активен", "активность", "опубликован"}
    | {"state", "available", "is_available", "availability", "in_stock", "is_in_stock"}
    | {"stock_status", "job_status", "campaign_status", "ad_status", "listing_status"}
    | {"item_status", "offer_status", "effective_status", "is_live", "is_open", "is_for_sale"}
    | {"disponible", "disponibilidad", "disponibilite", "verfügbar", "verfugbar"}
    | {"sichtbar", "veroffentlicht", "lieferbar", "im_sortiment", "publicado", "visible_web"}
    | {"en_stock", "publie", "en_vente", "en_ligne", "pubblicato", "visibile", "disponibile"}
    | {"disponivel", "visivel", "actief", "zichtbaar", "beschikbaar", "gepubliceerd"}
    | {"aktywny", "widoczny", "dostepny", "opublikowany", "aktif", "в_наличии", "доступен"}
    | {"上架", "是否上架", "商品状态", "商品狀態", "状态", "是否有货", "是否在售"}
    | {"上架状态", "是否启用", "启用", "是否显示", "販売状態", "公開状態", "판매상태"}
)
"""Names of columns by which systems say whether an item is on sale."""
OFF_COLUMNS = frozenset(
    {"deleted", "is_deleted", "archived", "is_archived", "draft", "is_draft", "disabled"}
    | {"is_disabled", "discontinued", "is_discontinued", "sold_out", "is_sold_out", "is_sold"}
    | {"out_of_stock", "is_out_of_stock", "expired", "is_expired", "is_closed", "is_removed"}
    | {"removed", "unlisted", "is_unlisted", "is_private", "is_blocked", "is_suspended"}
    | {"is_paused", "is_ended", "是否下架", "是否删除", "已下架", "已删除", "是否售罄"}
    | {"ausverkauft", "versteckt", "geloscht", "geloescht", "archiviert", "agotado", "oculto"}
    | {"eliminado", "epuise", "masque", "supprime", "esaurito", "nascosto", "esgotado"}
    | {"uitverkocht", "verborgen", "verwijderd", "wyprzedany", "ukryty", "usuniety"}
    | {"售罄", "已售罄", "隐藏", "是否隐藏", "缺货", "売り切れ", "非公開", "품절"}
)
"""Names of columns that say whether an item is no longer on sale."""
GONE_COLUMNS = frozenset(
    {"deleted_at", "deleted_on", "date_deleted", "removed_at", "removed_on", "date_removed"}
    | {"discontinued_at", "discontinued_on", "discontinued_date", "date_discontinued"}
    | {"archived_at", "archived_on", "unpublished_at", "unpublished_on", "unlisted_at"}
    | {"delisted_at", "delisted_on", "deactivated_at", "disabled_at", "hidden_at"}
    | {"withdrawn_at", "retired_at", "sold_out_at", "sold_out_on", "taken_down_at"}
    | {"geloscht_am", "geloescht_am", "supprime_le", "eliminado_el", "removido_em"}
    | {"删除时间", "刪除時間", "下架于", "削除日時", "삭제일"}
)
"""Names of columns of times at which an item left; an empty one says that it is there."""
_NO_TIMES = ("0", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01", "0001-01-01 00:00:00")
"""Texts by which databases write that there is no time."""
FAR_FUTURE_S = 7_258_118_400.0
"""2200-01-01: later times stand for "never" [epoch seconds]."""
_VISIBLE_WORDS = frozenset(
    {"1", "true", "yes", "y", "on", "active", "published", "publish", "enabled", "visible"}
    | {"online", "live", "catalog, search", "catalog", "search", "да", "ja", "oui", "si", "sí"}
    | {
        "open",
        "available",
        "in stock",
        "instock",
        "in_stock",
        "on sale",
        "for sale",
        "approved",
    }
    | {"aktiv", "activo", "actif", "attivo", "ativo", "verfügbar", "disponible", "disponibile"}
    | {"上架", "已上架", "在售", "有货", "是", "销售中", "上线"}
)
_HIDDEN_WORDS = frozenset(
    {"0", "-1", "false", "no", "n", "off", "inactive", "draft", "unpublished", "disabled"}
    | {"hidden", "offline", "archived", "trash", "pending", "private", "not visible"}
    | {"not visible individually", "deleted", "discontinued", "нет", "nein", "non", "unlisted"}
    | {"ended", "expired", "closed", "filled", "paused", "sold", "sold out", "soldout"}
    | {"out of stock", "outofstock", "out_of_stock", "unavailable", "not available", "removed"}
    | {"withdrawn", "suspended", "blocked", "cancelled", "canceled", "rejected", "retired"}
    | {"inaktiv", "inactivo", "inactif", "inattivo", "inativo", "beendet", "abgelaufen"}
    | {"ausverkauft", "agotado", "épuisé", "esaurito", "esgotado", "verkauft", "vendu"}
    | {"下架", "已下架", "售罄", "缺货", "无货", "否", "已删除", "下线", "停售"}
)
MAX_CACHED_SWITCHES = 10_000
"""Maximum number of values of switches whose meaning is cached."""
_ENABLED_CODES = {"1": True, "2": False}
"""Codes of Magento for enabled and disabled."""


@dataclass(frozen=True)
class PreparedTable:
    """A table whose columns have types that text files have as well."""

    raw: RawTable
    mapping: ColumnMapping
    notes: list[str] = field(default_factory=list)


def prepare_columns(raw: RawTable, mapping: ColumnMapping) -> PreparedTable:
    """Convert columns of unusual types, and leave out those that cannot be used.

    Args:
        raw: Columns as they came.
        mapping: Columns of the table that they are read as.

    Raises:
        DataError: A column of ids, or of a time that decides about availability, has a type
            that it cannot have.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> frame = pl.DataFrame({"item_id": ["a"], "length": [None]}, {"item_id": pl.String,
        ...     "length": pl.Duration})
        >>> raw = RawTable("films", frame, pl.Series([1]))
        >>> prepare_columns(raw, match_columns(frame.columns, "items")).raw.frame.dtypes
        [String, Float64]
    """
    if mapping.role == "items":
        raw, mapping, notes = _read_switch(raw, mapping)
    else:
        notes = []
    frame, kept = raw.frame, list[SourceColumn]()
    for column in mapping.used:
        values, target = frame[column.source], column.target or ""
        if target in (*KEY_COLUMNS[mapping.role], "event_id"):
            _check_id_column(raw.file, column.source, target, values)
            notes += note_damaged_ids(raw.file, column.source, values)
            kept.append(column)
            continue
        plain = _plain_time(values) if target in TIME_TARGETS else _plain_values(values)
        if plain is None:
            notes.append(_unusable_column(raw.file, column.source, target, values))
            continue
        frame = frame.with_columns(plain.alias(column.source))
        kept.append(column)
    dropped = {c.source for c in mapping.used} - {c.source for c in kept}
    mapping = replace(
        mapping,
        columns=tuple(
            replace(c, target=None) if c.source in dropped else c for c in mapping.columns
        ),
    )
    return PreparedTable(replace(raw, frame=frame), mapping, notes)


def _check_id_column(file: str, source: str, target: str, values: pl.Series) -> None:
    problem = id_column_problem(values.dtype)
    if problem and values.len() > values.null_count():
        raise DataError(
            f"{file}: column {source!r} has {problem} (type {values.dtype}), which are no ids; "
            f"choose another column with columns={{{target!r}: 'NAME'}}",
            next_step=NextStep.MAP_COLUMN,
            column=target,
        )


def _unusable_column(file: str, source: str, target: str, values: pl.Series) -> str:
    """Return the note about a column that is left out.

    Raises:
        DataError: Without the column, items would be recommended that must not be.
    """
    text = f"{file}: column {source!r} of type {values.dtype}"
    if target in _DECIDING_TIMES:
        raise DataError(f"{text} cannot be read as times, but {target} decides what is on sale")
    what = "times" if target in TIME_TARGETS else "text or numbers"
    return f"{text} is not used: its values are no {what}"


def _plain_time(values: pl.Series) -> pl.Series | None:
    kind = values.dtype
    if isinstance(kind, pl.Duration | pl.Time | pl.Boolean) or kind.is_nested():
        return None
    return _plain_values(values)


def _plain_values(values: pl.Series) -> pl.Series | None:
    """Return values as numbers, text, truth values, times or lists; None if that cannot be."""
    kind = values.dtype
    convert = next((f for types, f in _CONVERSIONS if isinstance(kind, types)), None)
    if convert is not None:
        return convert(values)
    if kind in (pl.Int128, pl.UInt128, pl.UInt64):
        whole = values.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == values.null_count() else values.cast(pl.Float64)
    if kind.is_numeric() or kind.is_temporal() or kind in (pl.String, pl.Boolean, pl.Null):
        return values
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        return None


def _seconds(values: pl.Series) -> pl.Series:
    return values.dt.total_seconds(fractional=True)


def _readable_bytes(values: pl.Series) -> pl.Series | None:
    """Return bytes as text if they are UTF-8 or UUIDs; None if they are something else."""
    has_uuids = bool((values.drop_nulls().bin.size() == UUID_BYTES).all())
    return binary_text(values) if has_uuids else utf8_text(values)


def _object_texts(values: pl.Series) -> pl.Series:
    texts = [None if value is None else str(value) for value in values]
    return pl.Series(values.name, texts, pl.String)


def _plain_list(values: pl.Series) -> pl.Series | None:
    """Return lists of texts or numbers; inner lists and objects become their JSON text."""
    inner = values.explode()
    lists = values if isinstance(values.dtype, pl.List) else values.arr.to_list()
    if inner.dtype.is_numeric() or inner.dtype in (pl.String, pl.Boolean, pl.Null):
        return lists
    texts = [None if one is None else _list_texts(one) for one in lists]
    if any(text is None for one in texts if one is not None for text in one):
        return None
    return pl.Series(values.name, texts, pl.List(pl.String))


def _list_texts(values: pl.Series) -> list[str | None]:
    given = values.drop_nulls()
    if isinstance(given.dtype, pl.Struct):
        return list(given.struct.json_encode())
    plain = _plain_values(given)
    if plain is None or plain.dtype.is_nested():
        return [None]
    return plain.cast(pl.String).str.replace(r"\.0$", "").to_list()


_CONVERSIONS: tuple[
    tuple[type | tuple[type, ...], Callable[[pl.Series], pl.Series | None]], ...
] = (
    (pl.Duration, _seconds),
    (pl.Time, lambda values: values.dt.strftime("%H:%M:%S")),
    (pl.Decimal, lambda values: values.cast(pl.Float64)),
    (pl.Binary, _readable_bytes),
    (pl.Object, _object_texts),
    ((pl.List, pl.Array), _plain_list),
    (pl.Struct, lambda values: values.struct.json_encode()),
    ((pl.Categorical, pl.Enum), lambda values: values.cast(pl.String)),
)
"""Types of columns and their conversions."""


def _read_switch(
    raw: RawTable, mapping: ColumnMapping
) -> tuple[RawTable, ColumnMapping, list[str]]:
    """Read a column that says whether an item is on sale, if its values are such a switch."""
    if mapping.source_of(HIDDEN_COLUMN) or HIDDEN_COLUMN in mapping.switched_off:
        return raw, mapping, []
    switches = {
        column.source: visible
        for column in mapping.used
        if names_of(column.source) & SWITCH_COLUMNS
        and (visible := _switch_values(raw.frame[column.source])) is not None
    }
    switches |= {
        column.source: ~off
        for column in mapping.used
        if names_of(column.source) & OFF_COLUMNS
        and (off := _off_values(raw.frame[column.source])) is not None
    }
    switches |= {
        column.source: ~gone
        for column in mapping.used
        if names_of(column.source) & GONE_COLUMNS
        and (gone := _gone_values(raw.frame[column.source])) is not None
    }
    return _with_switches(raw, mapping, switches) if switches else (raw, mapping, [])


def _switch_values(values: pl.Series) -> pl.Series | None:
    """Return whether each item is on sale; None if the values are something else."""
    if values.dtype.is_nested() or values.dtype.is_temporal():
        return None
    text = to_text(values).str.strip_chars().str.to_lowercase()
    text = text.str.replace(r"^(-?\d+)\.0+$", "$1")
    text = text.replace("", None)
    words = set(text.drop_nulls().unique())
    if words and words <= set(_ENABLED_CODES) and "2" in words:
        return text.replace_strict(_ENABLED_CODES, default=None, return_dtype=pl.Boolean)
    if not words or not words <= _VISIBLE_WORDS | _HIDDEN_WORDS:
        return None
    return text.is_in(list(_VISIBLE_WORDS))


def _off_values(values: pl.Series) -> pl.Series | None:
    """Return whether each item is no longer on sale; None if the values are something else."""
    if values.dtype.is_nested() or values.dtype.is_temporal():
        return None
    switch, is_bad = cast_switch(values)
    if is_bad.any() or not switch.count():
        return None
    return to_text(switch).str.to_lowercase() == "true"


def _gone_values(values: pl.Series) -> pl.Series | None:
    """Return whether each item has left at some time; None if the values are no times.

    Example:
        >>> _gone_values(pl.Series("deleted_at", ["2024-05-01", "", "0000-00-00"])).to_list()
        [True, False, False]
    """
    given = values
    if not values.dtype.is_temporal():
        if values.dtype.is_nested() or values.dtype == pl.Boolean:
            return None
        text = empty_to_null(unlimited_to_null(to_text(values)))
        given = text.set(text.is_in(_NO_TIMES), None).alias(values.name)
    if not given.count():
        return None
    if not holds_times(given, later=(0.0, 1.0)):
        return None
    is_later = (read_times(given).seconds >= FAR_FUTURE_S).fill_null(value=False)
    return given.is_not_null() & ~is_later


@lru_cache(maxsize=MAX_CACHED_SWITCHES)
def says_hidden(name: str, value: str | float | bool | None) -> bool | None:
    """Return whether a field of one item says that it is not on sale; None: it does not say.

    Args:
        name: Name of the field.
        value: Its value.

    Example:
        >>> says_hidden("status", "Draft"), says_hidden("in_stock", 1), says_hidden("sold", 1)
        (True, False, None)
        >>> says_hidden("deleted_at", "2024-05-01"), says_hidden("deleted_at", None)
        (True, False)
    """
    column = pl.Series(name, [value], dtype=pl.String if value is None else None)
    names = names_of(name)
    if names & GONE_COLUMNS:
        gone = _gone_values(column)
        is_empty = value is None or _is_no_time(str(value))
        return (False if is_empty else None) if gone is None else bool(gone.item())
    if names & SWITCH_COLUMNS:
        visible = _switch_values(column)
        return None if visible is None else not visible.item()
    off = _off_values(column) if names & (OFF_COLUMNS | {"hidden"}) else None
    return None if off is None else bool(off.item())


def _is_no_time(text: str) -> bool:
    bare = text.strip().lower()
    return bare in EMPTY_VALUES or bare in UNLIMITED_TEXTS or bare in _NO_TIMES


def _with_switches(
    raw: RawTable, mapping: ColumnMapping, switches: Mapping[str, pl.Series]
) -> tuple[RawTable, ColumnMapping, list[str]]:
    """Read the first switch as ``is_hidden``: true where any of the switches is off."""
    off = [(~visible).fill_null(value=False) for visible in switches.values()]
    source = next(iter(switches))
    hidden = reduce(or_, off).alias(source)
    others = switches.keys() - {source}
    columns = tuple(
        replace(c, target=HIDDEN_COLUMN, reason="switch")
        if c.source == source
        else replace(c, target=None, reason="switch")
        if c.source in others
        else c
        for c in mapping.columns
    )
    note = (
        f"{raw.file}: {', '.join(switches)} says whether an item is on sale: "
        f"{int(hidden.sum()):,} of {len(hidden):,} items are hidden"
    )
    frame = raw.frame.with_columns(hidden)
    return replace(raw, frame=frame), replace(mapping, columns=columns), [note]
