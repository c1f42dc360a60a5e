"""Rows of the tables items and users: an id and its attributes as a JSON object."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table, bindparam, delete, select, update

from daybreak.data.fields import CATALOGUE_EXIT_COLUMN, OTHER_ATTRIBUTES
from daybreak.data.wide_rows import fold_rare_attributes, unfold_attributes
from daybreak.errors import StoreError
from daybreak.store.bulk import insert_rows, select_candidates
from daybreak.store.cursors import next_cursor, put_tombstones
from daybreak.store.schema import answers, events, items, users

EMPTY_ATTRIBUTES = "{}"
"""Attributes of an id that is known from events only."""
MAX_STORED_NULLS = 8
"""Number of nulls up to which the object of a new row is stored unchanged, which is faster."""
_NULL_VALUE = ":null"


@dataclass(frozen=True)
class EntityPatches:
    """Changes of items or users."""

    rows: Sequence[tuple[str, str]]
    """(id, JSON object) pairs; a null in the object deletes the attribute."""
    clear: str = EMPTY_ATTRIBUTES
    """The object that deletes all attributes of the columns."""

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, key: str, mentioned: pl.Series) -> "EntityPatches":
        """Return the changes that a frame describes.

        A row without any value deletes the attributes in its columns, unless its id is
        mentioned: such a row stands for an id that only the events have.

        Args:
            frame: One row per id.
            key: Column of the ids.
            mentioned: Ids in the events of the same write.

        Example:
            >>> items = pl.DataFrame({"item_id": ["a", "b", "c"], "year": [1999, None, None]})
            >>> EntityPatches.from_frame(items, "item_id", pl.Series(["c"])).rows
            [('a', '{"year":1999}'), ('b', '{"year":null}'), ('c', '{}')]
        """
        ids, values = frame[key].to_list(), frame.drop(key)
        if not ids or not values.width:
            return cls([(id_, EMPTY_ATTRIBUTES) for id_ in ids])
        kept = values.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        if not kept.all():
            kept |= ~frame[key].is_in(mentioned.unique().implode())
        texts = values.select(
            pl.when(kept)
            .then(pl.struct(pl.all()).struct.json_encode())
            .otherwise(pl.lit(EMPTY_ATTRIBUTES))
        ).to_series()
        if OTHER_ATTRIBUTES in values.columns:
            texts = texts.map_elements(_unfold_text, return_dtype=pl.String)
        nulls = dict.fromkeys(name for name in values.columns if name != OTHER_ATTRIBUTES)
        clear = json.dumps(nulls, ensure_ascii=False, separators=(",", ":"))
        return cls(list(zip(ids, texts.to_list(), strict=True)), clear)


def put_entities(
    connection: Connection, table: Table, patches: EntityPatches, change: int
) -> int:
    """Insert new rows and merge the others into the stored ones.

    Rows that do not change keep their cursor.

    Args:
        connection: Connection with an open transaction.
        table: Table of items or users.
        patches: Changes.
        change: Cursor of the transaction.

    Returns:
        Number of new rows.
    """
    ids = [id_ for id_, _ in patches.rows]
    known = dict(
        (row[0], row[1])
        for row in select_candidates(connection, (table.c.id, table.c.attributes), ids)
    )
    fresh = [
        (id_, EMPTY_ATTRIBUTES if patch == patches.clear else _drop_many_nulls(patch), change)
        for id_, patch in patches.rows
        if id_ not in known
    ]
    insert_rows(connection, table, ("id", "attributes", "change"), fresh)
    changed = [
        {"which": id_, "attributes": text, "change": change}
        for id_, patch in patches.rows
        if patch != EMPTY_ATTRIBUTES
        and id_ in known
        and (text := merge_attributes(known[id_], patch)) != known[id_]
    ]
    if changed:
        statement = update(table).where(table.c.id == bindparam("which"))
        connection.execute(statement, changed)
    return len(fresh)


def _drop_many_nulls(patch: str) -> str:
    """Return the object of a new row; nulls are left out if there are many.

    Rows of one write have the names of all of them: rows with different names would be stored
    with mostly nulls.
    """
    if patch.count(_NULL_VALUE) <= MAX_STORED_NULLS:
        return patch
    return merge_attributes(EMPTY_ATTRIBUTES, patch)


def _unfold_text(text: str) -> str:
    row = unfold_attributes(parse_attributes(text))
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def leave_catalogue(connection: Connection, kept: EntityPatches, at: float, change: int) -> int:
    """Mark the items that a complete catalogue does not have; return their number.

    Args:
        connection: Connection with an open transaction.
        kept: Items of the catalogue; those without attributes are known from events only.
        at: Time since when the others are not in the catalogue, epoch [s].
        change: Cursor of the transaction.
    """
    listed = {id_ for id_, text in kept.rows if text != EMPTY_ATTRIBUTES}
    mark = json.dumps({CATALOGUE_EXIT_COLUMN: at})
    stored = connection.execute(
        select(items.c.id, items.c.attributes).where(items.c.attributes != EMPTY_ATTRIBUTES)
    )
    left = [
        {"which": row[0], "attributes": merge_attributes(row[1], mark), "change": change}
        for row in stored
        if row[0] not in listed and parse_attributes(row[1]).get(CATALOGUE_EXIT_COLUMN) is None
    ]
    if left:
        connection.execute(update(items).where(items.c.id == bindparam("which")), left)
    return len(left)


def select_entities(
    connection: Connection, table: Table, after: int | None = None
) -> list[tuple[str, str]]:
    """Return the (id, JSON object) rows in the order of their arrival.

    Args:
        connection: Connection with an open transaction.
        table: Table of items or users.
        after: Return only rows that changed after this cursor; default: all.
    """
    query = select(table.c.id, table.c.attributes)
    if after is None:
        query = query.order_by(table.c.row)
    else:  # + 0 makes SQLite use the index on change
        query = query.where(table.c.change > after).order_by(table.c.row + 0)
    return [(row[0], row[1]) for row in connection.execute(query)]


def merge_users(connection: Connection, old: str, new: str, at: float) -> int:
    """Move events, recommendations and attributes to ``new`` and delete ``old``.

    Returns:
        Number of events moved.
    """
    if old == new:
        return 0
    change = next_cursor(connection)
    moved = connection.execute(
        update(events).where(events.c.user_id == old).values(user_id=new, change=change)
    ).rowcount
    n_recommendations = connection.execute(
        update(answers).where(answers.c.user_id == old).values(user_id=new)
    ).rowcount
    old_attributes = _select_attributes(connection, old)
    if old_attributes is None and not moved and not n_recommendations:
        return 0
    own_attributes = _select_attributes(connection, new) or EMPTY_ATTRIBUTES
    # Remove nulls, which would delete values.
    own_attributes = merge_attributes(EMPTY_ATTRIBUTES, own_attributes)
    attributes = merge_attributes(old_attributes or EMPTY_ATTRIBUTES, own_attributes)
    put_entities(connection, users, EntityPatches([(new, attributes)]), change)
    connection.execute(delete(users).where(users.c.id == old))
    put_tombstones(connection, "user", [old], change, at)
    return moved


def _select_attributes(connection: Connection, user: str) -> str | None:
    query = select(users.c.attributes).where(users.c.id == user)
    return connection.execute(query).scalar_one_or_none()


def merge_attributes(old: str, new: str) -> str:
    """Return the JSON object ``old`` updated with ``new``; a null deletes an attribute.

    Example:
        >>> merge_attributes('{"year":1999,"title":"Tea"}', '{"year":null,"price":2.5}')
        '{"title":"Tea","price":2.5}'
    """
    record = {**parse_attributes(old), **parse_attributes(new)}
    kept = {name: value for name, value in record.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def parse_attributes(text: str) -> dict[str, Any]:
    """Return attributes from their stored text.

    Raises:
        StoreError: The text is not a JSON object: another program has written to the store.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        raise StoreError(f"the store is damaged: attributes are not JSON ({error})") from error
    if not isinstance(record, dict):
        raise StoreError(
            f"the store is damaged: attributes are not a JSON object: {text[:50]!r}"
        )
    return record


def attributes_from_json(rows: Sequence[tuple[str, str]], key: str) -> pl.DataFrame:
    """Return (id, JSON object) rows as a frame, columns in the order of their first value.

    Columns without any value are left out. Beyond a number of columns, the attributes of the
    fewest rows share one, see :mod:`daybreak.data.wide_rows`.
    """
    records = fold_rare_attributes([parse_attributes(text) for _, text in rows])
    names = dict.fromkeys(
        name for record in records for name, value in record.items() if value is not None
    )
    columns = [_column(name, [record.get(name) for record in records]) for name in names]
    return pl.DataFrame([pl.Series(key, [id_ for id_, _ in rows], pl.String), *columns])


def _column(name: str, values: list[object]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        values = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
        kinds = {str}
    if kinds <= {int, float} and float in kinds:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, values)
