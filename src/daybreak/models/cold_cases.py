"""Cold starts within the data that a model learns from: people, and items hidden from them."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.queries import Queries
from daybreak.models.folded import FoldedConfig, FoldedState, fold
from daybreak.types import Floats, Rows, Sparse

MOST = 5_000
"""Cases in small data; in large data everybody is one case."""


@dataclass(frozen=True, eq=False)
class ColdCases:
    """People who are asked for items of one part of the catalogue, known by the other parts."""

    people: Floats
    """(n_cases, dim) vectors, folded in without the part"""
    chosen: Sparse
    """(n_cases, n_anchors) CSR of ones: what they chose of the part"""
    asked: Rows
    """(n_cases,) the part"""
    part: Rows
    """(n_anchors,) the part of each item"""


def cold_cases(
    data: Dataset,
    known: tuple[FoldedState, FoldedConfig],
    n_parts: int,
    rng: np.random.Generator,
) -> ColdCases:
    """Cut the anchors into parts at random, and hide one part from each person, or each part.

    Args:
        data: With the interactions.
        known: What the fold-in needs.
        n_parts: Number of parts.
        rng: Of everything random.

    Cost: a fold-in for each case.
    """
    n_people, n_items = data.interactions.shape
    part = rng.permutation(n_items) % n_parts
    each = int(np.clip(MOST // max(n_people, 1), 1, n_parts))
    person = np.repeat(np.arange(n_people), each)
    shift = rng.integers(0, n_parts, n_people)
    asked = (np.repeat(shift, each) + np.tile(np.arange(each), n_people)) % n_parts
    events = sp.coo_array(data.interactions[person])
    hidden = part[events.col] == asked[events.row]
    chosen, seen = _where(events, hidden), _where(events, ~hidden)
    kept = np.flatnonzero(np.diff(chosen.indptr))
    profiles = data.profiles[data.active[person[kept]]]
    asking = Queries.from_history(data.anchors, seen[kept], seen[kept], profiles)
    return ColdCases(fold(*known, asking), chosen[kept], asked[kept], part)


def _where(events: Sparse, mask: Rows) -> Sparse:
    at = events.row[mask], events.col[mask]
    return sp.csr_array((np.ones(len(at[0]), np.float32), at), shape=events.shape)
