"""Attributes of items and users as JSON, and back.

Items and users: rows of an id and its attributes.

Make what is known of one user known of another.
"""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table, bindparam, delete, select, update

from daybreak.errors import StoreError
from daybreak.store.bulk import insert_rows, select_candidates
from daybreak.store.cursors import next_cursor, put_tombstones
from daybreak.store.schema import answers, events, users


def attributes_to_json(frame: pl.DataFrame, key: str) -> list[tuple[str, str]]:
    """Return (id, JSON object) of each row; a row with nothing but its id gives ``{}``.

    Example:
        >>> to_json(pl.DataFrame({"item_id": ["a", "b"], "year": [1999, None]}), "item_id")
        [('a', '{"year":1999}'), ('b', '{}')]
    """
    rest = frame.drop(key)
    if not rest.width:
        return [(id_, "{}") for id_ in frame[key].to_list()]
    empty = pl.all_horizontal(pl.col(rest.columns).is_null())
    spelt = rest.select(
        pl.when(empty)
        .then(pl.lit("{}"))
        .otherwise(pl.struct(rest.columns).struct.json_encode())
    ).to_series()
    return list(zip(frame[key].to_list(), spelt.to_list(), strict=True))


def merge_attributes(old: str, new: str) -> str:
    """Return the JSON object with the values of ``new`` put over those of ``old``.

    Example:
        >>> merged('{"year":1999,"title":"Tea"}', '{"year":null,"price":2.5}')
        '{"title":"Tea","price":2.5}'
    """
    record = {**parse_attributes(old), **parse_attributes(new)}
    kept = {name: value for name, value in record.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def parse_attributes(text: str) -> dict[str, Any]:
    """Return the object that a text spells.

    Raises:
        StoreError: It is none; somebody else has written to the store.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        raise StoreError(f"the store is damaged: attributes are not JSON ({error})") from error
    if not isinstance(record, dict):
        raise StoreError(f"the store is damaged: attributes are no JSON object: {text[:50]!r}")
    return record


def attributes_from_json(rows: Sequence[tuple[str, str]], key: str) -> pl.DataFrame:
    """Return the frame of (id, JSON object) rows, columns in the order they first came.

    A column in which no row has a value is not given back.
    """
    records = [parse_attributes(text) for _, text in rows]
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


EMPTY_ATTRIBUTES = "{}"
"""The attributes of an id that is only known from events."""


def put_entities(
    connection: Connection, table: Table, rows: Sequence[tuple[str, str]], change: int
) -> int:
    """Add (id, JSON object) rows or merge them into those there are; return how many are new.

    Rows that would stay as they are keep their cursor.
    """
    known = dict(
        (row[0], row[1])
        for row in select_candidates(
            connection, (table.c.id, table.c.attributes), [id_ for id_, _ in rows]
        )
    )
    fresh = [(id_, text, change) for id_, text in rows if id_ not in known]
    insert_rows(connection, table, ("id", "attributes", "change"), fresh)
    changed = [
        {"which": id_, "attributes": text, "change": change}
        for id_, patch in rows
        if patch != EMPTY_ATTRIBUTES
        and id_ in known
        and (text := merge_attributes(known[id_], patch)) != known[id_]
    ]
    if changed:
        statement = update(table).where(table.c.id == bindparam("which"))
        connection.execute(statement, changed)
    return len(fresh)


def select_entities(
    connection: Connection, table: Table, after: int | None = None
) -> list[tuple[str, str]]:
    """Return the (id, JSON object) rows in their order, or those changed after a cursor."""
    query = select(table.c.id, table.c.attributes)
    if after is None:
        query = query.order_by(table.c.row)
    else:  # + 0, else SQLite reads all rows, to save the sorting
        query = query.where(table.c.change > after).order_by(table.c.row + 0)
    return [(row[0], row[1]) for row in connection.execute(query)]


def merge_users(connection: Connection, old: str, new: str, at: float) -> int:
    """Move events, answers and attributes, then forget ``old``; return the number of events."""
    if old == new:
        return 0
    change = next_cursor(connection)
    moved = connection.execute(
        update(events).where(events.c.user_id == old).values(user_id=new, change=change)
    ).rowcount
    answered = connection.execute(
        update(answers).where(answers.c.user_id == old).values(user_id=new)
    ).rowcount
    known = _select_attributes(connection, old)
    if known is None and not moved and not answered:
        return 0
    newer = merge_attributes(
        EMPTY_ATTRIBUTES, _select_attributes(connection, new) or EMPTY_ATTRIBUTES
    )  # no value hides none
    attributes = merge_attributes(known or EMPTY_ATTRIBUTES, newer)
    put_entities(connection, users, [(new, attributes)], change)
    connection.execute(delete(users).where(users.c.id == old))
    put_tombstones(connection, "user", [old], change, at)
    return moved


def _select_attributes(connection: Connection, user: str) -> str | None:
    query = select(users.c.attributes).where(users.c.id == user)
    return connection.execute(query).scalar_one_or_none()
