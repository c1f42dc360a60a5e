"""Simulated queries with known targets, and their evaluation in blocks.

Every component that compares scores of whole catalogues uses this module: the blend inside
``fit``, tuning, the leaderboard and the release gate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Queries
from daybreak.data.sparse_rows import drop_zeros, entry_indices, take_rows
from daybreak.metrics import expected_gains, expected_ndcg
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_SCORES_PER_BLOCK = 8_000_000
"""Maximum number of scores held in memory at a time."""
MAX_QUERIES = 500
"""Maximum number of queries of one kind; more cost time and change little."""
MIN_QUERIES_PER_BLOCK = 20
"""Minimum number of queries of a block, however large the catalogue is."""

ScoreFunction = Callable[[Queries], Floats]
"""Maps queries to (n_queries, n_items) scores, higher is better, NaN where there is none."""


@dataclass(frozen=True, eq=False)
class LabelledQueries:
    """Simulated queries with their targets.

    Attributes:
        kind: Kind of query: ``new_user``, ``user``, ``later``, ``new_item``, ``arriving``,
            ``topic``, ``says``, ``now`` and ``now_new`` (next events after a moment, without
            and with unsold items), ``again`` (next basket, seen items included).
        queries: What is known about each user at request time.
        targets: (n_queries, n_items) CSR of ones, the items that the user chose next.
        seen: (n_queries, n_items) CSR, non-zero for items that are never candidates.
        candidates: (n_items,) the candidates of all queries.
        users: (n_queries,) row of the user of each query.
    """

    kind: str
    queries: Queries
    targets: Sparse
    seen: Sparse
    candidates: Mask
    users: Rows

    def take(self, rows: Rows) -> "LabelledQueries":
        """Return the queries at these rows."""
        return replace(
            self,
            queries=self.queries.take(rows),
            targets=take_rows(self.targets, rows),
            seen=take_rows(self.seen, rows),
            users=self.users[rows],
        )

    def take_items(self, rows: Rows) -> "LabelledQueries":
        """Return the queries with some items as candidates and targets."""
        return replace(
            self,
            targets=self.targets[:, rows],
            seen=self.seen[:, rows],
            candidates=self.candidates[rows],
        )

    def iter_blocks(
        self, scores_per_query: int, max_scores: int = MAX_SCORES_PER_BLOCK
    ) -> Iterator["LabelledQueries"]:
        """Yield the queries in blocks that fit into memory.

        Args:
            scores_per_query: Number of scores of one query.
            max_scores: Maximum number of scores held in memory at a time.
        """
        step = max(MIN_QUERIES_PER_BLOCK, max_scores // max(scores_per_query, 1))
        for start in range(0, len(self), step):
            yield self.take(np.arange(start, min(start + step, len(self))))

    def candidate_masks(self) -> tuple[Mask, Mask]:
        """Return two (n_queries, n_items) masks: the candidates, and the targets."""
        allowed = np.tile(self.candidates, (len(self), 1))
        allowed[entry_indices(drop_zeros(self.seen))] = False
        relevant = np.zeros_like(allowed)
        relevant[entry_indices(drop_zeros(self.targets))] = True
        return allowed, relevant

    def __len__(self) -> int:
        return len(self.queries)


def query_ndcg(score: ScoreFunction, labelled: LabelledQueries) -> Doubles:
    """Return the (n_queries,) tie-aware NDCG@10 of scores, computed block by block.

    Args:
        score: Scores every item for a block of queries.
        labelled: Queries with their targets.
    """
    columns = np.flatnonzero(labelled.candidates)  # other items cannot change the value
    values = [np.empty(0)]
    for block in labelled.iter_blocks(len(labelled.candidates)):
        scores = score(block.queries)[:, columns]
        allowed, relevant = (mask[:, columns] for mask in block.candidate_masks())
        values.append(expected_ndcg(scores, allowed, relevant))
    return np.concatenate(values)


def target_gains(score: ScoreFunction, labelled: LabelledQueries) -> Sparse:
    """Return (n_queries, n_items) CSR: the NDCG@10 that each target adds to its query.

    Args:
        score: Scores every item for a block of queries.
        labelled: Queries with their targets; at least one query.
    """
    blocks = labelled.iter_blocks(len(labelled.candidates))
    gains = [expected_gains(score(block.queries), *block.candidate_masks()) for block in blocks]
    return sp.vstack(gains, format="csr")
