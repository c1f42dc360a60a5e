"""The hundred best of many vectors: exact products, graphs of neighbours, and pgvector.

    python -m benchmarks.scale.vector_search [--items N ...] [--dims D ...] [--methods M ...]
        [--graph-items N] [--allowed SHARE] [--out FILE]

The vectors are synthetic and clustered as those of texts are: topics of very different sizes in
a space of 32 dimensions, with noise within a topic and a little noise in all dimensions, all of
length 1. A query is the mean of three items of one or two topics, as the mean of a history is.
Every method runs in a process of its own with one thread. The time is processor time, the best
of several repetitions. ``recall`` is the share of the exact hundred that are found. The graphs
are those of the packages ``usearch`` and ``hnswlib``, with 16 neighbours of each item and the
shortest search that finds 98 %; ``--graph-items`` builds them for fewer items.

``pgvector`` is a table of PostgreSQL with a column of float32 vectors and an index ``hnsw`` of
the same size, asked by ``ORDER BY … LIMIT 100`` over a socket; a batch is one statement. Its
time is that of this process and of the one of the server that serves it, its memory that of
the table and the index in files, and the server has its usual settings but for 1 GB to build
the index. With ``--allowed``, a random share of the items passes a filter, and the best hundred
of them are asked for: products leave the others out, the graph of ``usearch`` is searched
further and what does not pass is dropped, and pgvector has the filter in the query, with an
iterative scan in strict order.
"""

import argparse
import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.tables import grid, machine
from benchmarks.scale.pgvector_table import PgvectorTable
from daybreak.ranking.scoring.quantized import ITEMS_PER_BLOCK, BestRows, QuantizedVectors
from daybreak.types import Floats, Mask, Rows

K = 100
"""Items of a list."""
N_QUERIES = 64
N_TOGETHER = 16
"""Queries of a batch."""
N_RESCORED = 400
"""Items that are scored exactly after a search in less precise vectors."""
N_TOPICS = 2_000
LATENT_DIM = 32
WIDTHS = (100, 200, 400, 800, 1_600)
"""Widths of the search in a graph, in the order in which they are tried."""
WIDTHS_FILTERED = (400, 800, 1_600, 3_200, 6_400, 12_800)
"""Widths with a filter after the search."""
WIDTHS_DATABASE = (100, 200, 400, 800, 1_000)
"""Widths of pgvector; a thousand is its largest."""
TARGET_RECALL = 0.98
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Search = Callable[[Floats], Sequence[Rows]]
"""Returns the (at most K) best items of each of (n, dim) queries."""


class Method(NamedTuple):
    """A way to search, ready for queries."""

    searches: list[tuple[str, Search]]
    """Searches from narrow to wide, with a name of the width."""
    clock: Callable[[], float] = time.process_time
    """Processor time of all processes of the method [s]."""
    files_mb: float | None = None
    """Size of its files; None: its memory is that of this process."""


METHODS = ("float32", "float16", "int8", "usearch", "hnswlib", "pgvector")
FILTERED = ("float32", "int8", "usearch", "pgvector")
"""Methods that are measured with a filter."""
GRAPHS = ("usearch", "hnswlib", "pgvector")
HEADS = ["items", "allowed", "dims", "method", "ready after [s]", "memory [MB]", "recall@100"]
HEADS += ["alone [ms]", "of 16 together [ms]"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[100_000])
    parser.add_argument("--graph-items", type=int, help="items of the graphs; default: all")
    parser.add_argument("--dims", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--methods", nargs="+", choices=METHODS)
    parser.add_argument("--allowed", type=float, default=1.0, help="share that passes a filter")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.once:
        print(json.dumps(measure(args.methods[0], args.items[0], args.dims[0], args.allowed)))
        return
    rows = []
    methods = args.methods or (METHODS if args.allowed == 1 else FILTERED)
    for n_items, dim, method in product(args.items, args.dims, methods):
        n_built = min(n_items, args.graph_items or n_items) if method in GRAPHS else n_items
        rows.append(measure_in_process(method, n_built, dim, args.allowed))
        print(rows[-1], file=sys.stderr, flush=True)
    lines = grid(HEADS, rows)
    notes = [f"- {name}: {value}" for name, value in machine().items()]
    text = "\n".join([*notes, "", *lines])
    print(text)
    if args.out is not None:
        title, _usage, *about = __doc__.split("\n\n")
        head = f"# {title.rstrip('.')}\n\n" + "\n\n".join(about).strip() + "\n\n"
        args.out.write_text(f"{head}{text}\n", encoding="utf-8")


def measure_in_process(method: str, n_items: int, dim: int, share: float) -> list[str]:
    """Return a row of the table, measured in a new process."""
    command = [sys.executable, "-m", "benchmarks.scale.vector_search", "--once"]
    command += ["--items", str(n_items), "--dims", str(dim), "--methods", method]
    command += ["--allowed", str(share)]
    done = subprocess.run(  # noqa: S603 - this interpreter and this module
        command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True
    )
    return [str(value) for value in json.loads(done.stdout.splitlines()[-1])]


def measure(method: str, n_items: int, dim: int, share: float) -> list[str]:
    """Return the row of a method; see :data:`HEADS`."""
    vectors = np.empty((n_items, dim), dtype=np.float32)
    for span, block in synthetic_vectors(n_items, dim):
        vectors[span] = block
    queries = synthetic_queries(vectors)
    is_allowed = np.random.default_rng(7).random(n_items) < share
    exact = np.concatenate(
        [best_of(vectors, query[None], is_allowed=is_allowed) for query in queries]
    )
    before, start = resident_mb(), time.process_time()
    found = SEARCHES[method](vectors, is_allowed)
    built, memory = found.clock() - start, resident_mb() - before
    for _name, search in found.searches:
        best = [search(query[None])[0] for query in queries]
        recall = np.mean([len(np.intersect1d(*pair)) / K for pair in zip(best, exact)])  # noqa: B905
        if recall >= TARGET_RECALL:
            break
    name = f"{method} {_name}".strip()
    alone = best_ms(lambda: [search(query[None]) for query in queries], found.clock)
    batch = queries[:N_TOGETHER]
    together = best_ms(lambda: search(batch), found.clock)
    memory = memory if found.files_mb is None else found.files_mb
    cells = [f"{n_items:,}", f"{share:.0%}", str(dim), name, f"{built:.1f}", f"{memory:,.0f}"]
    return [*cells, f"{recall:.3f}", f"{alone / N_QUERIES:.2f}", f"{together / N_TOGETHER:.2f}"]


def synthetic_vectors(n_items: int, dim: int) -> Iterator[tuple[slice, Floats]]:
    """Yield unit vectors of items, clustered as those of texts are; a block at a time."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((N_TOPICS, LATENT_DIM), dtype=np.float32)
    spectrum = 1 / np.sqrt(1 + np.arange(LATENT_DIM, dtype=np.float32))
    project = rng.standard_normal((LATENT_DIM, dim), dtype=np.float32) * spectrum[:, None]
    shares = 1 / (1 + np.arange(N_TOPICS)) ** 0.7
    for first in range(0, n_items, ITEMS_PER_BLOCK):
        n = min(ITEMS_PER_BLOCK, n_items - first)
        topics = rng.choice(N_TOPICS, n, p=shares / shares.sum())
        latent = centres[topics]
        latent = latent + 0.6 * rng.standard_normal((n, LATENT_DIM), dtype=np.float32)
        block = latent @ project + 0.3 * rng.standard_normal((n, dim), dtype=np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        yield slice(first, first + n), block


def synthetic_queries(vectors: Floats) -> Floats:
    """Return queries that are means of three items: two that are alike, and any third."""
    rng = np.random.default_rng(6)
    picked = rng.integers(0, len(vectors), (N_QUERIES, 2))
    queries = []
    for one, other in picked:
        alike = np.argpartition(-(vectors @ vectors[one]), 20)[:20]
        queries.append(vectors[[one, rng.choice(alike), other]].mean(axis=0))
    return np.array(queries, dtype=np.float32)


def best_rows(scores: Any, k: int) -> Rows:
    """Return the rows of the k largest of each line of scores."""
    return np.asarray(np.argpartition(scores, scores.shape[1] - k, axis=1)[:, -k:])


def best_of(
    vectors: Floats,
    queries: Floats,
    rows: Rows | None = None,
    k: int = K,
    is_allowed: Mask | None = None,
) -> Rows:
    """Return the (n, k) best rows by float32 products, among those given for each query."""
    if rows is None:
        scores = queries @ vectors.T
        if is_allowed is not None and not is_allowed.all():
            scores[:, ~is_allowed] = -np.inf
        return best_rows(scores, k)
    scores = np.stack([vectors[mine] @ one for mine, one in zip(rows, queries, strict=True)])
    return np.take_along_axis(rows, best_rows(scores, k), axis=1)


def search_float32(vectors: Floats, is_allowed: Mask) -> Method:
    """Return the search by float32 products."""
    return Method([("", lambda queries: best_of(vectors, queries, is_allowed=is_allowed))])


def search_float16(vectors: Floats, _is_allowed: Mask) -> Method:
    """Return the search by float16 products, with rescoring."""
    import numkong  # noqa: PLC0415 - only this method needs it

    packed = numkong.dots_pack(vectors.astype(np.float16))

    def search(queries: Floats) -> Rows:
        scores = np.asarray(numkong.dots_packed(queries.astype(np.float16), packed))
        return best_of(vectors, queries, best_rows(scores, N_RESCORED))

    return Method([("", search)])


def search_int8(vectors: Floats, is_allowed: Mask) -> Method:
    """Return the search by products of 8-bit integers, with rescoring."""
    quantized = QuantizedVectors.from_columns(vectors.T)
    is_filtered = not is_allowed.all()

    def search(queries: Floats) -> Rows:
        best = [BestRows(N_RESCORED) for _ in queries]
        for span, products in quantized.iter_products(queries):
            if is_filtered:
                products[:, ~is_allowed[span]] = -np.inf
            for one, scores in zip(best, products, strict=True):
                one.add(span.start, scores)
        return best_of(vectors, queries, np.stack([one.rows() for one in best]))

    return Method([("", search)])


def search_usearch(vectors: Floats, is_allowed: Mask) -> Method:
    """Return searches of several widths in a graph of int8 vectors, with rescoring."""
    from usearch.index import Index  # noqa: PLC0415 - only this method needs it

    index = Index(ndim=vectors.shape[1], metric="ip", dtype="i8", connectivity=16)
    index.add(np.arange(len(vectors)), vectors, threads=1)
    is_filtered = not is_allowed.all()

    def search_width(width: int) -> Search:
        def search(queries: Floats) -> Sequence[Rows]:
            index.expansion_search = width
            keys = index.search(queries, width, threads=1).keys
            rows = np.asarray(keys, dtype=np.int64).reshape(len(queries), width)
            if not is_filtered:
                return best_of(vectors, queries, rows)
            passed = [mine[is_allowed[mine]][None] for mine in rows]
            return [
                best_of(vectors, one[None], mine, min(K, mine.size))[0]
                for one, mine in zip(queries, passed, strict=True)
            ]

        return search

    widths = WIDTHS_FILTERED if is_filtered else WIDTHS
    return Method([(f"width {width}", search_width(width)) for width in widths])


def search_hnswlib(vectors: Floats, _is_allowed: Mask) -> Method:
    """Return searches of several widths in a graph of float32 vectors."""
    import hnswlib  # noqa: PLC0415 - only this method needs it

    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=16, ef_construction=128)
    index.add_items(vectors, num_threads=1)

    def search_width(width: int) -> Search:
        def search(queries: Floats) -> Rows:
            index.set_ef(width)
            return np.asarray(index.knn_query(queries, k=K, num_threads=1)[0], dtype=np.int64)

        return search

    return Method([(f"width {width}", search_width(width)) for width in WIDTHS])


def search_pgvector(vectors: Floats, is_allowed: Mask) -> Method:
    """Return searches of several widths in a table of PostgreSQL."""
    table = PgvectorTable(vectors, is_allowed)
    atexit.register(table.close)

    def search_width(width: int) -> Search:
        return lambda queries: table.search(queries, K, width)

    searches = [(f"width {width}", search_width(width)) for width in WIDTHS_DATABASE]
    return Method(searches, table.processor_s, table.files_mb())


SEARCHES = dict(
    zip(
        METHODS,
        (
            search_float32,
            search_float16,
            search_int8,
            search_usearch,
            search_hnswlib,
            search_pgvector,
        ),
        strict=True,
    )
)


def best_ms(work: Callable[[], Any], clock: Callable[[], float], n_rounds: int = 5) -> float:
    """Return the lowest processor time of several rounds [ms]."""
    times = []
    for _ in range(n_rounds):
        start = clock()
        work()
        times.append(clock() - start)
    return 1_000 * min(times)


def resident_mb() -> float:
    """Return the memory of this process [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
