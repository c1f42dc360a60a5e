"""Transitions from an item to the items chosen after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.engines import current_engine, split_rows
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_columns,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_statistics import top_per_row
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Mask, Rows, Sparse


@dataclass(frozen=True)
class TransitionsConfig:
    """Options of :class:`TransitionsModel`."""

    reach: int = 10
    """Largest distance of a later event that counts [events]."""
    decay: float = 0.7
    """Factor of the weight for each further event ahead."""
    shrinkage: float = 5.0
    """Transitions added to the count of every item."""
    keep: int = 300
    """Largest weights kept for an item [items]."""


@dataclass(frozen=True, eq=False)
class TransitionsState:
    """State of :class:`TransitionsModel`."""

    weights: Sparse
    """(n_train_items, n_train_items) CSR from an item to the items that follow it"""
    dated: bool
    """False when the data have no time order; then nothing is scored."""


@models.register("transitions")
class TransitionsModel(LinearModel[TransitionsConfig, TransitionsState]):
    """Score by how often an item followed those of the recent history.

    Transitions are counted only between different times. Files often sort events of one time by
    identifier; a model that learns this order looks good on the file and is useless elsewhere.

    Source:
        Skip transitions with a gap decay, rows divided by the power 1/2 and columns by the
        power 0.3 of their sums (popular successors stay, damped), in the spirit of Garg
        et al. 2019, "Sequence and time aware neighborhood for session-based recommendations",
        eq. 5.
    """

    Config: ClassVar = TransitionsConfig
    State: ClassVar = TransitionsState
    feature_kind: ClassVar[QueryFeatureKind] = "recent"
    card: ClassVar = ModelCard(
        strategies={"transitions": {}},
        search_space={
            "reach": Range(1, 30, log=True, is_integer=True),
            "decay": Range(0.3, 1),
            "shrinkage": Range(0.5, 50, log=True),
        },
        inputs="recent history",
        use="the next event",
        formula="counts of later events, decayed by distance; never between events of one time",
        source="after Garg et al. 2019, eq. 5",
        cost="10 e",
        memory="600n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> TransitionsState:
        """Count transitions; see :meth:`Model.learn`."""
        n = len(data.train_item_rows)
        if not data.events.has_time_order:
            return TransitionsState(sp.csr_array((n, n), dtype=np.float32), False)
        steps = self._count_transitions(data)
        rows = np.asarray(steps.sum(axis=1)).ravel() + self.config.shrinkage
        into = np.asarray(steps.sum(axis=0)).ravel() + self.config.shrinkage
        weights = sp.diags_array(rows**-0.5) @ steps @ sp.diags_array(into**-0.3)
        kept = top_per_row(sp.csr_array(weights.T, dtype=np.float32), self.config.keep)
        return TransitionsState(sp.csr_array(kept.T), True)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        weights, known = align_columns(
            train_items, items, WeightMatrix(sparse=self.state.weights)
        )
        scored: Mask = known & self.state.dated
        return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), scored)

    def _count_transitions(self, data: Dataset) -> Sparse:
        """Return (n_train_items, n_train_items) the sum over users of their transitions."""
        events = data.events
        item = np.searchsorted(data.train_item_rows, events.item)
        engine = current_engine()
        n_shards = 1 if engine is None else engine.n_shards
        users = data.active_user_rows
        first = [users[rows][0] for rows in split_rows(len(users), n_shards)]
        bounds = [*np.searchsorted(events.user, first), len(events)]
        tasks = [
            UserShard(
                events.user[start:stop],
                item[start:stop],
                events.at[start:stop],
                len(data.train_item_rows),
                self.config,
            )
            for start, stop in pairwise(bounds)
        ]
        counts: Iterator[Sparse] = map(count_transitions, tasks)
        if engine is not None and n_shards > 1:
            counts = engine.map(count_transitions, tasks)
        n = len(data.train_item_rows)
        return sum(counts, sp.csr_array((n, n), dtype=np.float32))


class UserShard(NamedTuple):
    """Events of some users, by user and time."""

    user: Rows
    item: Rows
    """Positions among the training items."""
    at: Doubles
    n_items: int
    config: TransitionsConfig


def count_transitions(shard: UserShard) -> Sparse:
    """Return (n_items, n_items) the decayed counts of later events in a shard of users."""
    n, config = shard.n_items, shard.config
    total = sp.csr_array((n, n), dtype=np.float32)
    for gap in range(1, min(config.reach, len(shard.user) - 1) + 1):
        same = shard.user[gap:] == shard.user[:-gap]
        later = same & (shard.at[gap:] > shard.at[:-gap])
        weight = np.full(int(later.sum()), config.decay ** (gap - 1), np.float32)
        at = (shard.item[:-gap][later], shard.item[gap:][later])
        total = total + sp.csr_array((weight, at), shape=(n, n))
    return total
