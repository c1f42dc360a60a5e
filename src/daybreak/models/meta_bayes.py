"""A prior learned from other people's first events, so that few events tell much."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import models
from daybreak.models.content_map import centred_map, known_or_mapped
from daybreak.models.first_events import FirstEvents
from daybreak.models.truncated_svd import truncated_svd
from daybreak.models.vector_model import VectorModel
from daybreak.types import Floats, Rows, Sparse

STEPS = (1, 2, 3, 5, 10, 20)
"""Numbers of events for which a posterior is learned; between them the lower one answers."""
FEWEST = 30
"""People with more events than a step below which it is left out."""
NOISES = (2.0, 10.0, 50.0, 250.0)
"""Noises that are tried; four times more or less changes NDCG by a few hundredths at most."""
TRIED = 3
"""Step on which they are tried."""
ROUNDS = 10
"""Of conjugate gradients; eight and fifteen give the same four digits."""
ROUNDING = 1e-3
"""By how much a sum of shares may miss the number of events that it stands for."""
TINY = 1e-30
"""Keeps systems that are solved already from dividing by 0."""


@dataclass(frozen=True)
class MetaBayesConfig:
    """Options of :class:`MetaBayesModel`."""

    dim: int = 64
    """Numbers kept for a person."""
    damping: float = 0.35
    """Interactions are divided by this power of an item's number of users."""
    noise: float = 0.0
    """Of an event, in people; 0: the one of ``NOISES`` that predicts people left out best."""
    profile_ridge: float = 300.0
    """How many people it takes to believe what an attribute tells."""


@dataclass(frozen=True, eq=False)
class MetaBayesState:
    """What :class:`MetaBayesModel` learned."""

    ids: Vocabulary
    """The anchors."""
    steps: Rows
    """(n_steps,) numbers of events, the first 0"""
    vectors: Floats
    """(n_anchors, dim + n_steps): from people to items, then how often each is chosen after"""
    centre: Floats
    """(dim + n_steps,) their mean"""
    content: Floats
    """(n_features, dim + n_steps) what content tells of them"""
    gains: Floats
    """(n_steps, n_anchors, dim) how an event moves the posterior mean"""
    offsets: Floats
    """(n_steps, dim) what is taken off: what the expected events would move it"""
    covariances: Floats
    """(n_steps, dim, dim) of the posterior"""
    profile: Floats
    """(n_steps, n_attributes, dim) what attributes tell beyond the events"""
    average: Floats
    """(n_attributes,) the mean profile"""


@models.register("meta_bayes")
class MetaBayesModel(VectorModel[MetaBayesConfig, MetaBayesState]):
    """Answer with the posterior of a Gaussian prior fitted on how other people began.

    For each number of events k, the first k events ``z`` of a person and the vector ``p`` of
    what the person chose later are taken as jointly Gaussian with full covariances, estimated
    over all people with more events. The posterior of a newcomer is then
    ``p | z ~ N(m + A'(z - E z), S - A'C)`` with ``A = (Cov z + noise I / n)^-1 C`` and
    ``C = Cov(z, p)``. An item that is not among the first k counts as much as such absences
    told of others, so there is no confidence to choose.

    Source:
        Harrison, Sharma and Pavone 2018, "Meta-learning priors for efficient online Bayesian
        regression" (ALPaCA), eq. 3 (posterior) and 7 (the prior maximises what posteriors
        predict of other tasks). Here the regression is onto the vectors of people, the features
        are the items shown, and the truncated basis of the catalogue is not trained further.

    Memory: 4 n_anchors dim (n_steps + 2) bytes beside the interactions.
    """

    Config: ClassVar = MetaBayesConfig
    State: ClassVar = MetaBayesState

    def learn(self, data: Dataset, rng: np.random.Generator) -> MetaBayesState:
        """Estimate a prior for each number of events; see :meth:`Model.learn`."""
        into, out_of = _factors(data, self.config, rng)
        tasks = [FirstEvents.of(data, size) for size in (0, *STEPS)]
        tasks = [task for task in tasks if len(task) >= (FEWEST if task.size else 0)]
        noise = self.config.noise or _best_noise(tasks, into)
        found = [Posterior.of(task, into, noise) for task in tasks]
        told, average = _profiles(data)
        profile = [
            _ridge(told[task.users], left.surprise(task, into), self.config.profile_ridge)
            for task, left in zip(tasks, found, strict=True)
        ]
        vectors = np.column_stack([out_of, *(task.rest for task in tasks)]).astype(np.float32)
        centre, content = centred_map(data, vectors)
        return MetaBayesState(
            ids=data.anchors.ids,
            steps=np.array([task.size for task in tasks]),
            vectors=vectors,
            centre=centre,
            content=content,
            gains=np.stack([one.gain for one in found]),
            offsets=np.stack([one.offset for one in found]),
            covariances=np.stack([one.covariance for one in found]),
            profile=np.stack(profile),
            average=average,
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Return posterior means and the step in use; see :meth:`VectorModel.query_vectors`."""
        state, dim = self.state, self.state.gains.shape[2]
        found = np.zeros((len(queries), dim + len(state.steps)), dtype=np.float32)
        step = self._steps(queries)
        found[np.arange(len(queries)), dim + step] = 1
        if not len(queries) or (step == step[0]).all():
            found[:, :dim] = self._posterior(queries, int(step.max(initial=0)))
            return found
        for number in np.unique(step).tolist():
            rows = np.flatnonzero(step == number)
            found[rows, :dim] = self._posterior(queries.take(rows), number)
        return found

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up or predict them; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        return known_or_mapped(state.ids, state.vectors, items, state.content, state.centre)

    def uncertainty(self, queries: Queries, items: Items) -> Floats:
        """Return the (n_queries, n_items) posterior variances of the scores.

        They depend on how many events are known, and not on which: so it is for Gaussians.
        """
        vectors = self.item_vectors(items)[:, : self.state.gains.shape[2]]
        by_step = np.stack(
            [((vectors @ c) * vectors).sum(axis=1) for c in self.state.covariances]
        )
        return np.asarray(by_step[self._steps(queries)], dtype=np.float32)

    def _steps(self, queries: Queries) -> Rows:
        """Return (n,) the last step that is not above the number of events.

        An event on a new item is spread over known ones; its shares add up to one but for
        rounding, which must not cost a step.
        """
        step = np.searchsorted(self.state.steps, queries.n_events + ROUNDING, side="right") - 1
        return np.asarray(step, dtype=np.int64)

    def _posterior(self, queries: Queries, number: int) -> Floats:
        """Return (n, dim) posterior means at one step; longer histories count in part."""
        state = self.state
        size = state.steps[number] / np.sqrt(np.maximum(queries.n_events, 1e-6))
        found = queries.history @ state.gains[number]
        found = size.astype(np.float32)[:, None] * found - state.offsets[number]
        told = np.diff(queries.profile.indptr) > 0
        weights = state.profile[number]
        if len(weights) and told.any():
            about = queries.profile @ weights - state.average @ weights
            found += told[:, None] * about
        return np.asarray(found, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Posterior:
    """The distribution of a person's vector, given the first events: ``N(z gain - offset, V)``.

    It is about the mean person, so the mean is left to the caller.
    """

    gain: Floats
    """(n_anchors, dim)"""
    offset: Floats
    """(dim,)"""
    covariance: Floats
    """(dim, dim) V"""

    @classmethod
    def of(cls, tasks: FirstEvents, into: Floats, noise: float) -> "Posterior":
        """Condition the Gaussian that the tasks tell of.

        Args:
            tasks: With the people.
            into: (n_anchors, dim) from items to people.
            noise: Variance of what is shown beyond that of the tasks, times their number.
        """
        cross = tasks.cross(into)
        extra = noise / max(len(tasks), 1)
        gain = conjugate_gradients(
            lambda v: tasks.spread(v) + extra * v, cross, (tasks.shown + extra)[:, None]
        )
        covariance = tasks.rest_spread(into) - gain.T @ cross
        even: Floats = np.asarray((covariance + covariance.T) / 2, dtype=np.float32)
        return cls(gain, tasks.shown @ gain, even)

    def surprise(self, tasks: FirstEvents, into: Floats) -> Floats:
        """Return (n, dim) what people chose later less what their first events let expect."""
        expected = tasks.first @ self.gain - self.offset
        return np.asarray(tasks.asked(into) - tasks.rest @ into - expected, dtype=np.float32)


def conjugate_gradients(
    times: Callable[[Floats], Floats], wanted: Floats, diagonal: Floats
) -> Floats:
    """Solve ``M x = wanted`` for a positive definite M by ``ROUNDS`` preconditioned rounds.

    Args:
        times: Multiplies M with (n, d).
        wanted: (n, d); each column is a system of its own.
        diagonal: (n, 1) about that of M.

    Example:
        >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
        >>> conjugate_gradients(lambda v: matrix @ v, np.ones((2, 1)), np.ones((2, 1))).round(4)
        array([[0.4],
               [0.2]])
    """
    found = np.zeros_like(wanted)
    left, step = wanted, wanted / diagonal
    size = (left * step).sum(axis=0)
    for _ in range(ROUNDS):
        moved = times(step)
        length = size / np.maximum((step * moved).sum(axis=0), TINY)
        found, left = found + length * step, left - length * moved
        scaled = left / diagonal
        size, before = (left * scaled).sum(axis=0), size
        step = scaled + (size / np.maximum(before, TINY)) * step
    return found


def _factors(
    data: Dataset, config: MetaBayesConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return (n_anchors, d) weights from items to people, and from people to items."""
    x = data.interactions
    if not x.nnz:
        nothing = np.zeros((x.shape[1], 1), dtype=np.float32)
        return nothing, nothing
    scale = (np.maximum(data.counts, 1) ** config.damping).astype(np.float32)[:, None]
    length = np.sqrt(np.asarray(x.sum(axis=1), dtype=np.float32).ravel())
    damped = sp.diags_array(1 / length) @ x @ sp.diags_array(1 / scale.ravel())
    basis = truncated_svd(damped, config.dim, rng)[2]
    return basis / scale, basis * scale


def _best_noise(tasks: list[FirstEvents], into: Floats) -> float:
    """Return the noise whose posteriors come nearest to what a third of the people chose."""
    asked = [task for task in tasks if task.size == TRIED]
    if not asked:
        return NOISES[-1]
    people = np.arange(len(asked[0])) % 3
    others, left_out = asked[0].take(people > 0), asked[0].take(people == 0)
    errors = [
        float((Posterior.of(others, into, noise).surprise(left_out, into) ** 2).sum())
        for noise in NOISES
    ]
    return NOISES[int(np.argmin(errors))]


def _profiles(data: Dataset) -> tuple[Sparse, Floats]:
    """Return the (n_active, n_attributes) profiles of people and their (n_attributes,) mean."""
    profiles = data.profiles[data.active].astype(np.float32)
    average = np.asarray(profiles.sum(axis=0), dtype=np.float32).ravel()
    return profiles, average / max(profiles.shape[0], 1)


def _ridge(profiles: Sparse, values: Floats, ridge: float) -> Floats:
    """Return the (n_attributes, d) ridge regression of values on profiles, both centred."""
    width = profiles.shape[1]
    if not len(values) or not width:
        return np.zeros((width, values.shape[1]), dtype=np.float32)
    average = np.asarray(profiles.mean(axis=0), dtype=np.float32).ravel()
    spread = (profiles.T @ profiles).toarray() - len(values) * np.outer(average, average)
    target = profiles.T @ (values - values.mean(axis=0))
    normal = spread + ridge * np.eye(width, dtype=np.float32)
    return np.asarray(np.linalg.solve(normal, target), dtype=np.float32)
