"""The next event: one regression on histories that fade at two rates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.clock import latest_time
from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.memory import MEMORY_DECAYS, N_PAUSES, group_pauses, memory_weights
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Floats, Rows, Sparse

MIN_LAG_WEIGHT = 0.03
"""Weight of an earlier event below which it does not count in training."""
N_STEP_ROWS = 300
"""Events of each pause from which its step size is learned [events]."""
MIN_STEP_ROWS = 20
"""Events of a pause below which its step size is that of the shorter pause [events]."""
RIDGE_FLOOR = 1e-3
"""Smallest ridge, so that a system without events can be solved."""


@dataclass(frozen=True)
class NextEventConfig:
    """Options of :class:`NextEventModel`."""

    ridge: float = 0.33
    """Ridge of the short memory, in units of the square root of the number of transitions."""
    long_ridge: float = 3.0
    """Ridge of the long memory, as a multiple of ``ridge``."""
    max_items: int = 4_000
    """Items with the most events that take part [items]."""


@dataclass(frozen=True, eq=False)
class NextEventState:
    """State of :class:`NextEventModel`."""

    used: Rows
    """(n_used,) positions among the training items of the items that take part"""
    weights: Floats
    """(n_memories * n_used, n_used) from remembered items to next items"""
    steps: Doubles
    """(n_pauses,) factor of the score by the time since the last event"""
    trained_until: float
    """Newest event of the training [epoch s]."""
    n_items: int
    """Number of training items."""
    dated: bool
    """False when the data have no time order; then nothing is scored."""


@models.register("next_event")
class NextEventModel(LinearModel[NextEventConfig, NextEventState]):
    """Predict the next event by a ridge regression on what a history remembers.

    A history is remembered twice: the short memory forgets an event after about five later
    ones, the long one after about forty. One regression learns the weights of both together
    from every event and what came before it, so that each says what the other does not. After
    a pause the last events say less: the prediction is multiplied by a step size, learned for
    each length of the pause, and what other strategies know counts more.

    Source:
        Choi et al. 2021, "Session-aware linear item-item models for session-based
        recommendation", eq. 9 (transitions by ridge regression), with two rates of decay as
        columns of one system; step sizes by least squares on leave-one-out predictions, Seber
        and Lee 2003, "Linear regression analysis", eq. 10.12.

    Memory: 8 n_memories² n_used² bytes in training.
    """

    Config: ClassVar = NextEventConfig
    State: ClassVar = NextEventState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"next_event": {}},
        is_default=False,
        fitted_on="next",
        search_space={
            "ridge": Range(0.03, 3, log=True),
            "long_ridge": Range(0.3, 10, log=True),
        },
        inputs="history that fades at two rates, time since the last event",
        use="the next event within a sitting, and after a pause",
        formula="`m (M'M + Λ)^-1 M'Y`, `m` two memories side by side, [page](moving.md)",
        source="after Choi et al. 2021, eq. 9",
        cost="11 n³",
        memory="6 n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> NextEventState:
        """Solve the regression; see :meth:`Model.learn`."""
        n = len(data.train_item_rows)
        until = latest_time(data.events.at) if len(data.events) else 0.0
        if not data.events.has_time_order:
            none = np.empty((0, 0), dtype=np.float32)
            ones = np.ones(N_PAUSES)
            return NextEventState(np.empty(0, np.int64), none, ones, until, n, False)
        order = np.argsort(-data.user_counts, kind="stable")
        used = np.sort(order[: self.config.max_items])
        histories = _Histories.from_data(data, used)
        n_transitions = max(int(histories.has_next.sum()), 1)
        ridge = self.config.ridge * np.sqrt(n_transitions) + RIDGE_FLOOR
        system = histories.gram()
        m = len(used)
        system[np.diag_indices_from(system)] += np.repeat(
            [ridge, self.config.long_ridge * ridge], m
        ).astype(np.float32)
        weights, steps = histories.solve(system, rng)
        return NextEventState(used, weights, steps, until, n, True)

    def query_features(self, queries: Queries) -> Sparse:
        """Return (n_queries, n_features) CSR memories, times the step size of the pause."""
        state = self.state
        if queries.memory is None:
            width = len(MEMORY_DECAYS) * len(state.used)
            return sp.csr_array((len(queries), width), dtype=np.float32)
        return self.scale_memory(queries.memory, queries.pause_s)

    @property
    def memory_width(self) -> int:
        """Number of columns of the memories of queries."""
        return len(MEMORY_DECAYS) * self.state.n_items

    def scale_memory(self, memory: Sparse, pause_s: Doubles | None) -> Sparse:
        """Return (n, n_features) memories of the used items, times the step size of the pause.

        Args:
            memory: (n, n_memories * n_train_items) CSR.
            pause_s: (n,) time since the last event [s], NaN: unknown; None: unknown.
        """
        state = self.state
        offsets = state.n_items * np.arange(len(MEMORY_DECAYS))
        columns = (offsets[:, None] + state.used).ravel()
        pauses = np.zeros(memory.shape[0]) if pause_s is None else pause_s
        steps = sp.diags_array(state.steps[group_pauses(pauses)].astype(np.float32))
        return sp.csr_array(steps @ sp.csr_array(memory)[:, columns], dtype=np.float32)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        state = self.state
        if not len(state.used):
            return LinearScorer.unscored(len(items))
        taken = train_items.take(state.used)
        return make_known_item_scorer(taken, items, WeightMatrix(dense=state.weights))


@dataclass(frozen=True, eq=False)
class _Histories:
    """Events of the used items, by user and time; the rows of a regression on what is next."""

    user: Rows
    item: Rows
    """Positions among the used items."""
    at: Doubles
    n_items: int

    @classmethod
    def from_data(cls, data: Dataset, used: Rows) -> "_Histories":
        place = np.full(len(data.items), -1)
        place[data.train_item_rows[used]] = np.arange(len(used))
        events = data.events.filter(place[data.events.item] >= 0)
        return cls(events.user, place[events.item], events.at, len(used))

    @property
    def has_next(self) -> Rows:
        """(n_events,) whether a next event of the same user exists."""
        same = self.user[1:] == self.user[:-1]
        return np.r_[same, False] if len(self.user) else np.empty(0, dtype=bool)

    def gram(self) -> Floats:
        """Return ``M'M``: products of the memories after every event that has a next one.

        ``m_a(t)`` sums ``a ** (t - s)`` over the events ``s`` up to ``t``; the product of two
        memories is a sum over pairs of events, and over ``t`` a geometric series.
        """
        n = self.n_items
        gram = np.zeros((len(MEMORY_DECAYS) * n,) * 2, dtype=np.float32)
        for i, first in enumerate(MEMORY_DECAYS):
            for j, second in enumerate(MEMORY_DECAYS[: i + 1]):
                block = self._memory_products(first, second)
                gram[i * n : (i + 1) * n, j * n : (j + 1) * n] = block
                gram[j * n : (j + 1) * n, i * n : (i + 1) * n] = block.T
        return gram

    def next_counts(self) -> Floats:
        """Return ``M'Y``: for each memory and item, the decayed counts of what came next."""
        n = self.n_items
        counts = np.zeros((len(MEMORY_DECAYS), n, n), dtype=np.float32)
        for lag in range(1, self._reach(max(MEMORY_DECAYS)) + 1):
            earlier, later = self._pairs(lag)
            cells = self.item[earlier] * n + self.item[later]
            pairs = np.bincount(cells, minlength=n * n).reshape(n, n)
            for row, decay in enumerate(MEMORY_DECAYS):
                if lag <= self._reach(decay):
                    counts[row] += np.float32(decay ** (lag - 1)) * pairs
        return counts.reshape(-1, n)

    def solve(self, system: Floats, rng: np.random.Generator) -> tuple[Floats, Doubles]:
        """Return the weights and the step sizes; overwrites the system.

        Args:
            system: (n_features, n_features) Gram matrix with the ridge.
            rng: Draws the events of each pause.
        """
        from scipy.linalg import (  # noqa: PLC0415 - slow to import, needed in training only
            cho_factor,
            cho_solve,
            solve_triangular,
        )

        if not system.size:
            return np.zeros((0, self.n_items), dtype=np.float32), np.ones(N_PAUSES)
        factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        right = self.next_counts()
        weights: Floats = cho_solve(factor, right, overwrite_b=True, check_finite=False)
        rows, group = self._step_rows(rng)
        memory = self._memories(rows)
        half = solve_triangular(factor[0], memory.toarray().T, lower=True, check_finite=False)
        leverage = (half**2).sum(axis=0)
        predicted = memory @ weights
        steps = _learn_steps(predicted, leverage, self.item[rows + 1], group)
        return np.asarray(weights, dtype=np.float32), steps

    def _step_rows(self, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Return a sample of events with a next one, and the group of the pause after each."""
        rows = np.flatnonzero(self.has_next)
        group = group_pauses(self.at[rows + 1] - self.at[rows])
        drawn = rng.permutation(len(rows))
        chosen = [drawn[group[drawn] == pause][:N_STEP_ROWS] for pause in range(N_PAUSES)]
        kept = np.sort(np.concatenate(chosen))
        return rows[kept], group[kept]

    def _memories(self, rows: Rows) -> Sparse:
        """Return (n_rows, n_features) CSR memories after the events at some positions."""
        starts = np.searchsorted(self.user, self.user[rows])
        known = np.minimum(rows - starts + 1, self._reach(max(MEMORY_DECAYS)))
        owner = np.repeat(np.arange(len(rows)), known)
        lag = np.arange(known.sum()) - np.repeat(np.cumsum(known) - known, known)
        item = self.item[np.repeat(rows, known) - lag]
        shape = (len(rows), self.n_items)
        parts = [
            sp.csr_array((weights, (owner, item)), shape=shape)
            for weights in memory_weights(lag)
        ]
        return sp.csr_array(sp.hstack(parts, format="csr"), dtype=np.float32)

    def _memory_products(self, first: float, second: float) -> Floats:
        """Return (n, n) sums over ``t`` of ``m_first(t) m_second(t)'``."""
        n, product = self.n_items, first * second
        sizes = np.bincount(self.user, minlength=1)
        start = np.searchsorted(self.user, self.user)
        n_later = sizes[self.user] - 2 - (np.arange(len(self.user)) - start)
        series = (1 - product ** (n_later + 1.0)) / (1 - product)
        own = np.bincount(self.item * (n + 1), series, minlength=n * n)
        total = own.astype(np.float32).reshape(n, n)
        for lag in range(1, self._reach(max(first, second)) + 1):
            earlier, later = self._pairs(lag)
            cells = self.item[earlier] * n + self.item[later]
            counts = np.bincount(cells, series[later], minlength=n * n)
            pairs = counts.astype(np.float32).reshape(n, n)
            total += np.float32(first**lag) * pairs
            total += np.float32(second**lag) * pairs.T
        return total

    def _pairs(self, lag: int) -> tuple[Rows, Rows]:
        """Return the positions of events of one user that are ``lag`` apart."""
        earlier = np.flatnonzero(self.user[lag:] == self.user[:-lag])
        return earlier, earlier + lag

    def _reach(self, decay: float) -> int:
        """Return the largest lag at which an event still counts."""
        longest = int(np.bincount(self.user, minlength=1).max())
        return min(int(np.log(MIN_LAG_WEIGHT) / np.log(decay)), max(longest - 1, 0))


def _learn_steps(predicted: Floats, leverage: Floats, target: Rows, group: Rows) -> Doubles:
    """Return (n_pauses,) the factors of predictions that fit what came next best.

    The prediction of an event is that of a regression without it. A factor is at most that of
    the shorter pause: the longer the pause, the less the last events say.

    The blend learns steps for the same pauses by its lists, for strategies that have none of
    their own; see :mod:`daybreak.ranking.blending.pauses`. Here they are part of the model:
    least squares need neither other strategies nor simulated queries.

    Args:
        predicted: (n, n_items) predictions of the regression with all events.
        leverage: (n,) share of each event in its own prediction.
        target: (n,) item that came next.
        group: (n,) group of the pause.
    """
    without = np.maximum(1 - leverage, 1e-3)
    own = (predicted[np.arange(len(target)), target] - leverage) / without
    size = ((predicted / without[:, None]) ** 2).sum(axis=1)
    size += own**2 - (predicted[np.arange(len(target)), target] / without) ** 2
    steps = np.ones(N_PAUSES)
    for pause in range(N_PAUSES):
        rows = np.flatnonzero(group == pause)
        before = steps[pause - 1] if pause else 1.0
        if len(rows) < MIN_STEP_ROWS or size[rows].sum() <= 0:
            steps[pause] = before
            continue
        steps[pause] = np.clip(own[rows].sum() / size[rows].sum(), 0.0, before)
    return steps
