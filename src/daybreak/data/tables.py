"""The checked tables of events, items and users."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from daybreak.data.fields import CATALOGUE_EXIT_COLUMN, HIDDEN_COLUMN
from daybreak.errors import DataError

EVENT_COLUMNS = {
    "user_id": pl.String,
    "item_id": pl.String,
    "event_type": pl.String,
    "value": pl.Float64,
    "timestamp": pl.Float64,
    "domain": pl.String,
}

N_SHOWN_ROWS = 5
"""Number of rows of each table that a notebook displays."""


@dataclass(frozen=True)
class Tables:
    """Items, users and events as polars frames with canonical columns.

    ``items`` has ``item_id`` (unique, never null) and any further columns: text, attributes,
    ``created_at`` (epoch seconds), ``domain``. ``users`` has ``user_id`` and any attributes.
    ``events`` has exactly the columns of ``EVENT_COLUMNS``; ``timestamp`` is in epoch seconds
    (null: unknown), ``value`` a rating, a count or a share (null: none given). Ids of very many
    events may be categories (``pl.Categorical``), which take 4 bytes. Ids of events need not be
    in the other two tables.

    Example:
        >>> shop = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        >>> shop.items["item_id"].to_list(), shop.events.columns
        (['tea'], ['user_id', 'item_id', 'event_type', 'value', 'timestamp', 'domain'])
    """

    items: pl.DataFrame
    users: pl.DataFrame
    events: pl.DataFrame

    @classmethod
    def of(
        cls,
        events: pl.DataFrame | None = None,
        items: pl.DataFrame | None = None,
        users: pl.DataFrame | None = None,
    ) -> "Tables":
        """Check the frames; add missing columns, and rows for ids that occur only in events.

        Raises:
            DataError: A key column is missing, null or (in items and users) repeated.
        """
        events = _no_events() if events is None else _check_events(events)
        return cls(
            _check_entities("items", "item_id", items, events),
            _check_entities("users", "user_id", users, events),
            events,
        )

    def __repr__(self) -> str:
        """Return one line with the numbers of rows."""
        sizes = ", ".join(
            f"{name}={frame.height:,} × {frame.width}" for name, frame in vars(self).items()
        )
        return f"Tables({sizes})"

    def _repr_html_(self) -> str:
        """Return the first rows of each table, for notebooks."""
        parts = (
            f"<b>{name}</b>: {frame.height:,} rows{frame.head(N_SHOWN_ROWS)._repr_html_()}"
            for name, frame in vars(self).items()
        )
        return "".join(parts)

    def with_text_ids(self) -> "Tables":
        """Return the tables with ids of events as text; those of partitions are categories."""
        ids = _id_categories(self.events)
        if not ids:
            return self
        events = self.events.with_columns(pl.col(*ids).cast(pl.String))
        return Tables(self.items, self.users, events)

    def with_events(self, events: pl.DataFrame) -> "Tables":
        """Return the tables with other events."""
        return Tables.of(events, self.items, self.users)


def has_values(frame: pl.DataFrame, key: str) -> pl.Series:
    """Return whether each row has a value in any column but ``key``.

    An item without any value is known from events only: it is not in the catalogue.

    Example:
        >>> has_values(pl.DataFrame({"item_id": ["a", "b"], "price": [1, None]}), "item_id")[0]
        True
    """
    names = [name for name in frame.columns if name != key]
    is_full = any(not frame[name].null_count() for name in names)
    if is_full or not names:
        return pl.Series([is_full]).new_from_index(0, frame.height)
    return frame.select(pl.any_horizontal(pl.col(names).is_not_null())).to_series()


def has_listed_items(items: pl.DataFrame) -> bool:
    """Return whether items are those of a catalogue: one of them has a value.

    The mark of items that are in no catalogue is no value.

    Example:
        >>> events_only = pl.DataFrame({"item_id": ["a"], "not_in_catalogue_since": [5.0]})
        >>> has_listed_items(events_only), has_listed_items(pl.DataFrame({"item_id": ["a"]}))
        (False, False)
    """
    return bool(has_values(items.drop(CATALOGUE_EXIT_COLUMN, strict=False), "item_id").any())


def mark_listed(items: pl.DataFrame) -> pl.DataFrame:
    """Return items of a catalogue of which each has a value: those without get one.

    ``is_hidden`` is false for a row that says nothing but that the item is in the catalogue.

    Example:
        >>> mark_listed(pl.DataFrame({"item_id": ["a", "b"], "price": [1, None]})).rows()
        [('a', 1, None), ('b', None, False)]
    """
    bare = ~has_values(items, "item_id")
    if not bare.any():
        return items
    kind = items.schema.get(HIDDEN_COLUMN, pl.Boolean())
    shown: object = False
    if kind != pl.Boolean:
        shown = 0 if kind.is_numeric() else "false"
    old = pl.col(HIDDEN_COLUMN) if HIDDEN_COLUMN in items.columns else pl.lit(None)
    flag = pl.when(bare).then(pl.lit(shown)).otherwise(old).cast(kind)
    return items.with_columns(flag.alias(HIDDEN_COLUMN))


@cache
def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=EVENT_COLUMNS)


def _check_events(frame: pl.DataFrame) -> pl.DataFrame:
    if frame.width and (missing := {"user_id", "item_id"} - set(frame.columns)):
        raise DataError(
            f"events have no column {sorted(missing)[0]!r}; columns: {frame.columns}"
        )
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in (EVENT_COLUMNS | _id_categories(frame)).items()
    ]
    events = frame.select(columns) if frame.width else pl.DataFrame(schema=EVENT_COLUMNS)
    for key in ("user_id", "item_id"):
        if events[key].null_count():
            raise DataError(f"{events[key].null_count()} events have no {key}")
    return events


def _id_categories(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the ids that are categories, with their type; they stay so."""
    schema = frame.schema
    ids = ("user_id", "item_id")
    return {name: pl.Categorical for name in ids if schema.get(name) == pl.Categorical}


def _check_entities(
    name: str, key: str, frame: pl.DataFrame | None, events: pl.DataFrame
) -> pl.DataFrame:
    if frame is None:
        frame = pl.DataFrame(schema={key: pl.String})
        if not events.height:
            return frame
    if key not in frame.columns:
        raise DataError(f"{name} have no column {key!r}; columns: {frame.columns}")
    if frame.schema[key] != pl.String:
        frame = frame.with_columns(pl.col(key).cast(pl.String))
    if frame[key].null_count():
        raise DataError(f"{frame[key].null_count()} rows of {name} have no {key}")
    if frame[key].n_unique() < frame.height:
        twice = frame[key].filter(frame[key].is_duplicated())[0]
        raise DataError(f"{key} {twice!r} appears twice in {name}; ids must be unique")
    if not events.height:
        return frame
    known = events.select(pl.col(key).unique(maintain_order=True).cast(pl.String))
    extra = known.join(frame, on=key, how="anti", maintain_order="left")
    return pl.concat([frame, extra], how="diagonal") if extra.height else frame
