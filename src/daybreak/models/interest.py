"""The Markov model of interest: what people turn to next, by groups of items."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_columns,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_interests import GroupedEvents, group_items, learn_interest_chain
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Rows


@dataclass(frozen=True)
class InterestConfig:
    """Options of :class:`InterestModel`."""

    groups: int = 60
    """Number of groups of items at most."""
    max_items: int = 300
    """Items up to which each item is a group of its own [items]."""
    damping: float = 0.5
    """Power of the popularity of an item within its group."""


@dataclass(frozen=True, eq=False)
class InterestState:
    """State of :class:`InterestModel`."""

    group: Rows
    """(n_train_items,) group of each training item"""
    next_shares: Doubles
    """(n_groups, n_groups) ``α I + β T``: where an interest in a group goes; rows sum to 1"""
    within: Doubles
    """(n_train_items,) share of an item in its group"""
    beta: float
    """β, the share of the transitions in a prediction; α is ``1 - β``."""
    dated: bool
    """False when the data have no time order; then nothing is scored."""


@models.register("interest")
class InterestModel(LinearModel[InterestConfig, InterestState]):
    """Score by where the interest of a recent history goes: ``p(t+1) = α p(t) + β p(t) T``.

    ``p(t)`` is the recent history by group, ``T`` holds the transitions between groups, counted
    between events of different times, faded by the time between them, and shrunk; ``α + β = 1``
    is fitted by likelihood; see :mod:`daybreak.models.shared_interests`. Within a group, items
    share the score by a power of their popularity. In a small catalogue, each item is a group.
    """

    Config: ClassVar = InterestConfig
    State: ClassVar = InterestState
    feature_kind: ClassVar[QueryFeatureKind] = "recent"
    card: ClassVar = ModelCard(
        strategies={"interest": {}},
        is_default=False,
        search_space={
            "groups": Range(10, 200, log=True, is_integer=True),
            "damping": Range(0, 1),
        },
        inputs="recent history",
        use="interests that move between topics",
        formula="`α p + β p T` over groups of items, [page](moving.md)",
        source="MacKay and Peto 1995, eq. 1",
        cost="60 n, and 60 e",
        memory="60 n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> InterestState:
        """Group the items and learn the chain; see :meth:`Model.learn`."""
        n = len(data.train_item_rows)
        if n <= self.config.max_items:
            group = np.arange(n)
        else:
            chosen = group_items(data, self.config.groups, rng)[data.train_item_rows]
            group = np.unique(chosen, return_inverse=True)[1].reshape(-1)
        n_groups = int(group.max(initial=-1)) + 1
        if not data.events.has_time_order or not n_groups:
            nothing = np.zeros((n_groups, n_groups))
            return InterestState(group, nothing, np.zeros(n), 0.0, False)
        item = np.searchsorted(data.train_item_rows, data.events.item)
        events = GroupedEvents(data.events.user, group[item], data.events.at)
        chain = learn_interest_chain(events, n_groups)
        power = np.maximum(data.user_counts, 1).astype(np.float64) ** self.config.damping
        within = power / np.bincount(group, power, minlength=n_groups)[group]
        shares = chain.move(np.eye(n_groups))
        return InterestState(group, shares, within, chain.beta, True)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the shares of items as weights; see :meth:`LinearModel.linear_scorer`."""
        state = self.state
        n, n_groups = len(state.group), len(state.next_shares)
        ones = np.ones(n, dtype=np.float32)
        belongs = sp.csr_array((ones, (np.arange(n), state.group)), shape=(n, n_groups))
        right = (state.next_shares[:, state.group] * state.within).astype(np.float32)
        every = WeightMatrix(left=belongs, right=right)
        weights, known = align_columns(train_items, items, every)
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, bias, known & state.dated)
