"""Lists of a catalogue of a hundred thousand to a million items, in process.

    python -m benchmarks.scale.lists RELEASE EVENTS [--items N ...] [--out FILE]

The release of a smaller shop is expanded: every item has copies with other noise in their
vectors and bias, and the neighbours of an item are spread over the copies, so that their number
stays. Low-rank content has at most 150 million numbers, as that of a training has.
With ``--items 0``, the release is measured as it is, and its opening as well. ``EVENTS`` is a
CSV file, or a folder of Parquet files, with the histories. Of the requests, 80 % are of known
users, 15 % of visitors with two events, and 5 % say a sentence; one thread, ten items a list.
*Exact* scores all items, *candidates* those with the best approximate scores. ``recall`` is
the share of the exact hundred best. The time is processor time from the history to the list,
of single requests and of batches of 16.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from benchmarks.common.tables import grid, machine
from benchmarks.scale.vector_search import resident_mb
from daybreak import Recommender
from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.reranking.rules import Rules
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.inputs.histories import RequestEvents
from daybreak.service.state.profiles import ProfileOverrides
from daybreak.service.state.ranker import RankedLists
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.serving_state import ServingState

N_REQUESTS = 64
N_TOGETHER = 16
K, K_RECALL = 10, 100
MAX_LOW_RANK_CELLS = 150_000_000
"""Largest number of low-rank weights, as in a training."""
SPREAD_KINDS = ("history", "recent", "repeats")
"""Kinds of features whose weights are neighbours."""
HEADS = ["items", "scored", "alone [ms]", "p99 [ms]", "of 16 together [ms]"]
HEADS += ["lists a second of one core", "recall@100", "memory [MB]"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", type=Path, help="folder of a saved recommender")
    parser.add_argument("events", type=Path, help="file or folder of its events")
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    args = parser.parse_args(arguments)
    rows, notes = [], [f"- {name}: {value}" for name, value in machine().items()]
    for n_items in args.items:
        model, opening = open_release(args.release)
        notes += [] if n_items else [opening]
        state = expand(model.state, n_items) if n_items else model.state
        rows += measure(state.with_events(read_events(args.events)))
        del model, state
    text = "\n".join([*notes, "", *grid(HEADS, rows)])
    print(text)
    if args.out is not None:
        about = __doc__.split("\n\n")
        head = f"# {about[0].rstrip('.')}\n\n{about[2].strip()}\n\n"
        args.out.write_text(f"{head}{text}\n", encoding="utf-8")


def open_release(folder: Path) -> tuple[Recommender, str]:
    """Return a saved recommender, and a line about its opening."""
    start, seconds = time.process_time(), time.perf_counter()
    model = Recommender.load(folder)
    spent, waited = time.process_time() - start, time.perf_counter() - seconds
    return model, (
        f"- opening: {spent:.1f} s of processor, {waited:.1f} s on the clock, "
        f"{resident_mb():,.0f} MB afterwards"
    )


def read_events(source: Path) -> pl.DataFrame:
    """Return the events of a CSV file or of a folder of Parquet files."""
    if source.is_dir():
        return pl.read_parquet(source / "*.parquet")
    return pl.read_csv(source)


def expand(state: ServingState, n_items: int) -> ServingState:
    """Return the state of a catalogue with copies of its items."""
    old = state.catalogue
    n_copies = max(1, n_items // len(old.items))
    names = [id_ if not copy else f"{id_}-{copy}" for copy in range(n_copies)
             for id_ in old.items.ids]  # fmt: skip
    rows = np.tile(np.arange(len(old.items)), n_copies)
    items = Items(Vocabulary(names), tuple(block.take(rows) for block in old.items.blocks))
    frame = old.frame[rows].with_columns(item_id=pl.Series(names))
    catalogue = replace(old, frame=frame, items=items, has_content=None)
    first, rng = state.scorers[0], np.random.default_rng(1)
    kinds = [model.feature_kind for model in first.fitted.models]
    linear = tuple(
        expand_linear(one, n_copies, kind in SPREAD_KINDS, rng)
        for one, kind in zip(first.linear_models, kinds, strict=True)
    )
    scorer = Scorer(first.blend, first.fitted, items, first.centres, linear)
    scorer.is_warm = np.tile(first.is_warm, n_copies)
    scorer.__dict__["_is_informative"] = first._is_informative
    builder = replace(state.query_builder, items=items, max_precomputed=0)
    expanded = replace(state, catalogue=catalogue, query_builder=builder)
    return expanded._with_catalogue(catalogue, PartitionedScorer.from_scorer(scorer))


def expand_linear(
    linear: LinearScorer, n_copies: int, is_spread: bool, rng: np.random.Generator
) -> LinearScorer:
    """Return the weights of a strategy for copies of its items."""
    weights, n_before = linear.weights, len(linear.bias)
    n_items = n_copies * n_before
    dense, right, left = weights.dense, weights.right, weights.left
    columns = None if weights.columns is None else np.tile(weights.columns, n_copies)
    if dense is not None and columns is None:
        dense = tile_with_noise(dense, n_copies, rng)
    if right is not None and left is not None:
        rank = min(len(right), max(1, MAX_LOW_RANK_CELLS // n_items))
        right = tile_with_noise(right[:rank], n_copies, rng)
        left = left[:, :rank]
    sparse = weights.sparse
    if sparse is not None and is_spread:
        copies = rng.integers(0, n_copies, sparse.nnz)
        indices = (sparse.indices + n_before * copies).astype(np.int32)
        shape = (sparse.shape[0], n_items)
        sparse = sp.csr_array((sparse.data, indices, sparse.indptr), shape=shape)
        sparse.sort_indices()
    elif sparse is not None:
        sparse = sp.csr_array(sp.hstack([sparse] * n_copies), dtype=np.float32)
    noise = rng.normal(0, 0.1 * linear.bias.std(), n_items).astype(np.float32)
    expanded = WeightMatrix(dense, sparse, left, right, columns)
    bias = np.tile(linear.bias, n_copies) + noise * np.tile(linear.scored, n_copies)
    return LinearScorer(expanded, bias, np.tile(linear.scored, n_copies))


def tile_with_noise(matrix: Any, n_copies: int, rng: np.random.Generator) -> Any:
    """Return copies of the columns of a matrix, with noise; one copy at a time."""
    n_before = matrix.shape[1]
    out = np.empty((len(matrix), n_copies * n_before), dtype=np.float32)
    scale = np.float32(0.3 * matrix.std())
    for copy in range(n_copies):
        noise = rng.standard_normal(matrix.shape, dtype=np.float32) * scale
        out[:, copy * n_before : (copy + 1) * n_before] = matrix + (noise if copy else 0)
    return out


def measure(state: ServingState) -> list[list[str]]:
    """Return the rows of the table for one catalogue."""
    requests = make_requests(state)
    state.precompute()
    n_items, rows, exact = len(state.catalogue.items), [], []
    for name, above in (("exact", 0), ("candidates", 1)):
        current = state.with_candidates_above(above)
        answer(current, requests[:N_TOGETHER], K)
        alone = [spent_ms(partial(answer, current, [request], K)) for request in requests]
        starts = range(0, N_REQUESTS, N_TOGETHER)
        groups = [requests[start : start + N_TOGETHER] for start in starts]
        together = sum(spent_ms(partial(answer, current, group, K)) for group in groups)
        lists = [answer(current, [request], K_RECALL).item for request in requests]
        exact = exact or lists
        recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact, lists, strict=True)])
        mean, p99 = float(np.mean(alone)), quantiles(alone, n=100)[98]
        cells = [f"{mean:.1f}", f"{p99:.1f}", f"{together / N_REQUESTS:.1f}"]
        cells += [f"{1_000 * N_REQUESTS / together:,.0f}", f"{recall:.3f}"]
        rows.append([f"{n_items:,}", name, *cells, f"{resident_mb():,.0f}"])
        print(rows[-1], flush=True)
    return rows


def make_requests(state: ServingState) -> list[dict[str, Any]]:
    """Return requests of known users, of visitors with two events, and of sentences."""
    rng = np.random.default_rng(2)
    users = state.histories.user_ids()
    titles = state.catalogue.titles()
    requests: list[dict[str, Any]] = []
    for kind in rng.choice(["user", "events", "text"], N_REQUESTS, p=[0.8, 0.15, 0.05]):
        rows = rng.integers(0, len(state.catalogue.items), 2)
        words = " ".join(str(titles[int(rows[0])]).split()[:3])
        user = users[int(rng.integers(len(users)))] if kind == "user" else "a visitor"
        requests.append(
            {"user": user, "rows": rows if kind == "events" else None}
            | ({"text": words} if kind == "text" else {})
        )
    return requests


def answer(state: ServingState, requests: Sequence[dict[str, Any]], k: int) -> RankedLists:
    """Return the lists of requests, as the server does without the response."""
    users = [request["user"] for request in requests]
    pairs = [(n, row) for n, r in enumerate(requests) if r["rows"] is not None
             for row in r["rows"]]  # fmt: skip
    query, item = (np.array([p[side] for p in pairs], dtype=np.int64) for side in (0, 1))
    events = None
    if pairs:
        kinds = [("", 1)] * len(pairs)
        events = RequestEvents(query, item, np.full(len(pairs), np.nan), kinds)
    texts = {n: r["text"] for n, r in enumerate(requests) if "text" in r}
    nobody = np.empty(0, dtype=np.int64)
    profiles = ProfileOverrides(nobody, state.profiles.matrix[nobody], texts)
    context = state.user_context(users, events=events, profiles=profiles)
    rules = state.compile_rules([Rules()] * len(requests))
    batch = state.query_builder.build(users, context, rules, [k] * len(requests))
    lists = state.ranker.rank(batch)
    state.strategy_names(batch, lists)
    return lists


def spent_ms(work: Callable[[], Any]) -> float:
    """Return the processor time of a call [ms]."""
    start = time.process_time()
    work()
    return 1_000 * (time.process_time() - start)


if __name__ == "__main__":
    main()
