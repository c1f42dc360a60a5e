"""Bridges over shared users, each alone: lists of test users without events in the target.

Run ``python -m benchmarks.transfer.bridges FOLDER --shared SHARED``; it prints one row of the
table for each model. Nothing is blended, so that the models themselves are compared.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp

from benchmarks.transfer.run import TWO_DOMAIN_FOLDERS, Case, two_domain_cases
from daybreak.data import Vocabulary
from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.sources import SourceData, SourceDomain
from daybreak.estimates import paired_bootstrap
from daybreak.models import models

K = 10
MODELS = (
    ("source_users", {}),
    ("source_users", {"dim": 0}),
    ("source_joined", {}),
    ("source_emcdr", {}),
    ("source_personalised", {}),
)
"""Models and their options."""


def encode(case: Case) -> tuple[Dataset, Queries, np.ndarray]:
    """Return the data set of a case, the queries of its test users, and their targets."""
    items = Vocabulary(case.train["item_id"].unique().sort().to_list())
    source_items = Vocabulary(case.source["item_id"].unique().sort().to_list())
    source_users = Vocabulary(case.source["user_id"].unique().sort().to_list())
    tested = case.test["user_id"].unique().sort().to_list()
    users = Vocabulary([*case.train["user_id"].unique().sort().to_list(), *tested])
    told = _matrix(case.source, users, source_items)
    histories = _matrix(case.source, source_users, source_items)
    counts = np.asarray(histories.sum(axis=0), dtype=np.float32).ravel()
    every = np.arange(len(source_items))
    domain = SourceDomain("source", every, histories, popularity=counts)
    missing = np.full(len(source_items), -1)
    sources = SourceData(source_items, missing, told, (domain,))
    known = _matrix(case.train, users, items).tocoo()
    events = Events.of(known.row, known.col, np.zeros(known.nnz))
    data = Dataset(Items(items), events, len(users), sources=sources)
    rows = users.rows(tested)
    queries = Queries.for_users(data, Events.of([], [], []), rows)
    targets = _matrix(case.test, users, items)[rows].toarray()
    return data, queries, targets


def _matrix(pairs: pl.DataFrame, users: Vocabulary, items: Vocabulary) -> sp.csr_array:
    rows = users.rows(pairs["user_id"].to_list())
    columns = items.rows(pairs["item_id"].to_list())
    known = (rows >= 0) & (columns >= 0)
    ones = np.ones(int(known.sum()), dtype=np.float32)
    shape = (len(users), len(items))
    matrix = sp.csr_array((ones, (rows[known], columns[known])), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def ndcg(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return NDCG@10 of each user who has a target."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    last = -np.partition(-scores, K - 1, axis=1)[:, K - 1 : K]
    # The order of columns breaks ties, as in a stable sort of all of them.
    better, tied = scores > last, scores == last
    free = K - better.sum(axis=1, keepdims=True)
    listed = better | (tied & (np.cumsum(tied, axis=1, dtype=np.int32) <= free))
    top = np.flatnonzero(listed).reshape(-1, K) % scores.shape[1]
    chosen = -np.take_along_axis(scores, top, axis=1)
    top = np.take_along_axis(top, np.argsort(chosen, axis=1, kind="stable"), axis=1)
    discounts = 1 / np.log2(np.arange(K) + 2)
    gains = np.take_along_axis(targets, top, axis=1) @ discounts
    n_targets = targets.sum(axis=1)
    ideal = np.cumsum(discounts)[np.minimum(np.maximum(n_targets, 1), K).astype(int) - 1]
    return np.asarray((gains / ideal)[n_targets > 0])


def rows_of(case: Case) -> Iterator[str]:
    """Yield the rows of the table of a case: popularity, then each bridge."""
    data, queries, targets = encode(case)
    targets = targets[:, data.train_item_rows]
    popularity = np.tile(data.user_counts, (len(queries), 1))
    base = ndcg(popularity, targets)
    yield f"| {case.name} | popularity | {len(base)} | {base.mean():.4f} | |"
    for name, options in MODELS:
        model = models[name](**options).fit(data)
        scores = model.score(queries, data.items)[:, data.train_item_rows]
        if np.isnan(scores).all():
            continue
        values = ndcg(scores, targets)
        gain = paired_bootstrap(values, base)
        label = name + (" (items)" if options else "")
        yield (
            f"| {case.name} | `{label}` | {len(base)} | {values.mean():.4f} | "
            f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) |"
        )


def main() -> None:
    """Print the rows of both directions of a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=TWO_DOMAIN_FOLDERS)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--others", type=int, default=3_000)
    options = parser.parse_args()
    shares = options.share or (1.0,)
    for case in two_domain_cases(options.shared, options.folder, shares, 500, options.others):
        for row in rows_of(case):
            print(row, flush=True)


if __name__ == "__main__":
    main()
