"""A Gaussian prior learned from the first events of other users, in closed form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.sparse_products import multiply_dense
from daybreak.data.sparse_rows import make_csr, row_sizes
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import ModelCard
from daybreak.models.profile import PROFILE_RIDGE_RANGE
from daybreak.models.shared_content import fit_centred_content_weights, known_or_predicted
from daybreak.models.shared_few_shot import FewShotTasks
from daybreak.models.shared_fold_in import (
    DAMPING_RANGE,
    FACTOR_RANGE,
    regress_on_profiles,
)
from daybreak.models.shared_statistics import truncated_svd
from daybreak.types import Floats, Rows, Sparse

EVENT_COUNTS = (1, 2, 3, 5, 10, 20)
"""Numbers of events with a posterior of their own; other queries use the next lower one."""
MIN_USERS_PER_STEP = 30
"""Users with more events that a number of events needs to get a posterior [users]."""
NOISE_CANDIDATES = (2.0, 10.0, 50.0, 250.0)
"""Noises that are compared; a factor of four changes NDCG by a few hundredths at most."""
NOISE_SELECTION_EVENTS = 3
"""Number of events for which they are compared [events]."""
N_CG_ITERATIONS = 10
"""Iterations of conjugate gradients; 8 and 15 give the same four digits."""
EVENT_COUNT_TOLERANCE = 1e-3
"""Rounding error of a number of events that is a sum of shares [events]."""
MIN_DENOMINATOR = 1e-30
"""Lower bound of denominators; a solved system has residual 0."""


@dataclass(frozen=True)
class MetaBayesConfig:
    """Options of :class:`MetaBayesModel`."""

    dim: int = 64
    """Length of the vectors."""
    damping: float = 0.35
    """Power of an item's number of users by which its interactions are divided."""
    noise: float = 0.0
    """Variance of an event, in units of 1 / users; 0: selected from ``NOISE_CANDIDATES`` by
    prediction of held-out users."""
    profile_ridge: float = 300.0
    """Ridge of the regression on profiles [users]."""


@dataclass(frozen=True, eq=False)
class MetaBayesState:
    """State of :class:`MetaBayesModel`."""

    ids: Vocabulary
    """The training items."""
    steps: Rows
    """(n_steps,) numbers of events, the first 0"""
    vectors: Floats
    """(n_train_items, dim + n_steps) weights of user vectors, then mean targets of each step"""
    centre: Floats
    """(dim + n_steps,) their mean"""
    content: Floats
    """(n_features, dim + n_steps) weights from content columns to them"""
    gains: Floats
    """(n_steps, n_train_items, dim) effect of an event on the posterior mean"""
    offsets: Floats
    """(n_steps, dim) effect of the mean support, which is subtracted"""
    covariances: Floats
    """(n_steps, dim, dim) posterior covariances"""
    profile: Floats
    """(n_steps, n_attributes, dim) effect of attributes in addition to the events"""
    average: Floats
    """(n_attributes,) the mean profile"""


@models.register("meta_bayes")
class MetaBayesModel(VectorModel[MetaBayesConfig, MetaBayesState]):
    """Score with the posterior of a Gaussian prior, fitted on the first events of other users.

    For each number of events k, the first k events ``z`` of a user and the vector ``p`` of the
    later events are jointly Gaussian with full covariances, estimated over all users with more
    events. The posterior of a new user is ``p | z ~ N(m + A'(z - E z), S - A'C)`` with
    ``A = (Cov z + noise I / n)^-1 C`` and ``C = Cov(z, p)``. The weight of an item that is not
    among the first k is estimated too, so there is no confidence option.

    Source:
        Harrison, Sharma and Pavone 2018, "Meta-learning priors for efficient online Bayesian
        regression" (ALPaCA), eq. 3 (posterior) and 7 (the prior maximises the
        posterior prediction of other tasks). Here the targets are user vectors, the features
        are the support items, and the truncated basis of the catalogue is not trained further.

    Memory: 4 n_train_items dim (n_steps + 2) bytes in addition to the interactions.
    """

    Config: ClassVar = MetaBayesConfig
    State: ClassVar = MetaBayesState
    card: ClassVar = ModelCard(
        strategies={"meta_bayes": {}},
        search_space={
            "dim": FACTOR_RANGE,
            "damping": DAMPING_RANGE,
            "profile_ridge": PROFILE_RIDGE_RANGE,
        },
        inputs="history, profile",
        use="users with 0 to 10 events",
        formula="posterior mean after the first events, [page](strategies/meta_bayes.md)",
        source="Harrison et al. 2018, eq. 3",
        cost="4,600 (e + u)",
        memory="576n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> MetaBayesState:
        """Estimate a prior for each number of events; see :meth:`Model.learn`."""
        to_user, from_user = _fit_projections(data, self.config, rng)
        tasks = [
            task
            for task in (FewShotTasks.from_dataset(data, size) for size in (0, *EVENT_COUNTS))
            if len(task) >= (MIN_USERS_PER_STEP if task.n_support else 0)
        ]
        noise = self.config.noise or _select_noise(tasks, to_user)
        posteriors = [UserPosterior.from_tasks(task, to_user, noise) for task in tasks]
        profiles, average = _user_profiles(data)
        profile = [
            _fit_residuals(
                profiles[task.users], posterior.residuals(task, to_user), self.config
            )
            for task, posterior in zip(tasks, posteriors, strict=True)
        ]
        vectors = np.column_stack([from_user, *(task.mean_target for task in tasks)]).astype(
            np.float32
        )
        centre, content = fit_centred_content_weights(data, vectors)
        return MetaBayesState(
            ids=data.train_items.ids,
            steps=np.array([task.n_support for task in tasks]),
            vectors=vectors,
            centre=centre,
            content=content,
            gains=np.stack([posterior.gain for posterior in posteriors]),
            offsets=np.stack([posterior.offset for posterior in posteriors]),
            covariances=np.stack([posterior.covariance for posterior in posteriors]),
            profile=np.stack(profile),
            average=average,
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Return posterior means and the step in use; see :meth:`VectorModel.query_vectors`."""
        state, dim = self.state, self.state.gains.shape[2]
        vectors = np.zeros((len(queries), dim + len(state.steps)), dtype=np.float32)
        step = self._find_steps(queries)
        vectors[np.arange(len(queries)), dim + step] = 1
        vectors[:, :dim] = self._posterior_means(queries, step)
        return vectors

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)

    def uncertainty(self, queries: Queries, items: Items) -> Floats:
        """Return the (n_queries, n_items) posterior variances of the scores.

        They depend on the number of events and not on the items, as for any Gaussian.
        """
        vectors = self.item_vectors(items)[:, : self.state.gains.shape[2]]
        by_step = np.stack(
            [((vectors @ c) * vectors).sum(axis=1) for c in self.state.covariances]
        )
        return np.asarray(by_step[self._find_steps(queries)], dtype=np.float32)

    def _find_steps(self, queries: Queries) -> Rows:
        """Return (n,) the last step that is not above the number of events.

        An event with a new item is distributed over known items; its shares sum to 1 up to a
        rounding error, which must not change the step.
        """
        n_events = queries.n_events + EVENT_COUNT_TOLERANCE
        step = np.searchsorted(self.state.steps, n_events, side="right") - 1
        return np.asarray(step, dtype=np.int64)

    def _posterior_means(self, queries: Queries, step: Rows) -> Floats:
        """Return (n, dim) posterior means; longer histories are scaled to their step.

        The weights of all steps are one matrix, of which each query reads its own rows.
        """
        state = self.state
        size = state.steps[step] / np.sqrt(np.maximum(queries.n_events, 1e-6))
        found = multiply_dense(
            _at_step(queries.history, step, len(state.steps)),
            state.gains.reshape(-1, state.gains.shape[2]),
        )
        found = size.astype(np.float32)[:, None] * found - state.offsets[step]
        has_profile = row_sizes(queries.profile) > 0
        if state.profile.shape[1] and has_profile.any():
            profile = _at_step(queries.profile, step, len(state.steps))
            shift = profile @ state.profile.reshape(-1, state.profile.shape[2])
            shift -= (state.average @ state.profile)[step]
            found += has_profile[:, None] * shift
        return np.asarray(found, dtype=np.float32)


def _at_step(features: Sparse, step: Rows, n_steps: int) -> Sparse:
    """Return CSR features in columns of the step of each row; every step has its own."""
    n, width = features.shape
    columns = features.indices + np.repeat(step * width, row_sizes(features))
    return make_csr(features.data, columns, features.indptr, (n, n_steps * width))


@dataclass(frozen=True, eq=False)
class UserPosterior:
    """The posterior of a centred user vector, given the support: ``N(z gain - offset, V)``."""

    gain: Floats
    """(n_train_items, dim)"""
    offset: Floats
    """(dim,)"""
    covariance: Floats
    """(dim, dim) V"""

    @classmethod
    def from_tasks(
        cls, tasks: FewShotTasks, projection: Floats, noise: float
    ) -> "UserPosterior":
        """Return the posterior under the moments of the tasks.

        Args:
            tasks: Tasks of the training users.
            projection: (n_train_items, dim) weights from items to user vectors.
            noise: Variance of the support in addition to that of the tasks, times their number.
        """
        cross = tasks.cross_covariance(projection)
        extra = noise / max(len(tasks), 1)
        gain = solve_conjugate_gradients(
            lambda v: tasks.support_covariance(v) + extra * v,
            cross,
            (tasks.mean_support + extra)[:, None],
        )
        covariance = tasks.target_covariance(projection) - gain.T @ cross
        symmetric: Floats = np.asarray((covariance + covariance.T) / 2, dtype=np.float32)
        return cls(gain, tasks.mean_support @ gain, symmetric)

    def residuals(self, tasks: FewShotTasks, projection: Floats) -> Floats:
        """Return (n, dim) projected targets minus the posterior means of the first events."""
        expected = tasks.first_events @ self.gain - self.offset
        return np.asarray(
            tasks.project_targets(projection) - tasks.mean_target @ projection - expected,
            dtype=np.float32,
        )


def solve_conjugate_gradients(
    multiply: Callable[[Floats], Floats], targets: Floats, diagonal: Floats
) -> Floats:
    """Solve ``M x = targets`` for a positive definite M by conjugate gradients.

    Args:
        multiply: Function that multiplies M with a (n, d) array.
        targets: (n, d); each column is a separate system.
        diagonal: (n, 1) approximate diagonal of M, the preconditioner.

    Example:
        >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
        >>> ones = np.ones((2, 1))
        >>> solve_conjugate_gradients(lambda v: matrix @ v, ones, ones).round(4)
        array([[0.4],
               [0.2]])
    """
    found = np.zeros_like(targets)
    residual, step = targets, targets / diagonal
    size = (residual * step).sum(axis=0)
    for _ in range(N_CG_ITERATIONS):
        image = multiply(step)
        length = size / np.maximum((step * image).sum(axis=0), MIN_DENOMINATOR)
        found, residual = found + length * step, residual - length * image
        scaled = residual / diagonal
        size, before = (residual * scaled).sum(axis=0), size
        step = scaled + (size / np.maximum(before, MIN_DENOMINATOR)) * step
    return found


def _fit_projections(
    data: Dataset, config: MetaBayesConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return (n_train_items, d) weights from items to user vectors, and back."""
    x = data.interactions
    if not x.nnz:
        zeros = np.zeros((x.shape[1], 1), dtype=np.float32)
        return zeros, zeros
    scale = (np.maximum(data.user_counts, 1) ** config.damping).astype(np.float32)[:, None]
    length = np.sqrt(np.asarray(x.sum(axis=1), dtype=np.float32).ravel())
    damped = sp.diags_array(1 / length) @ x @ sp.diags_array(1 / scale.ravel())
    basis = truncated_svd(damped, config.dim, rng)[2]
    return basis / scale, basis * scale


def _select_noise(tasks: list[FewShotTasks], projection: Floats) -> float:
    """Return the noise that best predicts the targets of a third of the users."""
    selected = [task for task in tasks if task.n_support == NOISE_SELECTION_EVENTS]
    if not selected:
        return NOISE_CANDIDATES[-1]
    fold = np.arange(len(selected[0])) % 3
    fitted, held_out = selected[0].take(fold > 0), selected[0].take(fold == 0)
    errors = []
    for noise in NOISE_CANDIDATES:
        posterior = UserPosterior.from_tasks(fitted, projection, noise)
        errors.append(float((posterior.residuals(held_out, projection) ** 2).sum()))
    return NOISE_CANDIDATES[int(np.argmin(errors))]


def _user_profiles(data: Dataset) -> tuple[Sparse, Floats]:
    """Return the (n_active, n_attributes) profiles of users and their (n_attributes,) mean."""
    profiles = data.profiles[data.active_user_rows].astype(np.float32)
    average = np.asarray(profiles.sum(axis=0), dtype=np.float32).ravel()
    return profiles, average / max(profiles.shape[0], 1)


def _fit_residuals(profiles: Sparse, residuals: Floats, config: MetaBayesConfig) -> Floats:
    """Return the (n_attributes, d) ridge regression of residuals on profiles, both centred."""
    centred = residuals - residuals.mean(axis=0) if len(residuals) else residuals
    return regress_on_profiles(profiles, centred, config.profile_ridge)[0]
