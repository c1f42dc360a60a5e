"""Events with a list of items each, as of a basket or an order: one event for each item.

Web analytics and shop systems export them: GA4 in BigQuery (``items``), orders
(``line_items``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import names_of, number_duplicates

ITEM_LIST_NAMES = frozenset(
    {"items", "products", "line_items", "order_items", "order_lines", "lines", "positions"}
    | {"articles", "basket", "cart", "contents", "goods", "artikel", "positionen", "produits"}
    | {"articulos", "productos", "товары", "позиции", "商品", "商品列表", "商品明细"}
    | {"item_ids", "product_ids", "article_ids", "skus", "ecommerce_items", "action_details"}
)
"""Names of lists of items; the objects in them may call the id of an item ``id``."""
ITEM_ID_COLUMN = "item_id"
_CORE_ITEM_IDS = frozenset({"item_id", "product_id", "sku", "article_id", "asin", "movie_id"})
"""Names of columns that say which item an event is about, whatever lists it has."""
_ROW = "\0row"
_ID_MARK = "#"
"""Sign between the id of an event and the place of an item in its list."""
_BARE_ID_NAMES = frozenset({"id", "key", "code"})
_ITEM_ID_NAMES = frozenset(COLUMN_ALIASES["events"]["item_id"])
_EVENT_ID_NAMES = frozenset(COLUMN_ALIASES["events"]["event_id"])


@dataclass(frozen=True)
class ItemList:
    """The list of items of each event."""

    column: str
    fields: tuple[str, ...]
    """Fields of the objects in the list; empty: the list holds ids."""
    names: tuple[str, ...]
    """Columns that the fields become."""

    @property
    def id_name(self) -> str:
        """The column of the ids of items."""
        return next((n for n in self.names if names_of(n) & _ITEM_ID_NAMES), self.names[0])

    @classmethod
    def of(cls, column: str, fields: Sequence[str], others: Sequence[str]) -> "ItemList":
        """Return a list whose fields do not take the names of other columns."""
        bare = next((f for f in fields if names_of(f) & _BARE_ID_NAMES), None)
        has_id = any(names_of(field) & _ITEM_ID_NAMES for field in fields)
        wanted = [ITEM_ID_COLUMN if f == bare and not has_id else f for f in fields]
        taken = set(others)
        free = [f"{column}_{name}" if name in taken else name for name in wanted]
        names = number_duplicates([*others, *(free or [ITEM_ID_COLUMN])])[len(others) :]
        return cls(column, tuple(fields), names)


def find_item_list(columns: Mapping[str, Sequence[str] | None]) -> ItemList | None:
    """Return the list of items of events that have no other item; None if there is none.

    Args:
        columns: Columns that hold lists, with the fields of the objects in them, empty for
            lists of texts or numbers; None for all other columns.

    Example:
        >>> found = find_item_list({"user": None, "items": ["item_id", "price"], "price": None})
        >>> found.column, found.names
        ('items', ('item_id', 'items_price'))
        >>> found.id_name
        'item_id'
        >>> find_item_list({"item_id": None, "items": ["item_id"]})
    """
    others = [name for name, fields in columns.items() if fields is None]
    if any(names_of(name) & _CORE_ITEM_IDS for name in others):
        return None
    for name, fields in columns.items():
        if fields is None:
            continue
        is_named = bool(names_of(name) & ITEM_LIST_NAMES)
        known = _ITEM_ID_NAMES | _BARE_ID_NAMES if is_named else _ITEM_ID_NAMES
        has_ids = any(names_of(field) & known for field in fields)
        if has_ids or (is_named and not fields):
            return ItemList.of(name, fields, [n for n in columns if n != name])
    return None


def list_fields(kind: pl.DataType) -> tuple[str, ...] | None:
    """Return the fields of the objects in a list, flattened; None if it is no such list.

    Example:
        >>> list_fields(pl.List(pl.Struct({"a": pl.Int64, "b": pl.Struct({"c": pl.Int64})})))
        ('a', 'b_c')
    """
    if not isinstance(kind, pl.List | pl.Array):
        return None
    inner = kind.inner
    if isinstance(inner, pl.Struct):
        return tuple(_flat_fields(inner))
    return () if inner in (pl.String, pl.Int64, pl.Int32, pl.UInt32, pl.UInt64) else None


def _flat_fields(kind: pl.Struct, prefix: str = "") -> Iterator[str]:
    for field in kind.fields:
        if isinstance(field.dtype, pl.Struct):
            yield from _flat_fields(field.dtype, f"{prefix}{field.name}_")
        else:
            yield prefix + field.name


def list_of_schema(schema: Mapping[str, pl.DataType]) -> ItemList | None:
    """Return the list of items of a frame of events; None if there is none."""
    return find_item_list({name: list_fields(kind) for name, kind in schema.items()})


def expand_frame(frame: pl.DataFrame, found: ItemList) -> tuple[pl.DataFrame, pl.Series]:
    """Return one row for each item of each list, and the row of the frame that it comes from.

    Args:
        frame: Rows of events.
        found: Their list of items.

    Example:
        >>> baskets = pl.DataFrame({"user": ["ann", "bob"], "items": [["tea", "cup"], []]})
        >>> expand_frame(baskets, list_of_schema(baskets.schema))[0].rows()
        [('ann', 'tea'), ('ann', 'cup')]
    """
    numbered = frame.with_columns(pl.int_range(1, pl.len() + 1).alias(_ROW))
    numbered = numbered.filter(pl.col(found.column).list.len() > 0)
    exploded = numbered.explode(found.column).filter(pl.col(found.column).is_not_null())
    items = exploded.select(found.column)
    while any(isinstance(kind, pl.Struct) for kind in items.schema.values()):
        items = _unnest(items)
    rest = exploded.drop(found.column)
    items = items.rename(dict(zip(items.columns, found.names, strict=True)))
    events = pl.concat([rest, items], how="horizontal")
    for name in [n for n in rest.columns if names_of(n) & _EVENT_ID_NAMES]:
        events = number_event_ids(events, name, _ROW)
    return events.drop(_ROW), events[_ROW].alias("row")


def number_event_ids(events: pl.DataFrame, name: str, row: str) -> pl.DataFrame:
    """Return events in which the second and later ones of a row have an id of their own.

    Args:
        events: Events.
        name: Column of the ids of events.
        row: Column of the rows that the events come from.

    Example:
        >>> events = pl.DataFrame({"event_id": ["e", "e"], "row": [1, 1]})
        >>> number_event_ids(events, "event_id", "row")["event_id"].to_list()
        ['e', 'e#1']
    """
    place = pl.int_range(pl.len()).over(row)
    own = pl.concat_str(name, pl.lit(_ID_MARK), place)
    first = pl.col(name).cast(pl.String)
    return events.with_columns(pl.when(place > 0).then(own).otherwise(first).alias(name))


def _unnest(frame: pl.DataFrame) -> pl.DataFrame:
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        if not isinstance(column.dtype, pl.Struct):
            columns.append(column)
            continue
        prefix = f"{column.name}_" if columns or frame.width > 1 else ""
        columns += [
            values.alias(prefix + values.name)
            for values in column.struct.unnest().get_columns()
        ]
    return pl.DataFrame(columns)


def find_record_list(records: Sequence[Mapping[str, Any]]) -> ItemList | None:
    """Return the list of items of flat records of events; None if there is none.

    Records that name an item of their own are about it, whatever lists they have.
    """
    columns: dict[str, dict[str, None] | None] = {}
    for record in records:
        if _own_item(record) is not None:
            continue
        for name, value in record.items():
            if not isinstance(value, list):
                if value is not None:
                    columns[name] = None
                continue
            known = columns.setdefault(name, {})
            if known is not None:
                known.update((f, None) for one in value if isinstance(one, dict) for f in one)
    return find_item_list({n: None if f is None else tuple(f) for n, f in columns.items()})


def expand_record(record: Mapping[str, Any], found: ItemList) -> Iterator[dict[str, Any]]:
    """Yield one record for each item of the list of a flat record.

    Args:
        record: Event whose items, if they are objects, are flat.
        found: Its list of items.

    Example:
        >>> found = ItemList("items", ("id",), ("item_id",))
        >>> list(expand_record({"user": "ann", "items": [{"id": 1}, {"id": 2}]}, found))
        [{'user': 'ann', 'item_id': 1}, {'user': 'ann', 'item_id': 2}]
    """
    items = record.get(found.column)
    rest = {name: value for name, value in record.items() if name != found.column}
    event_ids = [name for name in rest if names_of(name) & _EVENT_ID_NAMES]
    if (own_item := _own_item(rest)) is not None:
        yield {**rest, found.id_name: own_item}
        return
    for place, item in enumerate(items if isinstance(items, list) else ()):
        if item is None:
            continue
        own = {n: f"{rest[n]}{_ID_MARK}{place}" for n in event_ids if place and rest[n]}
        if not isinstance(item, dict):
            yield {**rest, **own, found.names[0]: item}
            continue
        values = zip(found.names, (item.get(field) for field in found.fields), strict=True)
        yield {**rest, **own, **dict(values)}


def _own_item(record: Mapping[str, Any]) -> Any:
    """Return the id of the item that a record names beside its lists; None: it names none."""
    return next(
        (
            value
            for name, value in record.items()
            if value is not None and not isinstance(value, list) and _is_core_id(name)
        ),
        None,
    )


@lru_cache(maxsize=10_000)
def _is_core_id(name: str) -> bool:
    return not names_of(name).isdisjoint(_CORE_ITEM_IDS)


def note_expansion(file: str, found: ItemList, n_events: int, n_empty: int) -> str:
    """Return the note about events that became one for each item.

    Args:
        file: Name of the input.
        found: The list of items.
        n_events: Number of events with items.
        n_empty: Number of events without an item.
    """
    text = f"{file}: each item in {found.column} is an event of its own"
    if n_empty:
        text += f"; {n_empty:,} of {n_events + n_empty:,} events name no item and are left out"
    return text
