"""Cold starts that known users went through: what they showed first, what they chose later.

A prior learned from other users's first events, so that few events tell much.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import ModelCard
from daybreak.models.profile import PROFILE_RIDGE_RANGE
from daybreak.models.shared_content import fit_centred_content_weights, known_or_predicted
from daybreak.models.shared_fold_in import DAMPING_RANGE, FACTOR_RANGE
from daybreak.models.shared_statistics import truncated_svd
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class FewShotTasks:
    """Users of whom ``size`` events are shown and the rest is asked for.

    Half of the weight is on their first events, as new users come; half on all subsets of that
    size at once, whose moments are sums over pairs of events. So nothing is drawn at random.

    Example:
        One history of two items, one of them shown. Shown first is item 0; of the subsets half
        show it.

        >>> both, first = np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]])
        >>> tasks = FewShotTasks(sp.csr_array(first), sp.csr_array(both), np.array([0]), 1)
        >>> tasks.mean_support, tasks.mean_target
        (array([0.75, 0.25], dtype=float32), array([0.25, 0.75], dtype=float32))
    """

    first_events: Sparse
    """(n, n_train_items) CSR of ones, ``size`` in a row"""
    histories: Sparse
    """(n, n_train_items) CSR of ones, more than ``size`` in a row"""
    users: Rows
    """(n,) rows of ``data.active``"""
    n_support: int

    @classmethod
    def from_dataset(cls, data: Dataset, size: int) -> "FewShotTasks":
        """Take everybody with more than ``size`` events."""
        early = data.events.filter(data.events.count_earlier() < size)
        first = early.to_matrix(data.n_users, len(data.items))[data.active_user_rows][
            :, data.train_item_rows
        ]
        enough = np.flatnonzero(_row_sums(data.interactions) > size)
        return cls(sp.csr_array(first[enough]), data.interactions[enough], enough, size)

    def __len__(self) -> int:
        return int(self.histories.shape[0])

    def take(self, rows: Rows | Mask) -> "FewShotTasks":
        """Return those of some users."""
        return FewShotTasks(
            self.first_events[rows], self.histories[rows], self.users[rows], self.n_support
        )

    @cached_property
    def mean_support(self) -> Floats:
        """(n_train_items,) mean of what is shown."""
        subsets = self._histories_t @ (self.n_support / self._n_events)
        return _as_float32((self._first_events_t @ self._ones + subsets) / self._total_weight)

    @cached_property
    def mean_target(self) -> Floats:
        """(n_train_items,) mean of what is asked for."""
        return _as_float32(
            2 * (self._histories_t @ self._ones) / self._total_weight - self.mean_support
        )

    def support_covariance(self, vectors: Floats) -> Floats:
        """Return the (n_train_items, n_train_items) covariance of what is shown, times ``vectors``."""
        pairs = self._histories_t @ (self._pair_share[:, None] * (self.histories @ vectors))
        subsets = pairs + (self._histories_t @ self._split_share)[:, None] * vectors
        second = self._first_events_t @ (self.first_events @ vectors) + subsets
        return _as_float32(
            second / self._total_weight
            - np.outer(self.mean_support, self.mean_support @ vectors)
        )

    def cross_covariance(self, vectors: Floats) -> Floats:
        """Return the covariance of what is shown and what is asked for, times ``vectors``."""
        weighted = self._split_share[:, None] * (self.histories @ vectors)
        subsets = (
            self._histories_t @ weighted
            - (self._histories_t @ self._split_share)[:, None] * vectors
        )
        second = self._first_events_t @ self.project_targets(vectors) + subsets
        return _as_float32(
            second / self._total_weight
            - np.outer(self.mean_support, self.mean_target @ vectors)
        )

    def target_covariance(self, vectors: Floats) -> Floats:
        """Return (d, d) ``vectors' covariance(what is asked for) vectors``."""
        left = self._n_events - self.n_support
        pair = left * (left - 1) / self._n_pairs
        single = self._histories_t @ (left / self._n_events - pair)
        whole, asked = self.histories @ vectors, self.project_targets(vectors)
        subsets = whole.T @ (pair[:, None] * whole) + vectors.T @ (single[:, None] * vectors)
        mean = self.mean_target @ vectors
        return _as_float32(
            (asked.T @ asked + subsets) / self._total_weight - np.outer(mean, mean)
        )

    def project_targets(self, vectors: Floats) -> Floats:
        """Return (n, d) what follows the first events, times ``vectors``."""
        return _as_float32(self.histories @ vectors - self.first_events @ vectors)

    @cached_property
    def _total_weight(self) -> float:
        return 2.0 * max(len(self), 1)

    @cached_property
    def _n_events(self) -> Floats:
        return _row_sums(self.histories)

    @cached_property
    def _n_pairs(self) -> Floats:
        """(n,) ordered pairs of events; 1 where there is none."""
        return _as_float32(np.maximum(self._n_events * (self._n_events - 1), 1))

    @cached_property
    def _pair_share(self) -> Floats:
        """(n,) share of the subsets that show two given events."""
        return _as_float32(self.n_support * (self.n_support - 1) / self._n_pairs)

    @cached_property
    def _split_share(self) -> Floats:
        """(n,) share of the subsets that show one given event and not another one."""
        return _as_float32(self.n_support / self._n_events - self._pair_share)

    @cached_property
    def _ones(self) -> Floats:
        return np.ones(len(self), dtype=np.float32)

    @cached_property
    def _first_events_t(self) -> Sparse:
        return sp.csr_array(self.first_events.T)

    @cached_property
    def _histories_t(self) -> Sparse:
        return sp.csr_array(self.histories.T)


def _row_sums(matrix: Sparse) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()


def _as_float32(values: Floats | Doubles) -> Floats:
    return np.asarray(values, dtype=np.float32)


EVENT_COUNTS = (1, 2, 3, 5, 10, 20)
"""Numbers of events for which a posterior is learned; between them the lower one answers."""
MIN_USERS_PER_STEP = 30
"""Users with more events than a step below which it is left out."""
NOISE_CANDIDATES = (2.0, 10.0, 50.0, 250.0)
"""Noises that are tried; four times more or less changes NDCG by a few hundredths at most."""
NOISE_SELECTION_EVENTS = 3
"""Step on which they are tried."""
N_CG_ITERATIONS = 10
"""Of conjugate gradients; eight and fifteen give the same four digits."""
EVENT_COUNT_TOLERANCE = 1e-3
"""By how much a sum of shares may miss the number of events that it stands for."""
MIN_DENOMINATOR = 1e-30
"""Keeps systems that are solved already from dividing by 0."""


@dataclass(frozen=True)
class MetaBayesConfig:
    """Options of :class:`MetaBayesModel`."""

    dim: int = 64
    """Numbers kept for a user."""
    damping: float = 0.35
    """Interactions are divided by this power of an item's number of users."""
    noise: float = 0.0
    """Of an event, in users; 0: the one of ``NOISE_CANDIDATES`` that predicts users left out best."""
    profile_ridge: float = 300.0
    """How many users it takes to believe what an attribute tells."""


@dataclass(frozen=True, eq=False)
class MetaBayesState:
    """State of :class:`MetaBayesModel`."""

    ids: Vocabulary
    """The training items."""
    steps: Rows
    """(n_steps,) numbers of events, the first 0"""
    vectors: Floats
    """(n_train_items, dim + n_steps): from users to items, then how often each is chosen after"""
    centre: Floats
    """(dim + n_steps,) their mean"""
    content: Floats
    """(n_features, dim + n_steps) weights from content columns to them"""
    gains: Floats
    """(n_steps, n_train_items, dim) how an event moves the posterior mean"""
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
    """Answer with the posterior of a Gaussian prior fitted on how other users began.

    For each number of events k, the first k events ``z`` of a user and the vector ``p`` of
    what the user chose later are taken as jointly Gaussian with full covariances, estimated
    over all users with more events. The posterior of a newcomer is then
    ``p | z ~ N(m + A'(z - E z), S - A'C)`` with ``A = (Cov z + noise I / n)^-1 C`` and
    ``C = Cov(z, p)``. An item that is not among the first k counts as much as such absences
    told of others, so there is no confidence to choose.

    Source:
        Harrison, Sharma and Pavone 2018, "Meta-learning priors for efficient online Bayesian
        regression" (ALPaCA), eq. 3 (posterior) and 7 (the prior maximises what posteriors
        predict of other tasks). Here the regression is onto the vectors of users, the features
        are the items shown, and the truncated basis of the catalogue is not trained further.

    Memory: 4 n_train_items dim (n_steps + 2) bytes beside the interactions.
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
        formula="posterior mean of a Gaussian prior over first events, [page](strategies/meta_bayes.md)",
        source="Harrison et al. 2018, eq. 3",
        cost="4,600 (e + u)",
        memory="576n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> MetaBayesState:
        """Estimate a prior for each number of events; see :meth:`Model.learn`."""
        into, out_of = _fit_projections(data, self.config, rng)
        tasks = [FewShotTasks.from_dataset(data, size) for size in (0, *EVENT_COUNTS)]
        tasks = [
            task for task in tasks if len(task) >= (MIN_USERS_PER_STEP if task.n_support else 0)
        ]
        noise = self.config.noise or _select_noise(tasks, into)
        found = [UserPosterior.from_tasks(task, into, noise) for task in tasks]
        told, average = _centred_profiles(data)
        profile = [
            _fit_profile_weights(
                told[task.users], left.residuals(task, into), self.config.profile_ridge
            )
            for task, left in zip(tasks, found, strict=True)
        ]
        vectors = np.column_stack([out_of, *(task.mean_target for task in tasks)]).astype(
            np.float32
        )
        centre, content = fit_centred_content_weights(data, vectors)
        return MetaBayesState(
            ids=data.train_items.ids,
            steps=np.array([task.n_support for task in tasks]),
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
        step = self._find_steps(queries)
        found[np.arange(len(queries)), dim + step] = 1
        if not len(queries) or (step == step[0]).all():
            found[:, :dim] = self._posterior_means(queries, int(step.max(initial=0)))
            return found
        for number in np.unique(step).tolist():
            rows = np.flatnonzero(step == number)
            found[rows, :dim] = self._posterior_means(queries.take(rows), number)
        return found

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)

    def uncertainty(self, queries: Queries, items: Items) -> Floats:
        """Return the (n_queries, n_items) posterior variances of the scores.

        They depend on how many events are known, and not on which: so it is for Gaussians.
        """
        vectors = self.item_vectors(items)[:, : self.state.gains.shape[2]]
        by_step = np.stack(
            [((vectors @ c) * vectors).sum(axis=1) for c in self.state.covariances]
        )
        return np.asarray(by_step[self._find_steps(queries)], dtype=np.float32)

    def _find_steps(self, queries: Queries) -> Rows:
        """Return (n,) the last step that is not above the number of events.

        An event on a new item is spread over known ones; its shares add up to one but for
        rounding, which must not cost a step.
        """
        step = (
            np.searchsorted(
                self.state.steps, queries.n_events + EVENT_COUNT_TOLERANCE, side="right"
            )
            - 1
        )
        return np.asarray(step, dtype=np.int64)

    def _posterior_means(self, queries: Queries, number: int) -> Floats:
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
class UserPosterior:
    """The distribution of a user's vector, given the first events: ``N(z gain - offset, V)``.

    It is about the mean user, so the mean is left to the caller.
    """

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
        """Condition the Gaussian that the tasks tell of.

        Args:
            tasks: With the users.
            into: (n_train_items, dim) from items to users.
            noise: Variance of what is shown beyond that of the tasks, times their number.
        """
        cross = tasks.cross_covariance(projection)
        extra = noise / max(len(tasks), 1)
        gain = solve_conjugate_gradients(
            lambda v: tasks.support_covariance(v) + extra * v,
            cross,
            (tasks.mean_support + extra)[:, None],
        )
        covariance = tasks.target_covariance(projection) - gain.T @ cross
        even: Floats = np.asarray((covariance + covariance.T) / 2, dtype=np.float32)
        return cls(gain, tasks.mean_support @ gain, even)

    def residuals(self, tasks: FewShotTasks, projection: Floats) -> Floats:
        """Return (n, dim) what users chose later less what their first events let expect."""
        expected = tasks.first_events @ self.gain - self.offset
        return np.asarray(
            tasks.project_targets(projection) - tasks.mean_target @ projection - expected,
            dtype=np.float32,
        )


def solve_conjugate_gradients(
    multiply: Callable[[Floats], Floats], targets: Floats, diagonal: Floats
) -> Floats:
    """Solve ``M x = wanted`` for a positive definite M by ``ROUNDS`` preconditioned rounds.

    Args:
        times: Multiplies M with (n, d).
        wanted: (n, d); each column is a system of its own.
        diagonal: (n, 1) about that of M.

    Example:
        >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
        >>> solve_conjugate_gradients(lambda v: matrix @ v, np.ones((2, 1)), np.ones((2, 1))).round(4)
        array([[0.4],
               [0.2]])
    """
    found = np.zeros_like(targets)
    left, step = targets, targets / diagonal
    size = (left * step).sum(axis=0)
    for _ in range(N_CG_ITERATIONS):
        moved = multiply(step)
        length = size / np.maximum((step * moved).sum(axis=0), MIN_DENOMINATOR)
        found, left = found + length * step, left - length * moved
        scaled = left / diagonal
        size, before = (left * scaled).sum(axis=0), size
        step = scaled + (size / np.maximum(before, MIN_DENOMINATOR)) * step
    return found


def _fit_projections(
    data: Dataset, config: MetaBayesConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return (n_train_items, d) weights from items to users, and from users to items."""
    x = data.interactions
    if not x.nnz:
        nothing = np.zeros((x.shape[1], 1), dtype=np.float32)
        return nothing, nothing
    scale = (np.maximum(data.user_counts, 1) ** config.damping).astype(np.float32)[:, None]
    length = np.sqrt(np.asarray(x.sum(axis=1), dtype=np.float32).ravel())
    damped = sp.diags_array(1 / length) @ x @ sp.diags_array(1 / scale.ravel())
    basis = truncated_svd(damped, config.dim, rng)[2]
    return basis / scale, basis * scale


def _select_noise(tasks: list[FewShotTasks], projection: Floats) -> float:
    """Return the noise whose posteriors come nearest to what a third of the users chose."""
    asked = [task for task in tasks if task.n_support == NOISE_SELECTION_EVENTS]
    if not asked:
        return NOISE_CANDIDATES[-1]
    people = np.arange(len(asked[0])) % 3
    others, left_out = asked[0].take(people > 0), asked[0].take(people == 0)
    errors = [
        float(
            (
                UserPosterior.from_tasks(others, projection, noise).residuals(
                    left_out, projection
                )
                ** 2
            ).sum()
        )
        for noise in NOISE_CANDIDATES
    ]
    return NOISE_CANDIDATES[int(np.argmin(errors))]


def _centred_profiles(data: Dataset) -> tuple[Sparse, Floats]:
    """Return the (n_active, n_attributes) profiles of users and their (n_attributes,) mean."""
    profiles = data.profiles[data.active_user_rows].astype(np.float32)
    average = np.asarray(profiles.sum(axis=0), dtype=np.float32).ravel()
    return profiles, average / max(profiles.shape[0], 1)


def _fit_profile_weights(profiles: Sparse, values: Floats, ridge: float) -> Floats:
    """Return the (n_attributes, d) ridge regression of values on profiles, both centred."""
    width = profiles.shape[1]
    if not len(values) or not width:
        return np.zeros((width, values.shape[1]), dtype=np.float32)
    average = np.asarray(profiles.mean(axis=0), dtype=np.float32).ravel()
    spread = (profiles.T @ profiles).toarray() - len(values) * np.outer(average, average)
    target = profiles.T @ (values - values.mean(axis=0))
    normal = spread + ridge * np.eye(width, dtype=np.float32)
    return np.asarray(np.linalg.solve(normal, target), dtype=np.float32)
