"""Vectors as the database keeps them: bytes, or the type of pgvector where that is there."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, select, type_coerce
from sqlalchemy.types import NullType

from daybreak.store.bulk import among, append, chunks
from daybreak.store.schema import vectors as table
from daybreak.types import Floats

_AT_ONCE = 1_000


def put_vectors(connection: Connection, model: str, vectors: Mapping[str, Floats]) -> None:
    """Replace the vectors of these contents."""
    encode = _to_pgvector if uses_pgvector(connection) else _to_bytes
    for part in chunks(list(vectors), _AT_ONCE):
        connection.execute(
            delete(table).where(table.c.model == model, table.c.content.in_(part))
        )
        rows = [(model, content, encode(vectors[content])) for content in part]
        append(connection, table, ("model", "content", "vector"), rows)


def get_vectors(
    connection: Connection, model: str, contents: Sequence[str]
) -> dict[str, Floats]:
    """Return the vectors that are there."""
    query = select(table.c.content, type_coerce(table.c.vector, NullType()))
    query = query.where(table.c.model == model)
    rows = among(connection, query, table.c.content, list(contents))
    return {content: decoded(value) for content, value in rows}


def decoded(value: Any) -> Floats:
    """Return (dim,) float32 of what the database gave."""
    if isinstance(value, bytes):
        return np.frombuffer(value, dtype="<f4").astype(np.float32)
    return np.asarray(value.to_numpy(), dtype=np.float32)


def uses_pgvector(connection: Connection) -> bool:
    """Tell which of the two types the column has; asked of the database once a connection."""
    return bool(connection.info.get("pgvector", False))


def _to_bytes(vector: Floats) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _to_pgvector(vector: Floats) -> Any:
    from pgvector import Vector  # noqa: PLC0415 - part of an extra

    return Vector(np.asarray(vector, dtype=np.float32))
