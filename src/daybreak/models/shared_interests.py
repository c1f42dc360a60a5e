"""Interests that move: groups of items, and the Markov chain of a person's interest in them.

The share of a group in the interest of a person after an event is
``p(t) = (1 - η) p(t - 1) + η e(t)``, where ``e(t)`` is 1 at the group of the event. The next
event is expected at ``α p(t) + β p(t) T`` with ``α + β = 1``. :func:`group_items` makes the
groups, :func:`learn_interest_chain` learns ``η``, ``β`` and ``T``.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Items
from daybreak.models.shared_content import content_directions, predict_from_content
from daybreak.models.shared_decay import fade
from daybreak.models.shared_statistics import truncated_svd
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

VECTOR_DIM = 32
"""Length of the vectors by which items are grouped."""
N_LLOYD_ROUNDS = 20
"""Rounds of the clustering."""
STEP_GRID = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
"""Step sizes that are tried: by how much one event moves the interest [share]."""
HALF_LIVES_S = (np.inf, 30 * 86_400.0, 86_400.0, 3_600.0)
"""Half-lives of the weight of a transition, by the time between its events, that are tried
[s]."""
PRIOR_GRID = (3.0, 30.0, 300.0)
"""Prior transitions of a group that are tried [events]."""
TRAIN_SHARE = 0.8
"""Share of the transitions, the earliest, from which candidates are learned; they are compared
on the others."""
MAX_STEPS = 100_000
"""Transitions on which candidates are compared [events]."""
MAX_LAG_EVENTS = 150
"""Earlier events that an interest is made of [events]."""
MIN_TRANSITIONS = 20
"""Transitions below which nothing is learned [events]."""
N_EM_ROUNDS = 50
"""Rounds in which the share of the transitions in a prediction is fitted."""
START_BETA = 0.5
"""Share of the transitions at which the fit starts."""
MIN_WEIGHT = 0.05
"""Share of a group in an interest below which it is left out, as a part of the step."""


@dataclass(frozen=True, eq=False)
class GroupedEvents:
    """Events in the order of each user and of time, by group of their items."""

    user: Rows
    group: Rows
    at: Doubles
    """Epoch seconds."""

    @property
    def is_step(self) -> Mask:
        """(n_events - 1,) whether the next event is one of the same user at a later time."""
        return np.asarray(
            (self.user[1:] == self.user[:-1]) & (self.at[1:] > self.at[:-1]), dtype=bool
        )


@dataclass(frozen=True, eq=False)
class InterestChain:
    """The chain ``p(t + 1) = α p(t) + β p(t) T``."""

    transitions: Doubles
    """(n_groups, n_groups) T, rows sum to 1"""
    base: Doubles
    """(n_groups,) share of each group in all events, which is the interest of a stranger"""
    beta: float
    """β, the share of the transitions; α is ``1 - β``."""
    step: float
    """η, by how much one event moves the interest."""
    half_life_s: float
    """Half-life of the weight of a transition by the time between its events [s]."""
    gain: float
    """Mean log-likelihood of later events above that of the shares of all events [nats]."""

    def move(self, interest: Doubles) -> Doubles:
        """Return the expected interest at the next event; it sums to 1 like the argument.

        Args:
            interest: (..., n_groups) shares.

        Example:
            >>> turns = np.array([[0.0, 1.0], [0.0, 1.0]])
            >>> chain = InterestChain(turns, np.array([0.5, 0.5]), 0.5, 0.2, np.inf, 0.0)
            >>> chain.move(np.array([1.0, 0.0]))
            array([0.5, 0.5])
        """
        return (1 - self.beta) * interest + self.beta * (interest @ self.transitions)

    def add_event(self, interest: Doubles, group: int) -> Doubles:
        """Return the interest after one event; it moves by the learned step.

        Example:
            >>> chain = InterestChain(
            ...     np.eye(2), np.array([0.5, 0.5]), 0.5, 0.2, np.inf, 0.0
            ... )
            >>> chain.add_event(chain.base, 0)
            array([0.6, 0.4])
        """
        moved = (1 - self.step) * interest
        moved[group] += self.step
        return moved


def group_items(data: Dataset, n_groups: int, rng: np.random.Generator) -> Rows:
    """Return (n_items,) the group of each item of the catalogue, from 0 without gaps.

    Items are grouped by content; without content by who chose them, and then those that nobody
    chose are one group. No more groups are made than there are items.

    Args:
        data: Catalogue and events.
        n_groups: Number of groups at most.
        rng: Draws the first centres.

    Source:
        k-means on vectors of length 1, with the first centres of Arthur and Vassilvitskii 2007,
        "k-means++, the advantages of careful seeding".
    """
    vectors = _item_vectors(data, rng)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    filled = np.flatnonzero(lengths[:, 0] > 1e-9)
    group = np.full(len(vectors), -1)
    if len(filled):
        unit = (vectors / np.maximum(lengths, 1e-9))[filled]
        group[filled] = _cluster(unit.astype(np.float64), n_groups, rng)
    return np.unique(group, return_inverse=True)[1].astype(np.int64).reshape(-1)


def without_quantities(items: Items) -> Items:
    """Return items whose content has no numbers, ranges or dates: a price is no topic.

    If there is nothing else, the items keep what they have.
    """
    topical = tuple(_without_quantities(block) for block in items.blocks)
    has_topics = any(abs(block.matrix).sum() > 0 for block in topical)
    return replace(items, blocks=topical) if has_topics else items


def _without_quantities(block: ContentBlock) -> ContentBlock:
    if block.quantities is None or not block.quantities.any():
        return block
    columns = sp.diags_array((~block.quantities).astype(np.float32))
    kept = sp.csr_array(sp.csr_array(block.matrix) @ columns)
    kept.eliminate_zeros()
    return replace(block, matrix=kept)


def _cluster(vectors: Doubles, n_groups: int, rng: np.random.Generator) -> Rows:
    from scipy.cluster.vq import kmeans2  # noqa: PLC0415 - slow to import, needed in training only

    distinct = len(np.unique(vectors.round(6), axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty cluster is left out
        _, group = kmeans2(
            vectors, min(n_groups, distinct), iter=N_LLOYD_ROUNDS, minit="++", rng=rng
        )
    return np.asarray(group, dtype=np.int64)


def _item_vectors(data: Dataset, rng: np.random.Generator) -> Floats:
    """Return (n_items, d) vectors of content, or of co-occurrence where there is none."""
    if data.items.blocks:
        topical = replace(data, items=without_quantities(data.items))
        return predict_from_content(topical.items, content_directions(topical, VECTOR_DIM))
    vectors = np.zeros((len(data.items), VECTOR_DIM), dtype=np.float32)
    x = data.interactions
    if x.nnz:
        lengths = np.sqrt(np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1))
        _, sizes, right = truncated_svd(sp.diags_array(1 / lengths) @ x, VECTOR_DIM, rng)
        vectors[data.train_item_rows, : len(sizes)] = right * sizes
    return vectors


def learn_interest_chain(
    events: GroupedEvents, n_groups: int, steps: tuple[float, ...] = STEP_GRID
) -> InterestChain:
    """Learn the chain by the likelihood of later events.

    Candidates are learned from the earlier transitions of all users and compared on the later
    ones, first the step size, then the half-life of a transition by the time between its
    events, then the weight of the prior. β is fitted by expectation maximisation on the later
    ones. Between events of one time nothing is counted: their order is unknown.

    Args:
        events: Events by user and time.
        n_groups: Number of groups.
        steps: Step sizes to choose from.

    Source:
        Rows of ``T`` have a Dirichlet prior around the shares of all events; see MacKay and
        Peto 1995, "A hierarchical Dirichlet language model", eq. 1.
    """
    counts = np.bincount(events.group, minlength=n_groups).astype(np.float64)
    base = (counts + 1) / (counts.sum() + n_groups)
    chain = InterestChain(np.tile(base, (n_groups, 1)), base, 0.0, steps[0], np.inf, 0.0)
    source = np.flatnonzero(events.is_step)
    if len(source) < MIN_TRANSITIONS or n_groups < 2:
        return replace(chain, step=steps[len(steps) // 2])
    order = source[np.argsort(events.at[source + 1], kind="stable")]
    early, late = np.split(order, [int(TRAIN_SHARE * len(order))])
    late = late[:: max(1, len(late) // MAX_STEPS)]
    fits = _Candidates(events, base, early, late)
    best = max((fits.fit(step, np.inf, PRIOR_GRID[1]) for step in steps), key=_gain)
    best = max((fits.fit(best.step, half, PRIOR_GRID[1]) for half in HALF_LIVES_S), key=_gain)
    prior = max(PRIOR_GRID, key=lambda one: fits.fit(best.step, best.half_life_s, one).gain)
    chosen = fits.fit(best.step, best.half_life_s, prior)
    whole = estimate_transitions(events, source, base, chosen.half_life_s, prior)
    return replace(chosen, transitions=whole)


def _gain(chain: InterestChain) -> float:
    return chain.gain


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Chains learned from early transitions, and measured on late ones."""

    events: GroupedEvents
    base: Doubles
    early: Rows
    late: Rows

    def fit(self, step: float, half_life_s: float, prior: float) -> InterestChain:
        """Return the chain with the β that makes the late events likeliest."""
        transitions = estimate_transitions(
            self.events, self.early, self.base, half_life_s, prior
        )
        interest = interests_before(self.events, self.late, self.base, step)
        target = self.events.group[self.late + 1]
        rows = np.arange(len(target))
        stay = interest[rows, target]
        move = np.einsum("qg,qg->q", interest, transitions.T[target])
        beta = fit_mixture(stay, move)
        likelihood = np.log((1 - beta) * stay + beta * move)
        gain = float((likelihood - np.log(self.base[target])).mean())
        return InterestChain(transitions, self.base, beta, step, half_life_s, gain)


def fit_mixture(stay: Doubles, move: Doubles) -> float:
    """Return the β that maximises ``Σ log((1 - β) stay + β move)``.

    Args:
        stay: (n,) probabilities of what came next, if the interest stays.
        move: (n,) probabilities if it moves.

    Source:
        Dempster, Laird and Rubin 1977, "Maximum likelihood from incomplete data via the EM
        algorithm", section 4.3 (finite mixtures).

    Example:
        >>> round(fit_mixture(np.array([0.9, 0.1]), np.array([0.1, 0.9])), 3)
        0.5
    """
    beta = START_BETA
    for _ in range(N_EM_ROUNDS):
        moved = beta * move
        beta = float((moved / np.maximum(moved + (1 - beta) * stay, 1e-300)).mean())
    return beta


def estimate_transitions(
    events: GroupedEvents, source: Rows, base: Doubles, half_life_s: float, prior: float
) -> Doubles:
    """Return (n_groups, n_groups) transition probabilities, shrunk to the shares of all events.

    Args:
        events: Events by user and time.
        source: Positions of events whose next event counts as a transition.
        base: (n_groups,) shares of all events.
        half_life_s: Half-life of the weight of a transition by its duration [s].
        prior: Prior transitions of each group [events].
    """
    n = len(base)
    weight = fade(events.at[source + 1] - events.at[source], half_life_s)
    cell = events.group[source] * n + events.group[source + 1]
    counts = np.bincount(cell, weight, minlength=n * n).reshape(n, n)
    rows: Doubles = counts.sum(axis=1, keepdims=True) + prior
    return np.asarray((counts + prior * base) / rows)


def interests_before(events: GroupedEvents, rows: Rows, base: Doubles, step: float) -> Doubles:
    """Return (n_rows, n_groups) interests after the events at some positions.

    Args:
        events: Events by user and time.
        rows: Positions of the last known event.
        base: (n_groups,) interest of a stranger.
        step: By how much one event moves the interest.
    """
    starts = np.searchsorted(events.user, events.user[rows])
    known = rows - starts + 1
    used = np.minimum(known, min(MAX_LAG_EVENTS, _lag_of(step)))
    owner = np.repeat(np.arange(len(rows)), used)
    lag = np.arange(used.sum()) - np.repeat(np.cumsum(used) - used, used)
    group = events.group[np.repeat(rows, used) - lag]
    weight = step * (1 - step) ** lag
    recent: Sparse = sp.csr_array((weight, (owner, group)), shape=(len(rows), len(base)))
    dense: Doubles = recent.toarray()
    dense += (1 - dense.sum(axis=1, keepdims=True)) * base
    return dense


def _lag_of(step: float) -> int:
    """Return the number of events after which an event weighs ``MIN_WEIGHT`` of the step."""
    return int(np.ceil(np.log(MIN_WEIGHT) / np.log(1 - step)))
