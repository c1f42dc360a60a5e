"""Rows of the table vectors: bytes, or the type of pgvector."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, type_coerce
from sqlalchemy.types import NullType

from daybreak.store.bulk import insert_rows, iter_chunks, select_where_in
from daybreak.store.schema import vectors as table
from daybreak.types import Floats

_MAX_VECTORS_PER_STATEMENT = 1_000


def put_vectors(connection: Connection, model: str, vectors: Mapping[str, Floats]) -> None:
    """Add or replace the vectors of a model."""
    encode = _to_pgvector if uses_pgvector(connection) else _to_bytes
    for chunk in iter_chunks(list(vectors), _MAX_VECTORS_PER_STATEMENT):
        connection.execute(
            delete(table).where(table.c.model == model, table.c.content.in_(chunk))
        )
        rows = [(model, content, encode(vectors[content])) for content in chunk]
        insert_rows(connection, table, ("model", "content", "vector"), rows)


def select_vectors(
    connection: Connection, model: str, contents: Sequence[str]
) -> dict[str, Floats]:
    """Return the stored vectors by content hash."""
    query = select(table.c.content, type_coerce(table.c.vector, NullType()))
    query = query.where(table.c.model == model)
    rows = select_where_in(connection, query, table.c.content, list(contents))
    return {content: decode_vector(value) for content, value in rows}


def count_vectors(connection: Connection, outside: str) -> int:
    """Return the number of vectors of models whose name does not start with a prefix."""
    query = select(func.count()).select_from(table).where(_is_outside(connection, outside))
    return int(connection.execute(query).scalar_one())


def delete_vectors(connection: Connection, outside: str) -> int:
    """Delete the vectors of these models; return their number."""
    return connection.execute(delete(table).where(_is_outside(connection, outside))).rowcount


def _is_outside(connection: Connection, prefix: str) -> ColumnElement[bool]:
    """Return whether a name does not start with a prefix, as ranges, which an index serves.

    PostgreSQL would compare by the rules of a language, which ignore punctuation.
    """
    name = table.c.model if connection.dialect.name == "sqlite" else table.c.model.collate("C")
    return or_(name < prefix, name >= prefix[:-1] + chr(ord(prefix[-1]) + 1))


def decode_vector(value: Any) -> Floats:
    """Return a stored vector, (dim,) float32."""
    if isinstance(value, bytes):
        return np.frombuffer(value, dtype="<f4").astype(np.float32)
    return np.asarray(value.to_numpy(), dtype=np.float32)


def uses_pgvector(connection: Connection) -> bool:
    """Return whether the column has the type of pgvector; it is determined at connection."""
    return bool(connection.info.get("pgvector", False))


def _to_bytes(vector: Floats) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _to_pgvector(vector: Floats) -> Any:
    from pgvector import Vector  # noqa: PLC0415 - part of an extra

    return Vector(np.asarray(vector, dtype=np.float32))
