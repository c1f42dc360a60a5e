"""Vectors in a table of a temporary PostgreSQL server, with an index of pgvector."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daybreak.closing import ClosesOnExit
from daybreak.testing.postgres import PostgresServer
from daybreak.types import Floats, Mask, Rows

ASK = """SELECT asked.place, best.id
    FROM unnest(%s::vector[]) WITH ORDINALITY AS asked (query, place),
    LATERAL (SELECT id FROM items {where} ORDER BY vector <#> asked.query LIMIT %s) AS best"""


class PgvectorTable(ClosesOnExit):
    """Rows of vectors, searched by inner product.

    Args:
        vectors: (n_items, dim).
        is_allowed: (n_items,) items that pass a filter; all: there is no filter.
    """

    def __init__(self, vectors: Floats, is_allowed: Mask) -> None:
        import psycopg  # noqa: PLC0415 - part of an extra
        from pgvector.psycopg import register_vector  # noqa: PLC0415

        self._server = PostgresServer()
        self._connection = psycopg.connect(self._server.new_database(), autocommit=True)
        self._connection.execute("CREATE EXTENSION vector")
        register_vector(self._connection)
        self._where = "" if is_allowed.all() else "WHERE allowed"
        self._fill(vectors, is_allowed)

    def _fill(self, vectors: Floats, is_allowed: Mask) -> None:
        dim = vectors.shape[1]
        run = self._connection.execute
        columns = f"id int PRIMARY KEY, allowed bool, vector vector({dim})"
        run(f"CREATE TABLE items ({columns})".encode())
        copy = "COPY items FROM STDIN WITH (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(copy) as rows:
            rows.set_types(["int4", "bool", "vector"])
            for row, (allowed, vector) in enumerate(zip(is_allowed, vectors, strict=True)):
                rows.write_row((row, bool(allowed), vector))
        # One process builds, so that its processor time is all of it.
        run("SET max_parallel_maintenance_workers = 0")
        run("SET maintenance_work_mem = '1GB'")
        run(
            "CREATE INDEX ON items USING hnsw (vector vector_ip_ops) "
            "WITH (m = 16, ef_construction = 128)"
        )
        run("VACUUM ANALYZE items")
        run("SET enable_seqscan = off")  # recall and time are those of the index
        if self._where:
            run("SET hnsw.iterative_scan = strict_order")

    def search(self, queries: Floats, k: int, width: int) -> Sequence[Rows]:
        """Return the best items of each query.

        Args:
            queries: (n, dim).
            k: Number of items.
            width: Width of the search in the graph.
        """
        self._connection.execute(f"SET hnsw.ef_search = {width}".encode())
        ask = ASK.format(where=self._where).encode()
        found = self._connection.execute(ask, (list(queries), k)).fetchall()
        places, rows = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return [rows[places == place] for place in range(1, len(queries) + 1)]

    def explain(self, query: Floats, k: int) -> str:
        """Return how the server answers."""
        ask = f"EXPLAIN {ASK.format(where=self._where)}".encode()
        return "\n".join(
            line for (line,) in self._connection.execute(ask, ([query], k)).fetchall()
        )

    def processor_s(self) -> float:
        """Return the processor time of this process and of that of the connection [s]."""
        stat = Path(f"/proc/{self._connection.info.backend_pid}/stat").read_text("ascii")
        ticks = stat.rpartition(")")[2].split()[11:13]
        return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def files_mb(self) -> float:
        """Return the size of the table with its indices [MB]."""
        size = self._connection.execute("SELECT pg_total_relation_size('items')").fetchone()
        return float(size[0]) / 1e6 if size else 0.0

    def close(self) -> None:
        """Stop the server."""
        self._connection.close()
        self._server.close()
